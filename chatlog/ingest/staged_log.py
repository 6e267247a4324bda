"""The events of one log on their way to the stage, by targets and months.

They are lines of JSON in memory, and in files of the stage if they are too many.
"""

from __future__ import annotations

import re
import zlib
from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import reported
from chatlog.event import EventType
from chatlog.formats import jsonl
from chatlog.formats.dialects.dialect import MILLISECOND, MINUTE, SECOND
from chatlog.formats.dialects.log_hearing import HeardStretch  # noqa: TC001 - msgspec reads it
from chatlog.protocol.events.modes import hide_keys
from chatlog.protocol.isupport import ISupport

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from chatlog.event import Event
    from chatlog.formats.dialects.dialect import Dialect

HELD: Final = 16 * 1024 * 1024
"""The bytes of lines that are held in memory."""

_ADVICE: Final = "make room or permission there; with --dry-run, TMPDIR names the place"
_AT_ONCE: Final = 1000  # events
_MONTH: Final = len("2026-11")
_BELOW_MINUTES: Final = slice(len("2026-11-23T18:20:"), len("2026-11-23T18:20:01.123"))
_UNRECEIVED: Final = re.compile(rb'^(\{"time":"[^"]{24}",)(?!"received")', re.MULTILINE)
_RECEIVED_KEY: Final = b'"received":"'
_RECEIVED: Final = re.compile(rb'"received":"[^"]{24}",')
_takes_argument: Final = ISupport().modes_with_argument


class StagedMonth(msgspec.Struct):
    """The lines of one target in one month: in memory, and before these in a file.

    `first` and `last` are the earliest and the latest of their times.
    """

    first: str
    last: str
    lines: bytearray = msgspec.field(default_factory=bytearray)
    path: str = ""


class StagedTarget(msgspec.Struct):
    """The lines of one target of one log: their number, and the first and the last time.

    `check` is the CRC-32 of the lines without `received`: equal for the same log another time.
    """

    network: str
    name: str
    first: str
    last: str
    count: int = 0
    check: int = 0
    months: dict[str, StagedMonth] = {}


class HeardLog(msgspec.Struct, frozen=True, kw_only=True):
    """The times at which one log was heard, as its decoder found them.

    `carried` and `goes_on` are as in `LogHearing`, for the log of the day before and of the day
    after: `series` is equal for all daily files of one log, `day` is the day of this one.
    """

    stretches: list[HeardStretch]
    carried: str | None = None
    goes_on: bool = False
    series: str = ""
    day: str = ""


class StagedLog(msgspec.Struct, frozen=True):
    """The events of one log: whose they are, how exact their stamps, and when it was heard."""

    dialect: str
    via: str
    grain: int
    targets: list[StagedTarget]
    heard: HeardLog


class LogStaging:
    """The events of one log on their way to the stage; `targets` has them by their names.

    `received` is the moment of the import, by which retention counts.
    """

    def __init__(self, dialect: Dialect, directory: Path, received: str) -> None:
        self.dialect = dialect
        self.targets: dict[tuple[str, str], StagedTarget] = {}
        self._directory = directory
        self._received = _RECEIVED_KEY + received.encode() + b'",'
        self._waiting: list[Event] = []
        self._held = 0
        self._files = 0
        self._finest = dialect.grain

    def finish(self, heard: HeardLog) -> StagedLog:
        """Return the whole log."""
        self.settle()
        targets = [*self.targets.values()]
        return StagedLog(self.dialect.name, self.dialect.via, self._finest, targets, heard)

    def add(self, events: Sequence[Event]) -> None:
        """Add events, in the order of the log: `targets` has them after `settle`."""
        self._waiting += events
        if len(self._waiting) >= _AT_ONCE:
            self.settle()

    def settle(self) -> None:
        """Stage the events that were added."""
        events, self._waiting = self._waiting, []
        if not events:
            return
        times = [event.time for event in events]
        first, last = min(times), max(times)
        places = {(event.network, event.target) for event in events}
        if len(places) == 1 and first[:_MONTH] == last[:_MONTH]:  # as nearly all are
            self._add_batch(places.pop(), events, (first, last))
        else:
            for place, some in groupby(events, key=_place_of):
                batch = [*some]
                times_of_batch = [event.time for event in batch]
                self._add_batch(place[:2], batch, (min(times_of_batch), max(times_of_batch)))
        if self._finest > MILLISECOND:
            self._see_grain({time[_BELOW_MINUTES] for time in times})
        if self._held > HELD:
            self.spill()

    def _add_batch(
        self, place: tuple[str, str], events: Sequence[Event], span: tuple[str, str]
    ) -> None:
        """Add events of one target and one month, whose first and last time are given."""
        if EventType.MODE in {event.type for event in events}:
            events = [_safe(event) for event in events]
        first, last = span
        target = self.targets.get(place)
        if target is None:
            target = self.targets[place] = StagedTarget(*place, first, last)
        target.first, target.last = min(target.first, first), max(target.last, last)
        target.count += len(events)
        lines = jsonl.encode(events)
        target.check = zlib.crc32(self._unreceived(lines), target.check)
        if "" in {event.received for event in events}:
            lines = _UNRECEIVED.sub(rb"\1" + self._received, lines)
        month = target.months.get(first[:_MONTH])
        if month is None:
            month = target.months[first[:_MONTH]] = StagedMonth(first, last)
        month.first, month.last = min(month.first, first), max(month.last, last)
        month.lines += lines
        self._held += len(lines)

    def _unreceived(self, lines: bytes) -> bytes:
        """Return lines without their moments of receipt.

        Nearly all have that of this import, which is found faster than any.
        """
        lines = lines.replace(self._received, b"")
        return _RECEIVED.sub(b"", lines) if _RECEIVED_KEY in lines else lines

    def _see_grain(self, parts: Iterable[str]) -> None:
        """Notice seconds and milliseconds that tell more than the coarsest form of the dialect."""
        if self._finest >= MINUTE and any(part[:2] != "00" for part in parts):
            self._finest = SECOND
        if self._finest >= SECOND and any(part[3:] != "000" for part in parts):
            self._finest = MILLISECOND

    def spill(self) -> None:
        """Write the lines in memory to files."""
        for place in self.targets.values():
            for staged in place.months.values():
                if not staged.lines:
                    continue
                if not staged.path:
                    self._files += 1
                    self._directory.mkdir(parents=True, exist_ok=True)
                    staged.path = str(self._directory / str(self._files))
                append_bytes(staged.path, staged.lines)
                staged.lines = bytearray()
        self._held = 0


def _place_of(event: Event) -> tuple[str, str, str]:
    return event.network, event.target, event.time[:_MONTH]


def _safe(event: Event) -> Event:
    """Return an event; a mode without the key of a channel, which no transcript holds."""
    if event.type != EventType.MODE or "k" not in event.command:
        return event
    params = hide_keys(event.command, [*event.params], _takes_argument)
    return msgspec.structs.replace(event, params=tuple(params))


def append_bytes(path: str, data: bytes | bytearray) -> None:
    """Append bytes to a file of the stage; TranscriptError if the disk refuses them."""
    with reported(path, advice=_ADVICE), open(path, "ab") as file:  # noqa: PTH123 - by the thousand
        file.write(data)
