"""PageQueue: playback that waits for its turn, in bounded memory, and then on disk.

A bouncer may play back a hundred thousand lines faster than they can be compared
with the transcript. Pages beyond `MAX_IN_MEMORY` wait in a temporary file without a
name, which is gone whatever happens.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from chatlog.protocol.facts import HistoryPage, PlaybackLimits
from chatlog.protocol.history.pages import weight_of

if TYPE_CHECKING:
    from pathlib import Path

MAX_IN_MEMORY: Final = 16 * 1024 * 1024
"""Estimated bytes of the pages that wait in memory; further ones wait in a file."""

MAX_IN_FILE: Final = 64 * 1024 * 1024
"""Bytes of that file: some 200,000 lines. When it is full, nothing more is read."""

_PAGE: Final = 512  # estimated bytes of a page without its lines, or of limits

Played = HistoryPage | PlaybackLimits
"""Playback that came by itself: lines, or the limits of what the server keeps."""


class _Stored(NamedTuple):
    """A page in the file."""

    offset: int
    length: int


class PageQueue:
    """Pages and limits that wait, in order; `directory` is where the file is made.

    If its disk refuses the file, pages wait in memory, up to twice as many.
    """

    def __init__(
        self,
        directory: Path,
        max_in_memory: int = MAX_IN_MEMORY,
        max_in_file: int = MAX_IN_FILE,
    ) -> None:
        self._directory = directory
        self._max_in_memory = max_in_memory
        self._max_in_file = max_in_file
        self._waiting: deque[tuple[int, Played | _Stored]] = deque()
        self._in_memory = self._in_file = self._end = 0
        self._file: IO[Any] | None = None

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return bool(self._waiting)

    @property
    def is_full(self) -> bool:
        """Return whether nothing more should come for now."""
        return self._in_memory > 2 * self._max_in_memory or self._in_file > self._max_in_file

    def append(self, played: Played) -> None:
        """Add a page or limits behind all others."""
        lines = played.events if isinstance(played, HistoryPage) else []
        size = _PAGE + sum(map(weight_of, lines))
        if lines and self._in_memory + size > self._max_in_memory:
            stored = self._store(msgspec.msgpack.encode(played))
            if stored is not None:
                self._waiting.append((0, stored))
                return
        self._waiting.append((size, played))
        self._in_memory += size

    def first(self) -> Played:
        """Return the first page or limits, and keep them."""
        size, played = self._waiting[0]
        if isinstance(played, _Stored):
            played = self._load(played)
            self._waiting[0] = size, played
        return played

    def take(self) -> Played:
        """Return the first page or limits, and remove them."""
        played = self.first()
        size, _ = self._waiting.popleft()
        self._in_memory -= size
        return played

    def close(self) -> None:
        """Drop everything, with the file."""
        self._waiting.clear()
        self._in_memory = self._in_file = 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _store(self, page: bytes) -> _Stored | None:
        """Write a page to the file; return None if the disk refuses it."""
        try:
            if self._file is None:
                self._file = _unnamed_file(self._directory)
            self._file.seek(self._end)
            self._file.write(page)
            self._file.flush()
        except OSError:
            return None
        stored = _Stored(self._end, len(page))
        self._end += len(page)
        self._in_file += len(page)
        return stored

    def _load(self, stored: _Stored) -> HistoryPage:
        assert self._file is not None  # noqa: S101 - it has the page
        self._file.seek(stored.offset)
        page = msgspec.msgpack.decode(self._file.read(stored.length), type=HistoryPage)
        self._in_file -= stored.length
        if not self._in_file:
            self._end = 0
            with contextlib.suppress(OSError):  # the space is written again in any case
                self._file.truncate(0)
        return page


def _unnamed_file(directory: Path) -> IO[Any]:
    import tempfile

    return tempfile.TemporaryFile(dir=directory)
