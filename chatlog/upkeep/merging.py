"""The lines of several parts as one, in order of time, with nothing left out or altered.

Nothing here writes. The order within a live part is that in which its lines
came, and is kept even where its times go back; what was fetched later is put
in order first, as far as it is no more than 64 MiB.
"""

from __future__ import annotations

import hashlib
import heapq
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from chatlog.archive.files import reported, size_of
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_HEAD: Final = b'{"time":"'
_TIME: Final = slice(len(_HEAD), len(_HEAD) + len("2026-11-23T18:20:01.123Z"))
_SORTED: Final = 64 * 1024 * 1024
_BLOCK: Final = 256 * 1024

_Timed = tuple[bytes, bytes]


class Tally:
    """What lines that pass are together: digest, counts, and where they are `timed`, of when."""

    def __init__(self, *, timed: bool) -> None:
        self._timed = timed
        self.bytes = 0
        self.lines = 0
        self._digest = hashlib.sha256()
        self._first = b""
        self._last = b""

    @property
    def sha256(self) -> str:
        """The SHA-256 of everything that passed."""
        return self._digest.hexdigest()

    @property
    def first(self) -> str:
        """The lowest time of all; "" where no line has one."""
        return self._first.decode("ascii", "replace")

    @property
    def last(self) -> str:
        """The highest time of all; "" where no line has one."""
        return self._last.decode("ascii", "replace")

    def counted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Pass lines on, many at once."""
        block = bytearray()
        for line in lines:
            block += line
            self.lines += 1
            if self._timed and (time := time_of(line)):
                self._first = min(self._first or time, time)
                self._last = max(self._last, time)
            if len(block) >= _BLOCK:
                yield self._passed(block)
        yield self._passed(block)

    def _passed(self, block: bytearray) -> bytes:
        data = bytes(block)
        block.clear()
        self._digest.update(data)
        self.bytes += len(data)
        return data


def time_of(line: bytes) -> bytes:
    """Say of when a line of JSONL is; empty for what is no event."""
    if line.startswith(_HEAD):
        return line[_TIME]
    try:
        return jsonl.decode(line).time.encode()
    except ValueError:
        return b""


def lines_of(paths: list[Path]) -> Iterator[bytes]:
    """Yield all lines of some parts, with their newlines: those of several merged by time."""
    if len(paths) == 1:
        return _lines(paths[0])
    merged = heapq.merge(*(_timed(path) for path in paths), key=itemgetter(0))
    return (line for _, line in merged)


def _lines(path: Path) -> Iterator[bytes]:
    with reported(path, doing="read"), path.open("rb", buffering=_BLOCK) as file:
        yield from file


def _timed(path: Path) -> Iterator[_Timed]:
    if _is_history(path) and (size_of(path) or 0) <= _SORTED:
        return iter(sorted(_in_order(path, keep=False), key=itemgetter(0)))
    return _in_order(path, keep=True)


def _in_order(path: Path, *, keep: bool) -> Iterator[_Timed]:
    """Yield each line with its time; to keep the order, with the highest so far."""
    latest = b""
    for line in _lines(path):
        time = time_of(line)
        latest = max(latest, time) if keep else time or latest
        yield latest, line


def _is_history(path: Path) -> bool:
    for line in _lines(path):
        try:
            return bool(jsonl.decode(line).via)
        except ValueError:
            return False
    return False
