"""The file of the part that a stream is written to, and the state that it is in.

    Unchosen --open-->    Open      the last part if it is ours, or a new one
    Closed   --open-->    Open      the same file
    Closed   --open-->    Lost      if it is gone
    Lost     --open-->    Open      the file that has the name now, or a new part
    Open     --release--> Closed
    Open     --rescue-->  Lost      if its name leads elsewhere
    any      --leave-->   Unchosen

A loss is told in the manifest before the next line is written.
"""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec

from chatlog.archive import manifest
from chatlog.archive.files import OddFileError, reported
from chatlog.archive.layout import SegmentName
from chatlog.archive.manifest_entries import TextEntry, VanishedEntry
from chatlog.archive.manifest_view import ManifestView
from chatlog.archive.recovery import recovered
from chatlog.archive.segment import AsLeft, NameTakenError, Segment, Unsynced
from chatlog.errors import TranscriptError
from chatlog.write.existing_parts import lines_in, parts_in, without_overlap

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.archive.manifest_entries import ManifestEntry
    from chatlog.archive.storage import Encoding
    from chatlog.write.line_queue import LineQueue
    from chatlog.write.stream_key import Archive, StreamKey

logger = logging.getLogger(__name__)

_MOST_TAKEN: Final = 1000
"""The numbers that other processes may take one after another before this one gives up."""


@dataclass(frozen=True, slots=True)
class Unchosen:
    """No part is chosen; the last one is continued if `continues` and it is ours."""

    continues: bool
    segment: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Closed:
    """A part is chosen, and its file is closed."""

    path: Path
    as_left: AsLeft | None
    segment: ClassVar[None] = None


@dataclass(frozen=True, slots=True)
class Open:
    """The file of a part is open; its first `seen` bytes were seen under its name."""

    segment: Segment
    seen: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The file of a part was deleted or replaced, which the manifest tells or is to tell."""

    path: Path
    segment: ClassVar[None] = None


class PartFile:
    """The file of a part of one period, live or history.

    History always begins a new part. Live events continue the last part if it
    is live too and was written in the same style, and begin a new one
    otherwise. A part is created by one process alone, which has its number.
    Lines that must be written again, and events that keep a torn
    line, go to the front of `queue`. `time` is that of the events to write, in
    the form of `Event.time`. The `segment` of a `state` is the open file, if one is.
    """

    __slots__ = ("_archive", "_encoding", "_period", "_place", "_queue", "_untold", "state")

    def __init__(
        self, place: StreamKey, period: str, encoding: Encoding, archive: Archive, queue: LineQueue
    ) -> None:
        self._place = place
        self._period = period
        self._encoding = encoding
        self._archive = archive
        self._queue = queue
        self.state: Unchosen | Closed | Open | Lost = Unchosen(continues=not place.history)
        self._untold: list[VanishedEntry] = []  # losses for the manifest

    @property
    def path(self) -> Path | None:
        """The path of the part, if one is chosen."""
        match self.state:
            case Unchosen():
                return None
            case Open(segment):
                return segment.path
            case Closed(path) | Lost(path):
                return path

    # -- opening -----------------------------------------------------------------------

    def open(self, time: str) -> Segment:
        """Open the file, of the chosen part or of one that is chosen now."""
        self._archive.locks.renew()
        is_ours = self._archive.locks.enter(self._place.directory)
        if isinstance(self.state, Closed) and not _exists(self.state.path):
            self._lose(self.state.path, 0, time)
        while self._untold:
            self._announce(self._untold[0])
            self._untold.pop(0)
        segment = self._choose(time)
        try:
            if not is_ours:
                self._archive.locks.enter(self._place.directory)  # which may be new
        except TranscriptError:
            self._archive.active.discard(segment.path)
            segment.close()
            raise
        self.state = Open(segment, segment.size)
        return segment

    def _choose(self, time: str) -> Segment:
        match self.state:
            case Closed(path, as_left):
                return self._open_at(path, time, as_left)
            case Lost(path) if _exists(path):
                return self._open_at(path, time)
            case Lost(path):
                self._archive.active.discard(path)
            case Unchosen(continues=True) if segment := self._resume(time):
                return segment
        return self._begin(time)

    def _resume(self, time: str) -> Segment | None:
        """Open the last part, if it is ours to continue."""
        directory, archive = self._place.directory, self._archive
        last = self._last_part()
        if last is None or last.compression:
            return None
        path = directory / str(last)
        if path in archive.active:  # history that is being written
            return None
        # A sealer goes by the lines that it read: this is no time to add to them.
        with archive.locks.sealing(directory) as is_free:
            if not is_free or self._takes_no_more(str(last)):
                return None
            try:
                segment = self._open_at(path, time)
            except OddFileError:
                return None  # a link, say, which may lead out of the archive: begin another part
        ours = False
        try:
            ours = self._is_ours(segment)
        finally:
            if not ours:
                archive.active.discard(segment.path)
                segment.close()
        return segment if ours else None

    def _takes_no_more(self, name: str) -> bool:
        directory = self._place.directory
        return manifest.mentions(directory, name) and (
            ManifestView(str(directory), manifest.read(directory)).takes_no_more(name)
        )

    def _is_ours(self, segment: Segment) -> bool:
        entry = self._entry(segment.path)
        if entry is not None:
            return self._announced(segment.path) == entry
        # The last line alone does not tell: a torn one of history is kept as if it were live.
        first, last = self._is_live(segment.first_line()), self._is_live(segment.last_line())
        return last is True and first is not False

    def _is_live(self, line: bytes) -> bool | None:
        """Return whether a line is of live events, as no line is; None if it does not tell."""
        decode = self._encoding.format.decode_line
        try:
            return not line or (None if decode is None else not decode(line).via)
        except ValueError:
            return None

    def _begin(self, time: str) -> Segment:
        archive, is_described = self._archive, self._encoding.entry is not None
        if self._place.of_class:
            archive.version.allow_classes()
        lock = archive.locks.appending(self._place.directory) if is_described else nullcontext()
        with lock:  # else another process could describe the segment that this one creates
            for _ in range(_MOST_TAKEN):
                name = self._next_name()
                path = self._place.directory / str(name)
                self._describe(path)
                try:
                    segment = self._open_at(path, time, is_new=True)
                except NameTakenError as error:  # by a recorder, or an import beside it
                    archive.names.look_again(self._place.directory)
                    taken = error
                else:
                    if self._remembers_names:
                        archive.names.note(self._place.directory, name)
                    return segment
        raise taken

    def _next_name(self) -> SegmentName:
        """Return the name of the part behind all that are there."""
        last = self._last_part()
        number = last.part + 1 if last else 1
        suffix, of_class = self._encoding.suffix, self._place.of_class
        return SegmentName(self._period, number, suffix, of_class=of_class)

    def _describe(self, path: Path) -> None:
        """Describe a segment before it has a line, as without that none can be read."""
        entry = self._entry(path)
        if entry is not None and self._announced(path) != entry:
            self._append(entry)

    @property
    def _remembers_names(self) -> bool:
        """Whether names may be older than this moment: not those of a part to describe."""
        return self._archive.is_beside and self._encoding.entry is None

    def _last_part(self) -> SegmentName | None:
        place, suffix = self._place, self._encoding.suffix
        if self._remembers_names:
            return self._archive.names.last(place.directory, self._period, suffix, place.of_class)
        parts = parts_in(place.directory, self._period, suffix, place.of_class)
        return parts[-1] if parts else None

    def _open_at(
        self, path: Path, time: str, as_left: AsLeft | None = None, *, is_new: bool = False
    ) -> Segment:
        archive = self._archive
        is_known = path in archive.active
        archive.active.add(path)
        try:
            segment = Segment(
                path,
                system=archive.system,
                mode=archive.storage.file_mode,
                as_left=as_left,
                is_new=is_new,
            )
        except TranscriptError:
            if not is_known:
                archive.active.discard(path)
            raise
        self._queue.put_first(self.recovered(segment.torn, segment.zeros, time))
        return segment

    def recovered(self, torn: bytes, zeros: int, time: str) -> bytes:
        """Return the lines that keep a torn line and count the zero bytes behind it."""
        place = self._place
        events = recovered(torn, zeros, time=time, network=place.network, target=place.target)
        return self._encoding.encode(events) if events else b""

    def take_up(self, segment: Segment, time: str) -> None:
        """Continue the open file after another program cut it or appended to it.

        An unfinished line at its end is kept in a `recovered` event, as after a crash.
        """
        expected = segment.size
        segment.take_up()
        logger.warning(
            "%s was %s by another program while it was written; recording goes on at its end",
            segment.path,
            "cut" if segment.size < expected else "added to",
        )
        self._queue.put_first(self.recovered(segment.torn, segment.zeros, time))
        if isinstance(self.state, Open):
            self.state = Open(segment, min(self.state.seen, segment.size))

    # -- the manifest ------------------------------------------------------------------

    def _entry(self, path: Path) -> TextEntry | None:
        """Return the description that a segment must have in the manifest, if it needs one."""
        entry, history = self._encoding.entry, self._place.history
        if entry is None:
            return None
        return msgspec.structs.replace(entry, segment=path.name, history=history)

    def _announced(self, path: Path) -> TextEntry | None:
        """Return the last description of a segment in the manifest, without its link."""
        found = None
        for line in manifest.read(self._place.directory):
            if isinstance(line, TextEntry) and line.segment == path.name:
                found = msgspec.structs.replace(line, previous=None)
        return found

    def _announce(self, entry: ManifestEntry) -> None:
        with self._archive.locks.appending(self._place.directory):
            self._append(entry)

    def _append(self, entry: ManifestEntry) -> None:
        """Append an entry to the manifest; the caller has the lock for that."""
        archive = self._archive
        manifest.append(
            archive.system,
            self._place.directory,
            entry,
            archive.storage.file_mode,
            exposed=archive.exposed,
        )

    def _lose(self, path: Path, lines: int, time: str) -> None:
        self._untold.append(VanishedEntry(segment=path.name, at=time, lines=lines))
        self.state = Lost(path)

    # -- syncing, losing, closing --------------------------------------------------------

    def expose(self) -> None:
        """Leave to be synced the bytes that were written to the open file."""
        if isinstance(self.state, Open):
            self._archive.exposed.add(self.state.segment.unsynced())

    def seen_in_place(self, item: Unsynced) -> None:
        """Note that the file was found under its name when it had the bytes of `item`."""
        state = self.state
        if isinstance(state, Open) and state.segment.identity == item.identity:
            self.state = Open(state.segment, max(state.seen, item.size))

    def rescue(self, time: str) -> int | None:
        """Leave a file that has lost its name; return how many lines are written again.

        None if it is in its place. The lines written since it was last seen
        there are written again if nobody else has them: a file that was deleted
        takes them along, one that was moved keeps them.
        """
        state = self.state
        if not isinstance(state, Open) or state.segment.is_in_place():
            return None
        segment = state.segment
        lines = segment.lines_from(state.seen) if segment.is_nameless() else b""
        lines = without_overlap(lines_in(segment.path, len(lines)), lines) if lines else b""
        count = lines.count(b"\n")
        self._queue.put_first(lines)
        self._lose(segment.path, count, time)
        segment.close()
        return count

    def release(self, time: str) -> None:
        """Close the file until it is needed again; its bytes are left to be synced."""
        self.rescue(time)
        if isinstance(self.state, Open):
            segment = self.state.segment
            self.state = Closed(segment.path, segment.as_left)
            self._archive.exposed.add(segment.unsynced())
            segment.close()

    def leave(self, time: str) -> None:
        """Close the file for good: the next lines begin a new part."""
        self.release(time)
        if self.path is not None:
            self._archive.active.discard(self.path)
        self.state = Unchosen(continues=False)


def _exists(path: Path) -> bool:
    with reported(path, doing="look at"):
        return path.exists()
