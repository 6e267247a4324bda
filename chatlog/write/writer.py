"""The writer: events into the segments of an archive.

An event files under the period of its own `time`, so a late one goes where it
belongs. The clock is never read: `tick` is told the time. `streams` finds the
parts of each event, `open_parts` writes them.
"""

from __future__ import annotations

import os
from collections import deque
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.descriptors import most_open_files
from chatlog.archive.layout import target_directory
from chatlog.archive.lock_offsets import same_transcript
from chatlog.archive.locks import Locks
from chatlog.archive.networks import Networks
from chatlog.archive.storage import Storage, Sync
from chatlog.archive.syncing import Exposed, Synced, look_at_all, sync_all
from chatlog.archive.system import System
from chatlog.archive.version_file import VersionFile
from chatlog.casemapping import Casemapping
from chatlog.coverage.pending import Notes
from chatlog.errors import TranscriptError
from chatlog.event import SERVER, Event
from chatlog.formats import jsonl
from chatlog.write.existing_parts import PartNames
from chatlog.write.open_parts import OpenParts, do_all
from chatlog.write.spool_list import LeftSpool, left_behind
from chatlog.write.stream_key import Archive
from chatlog.write.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from chatlog.archive.segment import Unsynced
    from chatlog.write.parts import Parts
    from chatlog.write.streams import PartsOver, Stream

__all__ = ["Storage", "Writer"]

_ANY: Final = Casemapping()
_REMEMBERED: Final = 65_536


class Writer:
    """The writer of the transcripts of one archive.

    A target must be held before its first event, and its network's CASEMAPPING
    be set; only `@server` needs none. `notes` writes the ledgers. An event is
    in memory until `flush`; after it, it is in the kernel, and a killed process
    does not lose it. A power cut does not lose it once the files that `expose`
    returned are synced, or after `sync`. Lines that a disk refuses wait in the
    backlog, in order, until `retry` finds room. Not for use from several threads.

    One that writes `beside` a recorder holds no target, and begins a part of its own for each
    period in each format: see `BesideWriter`.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        system: System = System(),  # noqa: B008 -- immutable
        locks: Locks | None = None,
        open_files: int | None = None,
        beside: bool = False,
    ) -> None:
        self.system = system
        self.locks = locks or Locks(storage.root, system=system)
        self._exposed = Exposed()
        self._active: set[Path] = set()
        self._ended: set[Path] = set()
        self._left: list[LeftSpool] | None = None
        self.notes = Notes(system=system, locks=self.locks, exposed=self._exposed)
        self._paths: dict[tuple[str, str], Path] = {}
        self._version = VersionFile(storage.root, system=system, mode=storage.file_mode)
        self._networks = Networks(storage.root, system=system, mode=storage.file_mode)
        self._storage = storage
        self._is_beside = beside
        self.notes.mode = storage.file_mode
        self._streams = Streams(self._archive(), self.path, self._folds)
        self._files = OpenParts(open_files or most_open_files(), self._exposed)
        self._dirty: list[Stream] = []
        self._waiting: dict[Parts, None] = {}
        self._flushing: deque[Parts] = deque()
        self._over: Iterator[PartsOver] | None = None

    @property
    def storage(self) -> Storage:
        """The settings of the next segment of each transcript."""
        return self._storage

    def use(self, storage: Storage) -> None:
        """Change the settings from the next segment of each transcript; the root stays."""
        self._storage = msgspec.structs.replace(storage, root=self._storage.root)
        self.notes.mode = storage.file_mode
        self._streams.use(self._archive())

    def _archive(self) -> Archive:
        return Archive(
            self._storage,
            self.system,
            self.locks,
            self._exposed,
            self._active,
            self._ended,
            self._version,
            self._is_beside,
            PartNames(),
        )

    def hold(self, network: str, target: str) -> None:
        """Keep other recorders out of a transcript.

        Its directory is locked too if the CASEMAPPING is set. If it is set later, hold again.
        The first call writes FORMAT, before anything else of the archive. Lines
        that an earlier run left in its spool directory wait from now on. Raise
        HeldError if another recorder is there first, and TranscriptError if the
        archive has a later version.
        """
        self.keep_version()
        self.locks.hold(network, target, self._known_path(network, target))
        if self._left is None:
            self._left = left_behind(self._storage, system=self.system)
        for left in self._left:
            belonging = left.belonging
            if same_transcript((belonging.network, belonging.target), (network, target)):
                parts = self._streams.adopt(left)
                if parts is not None:
                    self._files.stuck[parts] = None

    def keep_version(self) -> None:
        """Write FORMAT if there is none; raise TranscriptError if the archive has a later version.

        For a target that is not held: nothing else of an archive is written before.
        """
        self._version.keep()

    def is_held_elsewhere(self, network: str, target: str) -> bool:
        """Return whether another process records a transcript."""
        return self.locks.is_held(network, target, self._known_path(network, target))

    def _known_path(self, network: str, target: str) -> Path | None:
        try:
            if target != SERVER and self._networks.casemapping(network) is None:
                return None
            return self.path(network, target)
        except TranscriptError:  # a damaged network.json, which the first event reports
            return None

    def known_casemapping(self, network: str) -> Casemapping | None:
        """Return the CASEMAPPING of a network in this archive; None if none is kept yet."""
        return self._networks.casemapping(network)

    def set_casemapping(self, network: str, casemapping_name: str) -> None:
        """Keep a network's CASEMAPPING; only the first one ever counts.

        Raise TranscriptError if it cannot be written; it counts nevertheless.
        """
        self._networks.keep(network, casemapping_name)

    def path(self, network: str, target: str) -> Path:
        """Return the directory of a target's transcript, one record each for all that need it."""
        if (path := self._paths.get((network, target))) is not None:
            return path
        known = self._networks.casemapping(network)
        if known is None and target != SERVER:
            raise RuntimeError(f"the CASEMAPPING of {network!r} was never set")
        casemapping = _ANY if known is None else known
        path = target_directory(self._storage.root, network, target, casemapping)
        if len(self._paths) >= _REMEMBERED:
            self._paths.clear()
        self._paths[network, target] = path
        return path

    def _folds(self, network: str) -> Casemapping:
        return self._networks.casemapping(network) or _ANY

    def current(self, network: str, target: str) -> list[Path]:
        """Return the live segments that are written to, one for each format."""
        return self._streams.live_paths(self.path(network, target))

    def write(self, event: Event) -> None:
        """Take an event; nothing is written before `flush`."""
        stream = self._stream_of(event)
        if not stream.start <= event.time < stream.end:
            self._turn(stream, event.time)
        if not stream.pending:
            self._dirty.append(stream)
        stream.pending.append(event)

    def write_all(self, events: Sequence[Event]) -> None:
        """Take events in their order, as `write` takes each.

        Those of one target and the present period cost a third of that: its stream is
        looked up once.
        """
        if not events:
            return
        stream = self._stream_of(events[0])
        if stream.takes(events):
            if not stream.pending:
                self._dirty.append(stream)
            stream.pending += events
            return
        for event in events:
            self.write(event)

    def write_lines(self, network: str, target: str, lines: Sequence[bytes]) -> None:
        """Take the history of one target as lines of JSON, with their newlines.

        They begin as `jsonl` writes them, and stand in segments of JSON byte for byte.
        """
        stream = self._streams.history(network, target)
        times = [line[jsonl.TIME] for line in lines]
        begin = 0
        while begin < len(lines):
            time = times[begin].decode()
            if not stream.start <= time < stream.end:
                self._turn(stream, time)
            end = stream.end_within(times, begin)
            stream.take_lines(lines[begin:end], self._waiting)
            begin = end

    def _stream_of(self, event: Event) -> Stream:
        try:
            return self._streams.by_spelling[event.network, event.target, event.via]
        except KeyError:
            return self._streams.find(event)

    def _turn(self, stream: Stream, time: str) -> None:
        stream.settle(self._waiting)
        self._streams.turn(stream, time)

    def flush(self, is_time_up: Callable[[], bool] = bool) -> None:
        """Write all events, by one call for each segment, in order of arrival.

        Stop after the segment at whose end `is_time_up`; the next call goes on. Raise
        one TranscriptError for all segments that a disk refuses now and did not before;
        their lines wait here, and later ones behind them, until `retry`. All other
        segments are written nevertheless.
        """
        for stream in self._dirty:
            stream.settle(self._waiting)
        self._dirty.clear()
        if self._waiting:
            self._flushing.extend(self._waiting)
            self._waiting.clear()
        if self._flushing:
            with self.locks.renewing_once():
                self._files.flush(self._flushing, is_time_up)

    @property
    def is_flushed(self) -> bool:
        """Whether no event waits for `flush`."""
        return not (self._dirty or self._waiting or self._flushing)

    # -- a disk that refuses ---------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many bytes wait for a disk that refused them."""
        return self._files.waiting

    @property
    def waiting_lines(self) -> int:
        """How many lines wait for a disk that refused them."""
        return self._files.waiting_lines

    @property
    def in_trouble(self) -> bool:
        """Whether lines, a ledger or a CASEMAPPING wait for a disk that refused them."""
        return bool(self._files.stuck or self._networks.unkept or self.notes.unkept)

    def retry(self) -> None:
        """Write refused lines again; raise TranscriptError if the disk still refuses."""
        do_all([self._networks.retry, self._files.retry, self.notes.retry])

    def room(self) -> int | None:
        """Return the free bytes on the archive's disk; None if unknown. Any thread may call it."""
        try:
            state = os.statvfs(self._storage.root)
        except OSError:
            return None
        return state.f_bavail * state.f_frsize

    # -- a machine that fails ----------------------------------------------------------

    @property
    def active(self) -> AbstractSet[Path]:
        """The segments to which this writer may still append; any thread may look."""
        return self._active

    def directories(self) -> list[Path]:
        """Return the directories of the held targets whose network has a sound CASEMAPPING."""
        held = self.locks.held()
        return [path for each in held if (path := self._known_path(*each)) is not None]

    def take_ended(self) -> set[Path]:
        """Return the directories in which segments ended for their size since the last call."""
        ended = set(self._ended)
        self._ended.clear()
        return ended

    @property
    def exposed(self) -> Exposed:
        """The files of others that are to be synced with those of the writer."""
        return self._exposed

    def expose(self) -> list[Unsynced]:
        """Return the files that are to be synced, once: the caller syncs them."""
        return self._files.expose()

    def note_synced(self, result: Synced) -> None:
        """Take the result of a sync: retry files that failed, rescue those that are misplaced.

        Raise TranscriptError for the files that failed.
        """
        self._files.note_synced(result)

    @property
    def syncing(self) -> Callable[[list[Unsynced]], Synced]:
        """The function for the files of `expose`, in any thread: sync them, or only look."""
        if self._storage.sync is Sync.NEVER:
            return look_at_all
        return partial(sync_all, system=self.system)

    def sync(self) -> None:
        """Sync all files that were written; TranscriptError if that fails."""
        result = self.syncing(self.expose())
        self._files.note_synced(result._replace(safe=[], misplaced=[]))

    # -- the end of periods, and of all ---------------------------------------------------

    def tick(self, now: str, is_time_up: Callable[[], bool] = bool) -> None:
        """Flush, and close the parts that get no more events.

        Stop when `is_time_up`; while `is_ticking`, the next call goes on.
        """
        do_all(chain([partial(self.flush, is_time_up)], self._finishes(now, is_time_up)))

    @property
    def is_ticking(self) -> bool:
        """Whether `tick` stopped before its end."""
        return self._over is not None

    def _finishes(self, now: str, is_time_up: Callable[[], bool]) -> Iterator[Callable[[], None]]:
        if self._over is None:
            self._over = self._streams.over(now)
        if not self.is_flushed:
            return
        for each in self._over:
            yield partial(self._finish, each)
            if is_time_up():
                return
        self._over = None

    def _finish(self, over: PartsOver) -> None:
        if self._files.finish(over.parts):
            self._streams.forget(over)

    def close(self) -> None:
        """Write and sync all lines that the disks take, close all files, release all targets.

        Raise TranscriptError with the number of lines that could not be written.
        """
        try:
            self.close_files()
        finally:
            self.locks.close()

    def close_files(self) -> None:
        """Write, sync and close as `close` does, and keep all locks."""
        try:
            do_all([self.flush, self._close_all])
        except TranscriptError as error:
            if lines := self.waiting_lines:
                spool = self._storage.spool_dir
                kept = f" (but wait in {spool} for the next run)" if spool else ""
                raise TranscriptError(f"{lines} lines could not be saved{kept}: {error}") from error
            raise

    def _close_all(self) -> None:
        do_all([self._networks.retry, self._files.close, self.notes.retry, self.sync])
