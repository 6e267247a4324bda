"""The times of a log of lines: by the stamps of its lines, and by the marks between them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chatlog.formats.dialects.log_clock import LogClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatlog.formats.dialects.dialect import LogFacts, LogTally
    from chatlog.formats.dialects.forms import Found

_ANY: Final = re.compile("")


class LogTimes:
    """The times of one log, in the order of its lines.

    `time` is that of the last line or mark, as `Event.time`, "" before the first. `clock` reads
    the stamps that most lines have.
    """

    def __init__(self, stamps: Iterable[str], facts: LogFacts, tally: LogTally) -> None:
        self.time = ""
        self._facts = facts
        self._tally = tally
        self._clocks = [
            LogClock(re.compile(each, re.ASCII), facts.date, facts.tz, tally) for each in stamps
        ]
        self.clock = self._clocks[0]

    def choose(self, sample: Sequence[str]) -> None:
        """Choose the clock whose stamps most lines of a sample have."""
        clocks = self._clocks
        if all(clocks[0].length(text) >= 0 for text in sample):
            return
        counts = [sum(each.length(text) >= 0 for text in sample) for each in clocks]
        best = max(range(len(clocks)), key=lambda number: (counts[number], -number))
        self.clock = clocks[best]
        self._clocks = [self.clock, *clocks[:best], *clocks[best + 1 :]]

    def read(self, line: str) -> int:
        """Return the length of a stamp in any form, and set the time; -1 if there is none.

        Raise NoDateError if no date is known, ValueError, OverflowError or KeyError if there is
        no such time.
        """
        for clock in self._clocks:
            clock.follow(self.clock)
            if (end := clock.read(line)) >= 0:
                self.time = clock.time
                self.clock.follow(clock)
                return end
        return -1

    def lengths(self, line: str) -> list[int]:
        """Return the lengths of the stamps with which a line may begin, without their dates."""
        return [end for clock in self._clocks if (end := clock.length(line)) >= 0]

    def start(self) -> None:
        """Set the time of lines before the first stamp: the beginning of the day."""
        if not self.time:
            self.time = self.clock.time_at({})

    def mark(self, found: Found) -> bool:
        """Set the day and the time of a mark; return False if there is no such time."""
        if not found.get("day"):
            return True
        try:
            mark = LogClock(_ANY, "", self._facts.tz, self._tally)
            self.time = mark.time_at(found)
        except (ValueError, OverflowError, KeyError):
            return False
        if mark.date is not None:
            for clock in self._clocks:
                clock.set_date(mark.date)
        return True

    def begin_day(self, found: Found) -> bool:
        """Set the day of a mark of midnight, and no earlier time; see `mark`."""
        time = self.time
        known = self.mark({"hour": "0", "minute": "0", **found})
        self.time = max(time, self.time)
        return known
