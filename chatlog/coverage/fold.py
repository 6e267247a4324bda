"""What a ledger comes to: the intervals in which a target was heard, and the gaps between.

Pure. Between two intervals there always is a gap, whatever our clock said: the
order of the lines counts, and the times only say where it lies. History is
taken off a gap by the times of the events.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from chatlog.event import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.coverage.ledger import LedgerEntry


class GapState(StrEnum):
    """What became of a gap.

    `FILLED` was fetched back, `UNFILLABLE` the server no longer has, `PLANNED`
    lies between two batches, `OPEN` is all the rest.
    """

    OPEN = "open"
    FILLED = "filled"
    UNFILLABLE = "unfillable"
    PLANNED = "planned"


class Bound(NamedTuple):
    """One end of an interval: `time` in the clock of the events, and the last msgid there."""

    time: str
    msgid: str = ""


class Interval(NamedTuple):
    """A stretch in which the target was heard; `run` is still hearing it where there is no cause.

    Such a one ends where that run was last known to hear.
    """

    start: Bound
    end: Bound
    cause: str
    run: str
    planned: bool = False


class Gap(NamedTuple):
    """A stretch that was not heard, `[start, end)` in the clock of the events.

    `cause` is why it began, `why` why it is as it is. `kinds` says what history
    brought: `all`, or `messages` without joins and quits. `start` bears the
    last msgid before it, where it is a gap's beginning.
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
        """How long it is."""
        return max(0, parse_time(self.end) - parse_time(self.start.time))


class Coverage(NamedTuple):
    """All of one target, in order; `since` and `until` bound what was meant to be heard."""

    since: str
    until: str
    intervals: list[Interval]
    gaps: list[Gap]

    @property
    def share(self) -> float:
        """How much of the time was heard or fetched back, from 0 to 1."""
        return share(self.since, self.until, self.gaps)

    def wanting(self) -> list[Gap]:
        """List what history may still bring."""
        return [gap for gap in self.gaps if gap.state in (GapState.OPEN, GapState.PLANNED)]


def share(since: str, until: str, gaps: Iterable[Gap]) -> float:
    """Say how much of a stretch is no gap, or a filled one."""
    whole = parse_time(until) - parse_time(since) if since < until else 0
    missed = sum(gap.milliseconds for gap in gaps if gap.state is not GapState.FILLED)
    return max(0.0, 1 - missed / whole) if whole else 1.0


def coverage_of(
    entries: Iterable[LedgerEntry],
    *,
    heard: Callable[[LedgerEntry], Bound | None],
    now: str = "",
    lives: Callable[[str], bool] = lambda _run: True,
) -> Coverage | None:
    """Fold a ledger; None where the target was never heard.

    `heard` says of an `opened` that was never closed to when its run is known
    to have heard, None where nothing is known; `lives` whether a run goes on.
    Where nobody hears the target any more, and it is still meant to be, the
    last gap lasts until `now`.
    """
    fold = _Fold(heard, lives)
    for entry in entries:
        if take := _TAKE.get(entry.entry):
            take(fold, entry)
    return fold.finish(now)


class _Piece(NamedTuple):
    """What history said of a stretch."""

    since: str
    until: str
    state: GapState
    why: str
    via: str
    kinds: str
    lines: int


class _Fold:
    def __init__(
        self, heard: Callable[[LedgerEntry], Bound | None], lives: Callable[[str], bool]
    ) -> None:
        self._heard = heard
        self._lives = lives
        self._intervals: list[Interval] = []
        self._open: LedgerEntry | None = None
        self._pieces: list[_Piece] = []
        self._absent: list[tuple[str, str]] = []
        self._since = self._wish = ""
        self._wanted = True
        self._breaks: set[int] = set()  # the intervals before which nobody wanted to hear

    def opened(self, entry: LedgerEntry) -> None:
        if self._open is not None:  # its run died, and nobody ever said when
            self._end(self._bound_of(self._open), "killed", planned=False)
        if not self._wanted:
            self._breaks.add(len(self._intervals))
        self._open, self._wanted = entry, True

    def closed(self, entry: LedgerEntry) -> None:
        if self._open is not None:
            cause = entry.cause or "closed"
            self._end(Bound(entry.time, entry.msgid), cause, planned=entry.planned)

    def unwanted(self, entry: LedgerEntry) -> None:
        if self._open is not None:
            self._end(Bound(entry.time, entry.msgid), "unwanted", planned=False)
        self._wanted = False

    def absent(self, entry: LedgerEntry) -> None:
        self._absent.append((entry.time, entry.why))
        if not self._intervals and self._open is None:
            self._since = self._since or entry.time

    def wished(self, entry: LedgerEntry) -> None:
        self._wish = entry.since

    def covered(self, entry: LedgerEntry) -> None:
        self._add(entry, GapState.FILLED)

    def unfillable(self, entry: LedgerEntry) -> None:
        self._add(entry, GapState.UNFILLABLE)

    def asked(self, entry: LedgerEntry) -> None:
        self._add(entry, GapState.OPEN)

    def _add(self, entry: LedgerEntry, state: GapState) -> None:
        if entry.since < entry.until:
            piece = _Piece(
                entry.since, entry.until, state, entry.why, entry.via, entry.kinds, entry.lines
            )
            self._pieces.append(piece)

    def _bound_of(self, opened: LedgerEntry) -> Bound:
        start = Bound(opened.time, opened.msgid)
        heard = self._heard(opened)
        return heard if heard is not None and heard.time > start.time else start

    def _end(self, end: Bound, cause: str, *, planned: bool) -> None:
        assert self._open is not None  # noqa: S101 - who calls has looked
        start = Bound(self._open.time, self._open.msgid)
        self._intervals.append(Interval(start, end, cause, self._open.run, planned))
        self._open = None

    def finish(self, now: str) -> Coverage | None:
        live = self._open is not None and self._lives(self._open.run)
        if self._open is not None:
            self._end(self._bound_of(self._open), "" if live else "killed", planned=False)
        if not self._intervals and not self._since:
            return self._only_history()
        gaps = [gap for raw in self._raw_gaps(now, live=live) for gap in self._parted(raw)]
        first = self._intervals[0].start.time if self._intervals else now
        fetched = [piece.since for piece in self._pieces if piece.state is GapState.FILLED]
        since = min(time for time in (first, *fetched, self._since, self._wish) if time)
        return Coverage(since, self._until(now, live=live), self._intervals, gaps)

    def _only_history(self) -> Coverage | None:
        filled = [piece for piece in self._pieces if piece.state is GapState.FILLED]
        if not filled:
            return None
        return Coverage(
            min(piece.since for piece in filled), max(piece.until for piece in filled), [], []
        )

    def _until(self, now: str, *, live: bool) -> str:
        last = max((each.end.time for each in self._intervals), default=now)
        return last if live or not self._wanted else max(last, now)

    def _raw_gaps(self, now: str, *, live: bool) -> list[Gap]:
        gaps = []
        first = self._intervals[0].start.time if self._intervals else ""
        if self._wish and self._wish < first:
            gaps.append(_gap(Bound(self._wish), first, "not recorded", planned=True))
        if self._intervals and self._since and self._since < self._intervals[0].start.time:
            gaps.append(_gap(Bound(self._since), self._intervals[0].start.time, "refused"))
        for number, (before, after) in enumerate(pairwise(self._intervals), 1):
            if number not in self._breaks:
                gaps.append(_between(before, after.start.time))
        if not live and self._wanted and now:
            if not self._intervals:
                gaps.append(_gap(Bound(self._since), now, "refused"))
            elif self._intervals[-1].end.time < now:
                gaps.append(_between(self._intervals[-1], now))
        return gaps

    def _parted(self, gap: Gap) -> list[Gap]:
        """Part a gap by what history said of it, the last word on each stretch counting."""
        edges = {gap.start.time, gap.end}
        mine = [
            each for each in self._pieces if each.since < gap.end and each.until > gap.start.time
        ]
        for piece in mine:
            edges |= {max(piece.since, gap.start.time), min(piece.until, gap.end)}
        whys = [why for time, why in self._absent if gap.start.time < time < gap.end]
        if whys:
            gap = gap._replace(why=whys[-1])
        ordered = sorted(edges)
        parts: list[Gap] = []
        for since, until in pairwise(ordered):
            part = _judged(gap, since, until, mine)
            if parts and _alike(parts[-1], part):
                parts[-1] = parts[-1]._replace(end=until)
            else:
                parts.append(part)
        return parts or [gap]


_TAKE = {
    "opened": _Fold.opened,
    "closed": _Fold.closed,
    "unwanted": _Fold.unwanted,
    "absent": _Fold.absent,
    "wished": _Fold.wished,
    "covered": _Fold.covered,
    "unfillable": _Fold.unfillable,
    "asked": _Fold.asked,
}


def _gap(start: Bound, end: str, cause: str, *, planned: bool = False) -> Gap:
    state = GapState.PLANNED if planned else GapState.OPEN
    return Gap(start, end, state, cause)


def _between(before: Interval, begins: str) -> Gap:
    """Say what lies between an interval and the next; our clock may have gone back meanwhile."""
    end = before.end
    if begins < end.time:
        return _gap(end._replace(time=begins), end.time, before.cause, planned=before.planned)
    return _gap(end, begins, before.cause, planned=before.planned)


def _judged(gap: Gap, since: str, until: str, pieces: list[_Piece]) -> Gap:
    start = gap.start if since == gap.start.time else Bound(since)
    covering = [each for each in pieces if each.since <= since and until <= each.until]
    filled = [each for each in covering if each.state is GapState.FILLED]
    if not covering:
        return gap._replace(start=start, end=until)
    piece = (filled or covering)[-1]
    state = gap.state if piece.state is GapState.OPEN else piece.state
    return gap._replace(
        start=start,
        end=until,
        state=state,
        why=piece.why,
        via=piece.via,
        kinds=piece.kinds,
        lines=piece.lines,
    )


def _alike(one: Gap, other: Gap) -> bool:
    return one[2:7] == other[2:7]
