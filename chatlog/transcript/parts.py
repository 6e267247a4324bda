"""The parts of one period of one target in one format: what waits, and where it goes.

Owns when a part is continued, when a new one begins, what its first lines have
to tell (a line that a crash tore), and what becomes of lines whose file was
taken away. It never asks for the time, and what could not be written stays
here, encoded, until it can.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chatlog.errors import TranscriptError
from chatlog.formats import jsonl
from chatlog.transcript import manifest
from chatlog.transcript.layout import Period, SegmentName, parse_segment
from chatlog.transcript.recovery import recovered
from chatlog.transcript.segment import Segment, System, Unsynced, reported

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.event import Event
    from chatlog.transcript.exposed import Exposed
    from chatlog.transcript.locks import Locks
    from chatlog.transcript.storage import Recording, Storage


class Place(NamedTuple):
    """Whose parts: a target, live or history."""

    directory: Path
    network: str
    target: str
    history: bool


@dataclass(frozen=True, slots=True)
class Ground:
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

    def __init__(self, place: Place, period: Period, recording: Recording, ground: Ground) -> None:
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
        self._backlog = bytearray()  # what comes after it
        self._losses: list[dict[str, Any]] = []  # still to be told in the manifest
        self._known_safe = 0  # how much of the segment was seen in its place
        self._time = period.start
        self._continues = not place.history

    @property
    def waiting(self) -> int:
        """Say how many bytes are still to be written, as far as they are encoded."""
        return len(self._unwritten) + len(self._backlog)

    @property
    def waiting_lines(self) -> int:
        """Say how many lines are still to be written."""
        return len(self.pending) + self._unwritten.count(b"\n") + self._backlog.count(b"\n")

    def flush(self) -> None:
        """Write what waits in order, by one write to each part.

        What a TranscriptError kept from being written is tried again by the
        next call.
        """
        if not self._backlog:
            self._unwritten += self._encoded()
        else:
            self.hold()
        while self._unwritten or self._backlog:
            segment = self._segment or self._open()
            self._take_from_backlog()
            length = self._fitting(segment.size)
            if length:
                self._write(segment, length)
            else:
                self._retire()

    def hold(self) -> None:
        """Encode what is pending and write nothing, as the disk takes nothing."""
        self._backlog += self._encoded()

    def _encoded(self) -> bytes:
        if not self.pending:
            return b""
        self.quiet_since = ""
        self._time = self.pending[0].time
        encoded = self._recording.encode(self.pending)
        self.pending.clear()
        return encoded

    def _take_from_backlog(self) -> None:
        if self._backlog and not self._unwritten:
            length = self._backlog.rfind(b"\n", 0, _AT_ONCE) + 1 or self._backlog.find(b"\n") + 1
            self._unwritten = bytes(self._backlog[:length])
            del self._backlog[:length]

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
        self.finish()
        self._continues = False
        self._ground.ended.add(self.place.directory)

    def _open(self) -> Segment:
        self._ground.locks.renew()
        while self._losses:
            self._announce(self._losses[0])
            self._losses.pop(0)
        segment = self._resume() if self.path is None else self._reopen(self.path)
        self._segment = segment = segment or self._begin()
        self.path = segment.path
        self._known_safe = segment.size
        return segment

    def _reopen(self, path: Path) -> Segment | None:
        with reported(path, doing="look at"):
            there = path.exists()
        return self._open_at(path) if there else None

    def _resume(self) -> Segment | None:
        last = self._last_part()
        if not self._continues or last is None or last.compression:
            return None
        # Whoever seals it now goes by what is in it: this is no time to add to it.
        with self._ground.locks.sealing(self.place.directory) as nobody_else_is:
            if not nobody_else_is or manifest.sealed(self.place.directory, str(last)):
                return None
            segment = self._open_at(self.place.directory / str(last))
        ours = False
        try:
            ours = self._is_ours(segment)
        finally:
            if not ours:
                self._ground.active.discard(segment.path)
                segment.close()
        return segment if ours else None

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
        line = segment.last_line()
        try:
            return not line or not jsonl.decode(line).via
        except ValueError:
            return False

    def _open_at(self, path: Path) -> Segment:
        active = self._ground.active
        active.add(path)
        try:
            segment = Segment(path, system=self._ground.system, mode=self._storage.file_mode)
        except TranscriptError:
            active.discard(path)
            raise
        place = self.place
        events = recovered(
            segment.torn,
            segment.zeros,
            time=self._time,
            network=place.network,
            target=place.target,
        )
        if events:
            self._unwritten = self._recording.encode(events) + self._unwritten
        return segment

    def _last_part(self) -> SegmentName | None:
        """Find the last part that there is of this period and format, sealed or not."""
        with reported(self.place.directory, doing="read"):
            try:
                filenames = os.listdir(self.place.directory)  # noqa: PTH208 -- years of names
            except FileNotFoundError:
                return None
        beginning = self.period.name + "_"
        names = [parse_segment(name) for name in filenames if name.startswith(beginning)]
        ours = (name for name in names if name and name.suffix == self._recording.suffix)
        return max(ours, default=None, key=lambda name: (name.part, name.compression))

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
            lines = _without_overlap(self.path, lines)
        self._backlog[:0] = lines + self._unwritten
        self._unwritten = b""
        count = lines.count(b"\n")
        loss = {"entry": "vanished", "segment": segment.path.name, "at": self._time, "lines": count}
        self._losses.append(loss)
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
        self.release()
        if self.path is not None:
            self._ground.active.discard(self.path)
        self.path = None


_AT_ONCE: Final = 1024 * 1024


def _without_overlap(path: Path, lines: bytes) -> bytes:
    """Drop those first lines with which the file at a path, edited and put back, ends."""
    with reported(path, doing="read"):
        try:
            there = b"\n" + path.read_bytes()
        except FileNotFoundError:
            return lines
    last = there[there.rfind(b"\n", 0, -1) :]
    lines = b"\n" + lines
    cut = lines.rfind(last)
    while cut >= 0:
        end = cut + len(last)
        if there.endswith(lines[:end]):
            return lines[end:]
        cut = lines.rfind(last, 0, end - 1)
    return lines[1:]
