"""Naps: pauses between small reads, in which lines gather in the kernel.

A server that sends a thousand lines a second wakes the loop for each of them, which costs
ten times as much as the line. Nothing is at risk meanwhile: lines in the kernel are not
read yet, and a server whose lines are not read keeps them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, cast

if TYPE_CHECKING:
    import asyncio
    import socket

LONGEST: Final = 0.02
"""Seconds for which nothing is read."""

WORTHWHILE: Final = 4
"""Lines that must be expected within a nap; it costs as much as two small reads."""

SMALL: Final = 16 * 1024
"""Bytes of a read; more arrive only in a flood, which gathers by itself."""

AWAITED: Final = 0.1
"""Seconds after a line of ours in which there is no nap: an answer may come.

One that takes longer is delayed by a nap by a fifth of its time at most.
"""


class Wire(NamedTuple):
    """A socket, and the asyncio transport that reads it and nothing but it.

    With TLS that transport is beneath the one that the lines come from. `pause_reading` of
    the upper one holds back the deciphered lines, while asyncio goes on to wake up for each
    record and to read it: those lines would be in the process, not yet written.
    """

    transport: asyncio.Transport
    socket: socket.socket


class Naps:
    """The naps of one connection; `longest` is in seconds, 0 for none.

    `wire` is set when the connection is dialled; without it there are no naps. A nap ends
    at once if we send a line, so that its answer is not delayed. After a nap the
    socket is read at once, without asking the kernel whether it can be: it nearly always
    can, and to ask means two more system calls and another turn of the loop. `failure` is
    the reason for which that read failed, which the transport cannot see any more.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.longest = LONGEST
        self.wire: Wire | None = None
        self.failure: Exception | None = None
        self._loop = loop
        self._paused: Wire | None = None  # from the first of several naps on
        self._timer: asyncio.TimerHandle | None = None
        self._read_at = self._interval = -math.inf
        self._calm_at = loop.time() + AWAITED

    def note_read(self, now: float) -> None:
        """Note the time of a read by the loop's clock."""
        self._interval, self._read_at = now - self._read_at, now

    def note_sent(self) -> None:
        """Note that we sent a line, and end the nap."""
        self._calm_at = self._loop.time() + AWAITED
        self.end()

    def begin(self, lines: int, size: int) -> None:
        """Stop reading for a moment after a small read, if enough lines are expected meanwhile.

        `lines` and `size` are the numbers of its lines and bytes; that many lines came since
        the read before.
        """
        if lines * self.longest < WORTHWHILE * self._interval or size >= SMALL:
            return
        if self._timer is not None or self._read_at < self._calm_at:
            return
        if self._paused is None:
            if self.wire is None:
                return
            self._paused = self.wire
            self._paused.transport.pause_reading()
        self._timer = self._loop.call_later(self.longest, self._wake)

    def end(self) -> None:
        """Read on, if this is a nap."""
        if self._timer is not None:
            self._timer.cancel()
        paused, self._paused, self._timer = self._paused, None, None
        if paused is not None:
            paused.transport.resume_reading()

    def _wake(self) -> None:
        """Read, and go on with the next nap or with waiting for the socket."""
        self._timer = None
        if self._paused is not None and not self._paused.transport.is_closing():
            self._read(self._paused)
        if self._timer is None:
            self.end()

    def _read(self, wire: Wire) -> None:
        """Read the socket into the buffer of the transport's protocol, and tell the protocol.

        The end of the stream is left to the transport, which finds it when it reads on.
        """
        try:
            # Also with TLS, where it is that of asyncio: a test holds it.
            protocol = cast("asyncio.BufferedProtocol", wire.transport.get_protocol())
            size = wire.socket.recv_into(protocol.get_buffer(-1))
            if size:
                protocol.buffer_updated(size)
        except (BlockingIOError, InterruptedError):
            return
        except Exception as error:
            self.failure = error
            wire.transport.abort()
            if not isinstance(error, OSError):
                raise
