"""Pipes between a process and its workers: messages of bytes, each behind its length.

`multiprocessing.connection` does the same, and takes 20 ms to import: a quarter of the start
of a search.
"""

from __future__ import annotations

import os
import select
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LENGTH: Final = struct.Struct("=Q")
_AT_ONCE: Final = 1024 * 1024


class Pipe:
    """One end of a pipe; a process that forks shares it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def send(self, message: bytes) -> None:
        """Write a message, and return when the pipe has taken the last byte.

        Raise BrokenPipeError if nobody can read it any more.
        """
        rest = memoryview(_LENGTH.pack(len(message)) + message)
        while rest:
            rest = rest[os.write(self.fd, rest) :]

    def receive(self) -> bytes:
        """Read a message, and return when the last byte has come.

        Raise EOFError if the other end is closed in every process.
        """
        (size,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return self._read(size)

    def close(self) -> None:
        """Close this end, once."""
        os.close(self.fd)

    def _read(self, size: int) -> bytes:
        pieces: list[bytes] = []
        while size:
            piece = os.read(self.fd, min(size, _AT_ONCE))
            if not piece:
                raise EOFError
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


def pair() -> tuple[Pipe, Pipe]:
    """Return the two ends of a new pipe: the one to receive by, and the one to send by."""
    reading, writing = os.pipe()
    return Pipe(reading), Pipe(writing)


def ready(pipes: Iterable[Pipe]) -> list[Pipe]:
    """Wait for a message or an end, and return the pipes that have one."""
    by_fd = {pipe.fd: pipe for pipe in pipes}
    poll = select.poll()
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    told = {fd for fd, _ in poll.poll()}
    return [pipe for fd, pipe in by_fd.items() if fd in told]
