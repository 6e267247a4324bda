"""Gaps in a row, of one network and with no line between them, as one. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from msgspec.structs import replace

from chatlog.event import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatlog.archive.targets import Target
    from chatlog.coverage.gap import Gap
    from chatlog.report.gap_feed import PlacedGap

_Line = TypeVar("_Line")
_SHORT: Final = 3_600_000  # milliseconds; a longer gap is a line of its own
_ALIKE: Final = 60_000  # milliseconds between the ends of gaps that one break made


class GapRun(msgspec.Struct, frozen=True):
    """Gaps of one network that are one line, and the index of the entry before which it belongs."""

    position: int
    targets: tuple[Target, ...]
    gaps: tuple[Gap, ...]

    @property
    def start(self) -> str:
        """The start of the first gap."""
        return min(gap.start.time for gap in self.gaps)

    @property
    def end(self) -> str:
        """The end of the last gap."""
        return max(gap.end for gap in self.gaps)

    @property
    def is_one_break(self) -> bool:
        """Whether each target has one gap, and all gaps began and ended together."""
        first = self.gaps[0]
        is_each = len(set(self.targets)) == len(self.gaps)
        return is_each and all(_are_alike(first, gap) for gap in self.gaps)

    @property
    def milliseconds(self) -> int:
        """The length of the time in which a target of the run was not heard."""
        total, reached = 0, 0
        for gap in sorted(self.gaps, key=lambda gap: gap.start.time):
            begin, end = max(parse_time(gap.start.time), reached), parse_time(gap.end)
            total += max(0, end - begin)
            reached = max(reached, end)
        return total


class _Growing(msgspec.Struct, frozen=True):
    """A run to which gaps are still added: a flapping link makes tens of thousands."""

    position: int
    targets: list[Target]
    gaps: list[Gap]


def runs_of(placed: Iterable[PlacedGap]) -> list[GapRun]:
    """Join gaps in a row: short ones of a network, and those that one break made in its targets.

    The gaps are in the order of their starts, and so are the runs of one position.
    """
    runs: list[_Growing] = []
    last: dict[str, _Growing] = {}  # the last run of each network
    for each in placed:
        position, target, gap = each.position, each.target, each.gap
        run = last.get(target.network)
        if run is None or not _goes_on(run, position, gap):
            run = last[target.network] = _Growing(position, [], [])
            runs.append(run)
        run.targets.append(target)
        run.gaps.append(gap)
    return [GapRun(run.position, tuple(run.targets), tuple(run.gaps)) for run in runs]


def last_lines(
    lines: Sequence[_Line], runs: Sequence[GapRun], count: int, goes_on: Sequence[bool] = ()
) -> tuple[Sequence[_Line], list[GapRun]]:
    """Return the last `count` of lines and runs together, in their order.

    A line that `goes_on` with an earlier one is none of its own.
    """
    surplus = len(lines) - sum(goes_on) + len(runs) - count
    first = skipped = 0
    for _ in range(surplus):
        if skipped < len(runs) and runs[skipped].position <= first:
            skipped += 1
        else:
            first += 1
            while first < len(goes_on) and goes_on[first]:
                first += 1
    return lines[first:], [replace(run, position=run.position - first) for run in runs[skipped:]]


def _goes_on(run: _Growing, position: int, gap: Gap) -> bool:
    if run.position != position:
        return False
    before = run.gaps[-1]
    return _are_alike(before, gap) or max(before.milliseconds, gap.milliseconds) < _SHORT


def _are_alike(one: Gap, other: Gap) -> bool:
    return one.cause == other.cause and all(
        abs(parse_time(low) - parse_time(high)) <= _ALIKE
        for low, high in ((one.start.time, other.start.time), (one.end, other.end))
    )
