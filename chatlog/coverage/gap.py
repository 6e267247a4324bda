"""Gaps between intervals, before and after history is taken off.

Pure. History is taken off a gap by the times of the events: a gap is parted where
another piece of history decides.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from chatlog.coverage.entries import AskedEntry, CoveredEntry, UnfillableEntry
from chatlog.coverage.interval_fold import Bound
from chatlog.coverage.pieces import lines_in
from chatlog.event import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.coverage.interval_fold import Interval
    from chatlog.coverage.pieces import DecidedPart, Pieces


class GapState(StrEnum):
    """The state of a gap.

    `FILLED` was fetched back, `UNFILLABLE` the server no longer has, `PLANNED`
    lies between two batches, `OPEN` is all the rest.
    """

    OPEN = "open"
    FILLED = "filled"
    UNFILLABLE = "unfillable"
    PLANNED = "planned"


class Gap(msgspec.Struct, frozen=True):
    """A stretch that was not heard, `[start, end)` in the clock of the events.

    `cause` is why it began, `why` why it is as it is. `kinds` are the events
    that history brought: `all`, or `messages` without joins and quits; `lines`
    is how many. `start` bears the last msgid before it, where it is a gap's
    beginning.
    """

    start: Bound
    end: str
    state: GapState
    cause: str
    why: str = ""
    via: str = ""
    kinds: str = ""
    lines: int = 0

    @property
    def milliseconds(self) -> int:
        """Its length."""
        return max(0, parse_time(self.end) - parse_time(self.start.time))


def share(recorded: Iterable[tuple[str, str]], gaps: Iterable[Gap]) -> float:
    """Return how much of the recorded stretches is no gap, or a filled one, from 0 to 1."""
    whole = sum(parse_time(until) - parse_time(since) for since, until in recorded if since < until)
    missed = sum(gap.milliseconds for gap in gaps if gap.state is not GapState.FILLED)
    return max(0.0, 1 - missed / whole) if whole else 1.0


class HeardBeside:
    """The intervals of runs that heard beside others, to be taken off gaps."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        self._all = sorted(intervals)
        self._reached = list(accumulate((each.end.time for each in self._all), max))

    def cut(self, gap: Gap) -> list[Gap]:
        """Return the parts of a gap in which no other run heard.

        A part behind such an interval begins with its end, for its reason.
        """
        parts: list[Gap] = []
        for place in range(bisect_right(self._reached, gap.start.time), len(self._all)):
            each = self._all[place]
            if each.start.time >= gap.end:
                break
            if each.end.time <= gap.start.time:
                continue
            if gap.start.time < each.start.time:
                parts.append(replace(gap, end=each.start.time))
            if gap.end <= each.end.time:
                return parts
            gap = new_gap(each.end, gap.end, each.cause, planned=each.planned)
        return [*parts, gap]


def parted(gap: Gap, pieces: Pieces) -> list[Gap]:
    """Part a gap where another piece of history decides; return the parts that differ."""
    parts: list[Gap] = []
    for each in pieces.parts(gap.start.time, gap.end):
        part = _judged(gap, each)
        if parts and _alike(parts[-1], part):
            parts[-1] = replace(parts[-1], end=part.end)
        else:
            parts.append(part)
    return parts or [gap]


def counted(gaps: list[Gap], covered: Iterable[CoveredEntry]) -> list[Gap]:
    """Return the same gaps with the lines that were fetched for each.

    The lines of a fetch count once, however many of the gaps it reaches into.
    """
    filled = [gap for gap in gaps if gap.state is GapState.FILLED]
    counts = iter(lines_in([(gap.start.time, gap.end) for gap in filled], covered))
    return [
        replace(gap, lines=next(counts)) if gap.state is GapState.FILLED else gap for gap in gaps
    ]


def new_gap(start: Bound, end: str, cause: str, *, planned: bool = False) -> Gap:
    """Return a gap of which history has nothing yet."""
    state = GapState.PLANNED if planned else GapState.OPEN
    return Gap(start, end, state, cause)


def gap_between(before: Interval, begins: str) -> Gap:
    """Return the gap between an interval and the next; our clock may have gone back meanwhile."""
    end = before.end
    if begins < end.time:
        return new_gap(replace(end, time=begins), end.time, before.cause, planned=before.planned)
    return new_gap(end, begins, before.cause, planned=before.planned)


def _judged(gap: Gap, part: DecidedPart) -> Gap:
    """Return a part of a gap as history left it."""
    start = gap.start if part.since == gap.start.time else Bound(part.since)
    gap = replace(gap, start=start, end=part.until)
    match part.piece:
        case CoveredEntry() as piece:
            via, kinds = piece.via, piece.kinds
            return replace(gap, state=GapState.FILLED, why=piece.why, via=via, kinds=kinds)
        case UnfillableEntry() as piece:
            return replace(gap, state=GapState.UNFILLABLE, why=piece.why)
        case AskedEntry() as piece:
            # A pause between batches that a batch gave up is no plan any more.
            state = GapState.OPEN if piece.stopped else gap.state
            return replace(gap, state=state, why=piece.why)
    return gap


def _alike(one: Gap, other: Gap) -> bool:
    return (one.state, one.cause, one.why, one.via, one.kinds) == (
        other.state,
        other.cause,
        other.why,
        other.via,
        other.kinds,
    )
