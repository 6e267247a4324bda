"""Mending a segment that a crash left with half a line, if no recorder will do so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.archive.recovery import recovered
from chatlog.archive.segment import Segment, sync
from chatlog.archive.targets import spelled
from chatlog.formats.format import Style

if TYPE_CHECKING:
    from chatlog.archive.inventory import Inventory
    from chatlog.archive.layout import SegmentName
    from chatlog.archive.system import System


def mend(inventory: Inventory, name: SegmentName, *, system: System, mode: int) -> bool:
    """Cut off a torn last line and keep it in `recovered` events; return whether there was one.

    One that is too long to be torn gets its newline instead, and is damage. No other
    process may write to the segment. The events are written by the same call; a crash
    in between loses the torn bytes alone.
    """
    segment = Segment(inventory.path(name), system=system, mode=mode)
    try:
        if segment.torn or segment.zeros:
            segment.write(_encoded(inventory, name, segment))
        elif not segment.was_closed:
            return False
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
        time=_last_time(name, segment) or inventory.period(name).start,
        network=spelled(directory.parent.name),
        target=spelled(directory.name),
    )
    return name.format.codec().encoder(_style(inventory, name))(events)


def _last_time(name: SegmentName, segment: Segment) -> str:
    decode = name.format.decode_line
    if decode is None:
        return ""
    try:
        return decode(segment.last_line()).time
    except ValueError:
        return ""


def _style(inventory: Inventory, name: SegmentName) -> Style:
    text = inventory.texts.get(str(name))
    return Style(text.stamp if text is not None else "time", inventory.zone(name))
