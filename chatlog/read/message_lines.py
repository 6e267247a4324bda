"""Messages of several lines in a file of text: their lines joined, wherever reading was cut.

A line that has a mark goes on with the message of the line before. A message is taken as a
whole, except one with more than `LONGEST_LINE` bytes, which comes in pieces.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chatlog.archive.bounded_lines import LONGEST_LINE
from chatlog.read.lines import line_begins

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def joined(lines: Iterable[bytes], mark: bytes) -> Iterator[bytes]:
    """Yield messages of lines in order, each with newlines between its lines."""
    message: list[bytes] = []
    size = 0
    for line in lines:
        size += len(line) + 1
        if message and (mark not in line or size > LONGEST_LINE):
            yield b"\n".join(message)
            message, size = [], len(line)
        message.append(line)
    if message:
        yield b"\n".join(message)


def joined_backwards(newest_first: Iterable[bytes], mark: bytes) -> Iterator[bytes]:
    """Yield messages, the last first, of lines of which the last comes first."""
    message: list[bytes] = []
    size = 0
    for line in newest_first:
        message.append(line)
        size += len(line) + 1
        if mark not in line or size > LONGEST_LINE:
            yield b"\n".join(message[::-1])
            message, size = [], 0
    if message:
        yield b"\n".join(message[::-1])


def whole_messages(blocks: Iterable[bytes], mark: bytes) -> Iterator[bytes]:
    """Cut blocks of whole lines anew, so that no message goes on in the next block.

    Where an error ends the blocks, the lines before it come first.
    """
    rest = b""
    try:
        for block in blocks:
            lines = rest + block
            end = _last_message(lines, mark)
            if not end and len(lines) > LONGEST_LINE:
                end = len(lines)
            rest = lines[end:]
            if end:
                yield lines[:end]
    except Exception:
        if rest:
            yield rest
        raise
    if rest:
        yield rest


def _last_message(lines: bytes, mark: bytes) -> int:
    """Return the position at which the last message of whole lines begins."""
    end = len(lines)
    while end:
        begin = lines.rfind(b"\n", 0, end - 1) + 1
        if lines.find(mark, begin, end) < 0:
            return begin
        end = begin
    return 0


def lines_before_last(lines: Sequence[bytes], mark: bytes) -> int:
    """Return how many lines stand before the last message, which may go on behind them."""
    number = len(lines) - 1
    while number > 0 and mark in lines[number]:
        number -= 1
    return number


def message_begins(fd: int, at: int, mark: bytes, end: int | None = None) -> int:
    """Return the start of the first message at or behind a position; not before `end` if none is.

    Without a mark each line is a message.
    """
    begin, last = line_begins(fd, at, end), at + LONGEST_LINE
    while mark and 0 < begin < last and begin != end:
        behind = line_begins(fd, begin + 1)
        if mark not in os.pread(fd, min(behind - begin, LONGEST_LINE), begin):
            break
        begin = behind
    return begin
