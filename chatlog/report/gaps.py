"""Coverage and gaps of the targets of an archive, as `gaps`, `stats` and `who` show them."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from chatlog.archive.layout import parse_segment
from chatlog.archive.rules import EVERY, classes_of
from chatlog.archive.targets import scan, spelled
from chatlog.casemapping import CHANTYPES
from chatlog.coverage import ledger
from chatlog.coverage.entries import ReportedEntry
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.gap import GapState, counted, share
from chatlog.coverage.last_heard import LastHeard
from chatlog.errors import TranscriptError
from chatlog.event import parse_time
from chatlog.health import runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chatlog.archive.targets import Target
    from chatlog.coverage.fold import Coverage
    from chatlog.coverage.gap import Gap
    from chatlog.coverage.stretches import TimeStretch

GRAVEST_FIRST: Final = (GapState.OPEN, GapState.UNFILLABLE, GapState.PLANNED, GapState.FILLED)


class GapQuery(NamedTuple):
    """The gaps to find: in `[low, high)`, of `least` milliseconds or more.

    `high` is "" for no bound.
    """

    low: str
    high: str
    least: int


class TargetGaps(NamedTuple):
    """One target in the range of a query: its share of coverage, and the gaps in it.

    `damaged` counts the lines of its ledger that could not be read. `classes` of events
    were recorded all that time.
    """

    network: str
    target: str
    since: str
    until: str
    share: float
    gaps: list[Gap]
    damaged: int = 0
    classes: frozenset[str] = EVERY


class Unreadable(NamedTuple):
    """The functions that report files that could not be read.

    `ledger` is called with the path of a ledger and the number of its damaged
    lines, `run` with the path of a damaged run file, `refused` with the path of
    a file that could not be read at all and the reason, `unledgered` with a
    channel that has transcripts and no ledger that records when it was heard.
    """

    ledger: Callable[[str, int], None]
    run: Callable[[Path], None]
    refused: Callable[[Path, str], None]
    unledgered: Callable[[Target], None] = lambda _: None


def find_gaps(
    root: Path,
    targets: Iterable[Target],
    query: GapQuery,
    now: str,
    *,
    unreadable: Unreadable,
) -> Iterator[TargetGaps]:
    """Yield the gaps of each target that has coverage in the range of the query."""
    for target, coverage in coverages(root, targets, now, unreadable=unreadable):
        found = _within(spelled(target.network), spelled(target.name), coverage, query)
        if found is not None:
            yield found


def coverages(
    root: Path, targets: Iterable[Target], now: str, *, unreadable: Unreadable
) -> Iterator[tuple[Target, Coverage]]:
    """Yield the folded ledger of each target that has one.

    If the run files cannot be listed, they prove nothing: no coverage is longer for that.
    """
    last_heard = LastHeard(root)
    _report_runs(root, last_heard, unreadable)
    for target in targets:
        directory = Path(target.path)
        try:
            lines = ledger.read(directory)
        except TranscriptError as error:
            unreadable.refused(directory, str(error))
            continue
        if lines.damaged:
            unreadable.ledger(f"{target.path}/{ledger.NAME}", lines.damaged)
        bounds = last_heard.bounds(directory, spelled(target.network))
        coverage = coverage_of(lines, now=now, heard=bounds, lives=last_heard.is_alive)
        if coverage is not None:
            yield target, coverage
        elif _has_transcripts(target):
            unreadable.unledgered(target)


class Hearing(NamedTuple):
    """The stretches of a target that are recorded, and the gaps in them that nothing filled."""

    target: Target
    recorded: list[TimeStretch]
    missed: list[Gap]


def hearings(
    root: Path, targets: Iterable[Target], now: str, *, unreadable: Unreadable
) -> Iterator[Hearing]:
    """Yield when each target was heard, of those that have coverage."""
    for target, coverage in coverages(root, targets, now, unreadable=unreadable):
        missed = [gap for gap in coverage.gaps if gap.state is not GapState.FILLED]
        yield Hearing(target, [*coverage.recorded], missed)


def _report_runs(root: Path, last_heard: LastHeard, unreadable: Unreadable) -> None:
    try:
        for path in last_heard.damaged:
            unreadable.run(path)
    except TranscriptError as error:
        unreadable.refused(root / runs.DIRECTORY, str(error))


def _has_transcripts(target: Target) -> bool:
    """Return whether a channel has segments; a query and `@server` never have a ledger."""
    is_channel = spelled(target.name).startswith(tuple(CHANTYPES))
    return is_channel and any(parse_segment(item.name) for item in scan(target.path))


def _within(network: str, target: str, coverage: Coverage, query: GapQuery) -> TargetGaps | None:
    """Return the part of a coverage that lies in the range of a query; None if no part does."""
    since, until = max(query.low, coverage.since), min(query.high or coverage.until, coverage.until)
    if since > until:
        return None
    inside = [
        gap
        for gap in coverage.gaps.near(since, until)
        if since < until and gap.start.time < until and gap.end > since  # an empty range has none
    ]
    cut = [
        replace(
            gap, start=replace(gap.start, time=max(gap.start.time, since)), end=min(gap.end, until)
        )
        for gap in inside
    ]
    shown = counted(
        [gap for gap in cut if gap.milliseconds >= query.least], coverage.covered_near(since, until)
    )
    heard = share(coverage.recorded_between(since, until), cut)
    classes = recorded_classes(coverage, since, until)
    return TargetGaps(network, target, since, until, heard, shown, coverage.damaged, classes)


def recorded_classes(coverage: Coverage, since: str, until: str) -> frozenset[str]:
    """Return the classes of events that were recorded in every interval of a stretch."""
    found = EVERY
    for each in coverage.intervals:
        begins, ends = each.start.time, each.end.time
        if (begins < until or begins == since) and (since < ends or begins == ends):
            found &= classes_of(each.kinds)
    return found


def not_recovered(found: Iterable[TargetGaps], *, strict: bool) -> list[Gap]:
    """Return the open gaps; if `strict`, every gap that was not fetched back."""
    return [
        gap
        for each in found
        for gap in each.gaps
        if gap.state is GapState.OPEN or (strict and gap.state is not GapState.FILLED)
    ]


class OpenGaps(NamedTuple):
    """The open gaps of a target, and the ones that no ledger entry reports yet."""

    gaps: list[Gap]
    unreported: list[Gap]


def open_gaps(directory: Path) -> OpenGaps:
    """Return the open gaps that the ledger of a target shows, up to its last interval."""
    entries = ledger.read(directory)
    coverage = coverage_of(entries, heard=lambda _: None, lives=lambda _: False)
    still_open = [] if coverage is None else [*coverage.gaps.open()]
    reported = [(each.since, each.until) for each in entries if isinstance(each, ReportedEntry)]
    return OpenGaps(still_open, _not_within(still_open, reported))


def _not_within(gaps: list[Gap], ranges: list[tuple[str, str]]) -> list[Gap]:
    """Return the gaps that lie in none of the ranges as a whole."""
    ranges.sort()
    sinces = [since for since, _ in ranges]
    reached = list(accumulate((until for _, until in ranges), max))
    found = []
    for gap in gaps:
        place = bisect_right(sinces, gap.start.time)  # those before it begin no later
        if not place or reached[place - 1] < gap.end:
            found.append(gap)
    return found


def timeline(found: TargetGaps, cells: int) -> list[GapState | None]:
    """Cut the range into `cells` of equal length; return the gravest gap in each, else None."""
    begin, end = parse_time(found.since), max(parse_time(found.until), parse_time(found.since) + 1)
    edges = [begin + (end - begin) * number // cells for number in range(cells + 1)]
    spans = [(parse_time(gap.start.time), parse_time(gap.end), gap.state) for gap in found.gaps]
    states = []
    for low, high in pairwise(edges):
        # A range shorter than its cells has several that begin and end at one moment.
        inside = {
            state for start, stop, state in spans if start < max(high, low + 1) and stop > low
        }
        states.append(next((each for each in GRAVEST_FIRST if each in inside), None))
    return states
