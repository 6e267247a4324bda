"""The lines of a witness that was merged into an archive before, as merges and imports tell them.

Pure. A line that was added names its witness, or the dialect of its log, and keeps the time that
this one gave it. The ledger has an entry for each log of another program that was imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatlog.alignment.matching import Returning
from chatlog.coverage.entries import MergedEntry
from chatlog.coverage.union import VIA

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from chatlog.coverage.fold import Coverage
    from chatlog.event import Event
    from chatlog.upkeep.witness import WitnessRecord
    from chatlog.upkeep.witness_pairing import LineMark


class Testimony(NamedTuple):
    """The record of one witness, its coverage, and its name: "" for the archive itself.

    `signature` is the name that the lines have which it brings, "" if they have none.
    """

    name: str
    record: WitnessRecord
    coverage: Coverage | None
    signature: str = ""


def returning_lines(known: Testimony, other: Testimony) -> Returning:
    """Return the tests for lines of a witness that was merged into the first one before."""
    merged = _is_within(_merged_before(known, other))
    same = _is_within(_same_logs(known, other))
    told = merged if other.signature else same

    def origin(event: Event) -> Hashable:
        by = event.witness or other.signature or event.via or VIA
        return by, event.tags.get("time", event.time)

    return Returning(_brought, origin, _is_of_first, merged, same, told)


def _is_within(spans: Sequence[MergedEntry]) -> Callable[[Event], bool]:
    """Return the test whether an event is of one of these stretches."""
    if not spans:
        return _never
    return lambda event: any(each.since <= event.time <= each.until for each in spans)


def _brought(event: Event) -> Hashable:
    by = event.witness or event.via
    return (by, event.tags.get("time", event.time)) if by else None


def _is_of_first(mark: LineMark) -> bool:
    return mark.owner == 0


def _never(_event: Event) -> bool:
    return False


def _merged_before(known: Testimony, other: Testimony) -> list[MergedEntry]:
    """Return the stretches of a witness that were merged before.

    A log is known by the beginning of its lines: it may have grown since.
    """
    if known.name:
        return []
    name = other.signature or other.record.via
    begins = {each.since for each in other.record.imports}
    return [
        each
        for each in known.record.merges
        if each.witness == name and (other.signature or each.since in begins)
    ]


def _same_logs(known: Testimony, other: Testimony) -> list[MergedEntry]:
    """Return the logs of a witness that were imported before, and have not changed since."""
    if known.name or other.signature:
        return []
    before = {*map(_log_of, known.record.merges)}
    return [each for each in other.record.merges if _log_of(each) in before]


def _log_of(entry: MergedEntry) -> tuple[str, str, str, int]:
    return entry.witness, entry.since, entry.until, entry.check


def merged_entries(known: Testimony, other: Testimony, at: str) -> Iterator[MergedEntry]:
    """Yield the entries that tell which stretches of a witness are merged now."""
    if not other.signature:
        same = _same_logs(known, other)
        yield from (each for each in other.record.merges if each not in same)
        return
    since, until = other.record.span
    before = _merged_before(known, other)
    if not any(each.since <= since and until <= each.until for each in before):
        yield MergedEntry(at=at, witness=other.signature, since=since, until=until)
