"""One segment as readers see it: its last events, those that come after, those of a query.

Nothing here writes. A line that is no event, or is longer than `LONGEST_LINE`
bytes, is counted and passed over.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Final, cast

import msgspec

from chatlog.archive.bounded_lines import LONGEST_LINE
from chatlog.archive.files import open_with_size, opened, size_of, transcript_error
from chatlog.errors import TranscriptError
from chatlog.formats import jsonl
from chatlog.formats.table import format_of
from chatlog.read.line_order import LineOrder
from chatlog.read.lines import (
    BLOCK_READ,
    all_lines,
    backwards,
    end_of_lines,
    last_line,
    lines_after,
    whole_blocks,
)
from chatlog.read.message_lines import (
    joined,
    joined_backwards,
    lines_before_last,
    message_begins,
    whole_messages,
)
from chatlog.read.positions import DIGEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.archive.layout import Period, SegmentName
    from chatlog.event import Event
    from chatlog.formats.format import Brief, Decode
    from chatlog.query.noise import Shown
    from chatlog.query.predicates import Names
    from chatlog.query.selection import Query
    from chatlog.read.damaged_lines import DamagedLines
    from chatlog.read.lines import Sift, Skipped
    from chatlog.read.positions import Read

MOST_BYTES: Final = 64 * 1024 * 1024
"""How many bytes of lines `last` returns at most."""
_FETCHED: Final = 1024 * 1024
_BATCH: Final = 1000
_LATEST: Final = "9999-12-31T23:59:59.999Z"
_NEVER: Final = "\U0010ffff"


class TooMuchError(Exception):
    """Events that take more memory than the caller gives them."""


class Entry(msgspec.Struct, frozen=True):
    """An event and the line that holds it, without its newline."""

    event: Event
    line: bytes
    suffix: str

    @classmethod
    def of_json(cls, line: bytes) -> Entry:
        """Return the entry of a line of JSONL; ValueError if it is no event."""
        return cls(jsonl.decode(line), line, jsonl.SUFFIX)

    @property
    def json(self) -> bytes:
        """The event as a line of JSONL without its newline: the line itself if it is one."""
        return self.line if format_of(self.suffix).is_json else jsonl.encode([self.event])[:-1]


class DecodedBlock(msgspec.Struct, frozen=True):
    """Events of a segment, and their lines; None if a line does not hold all of an event."""

    events: Sequence[Event]
    lines: Sequence[bytes] | None


class SegmentReader:
    """One segment: its last events, and those that come after.

    `start` and `end` bound the times in it. What was read or marked is not
    `new`; of a segment never read or marked everything is. `read_to` is how
    many of its bytes that is, `last_time` the highest time among them, and
    `digests` tell those lines from others, where somebody asked to `remember`
    them. One that is not `is_steady` is text from when clocks were changed:
    there what a line means depends on the one before.
    """

    # What most never change: archives have many thousands of these.
    read_to = 0
    last_time = ""
    digests: bytearray | None = None
    inode = 0  # which file it was at the last look
    is_sealed = False
    is_gone = False  # there was no such file when it was to be read
    is_steady = True
    copies: Callable[[], Iterable[SegmentReader]] = tuple
    """Returns the readers of its copies in other formats, for the lines behind damage."""
    beside: Callable[[], Iterable[SegmentReader]] = tuple
    """Returns readers of the segments, no copies, whose events its copies may have as well."""
    _held: int | None = None  # open, whatever becomes of its name
    _order: LineOrder | None = None  # at `read_to`, once that is known

    def __init__(
        self, path: str, segment: SegmentName, period: Period, decode: Decode, damaged: DamagedLines
    ) -> None:
        self.path = path
        self.format = segment.format
        self.part = segment.part
        self.start = period.start
        self.end = period.end
        self._decode = decode
        self._damaged = damaged

    @property
    def suffix(self) -> str:
        """The ending of its name, before that of a compression."""
        return self.format.suffix

    def remember(self) -> None:
        """Begin to keep digests of the lines read."""
        self.digests = bytearray()

    def resume(self, read: Read) -> None:
        """Continue from the position of another reader."""
        self.read_to, self.last_time = read.position, read.last_time
        if self.digests is not None:
            self.digests = bytearray(read.digests)

    def goes_on(self) -> bool:
        """Return whether the lines read still stand before the unread ones."""
        with self._opened() as fd:
            return fd is None or self._goes_on(fd)

    def _goes_on(self, fd: int) -> bool:
        if not self.read_to:
            return True
        if end_of_lines(fd) < self.read_to or not ends_line(fd, self.read_to):
            return False
        line = last_line(fd, self.read_to)
        return not (line and self.digests) or digests_of([line]) == self.digests[-DIGEST:]

    def mark(self) -> None:
        """Mark all present lines as read."""
        with self._opened() as fd:
            if fd is not None:
                self._take(fd)
                self._order = self._order_after(backwards(fd, self.read_to, _count_nothing))
                if line := last_line(fd, self.read_to):
                    self._note(self._event(line, self._order))

    def _take(self, fd: int) -> None:
        if self.digests is None:
            self.read_to = end_of_lines(fd)
            return
        lines: list[bytes] | None = None
        while lines is None or lines:
            lines, self.read_to = lines_after(fd, self.read_to, self._skip)
            self.digests += digests_of(lines)

    def last(self, count: int, most: int = MOST_BYTES, shown: Shown | None = None) -> list[Entry]:
        """Return at least the last `count` events, only `shown` ones; `new` begins behind them.

        Live lines stand in the order of their times, and what was fetched later
        anywhere among them: it is searched through for as many live ones, or
        1 MiB. Raise TooMuchError if the lines have more than `most` bytes.
        """
        with self._opened() as fd:
            if fd is None:
                return []
            self._take(fd)
            if os.fstat(fd).st_size - self.read_to > LONGEST_LINE:
                self._skip()  # an unfinished line that is too long already
            newest_first = self._newest_messages(backwards(fd, self.read_to, self._skip))
            lines = self._last_lines(newest_first, count, most, shown)
            self._order = self._order_after(newest_first)
        return self._shown_entries(reversed(lines), shown)

    def _shown_entries(self, lines: Iterable[bytes], shown: Shown | None) -> list[Entry]:
        entries = self._entries(lines)
        return [each for each in entries if shown is None or shown.holds(each.event)]

    def _order_after(self, newest_first: Iterator[bytes]) -> LineOrder:
        """Return the order behind the last lines; a steady segment needs none.

        Read back until live and fetched lines tell their times by themselves, or for
        1 MiB if there are lines of one kind alone.
        """
        order, lines, size, told = LineOrder(), [], 0, set()
        for line in newest_first if not self.is_steady else ():
            event = self._event(line, counts_damage=False)
            if event is None:
                continue
            lines.append(line)
            size += len(line)
            if event.time == self._decode(line, _LATEST).time:
                told.add(bool(event.via))
            if len(told) > (size <= _FETCHED):
                break
        for line in reversed(lines):
            order.decode(line, self._decode)
        return order

    def _last_lines(
        self, newest_first: Iterable[bytes], count: int, most: int, shown: Shown | None
    ) -> list[bytes]:
        """Return the last lines with `count` that are shown among them, the newest first.

        Where a line means what the one before says, those that are not shown stay among them.
        """
        lines: list[bytes] = []
        found = live = size = 0
        for line in newest_first:
            event = self._event(line)
            if event is None:
                continue
            is_shown = shown is None or shown.holds(event)
            if not is_shown and self.is_steady:
                self._note(event)
                continue
            lines.append(line)
            found += is_shown
            live += is_shown and not event.via
            size += len(line)
            if live >= count or (found >= count and size > _FETCHED):
                break
            if size > most:
                raise TooMuchError
        return lines

    def new(self) -> list[Entry]:
        """Return some of the events that were not read yet; none when all were."""
        while lines := self._new_lines():
            if entries := list(self._entries(self._messages(lines))):
                return entries
        return []

    def _new_lines(self) -> list[bytes]:
        size = size_of(self.path) or 0
        if size == self.read_to:
            return []
        with self._opened() as fd:
            if fd is None or self.inode not in (0, os.fstat(fd).st_ino):
                return []  # the next look tells what became of it
            # Segments only grow: else it is another of the same name.
            if size < self.read_to or (self.digests and not self._goes_on(fd)):
                self.read_to, self._order = 0, None
                self.digests = None if self.digests is None else bytearray()
            if self._order is None:
                self._order = self._order_after(backwards(fd, self.read_to, _count_nothing))
            lines, self.read_to = lines_after(fd, self.read_to, self._skip)
            if self.read_to < size:
                lines = self._without_cut(lines)
        if self.digests is not None:
            self.digests += digests_of(lines)
        return lines

    def _without_cut(self, lines: list[bytes]) -> list[bytes]:
        """Leave the last of several messages unread: it may go on in the next lines."""
        if mark := self.format.continued:
            whole = lines_before_last(lines, mark)
            if whole > 0:
                self.read_to -= sum(len(line) + 1 for line in lines[whole:])
                return lines[:whole]
        return lines

    def between(self, start: str, end: str) -> Iterator[Event]:
        """Yield the events of `[start, end)`, in the order of the file; nothing is marked."""
        low, high = start.encode(), end.encode()
        head, time, order = self.format.head, self.format.time, LineOrder()
        for line in self._messages(self._all_lines()):
            if head and line.startswith(head) and not low <= line[time] < high:
                continue  # told without decoding it
            event = self._event(line, order)
            if event is not None and start <= event.time < end:
                yield event

    def matching(
        self, query: Query, sift: Sift, names: Names, stretch: tuple[int, int] | None = None
    ) -> Iterator[Entry]:
        """Yield the entries that match a query, in the order of the file, and mark none.

        `sift` is what `sieve_for` makes of the query for this format; `stretch`
        limits it to the lines that begin in these bytes.
        """
        order = LineOrder()
        sift = sift if self.is_steady else all_lines
        mark = self.format.continued
        for block in self.blocks(stretch):
            # A message matches as a whole, and one of its lines does not tell that.
            lines = joined(all_lines(block), mark) if mark and mark in block else sift(block)
            if lines:
                yield from self.entries_of(lines, query, names, order)

    def entries_of(
        self, lines: Iterable[bytes], query: Query, names: Names, order: LineOrder
    ) -> Iterator[Entry]:
        """Yield the entries of messages, in order, that match a query; count those with damage."""
        since, until = query.since, query.until or _NEVER
        low, high = since.encode(), until.encode()
        head, time = self.format.head, self.format.time
        holds = query.term.holds
        for line in lines:
            if head and line.startswith(head) and not low <= line[time] < high:
                continue
            event = self._event(line, order)
            if event is None:
                continue
            if since <= event.time < until and holds(event, names):
                yield Entry(event, line, self.format.suffix)

    def decoded_blocks(self) -> Iterator[DecodedBlock]:
        """Yield all lines in the order of the file, some at once; damaged ones are counted."""
        decode_lines = self.format.decode_lines
        if decode_lines is None:
            events = self.between("", _NEVER)
            while some := list(islice(events, _BATCH)):
                yield DecodedBlock(some, None)
            return
        for block in self.blocks():
            lines = block.split(b"\n")[:-1]
            try:
                yield DecodedBlock(decode_lines(block), lines)
            except ValueError:
                found = [(event, line) for line in lines if (event := self._event(line))]
                yield DecodedBlock([event for event, _ in found], [line for _, line in found])

    def batches(
        self, query: Query, sift: Sift, names: Names, stretch: tuple[int, int] | None = None
    ) -> Iterator[Sequence[Event | Brief]]:
        """Yield batches of matching events, decoded briefly or block by block if that suffices."""
        decode, decode_lines = self.format.decode_block, self.format.decode_lines
        if decode is not None and query.is_everything:
            for block in self.blocks(stretch):
                yield self._matches(block, query, names, decode)
            return
        if decode_lines is not None and sift is all_lines:
            for block in self.blocks(stretch):
                yield self._matches(block, query, names, decode_lines)
            return
        entries = self.matching(query, sift, names, stretch)
        batch: list[Event | Brief] = []
        size = 0
        for entry in entries:
            batch.append(entry.event)
            size += len(entry.line)
            if len(batch) == _BATCH or size >= _FETCHED:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _matches(
        self,
        block: bytes,
        query: Query,
        names: Names,
        decode: Callable[[bytes], Sequence[Event]] | Callable[[bytes], Sequence[Brief]],
    ) -> Sequence[Event | Brief]:
        """Return the matches among whole lines, each of which may be one.

        Where not all lines are events, they are decoded one by one, and the same damage is
        counted as by `matching`.
        """
        found: Sequence[Event | Brief]
        try:
            found = decode(block)
        except ValueError:
            lines = all_lines(block)
            return [each.event for each in self.entries_of(lines, query, names, LineOrder())]
        if query.since or query.until:
            since, until = query.since, query.until or _NEVER
            found = [each for each in found if since <= each.time < until]
        if query.is_everything:
            return found
        holds = query.term.holds
        return [each for each in found if holds(cast("Event", each), names)]

    def size(self) -> int:
        """Return the present length of the file in bytes."""
        return size_of(self.path) or 0

    @property
    def is_whole(self) -> bool:
        """Whether it must be read from its beginning to its end."""
        return self.format.decode_line is None

    def hold(self) -> bool:
        """Keep the file open until `let_go`, so that it can be read; False where it is gone."""
        if self._held is None:
            with self._opened() as fd:
                self._held = None if fd is None else os.dup(fd)
        return self._held is not None or self.path in self._damaged.refused

    def let_go(self) -> None:
        """Need the file no more."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def blocks(self, stretch: tuple[int, int] | None = None) -> Iterable[bytes]:
        """Return the file, or the lines that begin in these bytes, as blocks of whole lines."""
        if self._held is not None:
            return self._uncut(_blocks_of(self._held, stretch, self._skip, self.format.continued))
        # Without `_opened`, whose context managers cost as much as the system calls, and
        # without generators: an archive has many thousands of small files.
        fd, size = self._open()
        if fd < 0:
            return ()
        if stretch is None and size <= BLOCK_READ:
            return self._only_block(fd, size)
        return self._blocks(fd, size, stretch)

    def _only_block(self, fd: int, size: int) -> tuple[bytes, ...]:
        """Return the whole lines of a small file, and close it."""
        try:
            block = os.pread(fd, size, 0)
        except OSError as error:
            raise transcript_error(self.path, error, doing="read") from error
        finally:
            os.close(fd)
        whole = block.rfind(b"\n") + 1
        if not whole:
            return ()
        return (block if whole == len(block) else block[:whole],)

    def _blocks(self, fd: int, size: int, stretch: tuple[int, int] | None) -> Iterator[bytes]:
        """Yield blocks of whole lines of a file, or of a stretch, and close the file."""
        try:
            mark = self.format.continued
            yield from self._uncut(_blocks_of(fd, stretch, self._skip, mark, size))
        except OSError as error:
            raise transcript_error(self.path, error, doing="read") from error
        finally:
            os.close(fd)

    def _open(self) -> tuple[int, int]:
        """Return a descriptor and the length of the file; -1 if it is gone or refused."""
        try:
            with_size = open_with_size(self.path)
        except TranscriptError as error:
            self._damaged.refused[self.path] = str(error)
            with_size = None
        self.is_gone = with_size is None and self.path not in self._damaged.refused
        return with_size or (-1, 0)

    def _all_lines(self) -> Iterator[bytes]:
        for block in self.blocks():
            yield from block.split(b"\n")[:-1]

    def _messages(self, lines: Iterable[bytes]) -> Iterable[bytes]:
        """Return lines in order, those of one message joined by their newlines."""
        mark = self.format.continued
        return joined(lines, mark) if mark else lines

    def _newest_messages(self, newest_first: Iterator[bytes]) -> Iterator[bytes]:
        """Return messages, the last first, of lines of which the last comes first."""
        mark = self.format.continued
        return joined_backwards(newest_first, mark) if mark else newest_first

    def _uncut(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Return blocks of whole lines as blocks of whole messages."""
        mark = self.format.continued
        return whole_messages(blocks, mark) if mark else blocks

    def _entries(self, lines: Iterable[bytes]) -> Iterator[Entry]:
        """Yield the events of messages, each a line or the lines of a whole one."""
        order = self._order = self._order or LineOrder()
        for line in lines:
            event = self._event(line, order)
            if event is not None:
                self._note(event)
                yield Entry(event, line, self.format.suffix)

    def _note(self, event: Event | None) -> None:
        if event is not None:
            self.last_time = max(self.last_time, event.time)

    def _event(
        self, line: bytes, order: LineOrder | None = None, *, counts_damage: bool = True
    ) -> Event | None:
        """Return the event of a line, dated by those before it; None for a damaged line."""
        try:
            if order is None or self.is_steady:
                return self._decode(line, "")
            return order.decode(line, self._decode)
        except ValueError:
            if counts_damage:
                self._skip()
            return None

    @contextmanager
    def _opened(self) -> Iterator[int | None]:
        """Open the file; yield None if it is gone, or cannot be opened, which is noted."""
        with ExitStack() as stack:
            try:
                fd = stack.enter_context(opened(self.path))
            except TranscriptError as error:
                self._damaged.refused[self.path] = str(error)
                fd = None
            yield fd

    def _skip(self) -> None:
        self._damaged[self.path] += 1


def _count_nothing() -> None:
    """Count no line that is too long: it was counted, or is not asked for."""


def _blocks_of(
    fd: int,
    stretch: tuple[int, int] | None,
    skipped: Skipped,
    mark: bytes,
    size: int | None = None,
) -> Iterator[bytes]:
    """Yield a stretch of a file, all if it is None; `size` is the length, None if unknown."""
    if stretch is None:
        return whole_blocks(fd, skipped, end=size)
    low, high = stretch
    # A message may be longer than many stretches: only the one in which it begins reads it.
    begin = message_begins(fd, low, mark, high)
    if begin >= high:
        return iter(())
    return whole_blocks(fd, skipped, begin, message_begins(fd, high, mark))


def digests_of(lines: Iterable[bytes]) -> bytes:
    """Return the digests of lines, `DIGEST` bytes each."""
    from hashlib import blake2b

    return b"".join(blake2b(line, digest_size=DIGEST).digest() for line in lines)


def ends_line(fd: int, at: int) -> bool:
    """Return whether a line ends before a position."""
    return os.pread(fd, 1, at - 1) == b"\n"


def start_of(source: SegmentReader) -> str:
    """Return the earliest time of a segment."""
    return source.start


def end_of(source: SegmentReader) -> str:
    """Return the end of a segment's times."""
    return source.end
