"""Mending a segment that a crash left with half a line, where no recorder will come to do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.archive.recovery import recovered
from chatlog.archive.segment import Segment, sync
from chatlog.archive.targets import spelled
from chatlog.formats import jsonl
from chatlog.formats.plain import Plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.archive.inventory import Inventory
    from chatlog.archive.layout import SegmentName
    from chatlog.archive.system import System
    from chatlog.event import Event


def mend(inventory: Inventory, name: SegmentName, *, system: System, mode: int) -> bool:
    """Cut off a torn last line and keep it in `recovered` events; say whether there was one.

    Nobody else may write to the segment. What was cut off is written in the
    same call; a crash in between loses the torn bytes alone.
    """
    segment = Segment(inventory.path(name), system=system, mode=mode)
    try:
        if not (segment.torn or segment.zeros):
            return False
        segment.write(_encoded(inventory, name, segment))
        unsynced = segment.unsynced()
    finally:
        segment.close()
    if unsynced is not None:
        sync(unsynced, system=system)
    return True


def _encoded(inventory: Inventory, name: SegmentName, segment: Segment) -> bytes:
    directory = inventory.directory
    events = recovered(
        segment.torn,
        segment.zeros,
        time=_last_time(segment) or inventory.period(name).start,
        network=spelled(directory.parent.name),
        target=spelled(directory.name),
    )
    return _encode(inventory, name, events)


def _last_time(segment: Segment) -> str:
    try:
        return jsonl.decode(segment.last_line()).time
    except ValueError:
        return ""


def _encode(inventory: Inventory, name: SegmentName, events: Sequence[Event]) -> bytes:
    if name.suffix == jsonl.SUFFIX:
        return jsonl.encode(events)
    said = inventory.texts.get(str(name), {})
    stamp = str(said.get("stamp", "time"))
    return Plain(stamp=stamp, tz=inventory.zone(name)).encode(events)
