"""A summary of each target of an archive: its lines, bytes, coverage and recorder.

Counts and times of sealed segments come from the manifest; only segments that
are not sealed yet are read.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.files import size_of
from chatlog.archive.inventory import Inventory
from chatlog.archive.layout import parse_segment
from chatlog.archive.locks import Locks
from chatlog.archive.targets import spelled
from chatlog.coverage.gap import share
from chatlog.read.catalog import Catalog
from chatlog.read.damaged_lines import DamagedLines
from chatlog.report.gaps import coverages
from chatlog.report.runs import observe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.archive.manifest_entries import SealedEntry
    from chatlog.archive.targets import Target
    from chatlog.health.status import RunStatus
    from chatlog.read.segment_reader import SegmentReader
    from chatlog.report.gaps import Unreadable

_NEVER: Final = "~"  # after every time
_FEW: Final = 50


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


class _Held(NamedTuple):
    """The lines of a segment: their number, and the time of the first and the last."""

    lines: int
    first: str
    last: str


def channels_in(
    root: Path, targets: Iterable[Target], now: str, *, unreadable: Unreadable
) -> Iterator[TargetSummary]:
    """Yield a summary of each target.

    `unreadable` reports files that could not be read; a damaged line counts as one.
    """
    locks = Locks(root)
    alive = [run.status for run in observe(root, unreadable.run) if run.alive]
    for target in targets:
        network, name = spelled(target.network), spelled(target.name)
        inventory = Inventory(Path(target.path))
        held = list(_held_in(target, inventory))
        times = [time for each in held for time in (each.first, each.last) if time]
        known = [
            share(coverage.since, coverage.until, coverage.gaps)
            for _, coverage in coverages(root, [target], now, unreadable=unreadable)
        ]
        yield TargetSummary(
            network,
            name,
            min(times, default=""),
            max(times, default=""),
            sum(each.lines for each in held),
            sum(size_of(inventory.path(each)) or 0 for each in inventory.segments),
            known[0] if known else None,
            _pid(alive, network, name) if locks.is_held(network, name) else None,
        )


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


def _held_in(target: Target, inventory: Inventory) -> Iterator[_Held]:
    for segment in Catalog(DamagedLines()).of(target):
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
    lines = sum(block.count(b"\n") for block in segment.blocks())
    # Live lines come in the order of receipt, in which the server's times may jump a little.
    first = [event.time for event in islice(segment.between("", _NEVER), _FEW)]
    last = [entry.event.time for entry in segment.last(_FEW)]
    return _Held(lines, min(first, default=""), max(last, default=""))


def channel_record(summary: TargetSummary) -> dict[str, object]:
    """Return a target as fields of JSON; a time, share or pid that is not known is null."""
    return {
        "network": summary.network,
        "target": summary.target,
        "since": summary.since or None,
        "until": summary.until or None,
        "lines": summary.lines,
        "bytes": summary.bytes,
        "share": None if summary.share is None else round(summary.share, 6),
        "recorded": summary.pid is not None,
        "pid": summary.pid or None,
    }
