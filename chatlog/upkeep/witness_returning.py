"""The tests for lines of a witness that was merged into an archive before.

An added line names its witness, or the dialect of its log, and keeps the time of that witness. The
ledger has an entry for each merged stretch of a witness. If the stretch has not changed since, each
of its lines is in the archive: under its own stamp, or as the equal line of another witness.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from chatlog.alignment.matching import Returning
from chatlog.coverage.entries import MergedEntry
from chatlog.coverage.union import VIA
from chatlog.event import format_time, own_time

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from chatlog.alignment.clocks import StampSum
    from chatlog.alignment.matching import Lateness
    from chatlog.coverage.fold import Coverage
    from chatlog.event import Event
    from chatlog.upkeep.line_mark import LineMark
    from chatlog.upkeep.witness import WitnessRecord


_since: Final = attrgetter("since")


class Testimony(NamedTuple):
    """The record of one witness, its coverage, and its name: "" for the archive itself.

    `signature` is the `witness` of lines that it adds, "" if they have none.
    """

    name: str
    record: WitnessRecord
    coverage: Coverage | None
    signature: str = ""


def returning_lines(known: Testimony, other: Testimony) -> Returning:
    """Return the tests for lines of a witness that was merged into the first one before.

    They read a stretch of the witness once more if one of its lines has no partner.
    """
    merged = _merged_before(known, other)
    unchanged = merged if other.signature else _same_logs(known, other)
    before, stretches = _Stretches(merged), _Stretches(unchanged)

    @cache
    def is_unchanged(stretch: MergedEntry) -> bool:
        if not other.signature:
            return True
        found = other.record.sum_within(stretch.since, stretch.until)
        return _sum_of(found) == _sum_of(stretch)

    def origin(event: Event) -> Hashable:
        by = event.witness or other.signature or event.via or VIA
        return by, own_time(event)

    def was_merged(event: Event) -> bool:
        return bool(before.around(event.time))

    def lateness(event: Event) -> Lateness | None:
        return _together([each for each in stretches.around(event.time) if is_unchanged(each)])

    reach = max((max(-each.least, each.most) for each in unchanged), default=0)
    return Returning(_brought, origin, _is_of_first, was_merged, lateness, reach)


class _Stretches:
    """Merged stretches by time: a tree of small logs has one a file, and each line asks."""

    def __init__(self, stretches: Sequence[MergedEntry]) -> None:
        self._all = sorted(stretches, key=_since)
        self._begins = [*map(_since, self._all)]
        self._ends = [*accumulate((each.until for each in self._all), max)]

    def around(self, time: str) -> list[MergedEntry]:
        """Return the stretches that hold a time, both ends included."""
        found = []
        for at in range(bisect_right(self._begins, time) - 1, -1, -1):
            if self._ends[at] < time:
                break  # as all before it
            if self._all[at].until >= time:
                found.append(self._all[at])
        return found


def _together(stretches: Sequence[MergedEntry]) -> Lateness | None:
    if not stretches:
        return None
    return min(each.least for each in stretches), max(each.most for each in stretches)


def _brought(event: Event) -> Hashable:
    by = event.witness or event.via
    return (by, own_time(event)) if by else None


def _is_of_first(mark: LineMark) -> bool:
    return mark.owner == 0


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
    """Return the imports of logs of a witness that have not changed since."""
    if known.name:
        return []
    logs = {*map(_log_of, other.record.merges)}
    return [each for each in known.record.merges if _log_of(each) in logs]


def _log_of(entry: MergedEntry) -> tuple[str, str, str, int]:
    return entry.witness, entry.since, entry.until, entry.check


def merged_entries(
    known: Testimony, other: Testimony, lateness: Lateness, at: str
) -> Iterator[MergedEntry]:
    """Yield the entries that tell which stretches of a witness are merged now.

    `lateness` has the bounds by which its stamps are later than those of the same lines.
    """
    least, most = lateness
    if not other.signature:
        same = {*map(_log_of, _same_logs(known, other))}
        logs = [each for each in other.record.merges if _log_of(each) not in same]
        yield from (replace(each, least=least, most=most) for each in logs)
        return
    read = other.record.read
    if not read.lines:
        return
    since, until = format_time(read.first), format_time(read.last)
    before = _merged_before(known, other)
    for each in before:
        if each.since <= since and until <= each.until and _sum_of(each) == _sum_of(read):
            return
    yield MergedEntry(
        at=at,
        witness=other.signature,
        since=since,
        until=until,
        check=read.check,
        lines=read.lines,
        least=min([least, *(each.least for each in before)]),
        most=max([most, *(each.most for each in before)]),
    )


def _sum_of(lines: MergedEntry | StampSum) -> tuple[int, int]:
    return lines.lines, lines.check
