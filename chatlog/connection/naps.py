"""Naps: pauses between small reads, in which lines gather in the kernel.

A server that sends a thousand lines a second wakes the loop for each of them, which costs
ten times as much as the line. Nothing is at risk meanwhile: lines in the kernel are not
read yet, and a server whose lines are not read keeps them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

LONGEST: Final = 0.02
"""Seconds for which nothing is read."""

WORTHWHILE: Final = 4
"""Lines that must be expected within a nap; it costs as much as two small reads."""

SMALL: Final = 16 * 1024
"""Bytes of a read; more arrive only in a flood, which gathers by itself."""

AWAITED: Final = 0.25
"""Seconds after a line of ours in which there is no nap: an answer may come."""


class Naps:
    """The naps of one connection; `longest` is in seconds, 0 for none.

    A nap ends at once if we send a line, so that its answer is not delayed. After a nap the
    socket is read at once, without asking the kernel whether it can be: it nearly always
    can, and to ask means another turn of the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.longest = LONGEST
        self._loop = loop
        self._paused: asyncio.ReadTransport | None = None  # from the first of several naps on
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

    def begin(self, transport: asyncio.Transport, lines: int, size: int) -> None:
        """Stop reading for a moment after a small read, if enough lines are expected meanwhile.

        `lines` and `size` are the numbers of its lines and bytes; that many lines came since
        the read before.
        """
        if lines * self.longest < WORTHWHILE * self._interval or size >= SMALL:
            return
        if self._timer is not None or self._read_at < self._calm_at:
            return
        if self._paused is None:
            self._paused = _raw(transport)
            if self._paused is None:
                return
            self._paused.pause_reading()
        self._timer = self._loop.call_later(self.longest, self._wake)

    def end(self) -> None:
        """Read on, if this is a nap."""
        if self._timer is not None:
            self._timer.cancel()
        paused, self._paused, self._timer = self._paused, None, None
        if paused is not None:
            paused.resume_reading()

    def _wake(self) -> None:
        """Read, and go on with the next nap or with waiting for the socket."""
        self._timer = None
        read: Callable[[], None] | None = getattr(self._paused, "_read_ready", None)
        if read is not None:
            read()
        if self._timer is None:
            self.end()


def _raw(transport: asyncio.Transport) -> asyncio.ReadTransport | None:
    """Return the transport of the socket itself; None if it is out of reach.

    With TLS, asyncio's `pause_reading` holds back what was deciphered, and goes on to wake up
    for each record and to read it: then lines would be in the process that are not yet
    written. There is no public way to the transport beneath.
    """
    if transport.get_extra_info("ssl_object") is None:
        return transport
    raw: asyncio.ReadTransport | None = getattr(
        getattr(transport, "_ssl_protocol", None), "_transport", None
    )
    return raw
