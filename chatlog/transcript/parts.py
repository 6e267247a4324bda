"""The parts of one period of one target in one format: what waits, and where it goes.

Owns when a part is continued, when a new one begins, and what its first lines
have to tell (a line that a crash tore). It never asks for the time, and what
could not be written stays here, encoded, until it can.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chatlog.event import Event, EventType
from chatlog.formats import jsonl
from chatlog.transcript import manifest
from chatlog.transcript.layout import Period, SegmentName, parse_segment
from chatlog.transcript.segment import Segment, System, reported

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.transcript.storage import Recording, Storage


class Place(NamedTuple):
    """Whose parts: a target, live or history."""

    directory: Path
    network: str
    target: str
    history: bool


class Parts:
    """Append the events of one period to its live part, or to a part of history.

    A part is live or history, never both: history always begins a new part;
    live continues the last one where it was live too and was written in the
    same manner, and begins a new one otherwise. `path` is the part now written
    to, `quiet_since` is for whoever has a clock: each event clears it.
    """

    def __init__(
        self,
        place: Place,
        period: Period,
        recording: Recording,
        *,
        storage: Storage,
        system: System,
    ) -> None:
        self.place = place
        self.period = period
        self.pending: list[Event] = []
        self.path: Path | None = None
        self.quiet_since = ""
        self._recording = recording
        self._storage = storage
        self._system = system
        self._segment: Segment | None = None
        self._unwritten = b""
        self._time = period.start
        self._continues = not place.history

    @property
    def waiting(self) -> bool:
        """Say whether anything is still to be written."""
        return bool(self.pending or self._unwritten)

    def flush(self) -> None:
        """Write what is pending in order, by one write to each part.

        What a TranscriptError kept from being written is tried again, once,
        by the next call.
        """
        if self.pending:
            self.quiet_since = ""
            self._time = self.pending[0].time
            self._unwritten += self._recording.encode(self.pending)
            self.pending.clear()
        while self._unwritten:
            segment = self._segment or self._open()
            length = self._fitting(segment.size)
            if length:
                self._write(segment, length)
            else:
                self._retire(segment)

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

    def _retire(self, segment: Segment) -> None:
        self.path = self._segment = None
        self._continues = False
        try:
            segment.sync()
        finally:
            segment.close()

    def _open(self) -> Segment:
        if self.path is None:
            self._segment = self._resume() or self._begin()
            self.path = self._segment.path
        else:
            self._segment = self._open_at(self.path)
        return self._segment

    def _resume(self) -> Segment | None:
        last = self._last_part()
        if not self._continues or not last:
            return None
        segment = self._open_at(self._path(last))
        ours = False
        try:
            ours = self._is_ours(segment)
        finally:
            if not ours:
                segment.close()
        return segment if ours else None

    def _begin(self) -> Segment:
        path = self._path(self._last_part() + 1)
        if self._recording.entry is not None and self._announced(path) != self._entry(path):
            # Said before the segment has a line, as without it none can be read.
            manifest.append(self._system, path.parent, self._entry(path), self._storage.file_mode)
        return self._open_at(path)

    def _is_ours(self, segment: Segment) -> bool:
        if self._recording.entry is not None:
            return self._announced(segment.path) == self._entry(segment.path)
        line = segment.last_line()
        try:
            return not line or not jsonl.decode(line).via
        except ValueError:
            return False

    def _open_at(self, path: Path) -> Segment:
        segment = Segment(path, system=self._system, mode=self._storage.file_mode)
        if segment.torn:
            self._unwritten = (
                self._recording.encode(self._recovered(segment.torn)) + self._unwritten
            )
        return segment

    def _recovered(self, torn: bytes) -> list[Event]:
        pieces = [torn[at : at + _PIECE] for at in range(0, len(torn), _PIECE)]
        return [
            Event(
                time=self._time,
                network=self.place.network,
                target=self.place.target,
                type=EventType.RECOVERED,
                text=piece.decode("utf-8", "backslashreplace"),
                raw=base64.b64encode(piece).decode("ascii"),
            )
            for piece in pieces
        ]

    def _path(self, part: int) -> Path:
        return self.place.directory / str(
            SegmentName(self.period.name, part, self._recording.suffix)
        )

    def _last_part(self) -> int:
        """Say the highest part that there is of this period and format, or 0."""
        with reported(self.place.directory, doing="read"):
            try:
                filenames = os.listdir(self.place.directory)  # noqa: PTH208 -- years of names
            except FileNotFoundError:
                return 0
        beginning = self.period.name + "_"
        names = [parse_segment(name) for name in filenames if name.startswith(beginning)]
        ours = (name.part for name in names if name and name.suffix == self._recording.suffix)
        return max(ours, default=0)

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

    def sync(self) -> None:
        """Make what was written outlive a power cut, as far as its file is open."""
        if self._segment is not None:
            self._segment.sync()

    def release(self) -> None:
        """Close the file until it is needed again."""
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.close()

    def finish(self) -> None:
        """Sync and close the file."""
        try:
            self.sync()
        finally:
            self.release()


_PIECE: Final = 8 * 1024
