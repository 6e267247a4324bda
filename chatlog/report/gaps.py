"""Coverage and gaps of the targets of an archive, as `gaps`, `stats` and `who` show them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from chatlog.archive.targets import spelled
from chatlog.coverage import ledger
from chatlog.coverage.fold import coverage_of, share
from chatlog.coverage.last_heard import LastHeard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chatlog.archive.targets import Target
    from chatlog.coverage.fold import Coverage, Gap


class GapQuery(NamedTuple):
    """The gaps to find: in `[low, high)`, of `least` milliseconds or more."""

    low: str
    high: str
    least: int


class TargetGaps(NamedTuple):
    """One target in the range of a query: its share of coverage, and the gaps in it."""

    network: str
    target: str
    since: str
    until: str
    share: float
    gaps: list[Gap]


def find_gaps(
    root: Path,
    targets: Iterable[Target],
    query: GapQuery,
    now: str,
    *,
    unread: Callable[[str, int], None],
) -> Iterator[TargetGaps]:
    """Yield the gaps of each target that has coverage in the range of the query."""
    for target, coverage in coverages(root, targets, now, unread=unread):
        found = _within(spelled(target.network), spelled(target.name), coverage, query)
        if found is not None:
            yield found


def coverages(
    root: Path, targets: Iterable[Target], now: str, *, unread: Callable[[str, int], None]
) -> Iterator[tuple[Target, Coverage]]:
    """Yield the folded ledger of each target that has one.

    `unread` is called with the path of a ledger and the number of its damaged lines.
    """
    last_heard = LastHeard(root)
    for target in targets:
        directory = Path(target.path)
        entries = ledger.read(directory)
        if entries.damaged:
            unread(f"{target.path}/{ledger.NAME}", entries.damaged)
        bounds = last_heard.bounds(directory, spelled(target.network))
        coverage = coverage_of(entries, now=now, heard=bounds, lives=last_heard.is_alive)
        if coverage is not None:
            yield target, coverage


def _within(network: str, target: str, coverage: Coverage, query: GapQuery) -> TargetGaps | None:
    """Return the part of a coverage that lies in the range of a query; None if no part does."""
    since, until = max(query.low, coverage.since), min(query.high, coverage.until)
    if since > until:
        return None
    inside = [gap for gap in coverage.gaps if gap.start.time < until and gap.end > since]
    cut = [
        gap._replace(
            start=gap.start._replace(time=max(gap.start.time, since)), end=min(gap.end, until)
        )
        for gap in inside
    ]
    shown = [gap for gap in cut if gap.milliseconds >= query.least]
    return TargetGaps(network, target, since, until, share(since, until, cut), shown)
