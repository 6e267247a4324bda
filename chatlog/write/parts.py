"""The parts of one period of one stream in one format: events in, lines written.

The queue keeps the lines that are still to be written, in order; the part file
decides which part they go to. This module encodes events, and cuts the lines
where a part is full. It never asks for the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.formats import jsonl
from chatlog.formats.format import Spelling
from chatlog.write.existing_parts import last_lines, parts_in
from chatlog.write.line_queue import LineQueue
from chatlog.write.part_file import PartFile
from chatlog.write.spool import Backlog, Belonging, SpoolFile, path_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chatlog.archive.layout import Period
    from chatlog.archive.segment import Segment, Unsynced
    from chatlog.archive.storage import Encoding
    from chatlog.event import Event
    from chatlog.write.spool_list import LeftSpool
    from chatlog.write.stream_key import Archive, StreamKey


class Parts:
    """The live part of a period, or a part of its history, to which events are appended.

    `pending` are the events that no `flush` has encoded yet. `quiet_since` is
    set by a caller that has a clock, and cleared by each event. Lines that a disk
    refuses wait in `left`, the spool file of an earlier run, if there is one. A disk that
    refuses lines is a TranscriptError; the lines stay here, in order, until a
    later call.
    """

    __slots__ = (
        *("_archive", "_encoding", "_file", "_limit", "_place", "_queue", "_time"),
        *("pending", "period", "quiet_since"),
    )

    def __init__(
        self,
        place: StreamKey,
        period: Period,
        encoding: Encoding,
        archive: Archive,
        left: LeftSpool | None = None,
    ) -> None:
        self.period = period
        self.pending: list[Event] = []
        self.quiet_since = ""
        self._place = place
        self._encoding = encoding
        self._archive = archive
        self._limit = archive.storage.rotate_size
        self._queue = LineQueue(_backlog(place, period, encoding, archive, left))
        self._file = PartFile(place, period.name, encoding, archive, self._queue)
        self._time = period.start  # of the first of the events that were encoded last

    @property
    def path(self) -> Path | None:
        """The path of the part that is written to, if one is chosen."""
        return self._file.path

    @property
    def waiting(self) -> int:
        """How many encoded bytes are still to be written."""
        return self._queue.size

    @property
    def waiting_lines(self) -> int:
        """How many lines are still to be written."""
        return len(self.pending) + self._queue.lines

    # -- writing -----------------------------------------------------------------------

    def flush(self) -> None:
        """Write all lines in order, by one call for each part."""
        queue, file = self._queue, self._file
        if self.pending:
            queue.append(self._encoded())
        while queue.front or queue.refill():
            segment = file.state.segment or file.open(self._time)  # which may put lines first
            if not segment.is_as_left():
                file.take_up(segment, self._time)
            elif length := self._fitting(queue.front, segment.size):
                self._write(segment, length)
            else:
                file.leave(self._time)
                self._archive.ended.add(self._place.directory)

    def add_lines(self, lines: Sequence[bytes]) -> None:
        """Add lines of JSON with their newlines behind all others, byte for byte in JSON."""
        if self._encoding.format.spelling is not Spelling.JSON:
            self.pending += map(jsonl.decode, lines)
            return
        self._queue.append(self._encoded())
        self._queue.append(b"".join(lines))
        self.quiet_since = ""
        self._time = jsonl.time_of(lines[0])

    def _encoded(self) -> bytes:
        if not self.pending:
            return b""
        self.quiet_since = ""
        self._time = self.pending[0].time
        encoded = self._encoding.encode(self.pending)
        self.pending.clear()
        return encoded

    def _fitting(self, lines: bytes, size: int) -> int:
        """Return the length of the lines for which a part of this size has room."""
        limit = self._limit
        if limit is None or size + len(lines) <= limit:
            return len(lines)
        length = lines.rfind(b"\n", 0, max(0, limit - size)) + 1
        return length or (0 if size else lines.find(b"\n") + 1)

    def _write(self, segment: Segment, length: int) -> None:
        queue, size = self._queue, segment.size
        try:
            segment.write(queue.front[:length])
        finally:
            queue.front = queue.front[segment.size - size :]

    # -- a disk that refuses -----------------------------------------------------------

    def hold(self) -> None:
        """Encode the pending events, and keep all lines in the backlog."""
        self._queue.hold()
        self._queue.append(self._encoded())

    def adopt(self) -> None:
        """Take up the lines that an earlier run left in the spool."""

        def last(size: int) -> bytes:
            place, suffix = self._place, self._encoding.suffix
            parts = parts_in(place.directory, self.period.name, suffix, place.of_class)
            return last_lines(place.directory, parts, size)

        torn = self._queue.resume(last)
        self._queue.append(self._file.recovered(torn, 0, self._time))

    # -- the file ----------------------------------------------------------------------

    def expose(self) -> None:
        """Leave to be synced the bytes that were written to the open file."""
        self._file.expose()

    def seen_in_place(self, item: Unsynced) -> None:
        """Note that the file was found under its name when it had the bytes of `item`."""
        self._file.seen_in_place(item)

    def rescue(self) -> int | None:
        """Leave a file that has lost its name; return how many lines are written again.

        None if it is in its place.
        """
        return self._file.rescue(self._time)

    def release(self) -> None:
        """Close the file until it is needed again; its bytes are left to be synced."""
        self._file.release(self._time)

    def finish(self) -> None:
        """Close the file for good: nothing more is appended to it."""
        self._file.leave(self._time)
        self._queue.close()


def _backlog(
    place: StreamKey,
    period: Period,
    encoding: Encoding,
    archive: Archive,
    left: LeftSpool | None,
) -> Backlog:
    system, exposed, spool_dir = archive.system, archive.exposed, archive.storage.spool_dir
    if left is not None:
        return SpoolFile(left.directory, left.belonging, system=system, exposed=exposed)
    if spool_dir is None:
        return Backlog()
    belonging = Belonging(
        root=path_name(archive.storage.root),
        directory=path_name(place.directory),
        network=place.network,
        target=place.target,
        history=place.history,
        period=period.name,
        suffix=encoding.suffix,
        of_class=place.of_class,
    )
    return SpoolFile(spool_dir, belonging, system=system, exposed=exposed)
