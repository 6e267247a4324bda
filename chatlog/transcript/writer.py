"""Events to segments: which file each event belongs to, and when files are closed.

An event files under the period of its own `time`, so a late one goes where it
belongs. The clock is never read: `tick` is told the time. Bytes are written
by `parts` and `segment`, and nothing here knows how.
"""

from __future__ import annotations

import logging
import os
import resource
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.casemapping import Casemapping
from chatlog.errors import TranscriptError
from chatlog.event import SERVER, Event, format_time, parse_time
from chatlog.transcript.exposed import Exposed, Synced, sync_all
from chatlog.transcript.layout import period_named, period_of, target_directory
from chatlog.transcript.locks import Locks, same_transcript
from chatlog.transcript.networks import Networks
from chatlog.transcript.parts import Ground, Parts, Place
from chatlog.transcript.segment import System, is_there, sync
from chatlog.transcript.spool import Belonging, left_in
from chatlog.transcript.storage import FORMATS, Recording, Storage, Sync, recordings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from chatlog.transcript.segment import Unsynced

__all__ = ["Storage", "Writer"]

logger = logging.getLogger(__name__)

_OPEN_FILES: Final = 512
_GRACE: Final = 60_000
_HISTORY_QUIET: Final = 600_000
_REMEMBERED: Final = 65_536
_RETRIED: Final = 64
_NEVER: Final = "~"  # after every time
_ANY: Final = Casemapping()


class _Stream:
    """The live events of one target, or its history: where the next one goes."""

    __slots__ = ("current", "end", "known", "pending", "place", "start")

    def __init__(self, place: Place) -> None:
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
    be set; only `@server` needs none. What `write` took is in memory until
    `flush`, in the kernel after it (no killed process takes it), and safe from
    a power cut once what `expose` returned is synced, or after `sync`. What a
    disk refuses stays in memory, in order, until `retry` finds room for it;
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
        self._networks = Networks(storage.root, system=system, mode=storage.file_mode)
        self._keep_as(storage)
        self._open_files = open_files or _allowed_open_files()
        self._streams: dict[tuple[str, str, str], _Stream] = {}  # as events spell it
        self._by_place: dict[tuple[Path, bool], _Stream] = {}
        self._dirty: list[_Stream] = []
        self._waiting: dict[Parts, None] = {}
        self._stuck: dict[Parts, None] = {}  # those for which the disk had no room
        self._open: dict[Parts, None] = {}  # the least recently written first

    @property
    def storage(self) -> Storage:
        """Say how transcripts are kept from the next segment of each."""
        return self._storage

    def use(self, storage: Storage) -> None:
        """Keep transcripts otherwise from the next segment of each; the root stays what it is."""
        self._keep_as(msgspec.structs.replace(storage, root=self._storage.root))

    def _keep_as(self, storage: Storage) -> None:
        self._storage = storage
        self._ground = Ground(
            storage, self.system, self.locks, self._exposed, self._active, self._ended
        )
        self._recordings = recordings_of(storage)
        self._splits_history = "jsonl" in storage.formats

    def hold(self, network: str, target: str) -> None:
        """Keep other recorders out of a transcript; HeldError if one is there first.

        What an earlier run left for it in the spool directory waits from now on.
        """
        self.locks.hold(network, target)
        if self._left is None:
            spool = self._storage.spool_dir
            self._left = list(left_in(spool, self._storage.root)) if spool else []
        for belonging in self._left:
            if same_transcript((belonging.network, belonging.target), (network, target)):
                self._adopt(belonging)

    def _adopt(self, belonging: Belonging) -> None:
        recordings = recordings_of(msgspec.structs.replace(self._storage, formats=FORMATS))
        by_suffix = {each.suffix: each for each in (*recordings, *self._recordings)}
        recording = by_suffix.get(belonging.suffix)
        period = period_named(belonging.period, recording.tz) if recording else None
        directory = self._storage.root / Path(belonging.directory).relative_to(belonging.root)
        place = Place(directory, belonging.network, belonging.target, belonging.history)
        if recording is None or period is None:
            return
        stream = self._by_place.setdefault((place.directory, place.history), _Stream(place))
        key = recording.suffix, period.name
        if key not in stream.known:
            parts = stream.known[key] = Parts(place, period, recording, self._ground)
            parts.adopt()
            self._stuck[parts] = None

    def known_casemapping(self, network: str) -> Casemapping | None:
        """Say how this archive folds a network's names; None if that is not kept yet."""
        return self._networks.casemapping(network)

    def set_casemapping(self, network: str, casemapping_name: str) -> None:
        """Keep a network's CASEMAPPING; only the first one ever counts.

        Where it cannot be written, a TranscriptError, it counts nevertheless.
        """
        self._networks.keep(network, casemapping_name)

    def path(self, network: str, target: str) -> Path:
        """Say which directory has a target's transcript."""
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
        place = Place(
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

    def _parts(self, stream: _Stream, recording: Recording, time: str) -> Parts:
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
            _do_all(partial(self._flush_parts, parts) for parts in list(self._waiting))

    def _flush_parts(self, parts: Parts) -> None:
        del self._waiting[parts]
        if parts in self._stuck:
            parts.hold()
            return
        self._write_out(parts)

    def _write_out(self, parts: Parts) -> None:
        self._open.pop(parts, None)
        self._open[parts] = None
        try:
            parts.flush()
        except TranscriptError:
            self._stuck[parts] = None  # behind the others
            parts.hold()
            raise
        finally:
            self._evict()

    def _evict(self) -> None:
        if len(self._open) > self._open_files:
            oldest = next(iter(self._open))
            del self._open[oldest]
            self._release(oldest)

    def _release(self, parts: Parts) -> None:
        try:
            parts.release()
        finally:
            if parts.waiting:
                self._stuck[parts] = None

    # -- a disk that refuses ---------------------------------------------------------

    @property
    def waiting(self) -> int:
        """Say how many bytes wait for a disk that refused them."""
        return sum(parts.waiting for parts in self._stuck)

    @property
    def waiting_lines(self) -> int:
        """Say how many lines wait for a disk that refused them."""
        return sum(parts.waiting_lines for parts in self._stuck)

    @property
    def in_trouble(self) -> bool:
        """Say whether anything waits for a disk that refused it."""
        return bool(self._stuck or self._networks.unkept)

    def retry(self) -> None:
        """Try again what the disk refused; TranscriptError while it still refuses."""
        # A few at a time, as ten thousand refusals would take long.
        first = [*islice(self._stuck, _RETRIED)]
        _do_all([self._networks.retry, *(partial(self._retry_parts, parts) for parts in first)])

    def _retry_parts(self, parts: Parts) -> None:
        del self._stuck[parts]
        self._waiting.pop(parts, None)
        self._write_out(parts)

    def room(self) -> int | None:
        """Say how many bytes are free where the archive is, in any thread; None if unknown."""
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
        """List the directories of the targets that are held, as far as they can be named."""
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
        """Hand over what a power cut could take; syncing it is the caller's business."""
        for parts in self._open:
            parts.exposed()
        return self._exposed.take()

    def note_synced(self, result: Synced) -> None:
        """Go by what syncing found: what failed is to be synced again, what is gone rescued.

        TranscriptError says what failed.
        """
        open_parts = {parts.path: parts for parts in self._open}
        for item in result.safe:
            if item.path in open_parts:
                open_parts[item.path].seen_in_place(item)
        for item, _ in result.failed:
            self._exposed.add(item)
        _do_all(
            chain(
                (partial(self._miss, item.path, open_parts) for item in result.misplaced),
                (partial(_raise, error) for _, error in result.failed),
            )
        )

    def _miss(self, path: Path, open_parts: dict[Path | None, Parts]) -> None:
        parts = open_parts.get(path)
        lines = parts.rescue() if parts is not None else None
        if parts is None or lines is None:
            return
        logger.warning(
            "%s was deleted or replaced while it was written; going on there,"
            " with the last %d lines written again",
            path,
            lines,
        )
        self._stuck[parts] = None
        self._retry_parts(parts)

    @property
    def syncing(self) -> Callable[[list[Unsynced]], Synced]:
        """What to do with what `expose` hands over, in any thread: sync, or only look."""
        wanted = sync if self._storage.sync is not Sync.NEVER else is_there
        return partial(sync_all, system=self.system, sync=wanted)

    def sync(self) -> None:
        """Make everything written outlive a power cut; TranscriptError where that fails."""
        failed = self.syncing(self.expose()).failed
        for item, _ in failed:
            self._exposed.add(item)
        _do_all(partial(_raise, error) for _, error in failed)

    # -- the end of periods, and of all ---------------------------------------------------

    def tick(self, now: str) -> None:
        """Close what gets no more events: periods over for 60 s, history quiet for 10 min."""
        _do_all(chain([self.flush], self._finishing(now)))

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
        parts = stream.known[key]
        if parts not in self._stuck:
            self._release(parts)
        if parts in self._stuck:
            return
        parts.finish()
        del stream.known[key]
        stream.forget_current()
        self._open.pop(parts, None)
        if not stream.known:
            del self._by_place[stream.place.directory, stream.place.history]
            self._streams.clear()

    def close(self) -> None:
        """Write what can be, sync and close everything, and release what is held.

        TranscriptError says how many lines could not be written, and why.
        """
        try:
            _do_all([self.flush, self._close_all])
        except TranscriptError as error:
            if lines := self.waiting_lines:
                spool = self._storage.spool_dir
                kept = f" (but wait in {spool} for the next run)" if spool else ""
                raise TranscriptError(f"{lines} lines could not be saved{kept}: {error}") from error
            raise
        finally:
            self.locks.close()

    def _close_all(self) -> None:
        actions: list[Callable[[], None]] = [
            self._networks.retry,
            *(partial(self._retry_parts, parts) for parts in self._stuck),
            *(partial(self._release, parts) for parts in self._open),
            self.sync,
        ]
        _do_all(actions)


def _raise(error: TranscriptError) -> None:
    raise error


def _allowed_open_files() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _OPEN_FILES if soft == resource.RLIM_INFINITY else max(1, min(_OPEN_FILES, soft // 2))


def _do_all(actions: Iterable[Callable[[], None]]) -> None:
    """Do each of them whatever becomes of the others, then raise one TranscriptError."""
    failures = []
    for action in actions:
        try:
            action()
        except TranscriptError as error:
            failures.append(error)
    if len(failures) > 1:
        raise TranscriptError(f"{failures[0]} (and {len(failures) - 1} more)") from failures[0]
    if failures:
        raise failures[0]
