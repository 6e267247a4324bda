"""How much of each hour was heard: many coverages added up, slot by slot.

Pure. A slot is named as the minute of UTC at which it begins. A day of UTC in which
nothing began or ended is one slot, named as the day: the work is that of the days, of
which decades have a few thousand, and not of their hours.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from chatlog.coverage.gap import GapState
from chatlog.event import format_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.coverage.fold import Coverage

_MINUTE = len("2026-11-23T18:20")
_DAY = len("2026-11-23")
_DAY_LONG = 86_400_000


class Attention(NamedTuple):
    """By slot: for how many milliseconds targets were meant to be heard, and were.

    Several targets at once count several times. What was fetched back was heard.
    """

    meant: dict[str, int]
    heard: dict[str, int]

    @property
    def share(self) -> float | None:
        """The share that was heard, from 0 to 1; None if no target was meant to be heard."""
        return share_of(sum(self.heard.values()), sum(self.meant.values()))


def share_of(heard: int, meant: int) -> float | None:
    """Return the share of a time that was heard; None if no time was meant to be."""
    return heard / meant if meant else None


def attention_to(
    coverages: Iterable[Coverage], since: str, until: str, minutes: int = 60
) -> Attention:
    """Add up coverages between two moments, in slots of some minutes each."""
    found = Attention({}, {})
    step = minutes * 60_000
    edges = sorted(edge for each in coverages for edge in _edges(each, since, until))
    meant = heard = 0
    for (begin, to_meant, to_heard), (end, *_) in pairwise(edges):
        meant, heard = meant + to_meant, heard + to_heard
        if meant:
            for slot, length in _slots(begin, end, step):
                found.meant[slot] = found.meant.get(slot, 0) + length * meant
                found.heard[slot] = found.heard.get(slot, 0) + length * heard
    return found


def _edges(coverage: Coverage, since: str, until: str) -> Iterator[tuple[int, int, int]]:
    """Yield when how much more or less is meant to be heard, and is."""
    low, high = max(since, coverage.since), min(until, coverage.until)
    for stretch in coverage.recorded_between(low, high):
        yield parse_time(stretch.since), 1, 1
        yield parse_time(stretch.until), -1, -1
    missed = sorted(
        (gap.start.time, gap.end)
        for gap in coverage.gaps.near(low, high)
        if gap.state is not GapState.FILLED
    )
    for start, stop in missed:
        begin, end = max(low, start), min(high, stop)
        if begin < end:
            yield parse_time(begin), 0, -1
            yield parse_time(end), 0, 1
            low = end  # where a clock went back gaps overlap: what was missed is missed once


def _slots(begin: int, end: int, step: int) -> Iterator[tuple[str, int]]:
    while begin < end:
        if begin % _DAY_LONG == 0 and begin + _DAY_LONG <= end:
            yield format_time(begin)[:_DAY], _DAY_LONG
            begin += _DAY_LONG
            continue
        slot = begin // step * step
        reach = min(end, slot + step)
        yield format_time(slot)[:_MINUTE], reach - begin
        begin = reach
