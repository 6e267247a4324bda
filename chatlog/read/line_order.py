"""The order of the lines of a segment, which tells the times that a stamp leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.formats.format import Decode


class LineOrder:
    """The times of the last live line and of the last fetched line before a place in a segment.

    Live lines stand in the order of their times. Fetched ones may stand anywhere
    among them, and are in order among themselves.
    """

    __slots__ = ("_fetched", "_live")

    def __init__(self) -> None:
        self._live = self._fetched = ""

    def decode(self, line: bytes, decode: Decode) -> Event:
        """Return the event of the next line; ValueError if it is none."""
        event = decode(line, self._live)
        if not event.via:
            self._live = event.time
            return event
        if self._fetched != self._live:
            event = decode(line, self._fetched)
        self._fetched = event.time
        return event
