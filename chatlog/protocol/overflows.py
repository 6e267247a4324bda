"""Bounds that a server has exceeded: the consequence of each, reported once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.protocol.facts import BoundExceeded

if TYPE_CHECKING:
    from collections.abc import Iterator


class Overflows:
    """The bounds that the server of one network exceeded in this run.

    `consequences` has one sentence for each bound, under the bound's name. Names are
    those of the program and never of the server, so they are few.
    """

    def __init__(self) -> None:
        self.consequences: dict[str, str] = {}
        self.are_new = False
        self._reported = 0

    def note(self, bound: str, consequence: str) -> None:
        """Keep a consequence for a person, unless that bound was exceeded before."""
        if bound not in self.consequences:
            self.consequences[bound] = consequence
            self.are_new = True

    def take(self) -> Iterator[BoundExceeded]:
        """Yield a fact for each bound that was exceeded since the last call."""
        new, self.are_new = list(self.consequences.values())[self._reported :], False
        self._reported = len(self.consequences)
        yield from map(BoundExceeded, new)
