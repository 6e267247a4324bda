"""The coverage of all recorders as entries for the ledger of their common archive. Pure.

What messages that are lost may have held is not claimed: it is a gap, until another recorder or
an answer has the lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.coverage.entries import CoveredEntry, MissedEntry
from chatlog.coverage.stretches import TimeStretch, without
from chatlog.coverage.union import VIA, entries_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.bus.collected_state import Hole
    from chatlog.coverage.entries import LedgerEntry
    from chatlog.coverage.fold import Coverage

LOST: Final = "lost on the bus"
"""The cause of a gap whose lines were shipped, and are lost."""
_EVER: Final = "~"


def collected_entries(
    witnesses: Iterable[tuple[Coverage, Sequence[Hole]]], known: Coverage | None, at: str
) -> Iterator[LedgerEntry]:
    """Yield the entries that the ledger lacks; each recorder comes with its lost messages."""
    claimed: list[TimeStretch] = []
    lost: list[TimeStretch] = []
    rest: list[LedgerEntry] = []
    for coverage, holes in witnesses:
        missing = [TimeStretch(each.since, each.until or _EVER) for each in holes]
        for entry in entries_of([coverage], known, at):
            if not isinstance(entry, CoveredEntry):
                rest.append(entry)
                continue
            stretch = TimeStretch(entry.since, entry.until)
            new = without([stretch], [*missing, *claimed])
            claimed += new
            lost += without([stretch], [*without([stretch], missing), *claimed])
            yield from (replace(entry, since=each.since, until=each.until) for each in new)
    recorded = [] if known is None else [*known.recorded]
    for since, until in without(lost, [*claimed, *recorded]):
        yield MissedEntry(at=at, via=VIA, since=since, until=until, cause=LOST)
    yield from rest
