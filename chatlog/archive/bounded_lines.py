"""The whole lines of a stream of blocks, in constant memory however long a line is.

A recorder writes no line of more than about 400 KiB: a message of several lines has
at most 64 KiB, any other one 12.5 KiB, JSON escapes a byte by six at most, and the raw
bytes beside it are cut at 8 KiB. More than twice that leaves room for later versions.
What is longer is damage, or was made to fill the memory of a reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST_LINE: Final = 1024 * 1024
"""How many bytes a line of a segment may have, without its newline; more are damage."""


class BoundedLines:
    """The whole lines of a stream, without their newlines; None for one that is too long.

    Iterate once. `rest` is then what follows the last newline, None if that is too
    long, and `rest_bytes` its length. At most `longest` bytes of a line are in
    memory, twice while it is joined, and one block.
    """

    def __init__(self, blocks: Iterable[bytes], longest: int = LONGEST_LINE) -> None:
        self.rest: bytes | None = b""
        self.rest_bytes = 0
        self.rest_is_zeros = True
        self._blocks = blocks
        self._longest = longest
        self._pieces: list[bytes] = []

    def __iter__(self) -> Iterator[bytes | None]:
        try:
            for block in self._blocks:
                first, *others = block.split(b"\n")
                self._add(first)
                if others:
                    last = others.pop()
                    yield self._taken()
                    for line in others:
                        yield line if len(line) <= self._longest else None
                    self._add(last)
        finally:
            is_short = self.rest_bytes <= self._longest
            self.rest = b"".join(self._pieces) if is_short else None

    def _add(self, piece: bytes) -> None:
        if not piece:
            return
        self.rest_bytes += len(piece)
        self.rest_is_zeros = self.rest_is_zeros and piece == bytes(len(piece))
        if self.rest_bytes <= self._longest:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def _taken(self) -> bytes | None:
        line = b"".join(self._pieces) if self.rest_bytes <= self._longest else None
        self._pieces.clear()
        self.rest_bytes, self.rest_is_zeros = 0, True
        return line
