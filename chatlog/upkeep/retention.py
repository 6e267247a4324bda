"""Retention: which segments are old or many enough to go, and taking them away on the record.

Only what `layout` reads as the name of a segment, in the directory of its own
target, is ever removed; and never what a recorder may still write to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from chatlog.archive.files import sha256_of, size_of
from chatlog.archive.inventory import Inventory
from chatlog.archive.manifest_entries import RemovedEntry
from chatlog.archive.system import remove
from chatlog.errors import TranscriptError
from chatlog.event import MOST_APART, shifted
from chatlog.formats.wording import span
from chatlog.upkeep.merging import last_receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.archive.layout import SegmentName
    from chatlog.upkeep.holding import Holding
    from chatlog.upkeep.keeping import Keeping
    from chatlog.upkeep.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Retention:
    """How long segments are kept after they were over, which `keeping` tells of each.

    A segment was over at the end of its period, or when its last line was received,
    if that was later. `keep_bytes` is how much all segments of an archive may be together, None
    for no bound; `before` is then what that comes to (see `bound`): the
    segments that were over by then go as well.
    """

    keeping: Keeping
    keep_bytes: int | None = None
    before: str = ""

    @property
    def removes(self) -> bool:
        """Whether a segment may go at some time."""
        return self.keeping.ends or bool(self.before)

    def limit(self, directory: Path, segment: SegmentName, now: str) -> str:
        """Return the end at which a segment goes by now, or an earlier one; "" for none."""
        keep = self.keeping.of(directory, segment.of_class)
        by_age = "" if keep is None else shifted(now, -keep)
        return max(by_age, self.before)

    def why(self, directory: Path, segment: SegmentName, end: str, now: str) -> str:
        """Return the reason, for the record, why a segment of that end goes."""
        keep = self.keeping.of(directory, segment.of_class)
        by_age = keep is not None and end <= shifted(now, -keep)
        return f"older than {span((keep or 0) // 1000)}" if by_age else "more than is kept in all"


class _Candidate(NamedTuple):
    end: str
    path: Path
    bytes: int


def bound(
    retention: Retention, directories: Iterable[Path], holding: Callable[[Path], Holding], now: str
) -> Retention:
    """Find out up to which end of a period the oldest segments have to go, to keep `keep_bytes`."""
    if retention.keep_bytes is None:
        return retention
    total, removable = 0, []
    for directory, inventory in _readable(directories):
        total += sum(size_of(inventory.path(each)) or 0 for each in inventory.segments)
        for segment in _removable(inventory, holding(directory), now):
            path = inventory.path(segment)
            end = _end(inventory, segment, now)
            removable.append(_Candidate(end, path, size_of(path) or 0))
    before = ""
    for candidate in sorted(removable):
        if total <= retention.keep_bytes:
            break
        total -= candidate.bytes
        before = candidate.end
    return replace(retention, before=before)


def _readable(directories: Iterable[Path]) -> Iterator[tuple[Path, Inventory]]:
    """Yield the inventories that can be read; the tender reports the others."""
    for directory in directories:
        try:
            yield directory, Inventory(directory)
        except TranscriptError:
            continue


def empties(
    retention: Retention, directories: Iterable[Path], holding: Callable[[Path], Holding], now: str
) -> bool:
    """Return whether no segment of an archive would be left, as under a clock that runs wild."""
    if not retention.removes:
        return False
    left = gone = 0
    for directory, inventory in _readable(directories):
        going = len(due(retention, inventory, holding(directory), now))
        gone += going
        left += len(inventory.segments) - going
    return gone > 0 and left == 0


def due(retention: Retention, inventory: Inventory, holding: Holding, now: str) -> list[Path]:
    """List the segments of a target that are to go."""
    directory = inventory.directory
    return [
        inventory.path(segment)
        for segment in _removable(inventory, holding, now)
        if _is_due(inventory, segment, retention.limit(directory, segment, now), now)
    ]


def _is_due(inventory: Inventory, segment: SegmentName, limit: str, now: str) -> bool:
    period = inventory.period(segment)
    # Only of a segment that its name lets go is it looked up when its lines were received.
    may_go = period.end <= limit or period.is_ahead(now)
    return may_go and _end(inventory, segment, now) <= limit


def _end(inventory: Inventory, segment: SegmentName, now: str) -> str:
    """Return when a segment was over by our clock: a server may date lines as it likes.

    A receipt in the future is none: our clock was wrong.
    """
    period, received = inventory.period(segment), _last_receipt(inventory, segment, now)
    if period.is_ahead(now):
        return received
    return period.end if received > shifted(now, MOST_APART) else max(period.end, received)


def _last_receipt(inventory: Inventory, segment: SegmentName, now: str) -> str:
    """Return when the last line of a segment was received; now if it cannot be read."""
    sealed = inventory.sealed.get(str(segment))
    if sealed is None:
        try:
            return last_receipt(inventory.path(segment), segment.format)
        except TranscriptError:
            return now
    # An earlier version did not tell, and sealed no period that was still to come.
    if sealed.received or sealed.at > inventory.period(segment).start:
        return sealed.received
    return sealed.at


def _removable(inventory: Inventory, holding: Holding, now: str) -> list[SegmentName]:
    """Return the segments that no process writes to: sealed ones, and ours that are over."""
    return [
        segment
        for segment in inventory.segments
        if inventory.is_sealed(segment)
        or (
            not holding.elsewhere
            and inventory.path(segment) not in holding.active
            and inventory.period(segment).is_over(now)
        )
    ]


def apply(
    retention: Retention, directory: Path, holding: Holding, sealer: Sealer, now: str
) -> list[Path]:
    """Remove the due segments of a target: recorded first, then out of SHA256SUMS, then gone.

    The caller holds the target's seal lock. `Sealer.finish` removes what a
    crash leaves.
    """
    if not retention.removes:
        return []
    inventory = Inventory(directory)
    paths = due(retention, inventory, holding, now)
    if paths:
        sealer.record(directory, *(_entry(retention, inventory, path, now) for path in paths))
        sealer.write_sums(Inventory(directory))
        remove(paths, system=sealer.system)
    return paths


def _entry(retention: Retention, inventory: Inventory, path: Path, now: str) -> RemovedEntry:
    segment = next(each for each in inventory.segments if str(each) == path.name)
    sealed = inventory.sealed.get(path.name)
    return RemovedEntry(
        segment=path.name,
        sha256=sealed.sha256 if sealed else sha256_of(path),
        why=retention.why(inventory.directory, segment, _end(inventory, segment, now), now),
        at=now,
    )
