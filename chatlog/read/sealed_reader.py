"""Sealed segments as readers see them: compressed streams, that never change.

Nothing here writes. Where one takes the place of parts that were being
followed, what was read of those is not new in it.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from contextlib import suppress
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatlog.archive import manifest
from chatlog.archive.bounded_lines import LONGEST_LINE
from chatlog.archive.compression import DamagedError, compression_of
from chatlog.archive.layout import parse_segment
from chatlog.archive.manifest_view import ManifestView
from chatlog.formats import jsonl
from chatlog.read.copies import lacking
from chatlog.read.lines import all_lines, blocks_in, whole_lines
from chatlog.read.positions import DIGEST
from chatlog.read.segment_reader import MOST_BYTES, Entry, SegmentReader, TooMuchError, digests_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatlog.archive.manifest_entries import SealedPart
    from chatlog.event import Event
    from chatlog.query.noise import Shown
    from chatlog.read.lines import Skipped
    from chatlog.read.positions import Read

_KEPT: Final = 1024 * 1024
_AT_ONCE: Final = 256 * 1024
_ALL: Final = 2**62
_COMPRESSED: Final = 20  # bytes that a line takes in a compressed file, as a rule


class Sealed(SegmentReader):
    """One sealed segment. It is read from its beginning, by blocks.

    Where its bytes are not as they were written, the lines before that are
    given, and the lines behind are counted as the manifest says, or estimated by
    the bytes that were not read. If there is a copy in another format, the events
    that it has beyond those lines, and beyond the segments beside this one, are
    given instead. `read_to` counts what is in it, `digests` are of lines that were
    read elsewhere.
    """

    is_sealed = True
    is_damaged = False
    _not_before = ""
    _unread: Iterator[tuple[int, bytes]] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it must be read from its beginning to its end."""
        return True

    def remember(self) -> None:
        """Need nothing: a sealed segment is not merged into another."""

    def resume(self, read: Read) -> None:
        """Continue from the position of another reader."""
        self.read_to, self.last_time = read.position, read.last_time
        self.digests = bytearray(read.digests)

    def mark(self) -> None:
        """Take everything for read: a sealed segment gets no more."""
        self._unread = None
        self.digests = None
        self.read_to = _ALL

    def last(self, count: int, most: int = MOST_BYTES, shown: Shown | None = None) -> list[Entry]:
        """Return at least the last `count` events, only `shown` ones; nothing is `new` then.

        Raise TooMuchError if the lines have more than `most` bytes.
        """
        self.mark()
        newest_first = reversed(self._tail(count, most, shown))
        lines = self._last_lines(newest_first, count, most, shown)
        self._order = self._order_after(newest_first)
        return self._shown_entries(reversed(lines), shown)

    def _tail(self, count: int, most: int, shown: Shown | None) -> list[bytes]:
        """Return at least the last lines; those of copies, which come last, among the others."""
        if shown is not None and not self.is_steady:
            count = _ALL  # a line that is not shown may date the ones behind it
            shown = None
        messages = self._messages(self._all_lines())
        lines = (line for line in messages if shown is None or self._may_show(line, shown))
        groups = groupby(lines, lambda _: self.is_damaged)
        tails = [_tail(lines, count, most) for _, lines in groups]
        kept = [*chain.from_iterable(tails)]
        return sorted(kept, key=self._time_of) if len(tails) > 1 else kept

    def _may_show(self, line: bytes, shown: Shown) -> bool:
        """Return whether a line is shown, or is damaged and thus to be counted."""
        if self.format.is_json and shown.takes_all(jsonl.type_of(line)):
            return True
        event = self._event(line, counts_damage=False)
        return event is None or shown.holds(event)

    def _time_of(self, line: bytes) -> str:
        event = self._event(line, counts_damage=False)
        return event.time if event is not None else ""

    def follow_on(
        self, parts: Iterable[SealedPart], known: Mapping[str, SegmentReader | None]
    ) -> None:
        """Mark the lines as read that were read in the parts merged into this segment."""
        made_of = [(known.get(part.segment), part.bytes) for part in parts]
        read = [source for source, _ in made_of if source is not None and source.read_to]
        if not read:
            return
        if all(source.digests for source in read):
            self.digests = bytearray().join(source.digests or b"" for source in read)
        elif all(source is not None and source.read_to == size for source, size in made_of):
            self.mark()
        elif len(made_of) == 1:
            self.read_to = read[0].read_to
        elif len(read) == len(made_of):
            # Rather shown twice than not at all: lines of parts are merged by time.
            self._not_before = min(
                source.last_time
                for source, size in made_of
                if source is not None and source.read_to != size
            )

    def _new_lines(self) -> list[bytes]:
        if self.read_to == _ALL:
            return []
        if self._unread is None:
            self._unread = self._behind(self.read_to)
        lines: list[bytes] = []
        size = 0
        mark = self.format.continued
        for end, line in self._unread:
            is_cut = bool(mark) and mark in line and size <= LONGEST_LINE
            if size > _AT_ONCE and not is_cut:
                self._unread = chain([(end, line)], self._unread)
                return lines
            self.read_to = end
            lines.append(line)
            size += len(line)
        self.mark()
        return lines

    def _behind(self, begin: int) -> Iterator[tuple[int, bytes]]:
        """Yield the unread lines behind a position, each with the position of its end."""
        end, skip = 0, Counter(_cut(self.digests or b""))
        for line in self._all_lines():
            end += len(line) + 1
            if (skip and _took(skip, line)) or end <= begin or self._is_early(line):
                continue
            yield end, line

    def _is_early(self, line: bytes) -> bool:
        if not self._not_before:
            return False
        event = self._event(line)
        return event is None or event.time < self._not_before

    def blocks(self, stretch: tuple[int, int] | None = None) -> Iterator[bytes]:
        """Yield the whole segment, in blocks of whole lines."""
        if stretch:
            raise ValueError("a compressed segment is read as a whole")
        with self._opened() as fd:
            self.is_gone = fd is None and self.path not in self._damaged.refused
            if fd is None:
                return
            compressed, lines, self.is_damaged = _Counted(fd), 0, False
            try:
                for block in self._intact(compressed, self._skip):
                    lines += block.count(b"\n")
                    yield block
            except DamagedError:
                self.is_damaged = True
                copies = list(self.copies())
                self._lose_rest(lines, compressed, copies[0].path if copies else "")
                if copies:
                    os.lseek(fd, 0, os.SEEK_SET)
                    yield from self._from_copies(fd, copies)

    def _intact(self, compressed: Iterable[bytes], skipped: Skipped) -> Iterator[bytes]:
        """Yield blocks of whole lines; raise DamagedError where the bytes are not as written."""
        segment = parse_segment(self.path.rpartition("/")[2])
        way = compression_of(segment.compression if segment else "")
        yield from self._uncut(whole_lines(way.decompressed(compressed), skipped))

    def _from_copies(self, fd: int, copies: Sequence[SegmentReader]) -> Iterator[bytes]:
        """Yield the events that only the copies have, as lines of this segment's format.

        Of several damaged parts of a period, the first one gives what all of them lack.
        """
        beside = list(self.beside())
        read = chain(self._read_again(fd), self._events_of(beside))
        copied = self._events_of(copies)
        for event in lacking(read, copied, copies[0].format):
            if any(map(self._gives_instead, beside)):
                return
            yield jsonl.encode([event])

    def _events_of(self, segments: Iterable[SegmentReader]) -> Iterator[Event]:
        return (event for each in segments for event in each.between(self.start, self.end))

    def _gives_instead(self, other: SegmentReader) -> bool:
        """Return whether another segment, read by now, gives the events that both lack."""
        is_damaged = isinstance(other, Sealed) and other.is_damaged
        is_same = (other.start, other.end) == (self.start, self.end)
        return is_damaged and is_same and (other.part, other.path) < (self.part, self.path)

    def _read_again(self, fd: int) -> Iterator[Event]:
        """Yield the events before the damage; its lines are counted already."""
        with suppress(DamagedError):
            for block in self._intact(blocks_in(fd), _count_nothing):
                for line in all_lines(block):
                    with suppress(ValueError):
                        yield self._decode(line, "")

    def _lose_rest(self, lines: int, compressed: _Counted, copy: str) -> None:
        """Count the lines behind damage: as the manifest says, else by the bytes not read."""
        directory, _, name = self.path.rpartition("/")
        entry = ManifestView(directory, manifest.read(Path(directory))).sealed.get(name)
        if entry is not None and entry.content.lines > lines:
            self._damaged.add(self.path, entry.content.lines - lines, copy=copy)
            return
        read, unread = compressed.read, compressed.size - compressed.read
        estimate = lines * unread // read if lines else unread // _COMPRESSED
        self._damaged.add(self.path, max(1, estimate), is_estimate=True, copy=copy)


class _Counted:
    """The blocks of an open file, and the number of bytes that were read so far."""

    def __init__(self, fd: int) -> None:
        self.size = os.fstat(fd).st_size
        self.read = 0
        self._fd = fd

    def __iter__(self) -> Iterator[bytes]:
        for block in blocks_in(self._fd):
            self.read += len(block)
            yield block


def _count_nothing() -> None:
    """Count no line that is too long: it was counted before."""


def _tail(lines: Iterator[bytes], count: int, most: int) -> deque[bytes]:
    """Keep the last lines: as many as asked for, or 1 MiB if that is more."""
    kept: deque[bytes] = deque()
    size = 0
    for line in lines:
        kept.append(line)
        size += len(line)
        while len(kept) > count and size - len(kept[0]) > _KEPT:
            size -= len(kept.popleft())
        if size > most:
            raise TooMuchError
    return kept


def _cut(digests: bytes | bytearray) -> Iterator[bytes]:
    return (bytes(digests[at : at + DIGEST]) for at in range(0, len(digests), DIGEST))


def _took(digests: Counter[bytes], line: bytes) -> bool:
    """Take the digest of a line out, where it is there."""
    digest = digests_of([line])
    count = digests.pop(digest, 0)
    if count > 1:
        digests[digest] = count - 1
    return count > 0
