"""The stage: decoded logs as archives of their own, one for each witness, for a merge.

Logs of one dialect that follow each other in time are one witness; a log that overlaps with
one before it is another witness, so that lines which both have are found. The stage is a
directory without a promise: it is removed afterwards, and after a crash with the next import.
"""

from __future__ import annotations

import os
import shutil
from bisect import bisect_right, insort
from typing import TYPE_CHECKING, Final

from chatlog.archive.files import reported
from chatlog.archive.layout import SegmentName, directory_name, target_directory
from chatlog.archive.networks import Networks
from chatlog.archive.system import System
from chatlog.casemapping import Casemapping
from chatlog.coverage import ledger
from chatlog.coverage.entries import CoveredEntry, ImportedEntry, MergedEntry, encode
from chatlog.coverage.heard import MESSAGES
from chatlog.event import SERVER, format_time, parse_time
from chatlog.formats.dialects.dialect import MILLISECOND
from chatlog.ingest.staged_log import HELD, append_bytes
from chatlog.upkeep.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatlog.coverage.entries import LedgerEntry
    from chatlog.ingest.staged_log import StagedLog, StagedMonth, StagedTarget

PREFIX: Final = ".importing-"
"""The beginning of the name of a stage, which lies in the archive that it is for."""

EVERY_TARGET: Final = ("*", SERVER)
"""The patterns of all targets: some logs tell what belongs to no channel and no query."""

MOST_WITNESSES: Final = 16
"""Logs of one target that overlap more often than this are merged in further rounds."""

_LAST: Final = "~"  # after any time
_UNSYNCED: Final = System(fsync=lambda _fd: None)
"""A stage does not outlive a crash: nothing of it is synced."""


class _Appends:
    """Bytes for the ends of files of the stage, which wait until they are many.

    Opening a file for each of many small logs would cost more than reading them.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, bytearray] = {}
        self._held = 0

    def add(self, path: str, data: bytes | bytearray) -> None:
        """Add bytes to those that wait for a file."""
        self._waiting.setdefault(path, bytearray()).extend(data)
        self._held += len(data)
        if self._held > HELD:
            self.write()

    def write(self) -> None:
        """Write all that waits; TranscriptError if the disk refuses it."""
        for path, data in self._waiting.items():
            append_bytes(path, data)
        self._waiting.clear()
        self._held = 0


class _Lane:
    """One witness: an archive with logs that follow each other in time, target by target."""

    def __init__(self, root: Path, log: StagedLog, name: str, appends: _Appends) -> None:
        self.root = root
        self.via = log.via
        self.grain = log.grain
        self.name = name
        self._appends = appends
        self._directories: dict[tuple[str, str], Path] = {}
        self._spans: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self._parts: dict[str, list[str]] = {}  # the last time of each
        self._networks = Networks(root, system=_UNSYNCED)

    def directory_for(
        self, place: tuple[str, str], target: StagedTarget, casemapping: Casemapping
    ) -> Path:
        """Return the directory of a target; it is made, and the network known, if it is new."""
        directory = self._directories.get(place)
        if directory is None:
            directory = target_directory(self.root, target.network, target.name, casemapping)
            with reported(directory):
                directory.mkdir(parents=True, exist_ok=True)
            self._networks.keep(target.network, casemapping.name)
            self._directories[place] = directory
        return directory

    def has_room(self, place: tuple[str, str], first: str, last: str) -> bool:
        """Return whether no log of a target overlaps with a range of time, bounds included."""
        spans = self._spans.get(place, [])
        at = bisect_right(spans, (last, _LAST))
        return not at or spans[at - 1][1] < first

    def take(self, place: tuple[str, str], target: StagedTarget, directory: Path) -> None:
        """Take the lines of a target of a log."""
        insort(self._spans.setdefault(place, []), (target.first, target.last))
        for month, staged in target.months.items():
            path = self._part_for(directory, month, staged)
            if staged.path:
                with reported(path):
                    os.rename(staged.path, path)  # noqa: PTH104 - by the thousand
            if staged.lines:
                self._appends.add(path, staged.lines)

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
        self._appends = _Appends()
        self._casemappings: dict[str, Casemapping] = {}

    def add(self, log: StagedLog, at: str) -> None:
        """Add a whole log: each target to the first witness in which it overlaps with none."""
        for target in log.targets:
            casemapping = self._casemapping(target.network)
            place = directory_name(target.network), casemapping[target.name]
            lane = self._lane_for(log, place, target)
            directory = lane.directory_for(place, target, casemapping)
            lane.take(place, target, directory)
            self._appends.add(f"{directory}/{ledger.NAME}", _entries(log, target, at))
            self.lines += target.count

    def _lane_for(self, log: StagedLog, place: tuple[str, str], target: StagedTarget) -> _Lane:
        alike = [lane for lane in self._lanes if (lane.via, lane.grain) == (log.via, log.grain)]
        for lane in alike:
            if lane.has_room(place, target.first, target.last):
                return lane
        name = log.dialect if not alike else f"{log.dialect} {len(alike) + 1}"
        root = self._directory / f"witness{len(self._lanes) + 1}"
        lane = _Lane(root, log, name, self._appends)
        self._lanes.append(lane)
        self.is_full = self.is_full or len(alike) + 1 >= MOST_WITNESSES
        return lane

    def _casemapping(self, network: str) -> Casemapping:
        """Return how the archive folds names of a network: as RFC 1459 says if it knows none."""
        if network not in self._casemappings:
            known = self._networks.casemapping(network)
            self._casemappings[network] = known or Casemapping()
        return self._casemappings[network]

    def witnesses(self) -> Iterator[Witness]:
        """Yield the witnesses for a merge."""
        self._appends.write()
        for lane in self._lanes:
            yield Witness(lane.name, lane.root, EVERY_TARGET, signs=False)

    def remove(self) -> None:
        """Remove all files of the stage."""
        shutil.rmtree(self._directory, ignore_errors=True)


def _entries(log: StagedLog, target: StagedTarget, at: str) -> bytes:
    """Return the entries of a ledger: the import, the log, and when it proves to be heard."""
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
        for since, until in heard_times(log, target, at)
    ]
    return b"".join(encode(each) for each in (imported, merged, *heard))


def heard_times(log: StagedLog, target: StagedTarget, at: str) -> Iterator[tuple[str, str]]:
    """Yield the beginnings and ends of the stretches in which a target of a log was heard.

    Nothing behind the moment `at` of the import was, though a clock that was fast says so.
    Somebody who came in a minute did so before its end: a log of minutes proves no more.
    """
    places = {("", ""), (target.network, target.name.lower())}
    for each in log.heard.stretches:
        if (each.network, each.target.lower()) in places:
            late = log.grain - MILLISECOND if each.begins_by_stamp else 0
            since = format_time(parse_time(each.since) + late)
            until = min(each.until, at)
            if since <= until:
                yield since, until
