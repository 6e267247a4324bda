"""The fold of a ledger: the coverage of a target, and the gaps between its intervals.

Pure. Between two intervals there always is a gap, whatever our clock said: the
order of the lines counts, and the times only say where it lies. History is
taken off a gap by the times of the events. Damage makes the fold claim less,
never more: `interval_fold` has the rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import msgspec
from msgspec.structs import replace

from chatlog.archive.entry_lines import Damaged, Later
from chatlog.coverage.absences import Absences
from chatlog.coverage.entries import (
    AbsentEntry,
    AskedEntry,
    CheckpointEntry,
    ClosedEntry,
    CoveredEntry,
    ImportedEntry,
    MergedEntry,
    MissedEntry,
    NoticedEntry,
    OpenedEntry,
    RecoveredEntry,
    RenamedEntry,
    ReportedEntry,
    UnfillableEntry,
    UnwantedEntry,
    WishedEntry,
)
from chatlog.coverage.gap import Gap, HeardBeside, counted, gap_between, new_gap, parted, share
from chatlog.coverage.gap_list import FoldedGaps, Gaps
from chatlog.coverage.interval_fold import Bound, Interval, IntervalFold
from chatlog.coverage.pieces import Pieces
from chatlog.coverage.stretches import TimeStretch, joined, parts_without
from chatlog.event import EARLIEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.coverage.entries import Piece
    from chatlog.coverage.ledger import LedgerLine


class Coverage(msgspec.Struct, frozen=True):
    """All intervals and gaps of one target, in order.

    `since` and `until` bound the whole, `covered` are the fetches of history and other
    witnesses' stretches, and `damaged` counts the lines of the ledger that could not be read.
    `islands` are the recorded stretches if there are several.
    """

    since: str
    until: str
    intervals: list[Interval]
    gaps: Gaps
    covered: Sequence[CoveredEntry] = ()
    damaged: int = 0
    islands: Sequence[TimeStretch] = ()

    @property
    def recorded(self) -> Sequence[TimeStretch]:
        """The stretches that were meant to be heard, or that another witness covers, in order.

        What lies between two of them is neither heard nor a gap: nobody recorded it.
        """
        return self.islands or (TimeStretch(self.since, self.until),)

    @property
    def share(self) -> float:
        """How much of the recorded time was heard or fetched back, from 0 to 1."""
        return share(self.recorded, self.gaps)

    def recorded_between(self, low: str, high: str) -> list[TimeStretch]:
        """Return the recorded stretches that lie between two moments, cut there."""
        cut = (TimeStretch(max(low, each.since), min(high, each.until)) for each in self.recorded)
        return [each for each in cut if each.since <= each.until]

    def wanting(self) -> Gaps:
        """Return the gaps that history may still fill."""
        return self.gaps.wanting()

    def covered_near(self, low: str, high: str) -> list[CoveredEntry]:
        """Return the fetches that lie between two moments, and some around them."""
        folded = (each.covered() for each in self.gaps.folded_near(low, high))
        return [*self.covered, *(piece for covered in folded for piece in covered)]


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


def _within_irc(piece: CoveredEntry | MissedEntry) -> TimeStretch:
    """Return the time of a piece that does not lie before IRC began."""
    return TimeStretch(max(piece.since, EARLIEST), max(piece.until, EARLIEST))


class _Fold:
    """The lines of a ledger so far."""

    def __init__(self, intervals: IntervalFold) -> None:
        self._intervals = intervals
        self._told: list[Piece] = []
        self._absences = Absences()
        self._missed: list[MissedEntry] = []
        self._since = self._wish = ""
        self._damaged = 0

    def take(self, line: LedgerLine) -> None:
        """Take the next line."""
        match line:
            case OpenedEntry() | ClosedEntry() | UnwantedEntry() | CheckpointEntry() | Later():
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
            case MissedEntry():
                self._missed.append(line)
            case WishedEntry():
                self._wish = line.since
            case (
                ImportedEntry()
                | MergedEntry()
                | NoticedEntry()
                | RenamedEntry()
                | ReportedEntry()
                | RecoveredEntry()
            ):
                pass
            case _:
                assert_never(line)

    def finish(self, now: str) -> Coverage | None:
        """Return the coverage of all lines."""
        goes_on = self._intervals.finish()
        folded = self._folded()
        pieces = Pieces(
            [*(piece for each in folded.values() for piece in each.eager_pieces()), *self._told]
        )
        covered = pieces.covered()
        asked = [piece for piece in covered if not piece.is_witnessed]
        witnessed = [_within_irc(piece) for piece in covered if piece.is_witnessed]
        own: list[TimeStretch] = []
        raw: list[Gap | FoldedGaps] = []
        if self._intervals.all or self._since or asked:
            first, until = self._bounds(asked, now, goes_on=goes_on)
            begins = (first, self._since, self._wish, *(piece.since for piece in asked))
            since = min(time for time in begins if time)
            since = max(since, min(first, EARLIEST))  # history claims no time from before IRC
            raw += [*self._first_gaps(since, first), *self._later_gaps(folded)]
            if now and not goes_on and self._intervals.is_wanted:
                raw += self._last_gap(now)
            own = [TimeStretch(since, until)]
        missed = self._missed_elsewhere([*witnessed, *own])
        others = [*witnessed, *((gap.start.time, gap.end) for gap in missed)]
        islands = joined([*others, *own]) if others else own
        if not islands:
            return None
        raw += missed
        gaps = self._listed(raw, pieces, covered)
        bounds = islands[0].since, islands[-1].until
        more = islands if len(islands) > 1 else ()
        return Coverage(*bounds, self._intervals.all, gaps, covered, self._damaged, more)

    def _missed_elsewhere(self, recorded: Sequence[tuple[str, str]]) -> list[Gap]:
        """Return the gaps of other witnesses that lie outside recorded stretches."""
        times = [_within_irc(entry) for entry in self._missed]
        return [
            new_gap(
                Bound(part.since),
                part.until,
                self._missed[number].cause,
                planned=self._missed[number].planned,
            )
            for number, part in parts_without(times, recorded)
        ]

    def _folded(self) -> dict[int, FoldedGaps]:
        """Return each checkpoint by the number of its interval.

        History that was told later may reach into one: its gaps are then taken apart
        with all others.
        """
        latest = max((each.until for each in self._intervals.folded.values()), default="")
        told = [(piece.since, piece.until) for piece in self._told if piece.since < latest] + [
            (each.start.time, each.end.time) for each in self._intervals.beside
        ]
        return {
            number: FoldedGaps(
                entry,
                is_touched=any(
                    since < entry.until and entry.since < until for since, until in told
                ),
            )
            for number, entry in self._intervals.folded.items()
        }

    def _listed(
        self, raw: list[Gap | FoldedGaps], pieces: Pieces, covered: list[CoveredEntry]
    ) -> Gaps:
        """Return all gaps as history left them, with the lines that were fetched for each."""
        beside = HeardBeside(self._intervals.beside)
        known = [
            each if isinstance(each, FoldedGaps) else self._parted(each, pieces, beside)
            for each in raw
        ]
        lists = (each for each in known if isinstance(each, list))
        whole = iter(counted([gap for each in lists for gap in each], covered))
        return Gaps(
            each if isinstance(each, FoldedGaps) else [next(whole) for _ in each] for each in known
        )

    def _parted(self, gap: Gap, pieces: Pieces, beside: HeardBeside) -> list[Gap]:
        return [part for each in beside.cut(gap) for part in self._judged(each, pieces)]

    def _judged(self, gap: Gap, pieces: Pieces) -> list[Gap]:
        if why := self._absences.why(gap.start.time, gap.end):
            gap = replace(gap, why=why)
        return parted(gap, pieces)

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
        last = max(each.end.time for each in (*intervals, *self._intervals.beside))
        return intervals[0].start.time, last if goes_on or not wanted else max(last, now)

    def _first_gaps(self, begins: str, ends: str) -> Iterator[Gap]:
        """Yield the gaps before the first interval: the past that was wanted, then a refusal."""
        tried = min(self._since or ends, ends)
        if begins < tried:
            yield new_gap(Bound(begins), tried, "not recorded", planned=True)
        if self._since and tried < ends:
            yield new_gap(Bound(tried), ends, "refused")

    def _later_gaps(self, folded: dict[int, FoldedGaps]) -> Iterator[Gap | FoldedGaps]:
        """Yield the gaps between the intervals, and those of checkpoints in their place."""
        intervals = self._intervals.all
        for number, before in enumerate(intervals, 1):
            if number - 1 in folded:
                yield from folded[number - 1].parts()
            if number == len(intervals) or self._intervals.is_seamless(number):
                continue
            after = intervals[number]
            if cause := self._intervals.in_doubt.get(number):
                yield gap_between(replace(before, cause=cause, planned=False), after.start.time)
            elif number not in self._intervals.unwanted:
                yield gap_between(before, after.start.time)

    def _last_gap(self, now: str) -> list[Gap]:
        """Return the gap that lasts until `now`, if there is one."""
        intervals = self._intervals.all
        if not intervals or intervals[-1].end.time >= now:
            return []
        last, cause = intervals[-1], self._intervals.in_doubt.get(len(intervals))
        return [gap_between(replace(last, cause=cause, planned=False) if cause else last, now)]
