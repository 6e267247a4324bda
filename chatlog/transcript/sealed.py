"""Sealed segments as readers see them: compressed streams, that never change.

Nothing here writes. Where one takes the place of parts that were being
followed, what was read of those is not new in it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from chatlog.transcript.compression import DamagedError, compression_of
from chatlog.transcript.layout import parse_segment
from chatlog.transcript.lines import blocks_in, lines_in, opened
from chatlog.transcript.sources import Entry, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_KEPT: Final = 1024 * 1024
_AT_ONCE: Final = 256 * 1024


class Sealed(Source):
    """One sealed segment. It is read from its beginning, by blocks.

    Where its bytes are not as they were written, the lines before that are
    given, and the file counts as damaged once.
    """

    def mark(self) -> None:
        """Take everything for read: a sealed segment gets no more."""
        self._unread: Iterator[bytes] = iter(())

    def last(self, count: int) -> list[Entry]:
        """Return at least the last `count` events; nothing is `new` then."""
        self.mark()
        lines = self._last_lines(reversed(_tail(self._all_lines(), count)), count)
        return list(self._entries(reversed(lines)))

    def follow_on(
        self, parts: Iterable[dict[str, Any]], known: Mapping[str, Source | None]
    ) -> None:
        """Take for read what was read of the parts that this one is made of."""
        read = [(known.get(str(part.get("segment"))), int(part.get("bytes", 0))) for part in parts]
        sources = [source for source, _ in read if source is not None and source.read_to]
        if len(read) == 1 and sources:
            self._unread = self._behind(sources[0].read_to)
        elif sources and all(source and source.read_to >= size for source, size in read):
            self.mark()
        elif sources:
            # Rather shown twice than not at all: lines of parts are merged by time.
            self._unread = self._since(max(source.last_time for source in sources))

    def _new_lines(self) -> list[bytes]:
        if not hasattr(self, "_unread"):
            self._unread = self._all_lines()
        lines, size = [], 0
        for line in self._unread:
            lines.append(line)
            size += len(line)
            if size > _AT_ONCE:
                break
        return lines

    def _all_lines(self) -> Iterator[bytes]:
        segment = parse_segment(self.path.rpartition("/")[2])
        way = compression_of(segment.compression if segment else "")
        with opened(self.path) as fd:
            if fd is None:
                return
            try:
                yield from lines_in(way.decompressed(blocks_in(fd)))
            except DamagedError:
                self._damaged[self.path] += 1

    def _behind(self, position: int) -> Iterator[bytes]:
        for line in self._all_lines():
            if position <= 0:
                yield line
            position -= len(line) + 1

    def _since(self, time: str) -> Iterator[bytes]:
        for line in self._all_lines():
            event = self._event(line, "")
            if event is not None and event.time >= time:
                yield line


def _tail(lines: Iterator[bytes], count: int) -> deque[bytes]:
    """Keep the last lines: as many as asked for, or 1 MiB if that is more."""
    kept: deque[bytes] = deque()
    size = 0
    for line in lines:
        kept.append(line)
        size += len(line)
        while len(kept) > count and size - len(kept[0]) > _KEPT:
            size -= len(kept.popleft())
    return kept
