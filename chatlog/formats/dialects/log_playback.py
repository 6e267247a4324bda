"""Playback of bouncers in a log: old messages that have the time at which they came. Pure.

The times at which they were said are not sure: a bouncer's stamps have no zone and no day. So
the messages stay as the log has them, and the import reports their number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chatlog.event import TALK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.event import Event
    from chatlog.formats.dialects.dialect import LogTally

STAMPED: Final = "messages that a bouncer played back, with the times at which they came"
BURST: Final = "messages of the minute in which a log begins: a bouncer may have played them back"
LEAST_BURST: Final = 20
"""The number of messages in that minute from which on they are reported."""

_BOUNCER: Final = "***"
"""The nick of ZNC's own lines, which is none that a server allows."""
_BEGINS: Final = "Buffer Playback..."
_ENDS: Final = "Playback Complete."
_STAMP: Final = re.compile(r"\[(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\] ", re.ASCII)
_MINUTE: Final = len("2026-11-23T18:20")


class LogPlayback:
    """The playback in one log, in the order of its events, told as notes of its tally."""

    def __init__(self, tally: LogTally) -> None:
        self._tally = tally
        self._openings: list[tuple[int, str]] = []
        self._opened = ""
        self._burst = 0
        self._is_playing = False

    def open(self, time: str, waiting: int) -> None:
        """Begin to count messages of a minute, behind a number of events yet to be followed."""
        self._openings.append((waiting, time[:_MINUTE]))

    def follow(self, events: Sequence[Event]) -> None:
        """Follow the next events of the log."""
        begin = 0
        while self._openings and self._openings[0][0] <= len(events):
            end, minute = self._openings.pop(0)
            self._count(events[begin:end])
            self.end()
            begin, self._opened = end, minute
        self._openings = [(end - len(events), minute) for end, minute in self._openings]
        if self._opened:
            self._count(events[begin:])
        if self._is_playing or any(each.nick == _BOUNCER for each in events):
            self._follow_marks(events)

    def end(self) -> None:
        """Note a burst, if there was one, and end the minute."""
        if self._burst >= LEAST_BURST:
            self._tally.note(BURST, self._burst)
        self._opened, self._burst = "", 0

    def _count(self, events: Sequence[Event]) -> None:
        """Count messages up to the first event of another minute."""
        for each in events:
            if each.time[:_MINUTE] != self._opened:
                self.end()
                return
            self._burst += each.type in TALK

    def _follow_marks(self, events: Sequence[Event]) -> None:
        for each in events:
            if each.nick == _BOUNCER:
                self._is_playing = each.text == _BEGINS or (self._is_playing and each.text != _ENDS)
            elif self._is_playing and each.type in TALK and _STAMP.match(each.text):
                self._tally.note(STAMPED)
