"""The stretches in which a target was heard or fetched back, and the events that were. Pure."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from chatlog.archive.rules import EVERY_KIND, classes_of
from chatlog.coverage.gap import GapState
from chatlog.coverage.stretches import joined, without
from chatlog.event import TALK, class_of, shifted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.coverage.fold import Coverage
    from chatlog.coverage.stretches import TimeStretch

MESSAGES: Final = "messages"
"""The `kinds` of history without joins and quits."""

_UNKNOWN: Final = "unknown"
_EDGE: Final = 5_000
"""Milliseconds beside the bounds of an interval at which clocks do not tell which side it was."""


def heard_stretches(coverage: Coverage) -> dict[str, list[TimeStretch]]:
    """Return the stretches that were heard or fetched back, by the `kinds` of their events."""
    missed = [
        (gap.start.time, gap.end) for gap in coverage.gaps if gap.state is not GapState.FILLED
    ]
    parts: dict[str, list[tuple[str, str]]] = {}
    for kinds, since, until in _of_some_kinds(coverage):
        parts.setdefault(kinds, []).append((since, until))
    some = [each for stretches in parts.values() for each in stretches]
    found = {EVERY_KIND: without(coverage.recorded, [*missed, *some])}
    found |= {kinds: without(stretches, missed) for kinds, stretches in parts.items()}
    return {kinds: stretches for kinds, stretches in found.items() if stretches}


def _of_some_kinds(coverage: Coverage) -> Iterator[tuple[str, str, str]]:
    """Yield the kinds and the time of each stretch of which not all events are there."""
    for gap in coverage.gaps:
        if gap.state is GapState.FILLED and gap.kinds not in ("", EVERY_KIND):
            yield gap.kinds, gap.start.time, gap.end
    for interval in coverage.intervals:
        if interval.kinds not in ("", EVERY_KIND):
            yield interval.kinds, interval.start.time, interval.end.time
    for piece in coverage.covered:
        if piece.is_witnessed and piece.kinds not in ("", EVERY_KIND):
            yield piece.kinds, piece.since, piece.until


class HeardTimes:
    """The times at which events of a type were within hearing, without the edges of stretches."""

    def __init__(self, coverage: Coverage | None) -> None:
        found = heard_stretches(coverage) if coverage is not None else {}
        self._stretches = {kinds: _inner(stretches) for kinds, stretches in found.items()}

    def hold(self, time: str, kind: str) -> bool:
        """Return whether an event of this time and type was within hearing."""
        return any(
            _have(kinds, kind) and _is_in(stretches, time)
            for kinds, stretches in self._stretches.items()
        )


def _inner(stretches: list[TimeStretch]) -> list[tuple[str, str]]:
    inner = ((shifted(since, _EDGE), shifted(until, -_EDGE)) for since, until in joined(stretches))
    return [each for each in inner if each[0] < each[1]]


def _is_in(stretches: list[tuple[str, str]], time: str) -> bool:
    place = bisect_right(stretches, (time, "~"))
    return bool(place) and time < stretches[place - 1][1]


def _have(kinds: str, kind: str) -> bool:
    """Return whether events of a type are among `kinds`; unknown kinds have none for sure."""
    if kinds == MESSAGES:
        return kind in TALK
    return kinds != _UNKNOWN and class_of(kind) in classes_of(kinds)
