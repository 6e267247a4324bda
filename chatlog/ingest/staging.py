"""The stage: decoded logs as archives of their own, one for each witness, for a merge.

Logs of one dialect that follow each other in time are one witness; a log that overlaps with
one before it is another witness, so that lines which both have are found. The stage is a
directory without a promise: it is removed afterwards, and after a crash with the next import.
"""

from __future__ import annotations

import os
import re
import shutil
import zlib
from bisect import bisect_right, insort
from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import reported
from chatlog.archive.layout import SegmentName, directory_name, target_directory
from chatlog.archive.networks import Networks
from chatlog.archive.system import System
from chatlog.casemapping import Casemapping
from chatlog.coverage import ledger
from chatlog.coverage.entries import CoveredEntry, ImportedEntry, MergedEntry, encode
from chatlog.coverage.heard import MESSAGES
from chatlog.event import SERVER, EventType, format_time, parse_time
from chatlog.formats import jsonl
from chatlog.formats.dialects.dialect import (
    MILLISECOND,
    MINUTE,
    SECOND,
)
from chatlog.formats.dialects.log_hearing import HeardStretch  # noqa: TC001 - msgspec reads it
from chatlog.protocol.events.modes import hide_keys
from chatlog.protocol.isupport import ISupport
from chatlog.upkeep.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from chatlog.coverage.entries import LedgerEntry
    from chatlog.event import Event
    from chatlog.formats.dialects.dialect import Dialect

PREFIX: Final = ".importing-"
"""The beginning of the name of a stage, which lies in the archive that it is for."""

EVERY_TARGET: Final = ("*", SERVER)
"""The patterns of all targets: some logs tell what belongs to no channel and no query."""

MOST_WITNESSES: Final = 16
"""Logs of one target that overlap more often than this are merged in further rounds."""

_ADVICE: Final = "make room or permission there; with --dry-run, TMPDIR names the place"
_HELD: Final = 16 * 1024 * 1024
_MONTH: Final = len("2026-11")
_LAST: Final = "~"  # after any time
_BELOW_MINUTES: Final = slice(len("2026-11-23T18:20:"), len("2026-11-23T18:20:01.123"))
_UNRECEIVED: Final = re.compile(rb'^(\{"time":"[^"]{24}",)(?!"received")', re.MULTILINE)
_RECEIVED: Final = re.compile(rb'"received":"[^"]{24}",')
_UNSYNCED: Final = System(fsync=lambda _fd: None)
"""A stage does not outlive a crash: nothing of it is synced."""
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
        self._stamp = rb'\1"received":"' + received.encode() + b'",'
        self._held = 0
        self._files = 0
        self._finest = dialect.grain

    def finish(self, heard: HeardLog) -> StagedLog:
        """Return the whole log."""
        targets = [*self.targets.values()]
        return StagedLog(self.dialect.name, self.dialect.via, self._finest, targets, heard)

    def add(self, events: Sequence[Event]) -> None:
        """Add events, in the order of the log."""
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
                times = [event.time for event in batch]
                self._add_batch(place[:2], batch, (min(times), max(times)))
        if self._finest > MILLISECOND:
            self._see_grain({time[_BELOW_MINUTES] for time in times})
        if self._held > _HELD:
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
        target.check = zlib.crc32(_RECEIVED.sub(b"", lines), target.check)
        if not events[0].received or not all(event.received for event in events):
            lines = _UNRECEIVED.sub(self._stamp, lines)
        month = target.months.get(first[:_MONTH])
        if month is None:
            month = target.months[first[:_MONTH]] = StagedMonth(first, last)
        month.first, month.last = min(month.first, first), max(month.last, last)
        month.lines += lines
        self._held += len(lines)

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


def heard_times(log: StagedLog, target: StagedTarget) -> Iterator[tuple[str, str]]:
    """Yield the beginnings and ends of the stretches in which a target of a log was heard.

    Somebody who came in a minute did so before its end: a log of minutes proves no more.
    """
    places = {("", ""), (target.network, target.name.lower())}
    for each in log.heard.stretches:
        if (each.network, each.target.lower()) in places:
            late = log.grain - MILLISECOND if each.begins_by_stamp else 0
            since = format_time(parse_time(each.since) + late)
            if since <= each.until:
                yield since, each.until


# -- the stage ---------------------------------------------------------------------


class _Lane:
    """One witness: an archive with logs that follow each other in time, target by target."""

    def __init__(self, root: Path, via: str, grain: int, name: str) -> None:
        self.root = root
        self.via = via
        self.grain = grain
        self.name = name
        self._spans: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self._parts: dict[str, list[str]] = {}  # the last time of each
        self._networks = Networks(root, system=_UNSYNCED)

    def keep(self, network: str, casemapping: Casemapping) -> None:
        """Keep how a network folds names."""
        self._networks.keep(network, casemapping.name)

    def has_room(self, place: tuple[str, str], first: str, last: str) -> bool:
        """Return whether no log of a target overlaps with a range of time, bounds included."""
        spans = self._spans.get(place, [])
        at = bisect_right(spans, (last, _LAST))
        return not at or spans[at - 1][1] < first

    def take(self, place: tuple[str, str], target: StagedTarget, directory: Path) -> None:
        """Take the lines of a target of a log."""
        insort(self._spans.setdefault(place, []), (target.first, target.last))
        directory.mkdir(parents=True, exist_ok=True)
        for month, staged in target.months.items():
            path = self._part_for(directory, month, staged)
            if staged.path:
                os.rename(staged.path, path)  # noqa: PTH104 - by the thousand
            if staged.lines:
                append_bytes(path, staged.lines)

    def _part_for(self, directory: Path, month: str, staged: StagedMonth) -> str:
        """Return the part that takes the lines of a month: the last one, if they are later.

        Lines that are in a file already are a part of their own.
        """
        ends = self._parts.setdefault(f"{directory}/{month}", [])
        if ends and ends[-1] <= staged.first and not staged.path:
            ends[-1] = staged.last
        else:
            ends.append(staged.last)
        return f"{directory}/{SegmentName(month, len(ends), 'jsonl')}"


class Stage:
    """The staged logs of one round: `lines` counts them, `is_full` asks for a merge."""

    def __init__(self, directory: Path, into: Path) -> None:
        self.lines = 0
        self.is_full = False
        self._directory = directory
        self._networks = Networks(into, system=System())
        self._lanes: list[_Lane] = []
        self._casemappings: dict[str, Casemapping] = {}

    def add(self, log: StagedLog, at: str) -> None:
        """Add a whole log: each target to the first witness in which it overlaps with none."""
        for target in log.targets:
            casemapping = self._casemapping(target.network)
            place = directory_name(target.network), casemapping[target.name]
            lane = self._lane_for(log, place, target)
            directory = target_directory(lane.root, target.network, target.name, casemapping)
            with reported(directory):
                lane.take(place, target, directory)
            lane.keep(target.network, casemapping)
            self._write_ledger(directory, log, target, at)
            self.lines += target.count

    def _lane_for(self, log: StagedLog, place: tuple[str, str], target: StagedTarget) -> _Lane:
        alike = [lane for lane in self._lanes if (lane.via, lane.grain) == (log.via, log.grain)]
        for lane in alike:
            if lane.has_room(place, target.first, target.last):
                return lane
        name = log.dialect if not alike else f"{log.dialect} {len(alike) + 1}"
        root = self._directory / f"witness{len(self._lanes) + 1}"
        lane = _Lane(root, log.via, log.grain, name)
        self._lanes.append(lane)
        self.is_full = self.is_full or len(alike) + 1 >= MOST_WITNESSES
        return lane

    def _casemapping(self, network: str) -> Casemapping:
        """Return how the archive folds names of a network: as RFC 1459 says if it knows none."""
        if network not in self._casemappings:
            known = self._networks.casemapping(network)
            self._casemappings[network] = known or Casemapping()
        return self._casemappings[network]

    def _write_ledger(self, directory: Path, log: StagedLog, target: StagedTarget, at: str) -> None:
        """Write the ledger: the import, the log, and the stretches that it proves to be heard."""
        imported = ImportedEntry(
            at=at,
            via=log.via,
            grain=log.grain,
            since=target.first,
            until=target.last,
            lines=target.count,
        )
        merged = MergedEntry(
            at=at, witness=log.via, since=target.first, until=target.last, check=target.check
        )
        heard: list[LedgerEntry] = [
            CoveredEntry(at=at, via=log.via, kinds=MESSAGES, since=since, until=until)
            for since, until in heard_times(log, target)
        ]
        lines = b"".join(encode(each) for each in (imported, merged, *heard))
        append_bytes(f"{directory}/{ledger.NAME}", lines)

    def witnesses(self) -> Iterator[Witness]:
        """Yield the witnesses for a merge."""
        for lane in self._lanes:
            yield Witness(lane.name, lane.root, EVERY_TARGET, signs=False)

    def remove(self) -> None:
        """Remove all files of the stage."""
        shutil.rmtree(self._directory, ignore_errors=True)
