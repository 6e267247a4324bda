"""A summary of each target of an archive: its lines, bytes, coverage and recorder.

Counts and times of sealed segments come from the manifest; only segments that
are not sealed yet are read.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive import manifest
from chatlog.archive.files import size_of
from chatlog.archive.inventory import Inventory
from chatlog.archive.layout import parse_segment
from chatlog.archive.locks import NAME as LOCK
from chatlog.archive.locks import Locks
from chatlog.archive.targets import spelled
from chatlog.casemapping import Casemapping
from chatlog.errors import TranscriptError
from chatlog.query.selection import Query
from chatlog.read.catalog import Catalog
from chatlog.read.lines import all_lines
from chatlog.report.gaps import coverages
from chatlog.report.runs import observe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatlog.archive.manifest_entries import SealedEntry
    from chatlog.archive.targets import Target
    from chatlog.health.status import RunStatus
    from chatlog.read.damaged_lines import DamagedLines
    from chatlog.read.segment_reader import SegmentReader
    from chatlog.report.gaps import Unreadable

_EVERYTHING: Final = Query()


class TargetSummary(NamedTuple):
    """A target in numbers.

    `since` and `until` are the times of its first and last line, "" without any.
    `lines` counts each event once, `bytes` all its segments as they lie there.
    `share` is the heard part of the time it was recorded, None without a ledger.
    `pid` is the process that records it now, None if there is none; 0 if no run of
    this archive tells of it, or several may be meant.
    """

    network: str
    target: str
    since: str
    until: str
    lines: int
    bytes: int
    share: float | None
    pid: int | None


class _Recorders:
    """The recorders at work: whether one holds a target, and its process.

    If the locks cannot be read, that is reported once, and no target counts as held.
    """

    def __init__(self, root: Path, unreadable: Unreadable) -> None:
        self._locks: Locks | None = Locks(root)
        self._path = root / LOCK
        self._unreadable = unreadable
        self._alive: list[RunStatus] = []
        with suppress(TranscriptError):  # which `coverages` reports, as each damaged run file
            self._alive = [run.status for run in observe(root, lambda _: None) if run.alive]

    def pid_of(self, network: str, name: str, directory: Path) -> int | None:
        """Return the pid of a target's recorder; None if there is none, 0 if it is not known."""
        try:
            locks = self._locks
            held = locks is not None and locks.is_held(network, name, directory)
        except TranscriptError as error:
            self._unreadable.refused(self._path, str(error))
            self._locks, held = None, False
        return _pid(self._alive, network, name) if held else None


def _pid(alive: list[RunStatus], network: str, name: str) -> int:
    """Return the process of the run that records a target; 0 if several may be, or none."""
    of_network = {
        status.pid: name in each.events
        for status in alive
        for each in status.networks
        if each.name == network
    }
    # A status counts the events of targets, and names none that was silent.
    pids = [pid for pid, has_events in of_network.items() if has_events] or [*of_network]
    return pids[0] if len(pids) == 1 else 0


class _Held(NamedTuple):
    """The lines of a segment: their number, and the time of the first and the last."""

    lines: int
    first: str
    last: str


def channels_in(
    root: Path,
    targets: Sequence[Target],
    now: str,
    *,
    unreadable: Unreadable,
    damaged: DamagedLines,
) -> Iterator[TargetSummary]:
    """Yield a summary of each target that could be read.

    `unreadable` reports damaged ledgers and run files, `damaged` takes the damage of the
    segments and manifests. A line that is no event is not counted.
    """
    recorders = _Recorders(root, unreadable)
    shares = {
        target: coverage.share
        for target, coverage in coverages(root, targets, now, unreadable=unreadable)
    }
    for target in targets:
        try:
            size, held = _read(target, damaged)
        except TranscriptError as error:
            damaged.refused[target.path] = str(error)
            continue
        network, name = spelled(target.network), spelled(target.name)
        yield TargetSummary(
            network,
            name,
            min((each.first for each in held if each.first), default=""),
            max((each.last for each in held), default=""),
            sum(each.lines for each in held),
            size,
            shares.get(target),
            recorders.pid_of(network, name, Path(target.path)),
        )


def _read(target: Target, damaged: DamagedLines) -> tuple[int, list[_Held]]:
    """Return the bytes of a target's segments, and the lines of each one that is read."""
    inventory = Inventory(Path(target.path))
    if inventory.damaged:
        damaged[f"{target.path}/{manifest.NAME}"] = inventory.damaged
    size = sum(size_of(inventory.path(each)) or 0 for each in inventory.segments)
    return size, [*_held_in(target, inventory, damaged)]


def _held_in(target: Target, inventory: Inventory, damaged: DamagedLines) -> Iterator[_Held]:
    for segment in Catalog(damaged).of(target):
        entry = _entry(inventory, Path(segment.path).name)
        yield _from_manifest(entry) if entry is not None else _from_lines(segment)


def _entry(inventory: Inventory, filename: str) -> SealedEntry | None:
    """Return the manifest's entry of a sealed file; None if the file is still one of its parts."""
    segment, entry = parse_segment(filename), inventory.sealed.get(filename)
    # A segment that is not compressed has the name of its last part, and may yet take its place.
    is_sealed = segment is not None and (segment.compression or inventory.is_sealed(segment))
    return entry if is_sealed else None


def _from_manifest(entry: SealedEntry) -> _Held:
    return _Held(entry.content.lines, entry.first, entry.last)


def _from_lines(segment: SegmentReader) -> _Held:
    lines, first, last = 0, "", ""
    # Every line is decoded, as its damage shows in no other way. No condition compares names.
    for batch in segment.batches(_EVERYTHING, all_lines, Casemapping):
        times = [event.time for event in batch]
        lines += len(times)
        first = min([first, *times] if first else times, default=first)
        last = max([last, *times])
    return _Held(lines, first, last)
