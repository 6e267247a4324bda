"""The lines of one segment as a verifier sees them: read to the end, and judged one by one.

Nothing here writes.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from chatlog.archive.compression import DamagedError
from chatlog.archive.layout import directory_name, network_directory
from chatlog.archive.networks import read_casemapping
from chatlog.archive.targets import spelled
from chatlog.errors import ChatlogError
from chatlog.event import SERVER, parse_time
from chatlog.formats import jsonl
from chatlog.formats.plain import Plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.archive.inventory import Inventory
    from chatlog.archive.layout import SegmentName
    from chatlog.casemapping import Casemapping
    from chatlog.event import Event

    _Decode = Callable[[bytes, str], Event]

_TIME: Final = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{3}Z"
)
_JITTER: Final = 5 * 60_000


class Reading:
    """The lines of one segment, and what its bytes were when they were all read."""

    def __init__(
        self,
        blocks: Iterator[bytes],
        decompressed: Callable[[Iterable[bytes]], Iterator[bytes]],
    ) -> None:
        self.number = 0
        self.bytes = 0
        self.rest = b""
        self.damage = ""
        self._digest = hashlib.sha256()
        self._content = decompressed(blocks)

    @property
    def sha256(self) -> str:
        """The SHA-256 of all content that was read."""
        return self._digest.hexdigest()

    def lines(self) -> Iterator[bytes]:
        """Yield whole lines; `number` is that of the last one."""
        try:
            for block in self._content:
                self._digest.update(block)
                self.bytes += len(block)
                *lines, self.rest = (self.rest + block).split(b"\n")
                for line in lines:
                    self.number += 1
                    yield line
        except DamagedError as error:
            self.damage = str(error)


class Judge:
    """What is wrong with the lines of a segment, one after the other; "" for nothing."""

    def __init__(self, inventory: Inventory, segment: SegmentName) -> None:
        self._period = inventory.period(segment)
        self._directory = inventory.directory
        self._places: dict[tuple[str, str], bool] = {}
        self._latest = ""
        self._casemapping = _casemapping(inventory.directory)
        self._decode = _decoder(inventory, segment)
        self._is_text = segment.suffix != jsonl.SUFFIX

    def reason(self, line: bytes) -> str:
        """Say what is wrong with the next line, "" for nothing."""
        try:
            event = self._decode(line, self._latest)
        except ValueError as error:
            return str(error)
        if not _TIME.fullmatch(event.time):
            return f"its time is {event.time!r}, which is none"
        before = self._latest
        if not event.via:
            self._latest = event.time
        return "" if self._is_text else self._misplaced(event) or _order(event, before)

    def _misplaced(self, event: Event) -> str:
        if not self._period.holds(event.time):
            return f"it is of {event.time}, which is not in this segment's period"
        if not self._is_here(event):
            return f"it is of {event.target!r} in {event.network!r}, whose place is another"
        return ""

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
    """Say whether a live line goes back behind the one before it by more than clocks do."""
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


def _decoder(inventory: Inventory, segment: SegmentName) -> _Decode:
    if segment.suffix == jsonl.SUFFIX:
        return lambda line, _after: jsonl.decode(line)
    text, day = Plain(tz=inventory.zone(segment)), segment.period[:10]

    def decode(line: bytes, after: str) -> Event:
        return text.decode(line, network="-", target="-", day=day, after=after)

    return decode
