"""Lines of an archive in the order of time, some at once, in bounded memory.

The order is that of `search`: by time, those of one time as the targets stand, then
the parts, then the lines.
"""

from __future__ import annotations

import tempfile
from bisect import bisect_left
from itertools import accumulate, islice, takewhile
from typing import TYPE_CHECKING, Final

from chatlog.archive.files import reported
from chatlog.formats import jsonl
from chatlog.search.external_sort import TimedLine, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.event import Event
    from chatlog.formats.format import Brief
    from chatlog.read.segment_reader import SegmentReader

    Records = Sequence[Event | Brief]
    Read = Callable[[SegmentReader], Iterator["LineBlock"]]
    """Yields the lines of a segment that are exported, in the order of its file."""

_HELD: Final = 16 * 1024 * 1024
_AT_ONCE: Final = 1000  # lines


class LineBlock:
    """Some lines of JSONL with their newlines, and a record of each.

    The records are events, unless the export needs no more than the times of lines. A block
    that is not given is encoded from the events when it is asked for.
    """

    __slots__ = ("_block", "records")

    records: Records

    def __init__(self, records: Records, block: bytes | None = None) -> None:
        self.records = records
        self._block = block

    def __len__(self) -> int:
        return len(self.records)

    @property
    def events(self) -> Sequence[Event]:
        """The events of the lines."""
        return self.records  # type: ignore[return-value] # briefs are for those who ask for none

    @property
    def block(self) -> bytes:
        """The lines as they are in the archive, or as they would be."""
        if self._block is None:
            self._block = jsonl.encode(self.events)
        return self._block

    @property
    def size(self) -> int:
        """The number of bytes of the lines."""
        return len(self.block)

    def single(self) -> list[bytes]:
        """Return each line with its newline."""
        if b"\r" in self.block:  # between keys, in a line that another program wrote
            return [line + b"\n" for line in self.block.split(b"\n")[:-1]]
        return self.block.splitlines(keepends=True)

    def are_in_order(self) -> bool:
        """Return whether no line is earlier than the one before it."""
        times = [each.time for each in self.records]
        return times == sorted(times)

    def between(self, since: str, until: str) -> LineBlock:
        """Return the lines of `[since, until)`; an empty bound is none."""
        kept = [
            number
            for number, each in enumerate(self.records)
            if since <= each.time and not (until and each.time >= until)
        ]
        if len(kept) == len(self.records):
            return self
        lines = self.single()
        records = [self.records[number] for number in kept]
        return LineBlock(records, b"".join([lines[number] for number in kept]))

    def cut(self, at: int) -> tuple[LineBlock, LineBlock]:
        """Return the first lines, and the others."""
        lines = self.single()
        first, rest = b"".join(lines[:at]), b"".join(lines[at:])
        return LineBlock(self.records[:at], first), LineBlock(self.records[at:], rest)

    def fitting(self, room: int) -> int:
        """Return the number of first lines that have no more bytes than there is room."""
        if self.size <= room:
            return len(self)
        ends = accumulate(map(len, self.single()))
        return sum(1 for _ in takewhile(lambda end: end <= room, ends))

    def before(self, time: str) -> int:
        """Return the number of lines before a time, of lines in order."""
        return bisect_left(self.records, time, key=lambda each: each.time)


def in_time(sources: Sequence[SegmentReader], read: Read) -> Iterator[LineBlock]:
    """Yield the lines of segments in order of time, each segment read once or twice."""
    for wave in _waves(sources):
        yield from _of_wave(wave, read)


def _waves(sources: Sequence[SegmentReader]) -> Iterator[list[SegmentReader]]:
    """Cut segments into those of which all times are before those of the next ones.

    Within a wave they stand as they were given.
    """
    places = {id(source): number for number, source in enumerate(sources)}
    wave: list[SegmentReader] = []
    end = ""
    for source in sorted(sources, key=lambda each: each.start):
        if wave and source.start >= end:
            yield sorted(wave, key=lambda each: places[id(each)])
            wave = []
        end = max(end, source.end) if wave else source.end
        wave.append(source)
    if wave:
        yield sorted(wave, key=lambda each: places[id(each)])


def _of_wave(wave: Sequence[SegmentReader], read: Read) -> Iterator[LineBlock]:
    """Yield the lines of segments whose times overlap: in memory, unless they are many."""
    held: list[LineBlock] = []
    size = 0
    for lines in (lines for source in wave for lines in read(source)):
        held.append(lines)
        size += lines.size
        if size > _HELD:
            break
    else:
        yield from _in_memory(held)
        return
    held.clear()
    if _stand_in_order(lines for source in wave for lines in read(source)):
        yield from (lines for source in wave for lines in read(source))
    else:
        yield from _by_files(lines for source in wave for lines in read(source))


def _stand_in_order(some: Iterable[LineBlock]) -> bool:
    """Return whether lines are in order of time as they come."""
    last = ""
    for lines in some:
        if len(lines):
            if lines.records[0].time < last or not lines.are_in_order():
                return False
            last = lines.records[-1].time
    return True


def _in_memory(held: Sequence[LineBlock]) -> Iterator[LineBlock]:
    """Yield lines in order of time; those that are in order already as they stand."""
    if _stand_in_order(held):
        yield from held
        return
    records = [each for lines in held for each in lines.records]
    lines = [line for lines in held for line in lines.single()]
    order = sorted(range(len(records)), key=lambda number: records[number].time)
    for begin in range(0, len(order), _AT_ONCE):
        some = order[begin : begin + _AT_ONCE]
        block = b"".join([lines[number] for number in some])
        yield LineBlock([records[number] for number in some], block)


def _by_files(unsorted: Iterable[LineBlock]) -> Iterator[LineBlock]:
    """Yield lines in order of time, sorted by way of temporary files."""
    timed = (
        TimedLine(record.time, line[:-1])
        for lines in unsorted
        for record, line in zip(lines.records, lines.single(), strict=True)
    )
    with reported(tempfile.gettempdir(), advice="make room there, or set TMPDIR"):
        ordered = in_order(timed)
        while some := [each.line for each in islice(ordered, _AT_ONCE)]:
            yield LineBlock([jsonl.decode(line) for line in some], b"\n".join([*some, b""]))
