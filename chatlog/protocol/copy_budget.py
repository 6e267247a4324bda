"""The budget for copies of one line in many channels.

A line about a person (AWAY, ACCOUNT, CHGHOST, SETNAME, NICK) becomes an event in each
channel that we share: a server that repeats it would fill a disk hundreds of times
faster than it sends. QUIT needs no budget, as nobody quits twice without a JOIN.
"""

from __future__ import annotations

from typing import Final

from chatlog.event import parse_time

MAX_BYTES: Final = 64 * 1024 * 1024
"""Estimated bytes of copies that may be written at once: 250,000 changes of host."""

BYTES_PER_SECOND: Final = 1024 * 1024
"""Bytes by which the budget grows again."""

_WEIGHT: Final = 180
"""Estimated bytes of one event without its text."""


class CopyBudget:
    """The bytes that copies may still take, by our clock."""

    def __init__(self, most: int = MAX_BYTES, per_second: int = BYTES_PER_SECOND) -> None:
        self._most = most
        self._per_second = per_second
        self._left = float(most)
        self._as_of = ""

    def allows(self, copies: int, text: int, received: str) -> bool:
        """Return whether copies of an event fit into the budget; those that do are charged.

        `text` is how many characters the text of the event has.
        """
        if copies <= 1:
            return True
        self._as_of = self._as_of or received
        needed = (copies - 1) * (_WEIGHT + text)
        if needed > self._left:
            self._refill(received)
        if needed > self._left:
            return False
        self._left -= needed
        return True

    def _refill(self, received: str) -> None:
        elapsed = max(0, parse_time(received) - parse_time(self._as_of))
        grown = elapsed * self._per_second / 1000
        self._left, self._as_of = min(self._most, self._left + grown), received
