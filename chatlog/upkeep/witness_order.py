"""The order of lines of which another witness heard some in another order.

Pure. Lines that no witness so far heard both stand side by side by the clock alone. One that heard
both knows better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.alignment.clocks import MOST_LAG
from chatlog.alignment.common_order import common_order, crossed_stretches
from chatlog.alignment.sequences import Rearranged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.alignment.columns import Columns


def rearranged(lines: Columns, heard: Sequence[int], end: int) -> Rearranged | None:
    """Return lines in an order that contradicts neither their witnesses nor another one.

    `heard` are the positions of lines that the other one has, in its order. Lines that one of
    their witnesses heard in the opposite order stay as they are. So do those that cross a line
    at `end` or behind it, and those that clocks contradict by more than a witness may lag.
    Lines of the first witness keep their stamps, and others get stamps between them. None
    means that all stay.
    """
    found, order, moved = lines.part(0, 0), [*range(len(lines))], 0
    for first, last in crossed_stretches(heard):
        low, high = min(heard[first:last]), max(heard[first:last]) + 1
        if high > end:
            break
        part = lines.part(low, high)
        chains = [*_chains_of(part), [at - low for at in heard[first:last]]]
        new = common_order(high - low, chains)
        part = part.at(new)
        apart = _make_rise(part)
        if apart > MOST_LAG:
            continue  # clocks contradict the order
        order[low:high] = (low + at for at in new)
        moved = max(moved, apart)
        found.extend(lines.part(len(found), low))
        found.extend(part)
    found.extend(lines.part(len(found)))
    return None if order == [*range(len(lines))] else Rearranged(found, order, moved)


def _chains_of(lines: Columns) -> list[list[int]]:
    """Return for each witness the positions of the lines that it has; there is a line."""
    mark = lines.marks[0]
    return [
        [at for at, each in enumerate(lines.marks) if witness not in each.lacking]
        for witness in range(mark.witnesses + len(mark.lacking))
    ]


def _make_rise(lines: Columns) -> int:
    """Put the stamps of lines that the first witness lacks between those that it has.

    Return by how many milliseconds one was moved at most.
    """
    before, times = lines.times, [*lines.times]
    free = [at for at, mark in enumerate(lines.marks) if 0 in mark.lacking]
    for at in free:
        if at:
            times[at] = max(times[at], times[at - 1])
    for at in reversed(free):
        if at + 1 < len(times):
            times[at] = min(times[at], times[at + 1])
    lines.times = times
    return max(abs(new - old) for new, old in zip(times, before, strict=True))
