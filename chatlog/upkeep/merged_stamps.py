"""The stamps of merged lines: by the first witness's clock, in the order in which each heard them.

Pure. A line that another witness has alone stands between those that it heard before and behind
it. A line of which the other tells the time more exactly stays between the lines around it.
"""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING, Final

from chatlog.alignment.clocks import MOST_LAG

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatlog.alignment.columns import Columns
    from chatlog.alignment.sequences import AlignedLines, AlignmentTally
    from chatlog.event import Event
    from chatlog.upkeep.line_mark import LineMark

_EVER: Final = 1 << 63  # after any stamp
_NEVER: Final = -_EVER


class MergedStamps:
    """The stamps of the lines so far and of those of another witness, which all have one `mark`.

    `known` is the number of the witness whose copies stay, -1 for none. `grain_of` returns the
    grain of a line, None if all tell milliseconds. `tally` takes how much later stamps of the
    other witness are than those that its lines are given.
    """

    def __init__(
        self,
        mark: LineMark,
        known: int,
        tally: AlignmentTally,
        grain_of: Callable[[Event, LineMark], int] | None,
    ) -> None:
        self._mark, self._known = mark, known
        self._tally = tally
        self._grain_of = grain_of
        self._last_of_both = _NEVER  # the stamp of the last line that both have
        self._last_so_far = _NEVER  # that of the last line that is not the other's alone
        self._latest_times: list[int] = []

    def begin(self, found: AlignedLines) -> list[int]:
        """Take the next lines; return for each run the latest stamp of one before those of both.

        Only lines that the other witness has alone need that.
        """
        first = found.first
        if self._grain_of is not None:
            self._latest_times = first.latest_times(self._grain_of)
        latest, limits = _EVER, []
        for here, there, _ in reversed(found.runs):
            limits.append(latest)
            if here >= 0 and there >= 0:
                grain = self._grain_at(first, here)
                # Of lines with one stamp, those that the archive has stand first.
                is_before = grain == 1 and first.marks[here].owner == self._known
                latest = first.times[here] + grain - 1 - is_before
        return limits[::-1]

    def note(self, lines: Columns, *, are_of_both: bool) -> None:
        """Take lines that were dated, which are not the other witness's alone."""
        self._last_so_far = lines.times[-1]
        if are_of_both:
            self._last_of_both = lines.times[-1]

    def of_other(self, stamps: Sequence[int], offset: int, latest: int) -> list[int]:
        """Return the stamps for lines that the other witness alone has, from its own ones.

        `offset` is that of its clock. They are not before the last line that both have, and not
        after `latest`, unless the clocks contradict that by more than a witness may lag.
        """
        times = [stamp - offset for stamp in stamps]
        earliest = self._last_of_both
        if earliest <= min(times) and max(times) <= latest:
            return times  # as nearly always
        if latest < earliest - 1:
            return times  # a clock stepped back
        between = [max(earliest, min(time, latest)) for time in times]
        dated = [
            near if abs(near - time) <= MOST_LAG else time
            for near, time in zip(between, times, strict=True)
        ]
        self._tally.widen(map(sub, stamps, dated))
        return dated

    def refine(
        self, lines: Columns, first: Columns, here: int, finer: Sequence[tuple[int, int, Event]]
    ) -> None:
        """Give lines of both finer stamps: positions, stamps, and the other witness's copies.

        `lines` are those of `first` from the position `here` on, and the stamps are by its clock.
        Each stays within the grain of its stamp so far, and in the order of the lines so far.
        """
        if self._grain_of is None:
            return
        for at, stamp, copy in finer:
            if self._grain_of(copy, self._mark) < self._grain_at(first, here + at):
                time, latest = lines.times[at], self._latest_times[here + at]
                before = lines.times[at - 1] if at else self._last_so_far
                earliest = before if time <= before <= latest else time
                lines.times[at] = max(earliest, min(stamp, latest))

    def _grain_at(self, lines: Columns, at: int) -> int:
        """Return the grain of a line."""
        return 1 if self._grain_of is None else self._grain_of(lines.values[at], lines.marks[at])
