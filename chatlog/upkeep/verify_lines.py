"""The verification of the lines of one segment: read to the end, and judged one by one.

Nothing here writes.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from chatlog.archive.bounded_lines import LONGEST_LINE, BoundedLines
from chatlog.archive.compression import DamagedError
from chatlog.archive.layout import directory_name, network_directory
from chatlog.archive.networks import read_casemapping
from chatlog.archive.targets import spelled
from chatlog.errors import ChatlogError
from chatlog.event import SERVER, EventType, class_of, parse_time
from chatlog.formats.format import Origin, Style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.archive.inventory import Inventory
    from chatlog.archive.layout import SegmentName
    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.formats.format import Decode

_TIME: Final = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{3}Z"
)
_JITTER: Final = 5 * 60_000


class Reading:
    """The lines of one segment, and the size and digest of its content once all are read.

    `rest_bytes` follow the last newline, `rest_is_zeros` if all of them are zero.
    """

    def __init__(
        self,
        blocks: Iterator[bytes],
        decompressed: Callable[[Iterable[bytes]], Iterator[bytes]],
    ) -> None:
        self.number = 0
        self.bytes = 0
        self.rest_bytes = 0
        self.rest_is_zeros = True
        self.damage = ""
        self._digest = hashlib.sha256()
        self._content = decompressed(blocks)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the content that was read."""
        return self._digest.hexdigest()

    def lines(self) -> Iterator[bytes | None]:
        """Yield whole lines, None for one that is too long; `number` counts them."""
        lines = BoundedLines(self._counted())
        try:
            for self.number, line in enumerate(lines, 1):
                yield line
        except DamagedError as error:
            self.damage = str(error)
        self.rest_bytes, self.rest_is_zeros = lines.rest_bytes, lines.rest_is_zeros

    def _counted(self) -> Iterator[bytes]:
        for block in self._content:
            self._digest.update(block)
            self.bytes += len(block)
            yield block


class Judge:
    """A judge of the lines of a segment, which it is given one after the other."""

    def __init__(self, inventory: Inventory, segment: SegmentName) -> None:
        self._period = inventory.period(segment)
        self._of_class = segment.of_class
        self._directory = inventory.directory
        self._places: dict[tuple[str, str], bool] = {}
        self._latest = ""
        self._casemapping = _casemapping(inventory.directory)
        self._decode = _decoder(inventory, segment)
        # Other lines have their place and order from the segment itself.
        self._tells_place = segment.format.decode_line is not None

    def reason(self, line: bytes | None) -> str:
        """Return the fault of the next line; "" if it has none. None is one that is too long."""
        if line is None:
            return f"it is longer than {LONGEST_LINE:,} bytes"
        try:
            event = self._decode(line, self._latest)
        except ValueError as error:
            return str(error)
        if not _TIME.fullmatch(event.time):
            return f"its time is {event.time!r}, which is none"
        before = self._latest
        if not event.via:
            self._latest = event.time
        return (self._misplaced(event) or _order(event, before)) if self._tells_place else ""

    def _misplaced(self, event: Event) -> str:
        if not self._period.holds(event.time):
            return f"it is of {event.time}, which is not in this segment's period"
        if not self._is_here(event):
            return f"it is of {event.target!r} in {event.network!r}, whose place is another"
        if self._of_class and not self._is_of_class(event):
            return f"it is a {event.type!r}, and this segment is for {self._of_class} alone"
        return ""

    def _is_of_class(self, event: Event) -> bool:
        return event.type == EventType.RECOVERED or class_of(event.type) == self._of_class

    def _is_here(self, event: Event) -> bool:
        key = event.network, event.target
        if key not in self._places:
            self._places[key] = self._belongs(event)
        return self._places[key]

    def _belongs(self, event: Event) -> bool:
        network = network_directory(self._directory, event.network).name
        if network != self._directory.parent.name:
            return False
        if SERVER in {event.target, self._directory.name}:
            return event.target == self._directory.name
        if self._casemapping is None:
            return True
        return directory_name(self._casemapping[event.target]) == self._directory.name


def _order(event: Event, before: str) -> str:
    """Return the fault of a live line that is earlier than the one before by more than 5 min."""
    if event.via or not before or event.time >= before:
        return ""
    try:
        apart = parse_time(before) - parse_time(event.time)
    except ValueError:  # the 31st of February
        return ""
    told = f"out of order: it is of {event.time}, the line before of {before}"
    return told if apart > _JITTER else ""


def _casemapping(directory: Path) -> Casemapping | None:
    try:
        return read_casemapping(directory.parent.parent, spelled(directory.parent.name))
    except ChatlogError:
        return None


def _decoder(inventory: Inventory, segment: SegmentName) -> Decode:
    origin = Origin("-", "-", segment.period[:10])
    return segment.format.codec().decoder(Style(tz=inventory.zone(segment)), origin)
