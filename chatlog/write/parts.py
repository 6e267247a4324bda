"""The parts of one period of one target in one format: what waits, and where it goes.

Owns when a part is continued, when a new one begins, what its first lines have
to tell (a line that a crash tore), and what becomes of lines whose file was
taken away. It never asks for the time, and what could not be written stays
here, encoded, until it can.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from chatlog.archive import manifest
from chatlog.archive.compression import DamagedError, compression_of
from chatlog.archive.files import reported
from chatlog.archive.layout import Period, SegmentName, parse_segment
from chatlog.archive.manifest_view import ManifestView
from chatlog.archive.recovery import recovered
from chatlog.archive.segment import Segment, Unsynced
from chatlog.errors import TranscriptError
from chatlog.write.spool import Backlog, Belonging, SpoolFile

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.archive.locks import Locks
    from chatlog.archive.storage import Encoding, Storage
    from chatlog.archive.syncing import Exposed
    from chatlog.archive.system import System
    from chatlog.event import Event


class StreamKey(NamedTuple):
    """Whose parts: a target, live or history."""

    directory: Path
    network: str
    target: str
    history: bool


@dataclass(frozen=True, slots=True)
class Archive:
    """What all parts of an archive stand on: its settings, calls, locks, and what to sync."""

    storage: Storage
    system: System
    locks: Locks
    exposed: Exposed
    active: set[Path]  # to what a line may still be appended; any thread may look
    ended: set[Path]  # where a segment ended for its size


class Parts:
    """Append the events of one period to its live part, or to a part of history.

    A part is live or history, never both: history always begins a new part;
    live continues the last one where it was live too and was written in the
    same manner, and begins a new one otherwise. `path` is the part now written
    to, `quiet_since` is for whoever has a clock: each event clears it.
    """

    def __init__(
        self, place: StreamKey, period: Period, recording: Encoding, ground: Archive
    ) -> None:
        self.place = place
        self.period = period
        self.pending: list[Event] = []
        self.path: Path | None = None
        self.quiet_since = ""
        self._recording = recording
        self._ground = ground
        self._storage = ground.storage
        self._segment: Segment | None = None
        self._unwritten = b""
        self._backlog = self._make_backlog()  # what comes after it, or it as well
        self._behind = False  # whether anything is, or was until just now, in the backlog
        self._taken = False  # whether `_unwritten` is of the backlog
        self._losses: list[dict[str, Any]] = []  # still to be told in the manifest
        self._known_safe = 0  # how much of the segment was seen in its place
        self._time = period.start
        self._continues = not place.history

    def _make_backlog(self) -> Backlog:
        ground, place = self._ground, self.place
        if ground.storage.spool_dir is None:
            return Backlog()
        belonging = Belonging(
            root=str(ground.storage.root),
            directory=str(place.directory),
            network=place.network,
            target=place.target,
            history=place.history,
            period=self.period.name,
            suffix=self._recording.suffix,
        )
        return SpoolFile(
            ground.storage.spool_dir, belonging, system=ground.system, exposed=ground.exposed
        )

    @property
    def waiting(self) -> int:
        """Say how many bytes are still to be written, as far as they are encoded."""
        return len(self._unwritten) + self._backlog.size

    @property
    def waiting_lines(self) -> int:
        """Say how many lines are still to be written."""
        return len(self.pending) + self._unwritten.count(b"\n") + self._backlog.lines

    def flush(self) -> None:
        """Write what waits in order, by one write to each part.

        What a TranscriptError kept from being written is tried again by the
        next call.
        """
        if self._behind:
            self._backlog.append(self._encoded())
        else:
            self._unwritten += self._encoded()
        while self._unwritten or self._take():
            segment = self._segment or self._open()
            length = self._fitting(segment.size)
            if length:
                self._write(segment, length)
            else:
                self._retire()

    def _take(self) -> bytes:
        if self._behind:
            self._backlog.settle()
            self._unwritten = self._backlog.take()
            self._behind = self._taken = bool(self._unwritten)
        return self._unwritten

    def hold(self) -> None:
        """Encode what is pending, and keep all that waits where the storage says.

        What was taken from there is still there.
        """
        if not self._taken:
            waiting, self._unwritten = self._unwritten, b""
            if self._behind:
                self._backlog.prepend(waiting)
            else:
                self._backlog.append(waiting)
        self._backlog.append(self._encoded())
        self._behind = True

    def adopt(self) -> None:
        """Take up the lines that an earlier run left in the spool.

        What it had written and not taken note of is not written again.
        """
        if isinstance(self._backlog, SpoolFile):
            torn = self._backlog.go_on()
            first = self._backlog.take()
            first = _without_overlap(self._tail(len(first)), first)
            self._unwritten, self._behind, self._taken = first, True, True
            self._backlog.append(self._recovered(torn, 0))

    def _encoded(self) -> bytes:
        if not self.pending:
            return b""
        self.quiet_since = ""
        self._time = self.pending[0].time
        encoded = self._recording.encode(self.pending)
        self.pending.clear()
        return encoded

    def _fitting(self, size: int) -> int:
        data, limit = self._unwritten, self._storage.rotate_size
        if limit is None or size + len(data) <= limit:
            return len(data)
        length = data.rfind(b"\n", 0, max(0, limit - size)) + 1
        return length or (0 if size else data.find(b"\n") + 1)

    def _write(self, segment: Segment, length: int) -> None:
        size = segment.size
        try:
            segment.write(self._unwritten[:length])
        finally:
            self._unwritten = self._unwritten[segment.size - size :]

    def _retire(self) -> None:
        self._leave()
        self._continues = False
        self._ground.ended.add(self.place.directory)

    def _open(self) -> Segment:
        self._ground.locks.renew()
        segment = self._resume() if self.path is None else self._reopen(self.path)
        while self._losses:
            self._announce(self._losses[0])
            self._losses.pop(0)
        self._segment = segment = segment or self._begin()
        self.path = segment.path
        self._known_safe = segment.size
        return segment

    def _reopen(self, path: Path) -> Segment | None:
        with reported(path, doing="look at"):
            there = path.exists()
        if not there and not self._losses:  # which `rescue` has told already
            self._lose(path, 0)
        return self._open_at(path) if there else None

    def _lose(self, path: Path, lines: int) -> None:
        """Have the manifest say that a segment was taken away, and how much is written again."""
        entry = {"entry": "vanished", "segment": path.name, "at": self._time, "lines": lines}
        self._losses.append(entry)

    def _resume(self) -> Segment | None:
        last = self._last_part()
        if not self._continues or last is None or last.compression:
            return None
        path = self.place.directory / str(last)
        if path in self._ground.active:  # history that is being written
            return None
        # Whoever seals it now goes by what is in it: this is no time to add to it.
        with self._ground.locks.sealing(self.place.directory) as nobody_else_is:
            if not nobody_else_is or self._takes_no_more(str(last)):
                return None
            segment = self._open_at(path)
        ours = False
        try:
            ours = self._is_ours(segment)
        finally:
            if not ours:
                self._ground.active.discard(segment.path)
                segment.close()
        return segment if ours else None

    def _takes_no_more(self, name: str) -> bool:
        directory = self.place.directory
        return manifest.mentions(directory, name) and (
            ManifestView(str(directory), manifest.read(directory)).takes_no_more(name)
        )

    def _begin(self) -> Segment:
        last = self._last_part()
        path = self.place.directory / str(
            SegmentName(self.period.name, last.part + 1 if last else 1, self._recording.suffix)
        )
        if self._recording.entry is not None and self._announced(path) != self._entry(path):
            # Said before the segment has a line, as without it none can be read.
            self._announce(self._entry(path))
        return self._open_at(path)

    def _announce(self, entry: dict[str, Any]) -> None:
        ground, directory = self._ground, self.place.directory
        with ground.locks.appending(directory):
            manifest.append(
                ground.system,
                directory,
                entry,
                self._storage.file_mode,
                exposed=ground.exposed,
            )

    def _is_ours(self, segment: Segment) -> bool:
        if self._recording.entry is not None:
            return self._announced(segment.path) == self._entry(segment.path)
        line, decode = segment.last_line(), self._recording.format.decode_line
        try:
            return not line or (decode is not None and not decode(line).via)
        except ValueError:
            return False

    def _open_at(self, path: Path) -> Segment:
        active = self._ground.active
        known = path in active
        active.add(path)
        try:
            segment = Segment(path, system=self._ground.system, mode=self._storage.file_mode)
        except TranscriptError:
            if not known:
                active.discard(path)
            raise
        self._unwritten = self._recovered(segment.torn, segment.zeros) + self._unwritten
        return segment

    def _recovered(self, torn: bytes, zeros: int) -> bytes:
        place = self.place
        events = recovered(torn, zeros, time=self._time, network=place.network, target=place.target)
        return self._recording.encode(events) if events else b""

    def _tail(self, size: int) -> bytes:
        """Read the last parts, of so many bytes or more where there are."""
        tail = b""
        for part in reversed(self._all_parts()):
            if len(tail) > size:
                break
            tail = _lines_in(self.place.directory / str(part), part.compression) + tail
        return tail

    def _last_part(self) -> SegmentName | None:
        """Find the last part that there is of this period and format, sealed or not."""
        return max(self._all_parts(), default=None)

    def _all_parts(self) -> list[SegmentName]:
        with reported(self.place.directory, doing="read"):
            try:
                filenames = os.listdir(self.place.directory)  # noqa: PTH208 -- years of names
            except FileNotFoundError:
                return []
        beginning = self.period.name + "_"
        names = [parse_segment(name) for name in filenames if name.startswith(beginning)]
        return sorted(name for name in names if name and name.suffix == self._recording.suffix)

    def _entry(self, path: Path) -> dict[str, Any]:
        history = {"history": True} if self.place.history else {}
        return {**(self._recording.entry or {}), "segment": path.name, **history}

    def _announced(self, path: Path) -> dict[str, Any]:
        """Read what the manifest last said of a segment."""
        said: dict[str, Any] = {}
        for entry in manifest.read(self.place.directory):
            if entry.get("entry") == "text" and entry.get("segment") == path.name:
                said = entry
        return {key: value for key, value in said.items() if key != "previous"}

    def exposed(self) -> None:
        """Leave to be synced what was written, as far as its file is open."""
        if self._segment is not None:
            self._ground.exposed.add(self._segment.unsynced())

    def seen_in_place(self, item: Unsynced) -> None:
        """Take note that the file was where it belongs when it had so many bytes."""
        if self._segment is not None and self._segment.identity == item.identity:
            self._known_safe = max(self._known_safe, item.size)

    def rescue(self) -> int | None:
        """Leave a file that is not in its place any more; None where it is.

        What was written to it since it was last seen there goes to the file
        that takes its place, where nobody else has those lines: a file that
        was deleted takes them along, one that was moved keeps them. Return how
        many lines are written again.
        """
        segment = self._segment
        if segment is None or segment.is_in_place():
            return None
        lines = segment.lines_from(self._known_safe) if segment.is_nameless() else b""
        self._segment = None
        segment.close()
        if self.path is not None:
            lines = _without_overlap(_lines_in(self.path), lines)
        # Not the spool's: what was taken from there comes back from there after a crash.
        self._unwritten = lines + self._unwritten
        count = lines.count(b"\n")
        self._lose(segment.path, count)
        return count

    def release(self) -> None:
        """Close the file until it is needed again; what it holds is left to be synced."""
        self.rescue()
        segment, self._segment = self._segment, None
        if segment is not None:
            self._ground.exposed.add(segment.unsynced())
            segment.close()

    def finish(self) -> None:
        """Close the file for good: nothing more is appended to it."""
        self._leave()
        self._backlog.close()

    def _leave(self) -> None:
        self.release()
        if self.path is not None:
            self._ground.active.discard(self.path)
        self.path = None


def _lines_in(path: Path, compression: str = "") -> bytes:
    """Read the whole lines of a file; none where it is gone, or not to be read any more."""
    with reported(path, doing="read"):
        try:
            data = b"".join(compression_of(compression).decompressed([path.read_bytes()]))
        except (FileNotFoundError, DamagedError):
            return b""
    return data[: data.rfind(b"\n") + 1]


def _without_overlap(there: bytes, lines: bytes) -> bytes:
    """Drop those first lines with which the ones that are there end."""
    there, lines = b"\n" + there, b"\n" + lines
    last = there[there.rfind(b"\n", 0, -1) :]
    cut = lines.rfind(last)
    while cut >= 0:
        end = cut + len(last)
        shorter = len(there) > 1 and lines[:end].endswith(there)
        if there.endswith(lines[:end]) or shorter:
            return lines[end:]
        cut = lines.rfind(last, 0, end - 1)
    return lines[1:]
