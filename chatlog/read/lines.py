"""Whole lines of a file that others append to: from its end, and those that came since.

Nothing here writes, and what a line means is not its business. A last line
without its newline is still being written, and there is none such here. A line of
more than `LONGEST_LINE` bytes is passed over in constant memory, and `skipped` is
called for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from chatlog.archive.bounded_lines import LONGEST_LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Skipped = Callable[[], object]
    """Called for each line that is too long, and passed over."""

    Sift = Callable[[bytes], Iterable[bytes]]
    """Takes whole lines, and returns those that may match, without newlines."""

_BLOCK: Final = 64 * 1024
_PROBE: Final = 1024
_SHORT: Final = 4096
_AT_ONCE: Final = 256 * 1024
BLOCK_READ: Final = 112 * 1024
"""Bytes that are read at once; the C library maps more anew each time, and the kernel clears it."""


def end_of_lines(fd: int) -> int:
    """Return the end of the last whole line."""
    end, size = os.fstat(fd).st_size, _PROBE
    while end > 0:
        start = max(0, end - size)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end, size = start, _BLOCK
    return 0


def last_line(fd: int, end: int) -> bytes:
    """Read the line before `end`, where one ends; empty for one that is longer than 4 KiB."""
    start = max(0, end - _SHORT)
    lines = os.pread(fd, end - start, start).split(b"\n")
    return lines[-2] if len(lines) > 2 or (start == 0 and len(lines) > 1) else b""  # noqa: PLR2004


def backwards(fd: int, end: int, skipped: Skipped) -> Iterator[bytes]:
    """Yield the lines before `end`, where one ends, the last first and without newlines."""
    end -= 1
    if end < 0:
        return
    pieces: list[bytes] = []  # of a line that begins further ahead, the last first
    size = 0
    while end > 0:
        start = max(0, end - _BLOCK)
        *_, last = lines = os.pread(fd, end - start, start).split(b"\n")
        size += len(last)
        if size <= LONGEST_LINE:
            pieces.append(last)
        if len(lines) > 1:
            if size <= LONGEST_LINE:
                yield b"".join(reversed(pieces))
            else:
                skipped()
            yield from lines[-2:0:-1]
            pieces, size = [lines[0]], len(lines[0])
        end = start
    if size <= LONGEST_LINE:
        yield b"".join(reversed(pieces))
    else:
        skipped()


def whole_lines(blocks: Iterable[bytes], skipped: Skipped) -> Iterator[bytes]:
    """Cut a stream into blocks of whole lines with their newlines.

    A block has at most `LONGEST_LINE` bytes. A last line without its newline is
    passed over like one that is too long: a stream gets no more.
    """
    rest: list[bytes] = []
    size = 0  # of the unfinished line; its pieces are in `rest` unless it is too long
    for block in blocks:
        begin, end = 0, block.rfind(b"\n") + 1
        if end:
            if size and size + (first := block.find(b"\n")) > LONGEST_LINE:
                skipped()
                begin, rest = first + 1, []
            if begin < end:
                yield b"".join([*rest, block[begin:end]]) if rest else block[begin:end]
            rest, size = [], 0
        if end < len(block):
            size += len(block) - end
            if size <= LONGEST_LINE:
                rest.append(block[end:])
            else:
                rest.clear()
    if size:
        skipped()


def blocks_in(fd: int) -> Iterator[bytes]:
    """Yield a file in blocks, from its beginning."""
    begin, end = 0, os.fstat(fd).st_size
    while begin < end and (block := os.pread(fd, BLOCK_READ, begin)):
        begin += len(block)
        yield block


def whole_blocks(
    fd: int, skipped: Skipped, begin: int = 0, end: int | None = None
) -> Iterator[bytes]:
    """Yield a file, or the range between two line starts, in blocks of whole lines.

    A line that a block cuts is read again with the next one: cheaper than joining.
    """
    end = os.fstat(fd).st_size if end is None else end
    size = BLOCK_READ
    while begin < end and (block := os.pread(fd, min(size, end - begin), begin)):
        whole = block.rfind(b"\n") + 1
        if whole:
            yield block[:whole]
            begin += whole
            size = BLOCK_READ
        elif len(block) > LONGEST_LINE:
            skipped()
            begin = line_begins(fd, begin + len(block), end)
            size = BLOCK_READ
        elif begin + len(block) >= end:
            return
        else:
            size = min(2 * size, LONGEST_LINE + 1)


def line_begins(fd: int, at: int, end: int | None = None) -> int:
    """Return the start of the first line at or behind a position; `end` if none begins before."""
    end = os.fstat(fd).st_size if end is None else end
    begin, size = at - 1 if at else 0, _SHORT
    while at and begin < end and (block := os.pread(fd, min(size, end - begin), begin)):
        newline = block.find(b"\n")
        if newline >= 0:
            return begin + newline + 1
        begin += len(block)
        size = _AT_ONCE
    return min(begin, end)


def all_lines(block: bytes) -> Iterator[bytes]:
    """Yield every line of a block of whole ones, without newlines."""
    yield from block.split(b"\n")[:-1]


def lines_after(fd: int, begin: int, skipped: Skipped) -> tuple[list[bytes], int]:
    """Read some whole lines, without their newlines, and say where the last one ends.

    At most 256 KiB of them, or one that is longer; none where none is whole.
    """
    size = _AT_ONCE
    while True:
        data = os.pread(fd, size, begin)
        end = data.rfind(b"\n") + 1
        if end or len(data) < size:
            return data[:end].split(b"\n")[:-1], begin + end
        if size <= LONGEST_LINE:
            size = min(2 * size, LONGEST_LINE + 1)
            continue
        behind = line_begins(fd, begin + size)
        if os.pread(fd, 1, behind - 1) != b"\n":
            return [], begin  # its end is still to come
        skipped()
        begin, size = behind, _AT_ONCE
