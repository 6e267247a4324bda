"""Compaction of a ledger: long stretches of its lines become checkpoints.

Pure. A stretch lasts from an `opened` to a later one, with every interval between them
closed. Its `opened`, `closed` and `unwanted`, the reasons of its absences and the history
of its time go into the checkpoint. All other lines stay as they are, byte for byte, and
so do damage and lines of a later version, with the intervals around them: the fold of
the result is that of the original.

A checkpoint begins and ends where no piece of history is cut. One that is not full takes
in what follows it, the next time; a full one is made anew only for history that was told
of its time since.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.archive.entry_lines import Damaged, Later
from chatlog.archive.rules import EVERY_KIND
from chatlog.coverage.absences import Absences
from chatlog.coverage.checkpoint import RawGap, decoded, encoded, is_whole
from chatlog.coverage.entries import (
    MOST_GAPS,
    AbsentEntry,
    AskedEntry,
    CheckpointEntry,
    ClosedEntry,
    CoveredEntry,
    OpenedEntry,
    ReportedEntry,
    UnfillableEntry,
    UnwantedEntry,
    encode,
)
from chatlog.coverage.gap import GapState
from chatlog.coverage.gap_list import FoldedGaps, is_wanting
from chatlog.coverage.interval_fold import IntervalFold
from chatlog.coverage.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.coverage.entries import Piece
    from chatlog.coverage.gap import Gap
    from chatlog.coverage.interval_fold import Bounding
    from chatlog.coverage.ledger import LedgerLine, RawLine

LEAST: Final = 64
"""How many gaps are worth a checkpoint of their own."""
_PIECES: Final = (CoveredEntry, UnfillableEntry, AskedEntry)
_BEGINNINGS: Final = (OpenedEntry, CheckpointEntry)
_BOUNDS: Final = (*_BEGINNINGS, ClosedEntry, UnwantedEntry)


class _Stretch(NamedTuple):
    """Lines `[begin, end)`, from an `opened` at `since` until another one at `until`.

    Checkpoints stand for such lines. It has `gaps` gaps
    before history is taken off them. `kinds` are those of all its intervals.
    """

    begin: int
    end: int
    since: str
    until: str
    gaps: int
    kinds: str


def compacted(lines: Sequence[RawLine], now: str, *, least: int = LEAST) -> bytes | None:
    """Return the bytes of a compacted ledger; None if nothing is to be folded.

    `least` is the number of gaps that are worth a checkpoint of their own. The
    bytes of all lines that stay are those of the original.
    """
    told = [number for number, line in enumerate(lines) if isinstance(_known(line), _PIECES)]
    groups = _groups(lines, _Cuts([_known(lines[number]) for number in told]), least)
    groups = _untouched(groups, [line.entry for line in lines])
    absorbed = _absorbed(lines, told, groups)
    taken = {number for numbers in absorbed for number in numbers}
    absences = _absences(lines)
    result: list[bytes] = []
    place = 0
    for group, numbers in zip(groups, absorbed, strict=True):
        if not numbers and group.gaps == _gaps_of(lines[group.begin]):
            continue  # it is folded already
        result += _others(lines, place, group.begin, taken)
        try:
            result += _Folding(lines, group, numbers, absences).data(now, taken)
        except ValueError:  # nothing that chatlog writes is so long
            return None
        place = group.end
    if not place:
        return None
    return b"".join([*result, *_others(lines, place, len(lines), taken)])


def _others(lines: Sequence[RawLine], begin: int, end: int, taken: set[int]) -> list[bytes]:
    return [lines[number].data for number in range(begin, end) if number not in taken]


def _absences(lines: Sequence[RawLine]) -> Absences:
    absences = Absences()
    for line in lines:
        if isinstance(line.entry, AbsentEntry):
            absences.add(line.entry)
    return absences


def _known(line: RawLine) -> object:
    """Return the entry of a line, of a later version its part that is known."""
    return line.entry.known if isinstance(line.entry, Later) else line.entry


# -- which lines may be folded together ------------------------------------------------


class _Cuts:
    """The moments at which no piece of history is cut."""

    def __init__(self, pieces: Iterable[object]) -> None:
        ordered = sorted(
            (piece.since, piece.until)
            for piece in pieces
            if isinstance(piece, _PIECES) and piece.since < piece.until
        )
        self._sinces = [since for since, _ in ordered]
        self._reached = list(accumulate((until for _, until in ordered), max))

    def may_be(self, moment: str) -> bool:
        """Return whether no piece begins before a moment and ends behind it."""
        place = bisect_left(self._sinces, moment)
        return not place or self._reached[place - 1] <= moment


def _groups(lines: Sequence[RawLine], cuts: _Cuts, least: int) -> list[_Stretch]:
    """Return the stretches that become, or stay, a checkpoint each."""
    found: list[_Stretch] = []
    group: _Stretch | None = None
    whole: _Stretch | None = None  # the group as far as it may end
    for each in _stretches(lines):
        may_begin = cuts.may_be(each.since)
        goes_on = group is not None and group.end == each.begin and group.kinds == each.kinds
        if group is not None and goes_on and not (may_begin and group.gaps + each.gaps > MOST_GAPS):
            group = group._replace(end=each.end, until=each.until, gaps=group.gaps + each.gaps)
        else:
            found += [whole] if whole is not None else []
            group, whole = each if may_begin else None, None
        if group is not None and cuts.may_be(group.until):
            whole = group
    found += [whole] if whole is not None else []
    return [
        group
        for group in found
        if group.gaps <= MOST_GAPS and (group.gaps >= least or _checkpoints(lines, group))
    ]


def _checkpoints(lines: Sequence[RawLine], group: _Stretch) -> list[CheckpointEntry]:
    entries = (lines[number].entry for number in range(group.begin, group.end))
    return [each for each in entries if isinstance(each, CheckpointEntry)]


def _gaps_of(line: RawLine) -> int:
    return line.entry.gaps if isinstance(line.entry, CheckpointEntry) else -1


def _stretches(lines: Sequence[RawLine]) -> Iterator[_Stretch]:
    """Yield the stretches between a beginning of an interval and the next that may be folded.

    Each is whole: the interval is closed, no other run heard beside it, no line is
    damaged or of a later version, and no bound of an interval before or behind it lies
    within its time. A `closed` stays behind the last one, as it says since when the target
    is not heard.
    """
    bounds = [
        (number, entry)
        for number, entry in enumerate(map(_known, lines))
        if isinstance(entry, _BOUNDS)
    ]
    ends = [_last_time(entry) for _, entry in bounds]
    latest = list(accumulate(ends, max))
    earliest = list(accumulate((_time(entry) for _, entry in reversed(bounds)), min))[::-1]
    last_closed = max(
        (number for number, entry in bounds if isinstance(entry, ClosedEntry)), default=-1
    )
    begins = [place for place, (_, entry) in enumerate(bounds) if isinstance(entry, _BEGINNINGS)]
    beside = _beside_others([entry for _, entry in bounds])
    for place, following in pairwise(begins):
        (begin, first), (end, after) = bounds[place], bounds[following]
        inner = [entry for _, entry in bounds[place + 1 : following]]
        if (
            end < last_closed
            and place not in beside
            and _is_closed(first, inner, _time(after))
            and all(not isinstance(line.entry, Damaged | Later) for line in lines[begin:end])
            and (not place or latest[place - 1] <= _time(first))
            and latest[following - 1] <= _time(after) == earliest[following]
            and earliest[place] == _time(first)
        ):
            yield _Stretch(
                begin, end, _time(first), _time(after), _count(first, inner), _kinds(first)
            )


def _beside_others(bounds: Sequence[Bounding]) -> set[int]:
    """Return the places at which a run that another one followed has more to say.

    Its next `closed` may end an interval that lasted meanwhile: the fold needs each bound from
    its `opened` on.
    """
    last = {
        entry.run: place
        for place, entry in enumerate(bounds)
        if isinstance(entry, OpenedEntry | ClosedEntry) and entry.run
    }
    found: set[int] = set()
    followed: set[str] = set()
    heard = ""  # the run whose interval is open
    for place, entry in enumerate(bounds):
        if isinstance(entry, OpenedEntry):
            followed.add(heard)
        followed = {run for run in followed if last.get(run, -1) >= place}
        if followed:
            found.add(place)
        if isinstance(entry, OpenedEntry | ClosedEntry):
            followed.discard(entry.run)
            ends = isinstance(entry, ClosedEntry) and entry.run in ("", heard)
            heard = "" if ends else entry.run if isinstance(entry, OpenedEntry) else heard
    return found


def _is_closed(first: Bounding, inner: Sequence[Bounding], until: str) -> bool:
    """Return whether an interval ends before the next one begins, and its ledger says so."""
    if isinstance(first, CheckpointEntry):
        return not inner and first.until == until and is_whole(first)
    closings = [entry for entry in inner if isinstance(entry, ClosedEntry)]
    is_ours = isinstance(first, OpenedEntry) and all(
        entry.run in ("", first.run) for entry in closings
    )
    return bool(inner) and is_ours


def _count(first: Bounding, inner: Sequence[Bounding]) -> int:
    """Return how many gaps a stretch has before history is taken off them."""
    if isinstance(first, CheckpointEntry):
        return first.gaps
    return int(not any(isinstance(entry, UnwantedEntry) for entry in inner))


def _kinds(first: Bounding) -> str:
    """Return the `kinds` of a beginning, "" for all: so have checkpoints of earlier versions."""
    kinds = first.kinds if isinstance(first, _BEGINNINGS) else ""
    return "" if kinds == EVERY_KIND else kinds


def _time(entry: Bounding) -> str:
    return entry.since if isinstance(entry, CheckpointEntry) else entry.time


def _last_time(entry: Bounding) -> str:
    return entry.until if isinstance(entry, CheckpointEntry) else entry.time


def _untouched(groups: Sequence[_Stretch], entries: Sequence[LedgerLine]) -> list[_Stretch]:
    """Return the groups without history that a later version told: it stays in its order."""
    pieces = [
        each.known
        for each in entries
        if isinstance(each, Later) and isinstance(each.known, _PIECES)
    ]
    return [
        group
        for group in groups
        if not any(each.since < group.until and group.since < each.until for each in pieces)
    ]


def _absorbed(
    lines: Sequence[RawLine], told: Sequence[int], groups: Sequence[_Stretch]
) -> list[list[int]]:
    """Return for each group the numbers of the lines of history that lie in its time."""
    found: list[list[int]] = [[] for _ in groups]
    sinces = [group.since for group in groups]
    for number in told:
        piece = lines[number].entry
        if isinstance(piece, _PIECES) and piece.since < piece.until:
            place = bisect_right(sinces, piece.since) - 1
            if place >= 0 and piece.until <= groups[place].until:
                found[place].append(number)
    return found


class _Stretches:
    """Gaps in order of time, to be asked whether they overlap a stretch."""

    def __init__(self, gaps: Iterable[Gap]) -> None:
        self._gaps = list(gaps)
        self._ends = [gap.end for gap in self._gaps]

    def overlap(self, since: str, until: str) -> bool:
        """Return whether a gap overlaps `[since, until)`."""
        place = bisect_right(self._ends, since)
        return place < len(self._gaps) and self._gaps[place].start.time < until


# -- one checkpoint --------------------------------------------------------------------


class _Folding:
    """The lines of one group, to be folded."""

    def __init__(
        self,
        lines: Sequence[RawLine],
        group: _Stretch,
        absorbed: Sequence[int],
        absences: Absences,
    ) -> None:
        self._lines = lines
        self._group = group
        self._absorbed = absorbed
        self._absences = absences
        self._pieces: list[tuple[int, Piece]] = []
        self._count = len(absorbed)

    def data(self, now: str, taken: set[int]) -> list[bytes]:
        """Return the lines that stay, and the checkpoint behind them.

        `taken` are the numbers of the lines that any checkpoint absorbs. Raise
        ValueError if the checkpoint is too long to be read.
        """
        raw = [self._with_why(gap) for gap in self._raw()]
        for number in self._absorbed:
            piece = self._lines[number].entry
            if isinstance(piece, _PIECES):
                self._pieces.append((number, piece))
        pieces = [piece for _, piece in sorted(self._pieces, key=lambda each: each[0])]
        checkpoint = self._checkpoint(raw, pieces, now)
        if not is_whole(checkpoint):
            raise ValueError("its columns are too long")
        gaps = FoldedGaps(checkpoint).gaps()
        kept = self._kept(gaps, taken)
        wanting = [gap for gap in gaps if is_wanting(gap)]
        checkpoint = msgspec.structs.replace(
            checkpoint,
            open=sum(gap.state is GapState.OPEN for gap in gaps),
            wanting=len(wanting),
            unasked=sum(not gap.why for gap in wanting),
            lines=self._count,
        )
        return [*kept, encode(checkpoint)]

    def _raw(self) -> Iterator[RawGap]:
        """Yield the gaps between the intervals, before history; collect that of checkpoints."""
        intervals = IntervalFold(lambda _: None, lambda _: False)
        checkpoints: dict[int, int] = {}
        for number in range(self._group.begin, self._group.end):
            entry = self._lines[number].entry
            if isinstance(entry, CheckpointEntry):
                checkpoints[len(intervals.all)] = number
            if isinstance(entry, _BOUNDS):
                intervals.take(entry)
        for number, interval in enumerate(intervals.all):
            if number in checkpoints:
                yield from self._unfolded(checkpoints[number])
            is_last = number + 1 == len(intervals.all)
            begins = self._group.until if is_last else intervals.all[number + 1].start.time
            is_seamless = number in checkpoints and interval.end.time == begins
            if not is_seamless and number + 1 not in intervals.unwanted:
                end = interval.end
                yield RawGap(end.time, begins, interval.cause, interval.planned, "", end.msgid)

    def _unfolded(self, number: int) -> list[RawGap]:
        entry = self._lines[number].entry
        assert isinstance(entry, CheckpointEntry)  # noqa: S101 - the caller has looked
        found = decoded(entry)
        self._pieces += ((number, piece) for piece in found.pieces)
        self._count += entry.lines
        return found.gaps

    def _with_why(self, gap: RawGap) -> RawGap:
        return gap._replace(why=self._absences.why(gap.start, gap.end) or gap.why)

    def _checkpoint(
        self, raw: Sequence[RawGap], pieces: Sequence[Piece], now: str
    ) -> CheckpointEntry:
        """Return the checkpoint of gaps, without history that decides nothing and has no lines."""
        found = Pieces(pieces)
        needed = {id(piece) for piece in found.covered() if piece.lines}
        exact: list[Piece | None] = []
        gaps = []
        for gap in raw:
            parts = [part.piece for part in found.parts(gap.start, gap.end)]
            only = parts[0] if len(parts) == 1 else None
            if only is not None and (only.since, only.until) == (gap.start, gap.end):
                exact.append(only)
            else:
                exact.append(None)
                needed |= {id(piece) for piece in parts if piece is not None}
            is_filled = bool(parts) and isinstance(parts[0], CoveredEntry)
            gaps.append(gap._replace(msgid="") if is_filled else gap)
        needed -= {id(piece) for piece in exact}
        others = [piece for piece in pieces if id(piece) in needed]
        since, until = self._group.since, self._group.until
        columns = encoded(since, gaps, exact, others)
        return CheckpointEntry(
            at=now,
            since=since,
            until=until,
            lines=0,
            gaps=len(gaps),
            kinds=self._group.kinds,
            columns=columns,
        )

    def _kept(self, gaps: Sequence[Gap], taken: set[int]) -> list[bytes]:
        """Return the lines that the checkpoint does not stand for, and count the others."""
        kept = []
        unsettled = _Stretches(gap for gap in gaps if gap.state is not GapState.FILLED)
        for number in range(self._group.begin, self._group.end):
            entry = self._lines[number].entry
            if number in taken or isinstance(entry, CheckpointEntry):
                continue
            if isinstance(entry, _BOUNDS) or self._is_settled(entry, unsettled):
                self._count += 1
            else:
                kept.append(self._lines[number].data)
        return kept

    def _is_settled(self, entry: LedgerLine, unsettled: _Stretches) -> bool:
        """Return whether an entry of the group's lines has no meaning beyond its checkpoint."""
        since, until = self._group.since, self._group.until
        match entry:
            case AbsentEntry():
                return since <= entry.time <= until
            case CoveredEntry() | UnfillableEntry() | AskedEntry():
                return entry.since == entry.until
            case ReportedEntry():
                is_within = since <= entry.since and entry.until <= until
                return is_within and not unsettled.overlap(entry.since, entry.until)
        return False
