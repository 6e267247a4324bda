"""The common order of lines of several witnesses, who heard some each. Pure."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def crossed_stretches(positions: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield where positions do not rise: the bounds of each such part, the end not included.

    No position of a part is before or behind one of the parts around it on the wrong side. All
    positions differ.
    """
    latest = [*accumulate(positions, max)]
    first_of_rest = [*accumulate(reversed(positions), min)][::-1]
    ends = [at for at in range(1, len(positions)) if latest[at - 1] < first_of_rest[at]]
    for begin, end in pairwise([0, *ends, len(positions)]):
        if end - begin > 1:
            yield begin, end


def common_order(count: int, chains: Sequence[Sequence[int]]) -> list[int]:
    """Return the numbers below `count` so that each chain rises in their order.

    Numbers that no chain tells apart stay in the order of their size, and so do those of which two
    chains tell the opposite. See https://en.wikipedia.org/wiki/Topological_sorting
    """
    behind: list[list[int]] = [[] for _ in range(count)]
    waits = [0] * count
    for chain in chains:
        for one, next_ in pairwise(chain):
            behind[one].append(next_)
            waits[next_] += 1
    ready = [each for each in range(count) if not waits[each]]
    heapify(ready)
    order: list[int] = []
    is_left = [True] * count
    first_left = 0
    while len(order) < count:
        while not is_left[first_left]:
            first_left += 1
        each = heappop(ready) if ready else first_left
        is_left[each] = False
        order.append(each)
        for next_ in behind[each]:
            waits[next_] -= 1
            if not waits[next_] and is_left[next_]:
                heappush(ready, next_)
    return order
