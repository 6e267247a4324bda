"""Identical lines: the runs of lines that two witnesses of one server share. Pure.

A run is found by comparing stretches of whole columns. Looking up each line takes ten times
as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatlog.alignment.columns import Columns


def identical_runs(first: Columns, second: Columns) -> Iterator[tuple[int, int, int]]:
    """Yield runs of lines with equal stamps and equal idents, in the order of both witnesses.

    A run is the positions of its first line on both sides, and the number of its lines. Where
    the two differ, the line with the earlier stamp is passed over. So lines that the two saw in
    different orders are not found, although they are identical.
    """
    times, others = first.times, second.times
    here = there = 0
    while here < len(times) and there < len(others):
        if count := _equal_ahead(first, second, here, there):
            yield here, there, count
            here += count
            there += count
            continue
        is_early, is_late = times[here] <= others[there], times[here] >= others[there]
        here += is_early
        there += is_late


def _equal_ahead(first: Columns, second: Columns, here: int, there: int) -> int:
    """Return how many lines from two positions on are identical."""
    count, step, grows = 0, 1, True
    while step:
        begin, other = here + count, there + count
        if _are_equal(first.times, second.times, begin, other, step) and _are_equal(
            first.idents, second.idents, begin, other, step
        ):
            count += step
            step *= 2 if grows else 1
        else:
            grows = False
        if not grows:
            step //= 2
    return count


def _are_equal(
    first: Sequence[object], second: Sequence[object], here: int, there: int, count: int
) -> bool:
    """Return whether `count` lines from two positions on are there and equal."""
    if count == 1:  # most often where two records differ much
        return here < len(first) and there < len(second) and first[here] == second[there]
    some = first[here : here + count]
    return len(some) == count and some == second[there : there + count]
