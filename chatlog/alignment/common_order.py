"""The common order of lines of several witnesses, who heard some each. Pure."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import accumulate, pairwise
from itertools import chain as chain_of
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

    Of the numbers that may come next, the smallest is first. Numbers of which chains tell that each
    stands before the other stay together, in the order of their size; all other
    orders hold nevertheless. See https://en.wikipedia.org/wiki/Topological_sorting
    """
    behind: list[list[int]] = [[] for _ in range(count)]
    before: list[list[int]] = [[] for _ in range(count)]
    for chain in chains:
        for one, next_ in pairwise(chain):
            behind[one].append(next_)
            before[next_].append(one)
    groups = _groups(behind, before)
    waits = dict.fromkeys(groups.values(), 0)
    for one, nexts in enumerate(behind):
        for next_ in nexts:
            waits[groups[next_]] += groups[next_] is not groups[one]
    ready = [group for group, number in waits.items() if not number]
    heapify(ready)
    order: list[int] = []
    while ready:
        group = heappop(ready)
        order += group
        for next_ in chain_of.from_iterable(behind[each] for each in group):
            if (other := groups[next_]) is not group:
                waits[other] -= 1
                if not waits[other]:
                    heappush(ready, other)
    return order


def _groups(
    behind: Sequence[Sequence[int]], before: Sequence[Sequence[int]]
) -> dict[int, tuple[int, ...]]:
    """Return for each number the group of those that stand each before the other, by size.

    See https://en.wikipedia.org/wiki/Kosaraju%27s_algorithm
    """
    done: list[int] = []  # each number behind all that it leads to, but for those of its group
    seen: set[int] = set()
    for root in range(len(behind)):
        done += _reached(root, behind, seen)
    groups: dict[int, tuple[int, ...]] = {}
    seen.clear()
    for root in reversed(done):
        if found := _reached(root, before, seen):
            groups |= dict.fromkeys(found, tuple(sorted(found)))
    return groups


def _reached(root: int, nexts: Sequence[Sequence[int]], seen: set[int]) -> list[int]:
    """Return the numbers that a number leads to, but those seen before; each behind its own."""
    if root in seen:
        return []
    seen.add(root)
    found, path = [], [(root, iter(nexts[root]))]
    while path:
        number, rest = path[-1]
        following = next((each for each in rest if each not in seen), None)
        if following is None:
            found.append(number)
            path.pop()
        else:
            seen.add(following)
            path.append((following, iter(nexts[following])))
    return found
