"""Bytes of a connection, in lines.

Bounded: what is held of an unfinished line never exceeds `MAX_LINE` bytes,
whatever arrives, and feeding is linear in what is fed.
"""

from __future__ import annotations

from chatlog.protocol.message import MAX_LINE


class Lines:
    """A line buffer: feed bytes as they were read, get whole lines back.

    Lines come without their CR LF (a bare LF ends a line as well) and empty
    ones not at all. An unfinished line that is longer than `MAX_LINE` comes at
    once, cut or not, and what is still to come of it is dropped: whoever takes
    it apart sees by its length that it is too long.
    """

    def __init__(self) -> None:
        self._tail = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes that were read; return the lines that they complete, in order."""
        parts = data.split(b"\n")
        if len(parts) == 1:
            return self._feed_unfinished(data)
        if self._skipping:
            parts[0] = b""
        elif self._tail:
            parts[0] = self._tail + parts[0]
        self._skipping = False
        self._tail = b""
        last = parts.pop()
        # What is too long stays so, wherever the reads happened to part it from its CR.
        lines = [
            line
            for part in parts
            if (line := part.rstrip(b"\r") if len(part) <= MAX_LINE else part)
        ]
        return lines + self._feed_unfinished(last)

    def _feed_unfinished(self, data: bytes) -> list[bytes]:
        if self._skipping:
            return []
        self._tail += data
        if len(self._tail) <= MAX_LINE:
            return []
        cut, self._tail = self._tail, b""
        self._skipping = True
        return [cut]

    def end(self) -> bytes:
        """Return the bytes of an unfinished line, and drop them."""
        rest, self._tail = self._tail, b""
        return rest

    def __len__(self) -> int:
        """Return how many bytes of an unfinished line are held."""
        return len(self._tail)
