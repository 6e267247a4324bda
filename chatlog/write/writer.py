"""Events to segments: which file each event belongs to, and when files are closed.

An event files under the period of its own `time`, so a late one goes where it
belongs. The clock is never read: `tick` is told the time. Bytes are written
by `parts` and `segment`, and nothing here knows how.
"""

from __future__ import annotations

import os
import resource
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.layout import period_named, period_of, target_directory
from chatlog.archive.locks import Locks, same_transcript
from chatlog.archive.networks import Networks
from chatlog.archive.segment import is_there, sync
from chatlog.archive.storage import Encoding, Storage, Sync, recordings_of
from chatlog.archive.syncing import Exposed, Synced, sync_all
from chatlog.archive.system import System
from chatlog.archive.version_file import VersionFile
from chatlog.casemapping import Casemapping
from chatlog.coverage.pending import Notes
from chatlog.errors import TranscriptError
from chatlog.event import SERVER, Event, format_time, parse_time
from chatlog.formats.table import NAMES
from chatlog.write.open_parts import OpenParts, do_all
from chatlog.write.parts import Parts
from chatlog.write.spool import Belonging, left_in
from chatlog.write.stream_key import Archive, StreamKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from chatlog.archive.segment import Unsynced

__all__ = ["Storage", "Writer"]

_OPEN_FILES: Final = 512
_GRACE: Final = 60_000
_HISTORY_QUIET: Final = 600_000
_REMEMBERED: Final = 65_536
_NEVER: Final = "~"  # after every time
_ANY: Final = Casemapping()


class _Stream:
    """The live events of one target, or its history: where the next one goes."""

    __slots__ = ("current", "end", "known", "pending", "place", "start")

    def __init__(self, place: StreamKey) -> None:
        self.place = place
        self.pending: list[Event] = []
        self.known: dict[tuple[str, str], Parts] = {}  # by suffix and period
        self.forget_current()

    def forget_current(self) -> None:
        self.current: tuple[Parts, ...] = ()
        self.start = self.end = _NEVER


class Writer:
    """Write events to the transcripts of one archive.

    A target must be held before its first event, and its network's CASEMAPPING
    be set; only `@server` needs none. `notes` writes the ledgers. What `write`
    took is in memory until `flush`, in the kernel after it (no killed process
    takes it), and safe from a power cut once what `expose` returned is synced,
    or after `sync`. What a disk refuses stays in memory, in order, until `retry` finds room for it;
    `waiting` says how much that is. Not for use from several threads.
    """

    def __init__(
        self,
        storage: Storage,
        *,
        system: System = System(),  # noqa: B008 -- immutable
        locks: Locks | None = None,
        open_files: int | None = None,
    ) -> None:
        self.system = system
        self.locks = locks or Locks(storage.root, system=system)
        self._exposed = Exposed()
        self._active: set[Path] = set()
        self._ended: set[Path] = set()
        self._left: list[Belonging] | None = None
        self.notes = Notes(system=system, locks=self.locks, exposed=self._exposed)
        self._version = VersionFile(storage.root, system=system, mode=storage.file_mode)
        self._networks = Networks(storage.root, system=system, mode=storage.file_mode)
        self._keep_as(storage)
        self._files = OpenParts(open_files or _allowed_open_files(), self._exposed)
        self._streams: dict[tuple[str, str, str], _Stream] = {}  # as events spell it
        self._by_place: dict[tuple[Path, bool], _Stream] = {}
        self._dirty: list[_Stream] = []
        self._waiting: dict[Parts, None] = {}

    @property
    def storage(self) -> Storage:
        """Replace the storage settings, from the next segment of each transcript."""
        return self._storage

    def use(self, storage: Storage) -> None:
        """Replace the storage settings from each next segment; the root stays."""
        self._keep_as(msgspec.structs.replace(storage, root=self._storage.root))

    def _keep_as(self, storage: Storage) -> None:
        self._storage = storage
        self._ground = Archive(
            storage, self.system, self.locks, self._exposed, self._active, self._ended
        )
        self.notes.mode = storage.file_mode
        self._recordings = recordings_of(storage)
        # Readers merge parts by time, which their lines must tell by themselves.
        self._splits_history = any(each.format.decode_line for each in self._recordings)

    def hold(self, network: str, target: str) -> None:
        """Keep other recorders out of a transcript.

        The first call writes FORMAT, before anything else of the archive. Lines
        that an earlier run left in the spool directory wait from now on. Raise
        HeldError if another recorder is there first, and TranscriptError if the
        archive has a later version.
        """
        self._version.keep()
        self.locks.hold(network, target)
        if self._left is None:
            spool = self._storage.spool_dir
            self._left = list(left_in(spool, self._storage.root)) if spool else []
        for belonging in self._left:
            if same_transcript((belonging.network, belonging.target), (network, target)):
                self._adopt(belonging)

    def _adopt(self, belonging: Belonging) -> None:
        recordings = recordings_of(msgspec.structs.replace(self._storage, formats=NAMES))
        by_suffix = {each.suffix: each for each in (*recordings, *self._recordings)}
        recording = by_suffix.get(belonging.suffix)
        period = period_named(belonging.period, recording.tz) if recording else None
        directory = self._storage.root / Path(belonging.directory).relative_to(belonging.root)
        place = StreamKey(directory, belonging.network, belonging.target, belonging.history)
        if recording is None or period is None:
            return
        stream = self._by_place.setdefault((place.directory, place.history), _Stream(place))
        key = recording.suffix, period.name
        if key not in stream.known:
            parts = stream.known[key] = Parts(place, period, recording, self._ground)
            parts.adopt()
            self._files.stuck[parts] = None

    def known_casemapping(self, network: str) -> Casemapping | None:
        """Return the CASEMAPPING of a network in this archive; None if it is not stored yet."""
        return self._networks.casemapping(network)

    def set_casemapping(self, network: str, casemapping_name: str) -> None:
        """Keep a network's CASEMAPPING; only the first one ever counts.

        Where it cannot be written, a TranscriptError, it counts nevertheless.
        """
        self._networks.keep(network, casemapping_name)

    def path(self, network: str, target: str) -> Path:
        """Return the directory of a target's transcript."""
        known = self._networks.casemapping(network)
        if known is None and target != SERVER:
            raise RuntimeError(f"the CASEMAPPING of {network!r} was never set")
        casemapping = _ANY if known is None else known
        return target_directory(self._storage.root, network, target, casemapping)

    def current(self, network: str, target: str) -> list[Path]:
        """List the live segments now written to, one for each format."""
        stream = self._by_place.get((self.path(network, target), False))
        return [parts.path for parts in stream.current if parts.path] if stream else []

    def write(self, event: Event) -> None:
        """Take an event; nothing is written before `flush`."""
        try:
            stream = self._streams[event.network, event.target, event.via]
        except KeyError:
            stream = self._find_stream(event)
        if not stream.start <= event.time < stream.end:
            self._turn(stream, event.time)
        if not stream.pending:
            self._dirty.append(stream)
        stream.pending.append(event)

    def write_all(self, events: Iterable[Event]) -> None:
        """Take events in their order, as `write` takes each."""
        # Written out, as a call for each event would cost a third more.
        streams, dirty = self._streams, self._dirty
        for event in events:
            try:
                stream = streams[event.network, event.target, event.via]
            except KeyError:
                stream = self._find_stream(event)
            if not stream.start <= event.time < stream.end:
                self._turn(stream, event.time)
            if not stream.pending:
                dirty.append(stream)
            stream.pending.append(event)

    def _find_stream(self, event: Event) -> _Stream:
        place = StreamKey(
            self.path(event.network, event.target),
            event.network,
            event.target,
            self._splits_history and event.via != "",
        )
        key = place.directory, place.history
        stream = self._by_place.get(key)
        if stream is None:
            stream = self._by_place[key] = _Stream(place)
        if len(self._streams) >= _REMEMBERED:
            self._streams.clear()
        self._streams[event.network, event.target, event.via] = stream
        return stream

    def _turn(self, stream: _Stream, time: str) -> None:
        """Turn a stream to the period that holds a time."""
        self._settle(stream)
        stream.current = tuple(self._parts(stream, each, time) for each in self._recordings)
        stream.start = max(parts.period.start for parts in stream.current)
        stream.end = min(parts.period.end for parts in stream.current)

    def _parts(self, stream: _Stream, recording: Encoding, time: str) -> Parts:
        period = period_of(time, self._storage.rotate, recording.tz)
        key = recording.suffix, period.name
        parts = stream.known.get(key)
        if parts is None:
            parts = stream.known[key] = Parts(stream.place, period, recording, self._ground)
        return parts

    def _settle(self, stream: _Stream) -> None:
        if stream.pending:
            for parts in stream.current:
                parts.pending += stream.pending
                self._waiting[parts] = None
            stream.pending.clear()

    def flush(self) -> None:
        """Write everything taken, by one write to each segment, in order of arrival.

        One TranscriptError says what could not be written and was not in
        trouble before; that stays here, and what comes after it with it, until
        `retry`. Everything else is written all the same.
        """
        for stream in self._dirty:
            self._settle(stream)
        self._dirty.clear()
        if self._waiting:
            waiting, self._waiting = self._waiting, {}
            do_all(partial(self._files.flush, parts) for parts in waiting)

    # -- a disk that refuses ---------------------------------------------------------

    @property
    def waiting(self) -> int:
        """Return how many bytes wait because a disk refused them."""
        return self._files.waiting

    @property
    def waiting_lines(self) -> int:
        """Return how many lines wait because a disk refused them."""
        return self._files.waiting_lines

    @property
    def in_trouble(self) -> bool:
        """Return whether lines wait because a disk refused them."""
        return bool(self._files.stuck or self._networks.unkept or self.notes.unkept)

    def retry(self) -> None:
        """Write refused lines again; raise TranscriptError if the disk still refuses."""
        do_all([self._networks.retry, self._files.retry, self.notes.retry])

    def room(self) -> int | None:
        """Return the free bytes on the archive's disk, in any thread; None if unknown."""
        try:
            state = os.statvfs(self._storage.root)
        except OSError:
            return None
        return state.f_bavail * state.f_frsize

    # -- a machine that fails ----------------------------------------------------------

    @property
    def active(self) -> AbstractSet[Path]:
        """The segments to which this writer may still append, at any time; for any thread."""
        return self._active

    def directories(self) -> list[Path]:
        """List the directories of the held targets whose CASEMAPPING is known."""
        return [
            self.path(network, target)
            for network, target in self.locks.held()
            if target == SERVER or self._networks.casemapping(network) is not None
        ]

    def take_ended(self) -> set[Path]:
        """Hand over the directories in which segments ended for their size since the last time."""
        ended = set(self._ended)
        self._ended.clear()
        return ended

    def expose(self) -> list[Unsynced]:
        """Return the files to sync; the caller syncs them."""
        return self._files.expose()

    def note_synced(self, result: Synced) -> None:
        """Apply a result of syncing: sync failed files again, rescue the lines of vanished ones.

        TranscriptError says what failed.
        """
        self._files.note_synced(result)

    @property
    def syncing(self) -> Callable[[list[Unsynced]], Synced]:
        """The function for the files of `expose`, in any thread: sync, or only check."""
        wanted = sync if self._storage.sync is not Sync.NEVER else is_there
        return partial(sync_all, system=self.system, sync=wanted)

    def sync(self) -> None:
        """Make everything written outlive a power cut; TranscriptError where that fails."""
        result = self.syncing(self.expose())
        self._files.note_synced(result._replace(safe=[], misplaced=[]))

    # -- the end of periods, and of all ---------------------------------------------------

    def tick(self, now: str) -> None:
        """Close finished segments: periods over for 60 s, history quiet for 10 min."""
        do_all(chain([self.flush], self._finishing(now)))

    def _finishing(self, now: str) -> Iterator[Callable[[], None]]:
        moment = parse_time(now)
        over, quiet = format_time(moment - _GRACE), format_time(moment - _HISTORY_QUIET)
        for stream in list(self._by_place.values()):
            for key, parts in list(stream.known.items()):
                parts.quiet_since = parts.quiet_since or now
                history = stream.place.history
                if parts.quiet_since <= quiet if history else parts.period.end <= over:
                    yield partial(self._finish, stream, key)

    def _finish(self, stream: _Stream, key: tuple[str, str]) -> None:
        if not self._files.finish(stream.known[key]):
            return
        del stream.known[key]
        stream.forget_current()
        if not stream.known:
            del self._by_place[stream.place.directory, stream.place.history]
            self._streams.clear()

    def close(self) -> None:
        """Write, sync and close all segments, and release all locks.

        TranscriptError says how many lines could not be written, and why.
        """
        try:
            do_all([self.flush, self._close_all])
        except TranscriptError as error:
            if lines := self.waiting_lines:
                spool = self._storage.spool_dir
                kept = f" (but wait in {spool} for the next run)" if spool else ""
                raise TranscriptError(f"{lines} lines could not be saved{kept}: {error}") from error
            raise
        finally:
            self.locks.close()

    def _close_all(self) -> None:
        do_all([self._networks.retry, self._files.close, self.notes.retry, self.sync])


def _allowed_open_files() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _OPEN_FILES if soft == resource.RLIM_INFINITY else max(1, min(_OPEN_FILES, soft // 2))
