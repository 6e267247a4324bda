"""Stretches of time `[since, until)` in the clock of the events: joined, and cut. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class TimeStretch(NamedTuple):
    """A stretch of time `[since, until)`."""

    since: str
    until: str


def joined(stretches: Iterable[tuple[str, str]]) -> list[TimeStretch]:
    """Return the time of stretches in order, as stretches that do not touch."""
    found: list[TimeStretch] = []
    for since, until in sorted(stretches):
        if found and since <= found[-1].until:
            found[-1] = TimeStretch(found[-1].since, max(until, found[-1].until))
        elif since <= until:
            found.append(TimeStretch(since, until))
    return found


def without(
    stretches: Iterable[tuple[str, str]], holes: Iterable[tuple[str, str]]
) -> list[TimeStretch]:
    """Return the time of stretches without that of holes, in order; no result is empty."""
    return [part for _, part in parts_without(joined(stretches), holes)]


def parts_without(
    stretches: Sequence[tuple[str, str]], holes: Iterable[tuple[str, str]]
) -> Iterator[tuple[int, TimeStretch]]:
    """Yield the parts of stretches that lie in no hole, in order, with the stretch's number.

    Where stretches overlap, the time belongs to the one that begins first. O(n log n).
    """
    cut = joined(holes)
    place, reached = 0, ""
    for number in sorted(range(len(stretches)), key=stretches.__getitem__):
        since, until = stretches[number]
        begin, reached = max(since, reached), max(until, reached)
        while place < len(cut) and cut[place].until <= begin:
            place += 1
        at = place
        while at < len(cut) and cut[at].since < until and begin < until:
            if begin < cut[at].since:
                yield number, TimeStretch(begin, cut[at].since)
            begin = max(begin, cut[at].until)
            at += 1
        if begin < until:
            yield number, TimeStretch(begin, until)
