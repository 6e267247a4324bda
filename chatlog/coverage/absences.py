"""The reasons why the recorder was not in a channel, to be found by the gap in which they lie.

Pure.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatlog.coverage.entries import AbsentEntry


class Absences:
    """The reasons why we were not in the channel, by their times.

    Add all of them before asking for the first.
    """

    def __init__(self) -> None:
        self._entries: list[AbsentEntry] = []
        self._by_time: list[int] = []
        self._times: list[str] = []

    def add(self, entry: AbsentEntry) -> None:
        """Add the next entry in the order of writing."""
        self._entries.append(entry)

    def why(self, start: str, end: str) -> str:
        """Return the last reason written that lies between two moments, "" if none does."""
        if len(self._times) < len(self._entries):
            order = sorted(range(len(self._entries)), key=lambda each: self._entries[each].time)
            self._by_time, self._times = order, [self._entries[each].time for each in order]
        low, high = bisect_right(self._times, start), bisect_left(self._times, end)
        numbers = self._by_time[low:high]
        return self._entries[max(numbers)].why if numbers else ""
