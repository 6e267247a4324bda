"""Stretches of time `[since, until)` in the clock of the events: joined, and cut. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


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
    found: list[TimeStretch] = []
    cut = joined(holes)
    place = 0
    for since, until in joined(stretches):
        begin = since
        while place and cut[place - 1].until > begin:
            place -= 1
        while place < len(cut) and cut[place].until <= begin:
            place += 1
        while place < len(cut) and cut[place].since < until:
            found.append(TimeStretch(begin, cut[place].since))
            begin = cut[place].until
            place += 1
        found.append(TimeStretch(begin, until))
    return [each for each in found if each.since < each.until]
