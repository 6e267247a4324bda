"""The fold of a ledger: the coverage of a target, and the gaps between its intervals.

Pure. Between two intervals there always is a gap, whatever our clock said: the
order of the lines counts, and the times only say where it lies. History is
taken off a gap by the times of the events. Damage makes the fold claim less,
never more: `interval_fold` has the rule.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, assert_never

from chatlog.archive.entry_lines import Damaged, Later
from chatlog.coverage.entries import (
    AbsentEntry,
    AskedEntry,
    ClosedEntry,
    CoveredEntry,
    NoticedEntry,
    OpenedEntry,
    RecoveredEntry,
    ReportedEntry,
    UnfillableEntry,
    UnwantedEntry,
    WishedEntry,
)
from chatlog.coverage.interval_fold import Bound, Interval, IntervalFold
from chatlog.coverage.pieces import Pieces, lines_in
from chatlog.event import EARLIEST, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.coverage.entries import Piece
    from chatlog.coverage.ledger import LedgerLine
    from chatlog.coverage.pieces import DecidedPart


class GapState(StrEnum):
    """The state of a gap.

    `FILLED` was fetched back, `UNFILLABLE` the server no longer has, `PLANNED`
    lies between two batches, `OPEN` is all the rest.
    """

    OPEN = "open"
    FILLED = "filled"
    UNFILLABLE = "unfillable"
    PLANNED = "planned"


class Gap(NamedTuple):
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


class Coverage(NamedTuple):
    """All intervals and gaps of one target, in order.

    `since` and `until` bound the range that was meant to be heard, `covered`
    are the fetches of history, and `damaged` counts the lines of the ledger
    that could not be read.
    """

    since: str
    until: str
    intervals: list[Interval]
    gaps: list[Gap]
    covered: Sequence[CoveredEntry] = ()
    damaged: int = 0

    @property
    def share(self) -> float:
        """How much of the time was heard or fetched back, from 0 to 1."""
        return share(self.since, self.until, self.gaps)

    def wanting(self) -> list[Gap]:
        """Return the gaps that history may still fill."""
        return [gap for gap in self.gaps if gap.state in (GapState.OPEN, GapState.PLANNED)]


def share(since: str, until: str, gaps: Iterable[Gap]) -> float:
    """Return how much of a stretch is no gap, or a filled one, from 0 to 1."""
    whole = parse_time(until) - parse_time(since) if since < until else 0
    missed = sum(gap.milliseconds for gap in gaps if gap.state is not GapState.FILLED)
    return max(0.0, 1 - missed / whole) if whole else 1.0


def coverage_of(
    lines: Iterable[LedgerLine],
    *,
    heard: Callable[[OpenedEntry], Bound | None],
    now: str = "",
    lives: Callable[[str], bool] = lambda _run: True,
) -> Coverage | None:
    """Fold the lines of a ledger; return None if the target was never heard.

    `heard` returns for an `opened` without a `closed` the last moment at which
    its run is known to have heard, None if nothing is known; `lives` whether a
    run goes on. If nobody hears the target any more, and it is still wanted,
    the last gap lasts until `now`.
    """
    fold = _Fold(IntervalFold(heard, lives))
    for line in lines:
        fold.take(line)
    return fold.finish(now)


class _Fold:
    """The lines of a ledger so far."""

    def __init__(self, intervals: IntervalFold) -> None:
        self._intervals = intervals
        self._told: list[Piece] = []
        self._absences = _Absences()
        self._since = self._wish = ""
        self._damaged = 0

    def take(self, line: LedgerLine) -> None:
        """Take the next line."""
        match line:
            case OpenedEntry() | ClosedEntry() | UnwantedEntry() | Later():
                self._intervals.take(line)
            case Damaged():
                self._damaged += line.lines
                self._intervals.take(line)
            case CoveredEntry() | UnfillableEntry() | AskedEntry():
                self._told.append(line)
            case AbsentEntry():
                self._absences.add(line)
                if self._intervals.is_empty:
                    self._since = self._since or line.time
            case WishedEntry():
                self._wish = line.since
            case NoticedEntry() | ReportedEntry() | RecoveredEntry():
                pass
            case _:
                assert_never(line)

    def finish(self, now: str) -> Coverage | None:
        """Return the coverage of all lines."""
        goes_on = self._intervals.finish()
        intervals, pieces = self._intervals.all, Pieces(self._told)
        covered = pieces.covered()
        if not (intervals or self._since or covered):
            return None
        first, until = self._bounds(covered, now, goes_on=goes_on)
        begins = (first, self._since, self._wish, *(piece.since for piece in covered))
        since = min(time for time in begins if time)
        since = max(since, min(first, EARLIEST))  # what history claims of before is no time of IRC
        raw = [*self._first_gaps(since, first), *self._later_gaps()]
        if now and not goes_on and self._intervals.is_wanted:
            raw += self._last_gap(now)
        gaps = counted([part for gap in raw for part in self._parted(gap, pieces)], covered)
        return Coverage(since, until, intervals, gaps, covered, self._damaged)

    def _bounds(self, covered: list[CoveredEntry], now: str, *, goes_on: bool) -> tuple[str, str]:
        """Return where the first interval begins, and where the range ends."""
        intervals = self._intervals.all
        if not intervals and not self._since:  # only the past was ever fetched
            last = max(piece.until for piece in covered)
            return last, last
        wanted = self._intervals.is_wanted
        if not intervals:
            until = now if wanted else max(self._since, self._intervals.range_end)
            return until, until
        last = max(each.end.time for each in intervals)
        return intervals[0].start.time, last if goes_on or not wanted else max(last, now)

    def _first_gaps(self, begins: str, ends: str) -> Iterator[Gap]:
        """Yield the gaps before the first interval: the past that was wanted, then a refusal."""
        tried = min(self._since or ends, ends)
        if begins < tried:
            yield _gap(Bound(begins), tried, "not recorded", planned=True)
        if self._since and tried < ends:
            yield _gap(Bound(tried), ends, "refused")

    def _later_gaps(self) -> Iterator[Gap]:
        """Yield the gaps between the intervals."""
        intervals = self._intervals.all
        for number, (before, after) in enumerate(pairwise(intervals), 1):
            if cause := self._intervals.in_doubt.get(number):
                yield _between(before._replace(cause=cause, planned=False), after.start.time)
            elif number not in self._intervals.unwanted:
                yield _between(before, after.start.time)

    def _last_gap(self, now: str) -> list[Gap]:
        """Return the gap that lasts until `now`, if there is one."""
        intervals = self._intervals.all
        if not intervals or intervals[-1].end.time >= now:
            return []
        last, cause = intervals[-1], self._intervals.in_doubt.get(len(intervals))
        return [_between(last._replace(cause=cause, planned=False) if cause else last, now)]

    def _parted(self, gap: Gap, pieces: Pieces) -> list[Gap]:
        """Part a gap by the pieces of history, the last word on each stretch counting."""
        if why := self._absences.why(gap.start.time, gap.end):
            gap = gap._replace(why=why)
        parts: list[Gap] = []
        for each in pieces.parts(gap.start.time, gap.end):
            part = _judged(gap, each)
            if parts and _alike(parts[-1], part):
                parts[-1] = parts[-1]._replace(end=part.end)
            else:
                parts.append(part)
        return parts or [gap]


class _Absences:
    """The reasons why we were not in the channel, by their times.

    Add all of them before asking for the first.
    """

    def __init__(self) -> None:
        self._entries: list[AbsentEntry] = []
        self._by_time: list[int] = []
        self._times: list[str] = []

    def add(self, entry: AbsentEntry) -> None:
        """Add the next entry in the order of writing."""
        self._entries.append(entry)

    def why(self, start: str, end: str) -> str:
        """Return the last reason written that lies between two moments, "" if none does."""
        if len(self._times) < len(self._entries):
            order = sorted(range(len(self._entries)), key=lambda each: self._entries[each].time)
            self._by_time, self._times = order, [self._entries[each].time for each in order]
        low, high = bisect_right(self._times, start), bisect_left(self._times, end)
        numbers = self._by_time[low:high]
        return self._entries[max(numbers)].why if numbers else ""


def counted(gaps: list[Gap], covered: Iterable[CoveredEntry]) -> list[Gap]:
    """Return the same gaps with the lines that were fetched for each.

    The lines of a fetch count once, however many of the gaps it reaches into.
    """
    filled = [gap for gap in gaps if gap.state is GapState.FILLED]
    counts = iter(lines_in([(gap.start.time, gap.end) for gap in filled], covered))
    return [
        gap._replace(lines=next(counts)) if gap.state is GapState.FILLED else gap for gap in gaps
    ]


def _gap(start: Bound, end: str, cause: str, *, planned: bool = False) -> Gap:
    state = GapState.PLANNED if planned else GapState.OPEN
    return Gap(start, end, state, cause)


def _between(before: Interval, begins: str) -> Gap:
    """Return the gap between an interval and the next; our clock may have gone back meanwhile."""
    end = before.end
    if begins < end.time:
        return _gap(end._replace(time=begins), end.time, before.cause, planned=before.planned)
    return _gap(end, begins, before.cause, planned=before.planned)


def _judged(gap: Gap, part: DecidedPart) -> Gap:
    """Return a part of a gap as history left it."""
    start = gap.start if part.since == gap.start.time else Bound(part.since)
    gap = gap._replace(start=start, end=part.until)
    match part.piece:
        case CoveredEntry() as piece:
            via, kinds = piece.via, piece.kinds
            return gap._replace(state=GapState.FILLED, why=piece.why, via=via, kinds=kinds)
        case UnfillableEntry() as piece:
            return gap._replace(state=GapState.UNFILLABLE, why=piece.why)
        case AskedEntry() as piece:
            # A pause between batches that a batch gave up is no plan any more.
            state = GapState.OPEN if piece.stopped else gap.state
            return gap._replace(state=state, why=piece.why)
    return gap


def _alike(one: Gap, other: Gap) -> bool:
    return one[2:7] == other[2:7]
