"""Lines brought into the order of time, however many they are.

What is too much for memory waits in temporary files, which have no names and
so are gone whatever happens.
"""

from __future__ import annotations

import heapq
from typing import IO, TYPE_CHECKING, Any, Final, NamedTuple

from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_IN_MEMORY: Final = 16 * 1024 * 1024
_OVERHEAD: Final = 200  # bytes of a line's objects


class TimedLine(NamedTuple):
    """A line of JSONL and the time of its event."""

    time: str
    line: bytes


def in_order(
    lines: Iterable[TimedLine], *, newest_first: bool = False, limit: int = _IN_MEMORY
) -> Iterator[TimedLine]:
    """Yield lines in order of time, those of one time as they came; or exactly the other way.

    About `limit` bytes of them are in memory at once.
    """
    runs: list[Iterable[TimedLine]] = []
    held: list[TimedLine] = []
    size = 0
    for each in lines:
        held.append(each)
        size += len(each.line) + _OVERHEAD
        if size >= limit:
            runs.append(_kept(_sorted(held, newest_first=newest_first)))
            held, size = [], 0
    runs.append(_sorted(held, newest_first=newest_first))
    if len(runs) == 1:
        return iter(runs[0])
    # Of one time, what comes from an earlier run goes first.
    runs = runs[::-1] if newest_first else runs
    return heapq.merge(*runs, key=_time, reverse=newest_first)


def turned_round(lines: Iterable[bytes], *, limit: int = _IN_MEMORY) -> Iterator[bytes]:
    """Yield lines in the opposite order, the last one first.

    About `limit` bytes of them are in memory at once.
    """
    runs: list[Iterable[bytes]] = []
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line) + _OVERHEAD
        if size >= limit:
            runs.append(_stored(reversed(held)))
            held, size = [], 0
    yield from reversed(held)
    for run in reversed(runs):
        yield from run


def _sorted(lines: list[TimedLine], *, newest_first: bool) -> list[TimedLine]:
    lines.sort(key=_time)
    return lines[::-1] if newest_first else lines


def _time(line: TimedLine) -> str:
    return line.time


def _kept(lines: Iterable[TimedLine]) -> Iterator[TimedLine]:
    """Put lines into a file at once, and read them back when they are asked for."""
    return (TimedLine(jsonl.time_of(line), line) for line in _stored(each.line for each in lines))


def _stored(lines: Iterable[bytes]) -> Iterator[bytes]:
    import tempfile

    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the iterator
    file.writelines(part for line in lines for part in (line, b"\n"))
    file.seek(0)
    return _read_back(file)


def _read_back(file: IO[Any]) -> Iterator[bytes]:
    with file:
        for line in file:
            yield line[:-1]
