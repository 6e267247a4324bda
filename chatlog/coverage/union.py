"""The coverage of another witness as entries for a ledger, so that both are one. Pure.

A ledger that has all of a witness's coverage gets no entry: to merge it again changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.coverage.entries import CoveredEntry, MissedEntry, UnfillableEntry
from chatlog.coverage.gap import GapState
from chatlog.coverage.heard import heard_stretches
from chatlog.coverage.stretches import parts_without, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.coverage.entries import LedgerEntry
    from chatlog.coverage.fold import Coverage
    from chatlog.coverage.gap import Gap
    from chatlog.coverage.stretches import TimeStretch

VIA: Final = "merge"
"""How the entries and lines of another witness came here."""


def entries_of(
    witnesses: Iterable[Coverage], known: Coverage | None, at: str, via: str = VIA
) -> Iterator[LedgerEntry]:
    """Yield the entries that add the coverage of witnesses to a ledger, at a moment.

    `known` is the coverage of that ledger so far, None if it has none. `via` tells how the
    witnesses came here. A gap of one witness
    that another heard is none.
    """
    heard = _all_heard(known) if known is not None else []
    recorded = [] if known is None else [*known.recorded]
    lost: list[list[Gap]] = []
    for witness in witnesses:
        lost.append([gap for gap in witness.gaps if gap.state is not GapState.FILLED])
        for kinds, stretches in heard_stretches(witness).items():
            new = without(stretches, heard)
            yield from (_covered(each, kinds, at, via) for each in new)
            heard += new
    for gaps in lost:
        times = [(gap.start.time, gap.end) for gap in gaps]
        parts = [*parts_without(times, [*recorded, *heard])]
        for number, stretch in parts:
            yield from _missed(gaps[number], stretch, at, via)
        recorded += [stretch for _, stretch in parts]


def before(entries: Iterable[LedgerEntry], until: str) -> Iterator[LedgerEntry]:
    """Yield the entries of `entries_of`, cut at a moment and without those behind it."""
    for entry in entries:
        match entry:
            case CoveredEntry() | MissedEntry() | UnfillableEntry():
                if entry.since < until:
                    yield replace(entry, until=min(entry.until, until))
            case _:
                yield entry


def _all_heard(coverage: Coverage) -> list[TimeStretch]:
    return [each for stretches in heard_stretches(coverage).values() for each in stretches]


def _covered(stretch: TimeStretch, kinds: str, at: str, via: str) -> CoveredEntry:
    return CoveredEntry(at=at, via=via, kinds=kinds, since=stretch.since, until=stretch.until)


def _missed(gap: Gap, stretch: TimeStretch, at: str, via: str) -> Iterator[LedgerEntry]:
    """Yield the entry of a gap, and one that says that no server can fill it."""
    since, until = stretch
    planned = gap.state is GapState.PLANNED
    yield MissedEntry(at=at, via=via, since=since, until=until, cause=gap.cause, planned=planned)
    if gap.state is GapState.UNFILLABLE:
        yield UnfillableEntry(at=at, since=since, until=until, why=gap.why)
