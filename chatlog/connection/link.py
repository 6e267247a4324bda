"""One connection: its socket's life, the lines it brings and those we send.

Through the hooks of the library's `AioConnection` and `IrcProtocol`: what is
replaced is the line buffer, the parsing and the life cycle, because upstream
loses the reason of an end, announces it before the socket is gone, and lets a
late loss of an older socket end a newer one.
"""

from __future__ import annotations

import asyncio
import logging
import math
import re
from operator import length_hint
from typing import TYPE_CHECKING, Any, Final

from irc import client_aio
from irc.client import ServerNotConnectedError

from chatlog.connection.lines import Lines
from chatlog.connection.naps import Naps
from chatlog.connection.reactor import DISCONNECT, UNFINISHED, LineEvent, Reactor
from chatlog.connection.watch import Watch
from chatlog.protocol.join_line import MAX_BYTES
from chatlog.protocol.message import not_understood
from chatlog.protocol.pacing import Pacing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chatlog.connection.naps import Wire

    ConnectFactory = Callable[["Protocol", tuple[str, int]], Awaitable[Wire | None]]

logger = logging.getLogger(__name__)

CLOSE_GRACE: Final = 3.0
"""Seconds that a server has to close after our QUIT."""

LAST_LINES: Final = 0.2
"""Seconds after that in which lines are still handled that were read before."""

TURN: Final = 0.05
"""Seconds for which the lines of one read may hold the loop; the rest waits for its next turn."""

_SLICE: Final = 256  # lines between two looks at the clock, if no line is costly
_COSTLY_SLICE: Final = 16  # costly lines between two looks at whether the turn is over
_LONGEST_SLICE: Final = 0.02  # seconds, for lines of which one may be costly
_DISK: Final = "the disk refuses lines"
_BACKLOG: Final = "lines of the last read are still to be handled"
_ACTING: Final = "the last lines are still acted on"
_UNREAD: Final = "the server does not read our answers"
_HISTORY: Final = "too much history waits"

_BREAKS: Final = re.compile("[\r\n\0]")
_CAN_WAIT: Final = ("PRIVMSG ", "NOTICE ")


class Protocol(client_aio.IrcProtocol, asyncio.BufferedProtocol):  # type: ignore[misc]  # as above
    """The asyncio callbacks of one socket, ignored after the connection has moved to another.

    A read goes to the reactor's buffer: a new one of 256 KiB for each read of some lines
    would cost three system calls.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Set the transport; with TLS the first bytes may have come before."""
        if self.connection.protocol is self:
            self.connection.transport = transport

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Return the buffer for the next read."""
        view: memoryview = self.connection.reactor.buffer
        return view

    def buffer_updated(self, nbytes: int) -> None:
        """Take the read out of the buffer, which other connections use as well."""
        self.data_received(bytes(self.connection.reactor.buffer[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Hand the bytes of a read to the connection, after the certificate was checked."""
        if self.connection.protocol is not self:
            return
        if self.connection.is_open:
            self.connection.process_data(data)
        else:
            self.connection.early += data

    def pause_writing(self) -> None:
        """Stop reading while the server does not read our answers: they must not pile up."""
        if self.connection.protocol is self:
            self.connection.choke()

    def resume_writing(self) -> None:
        """Read on when the server has read our answers."""
        if self.connection.protocol is self:
            self.connection.unchoke()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on the end."""
        if self.connection.protocol is self:
            self.connection.lost(exc)


class Connection(client_aio.AioConnection):  # type: ignore[misc]  # the library has no types
    """A connection to a server, from dialling to the end of its socket.

    `closed` is done, with the reason, when the socket is gone. `driver` is the
    caller's, to act on the lines: handlers find it on the connection that
    they are given. `heard_at` is the time of the last read by the loop's clock,
    `heard` that of the last read whose lines were all handled, by ours. `choked_at`
    is when the server stopped reading our answers, by the loop's clock, None while it
    reads. `pacing` holds our messages until the server can bear them, `naps` lets lines
    gather in the kernel. `turn_ends` is when the turn of the loop is to end in which lines
    are handled, by the loop's clock.
    """

    protocol_class = Protocol
    buffer_class = Lines
    reactor: Reactor

    def __init__(self, reactor: Reactor) -> None:
        super().__init__(reactor)
        self.protocol: Protocol | None = None
        self.transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[str] = reactor.loop.create_future()
        self.driver: Any = None
        self._time: Callable[[], float] = reactor.loop.time  # looked up once: many lines ask
        self.heard_at = self._time()
        self.heard = ""
        self.pacing = Pacing()
        self.naps = Naps(reactor.loop)
        self.watch: Watch | None = None
        self.reason = ""
        self.is_open = False
        self.early = b""
        self.turn = TURN
        self.turn_ends = 0.0
        self._slice_ends, self._costly = 0.0, 0
        self.close_grace = CLOSE_GRACE
        self.choked_at: float | None = None
        self._holds: set[str] = set()
        self._backlog: list[bytes] = []
        self._backlog_at = 0
        self._received = self._proved = ""
        self._loss = ""
        self._give_up_at = math.inf
        self._pacer: asyncio.TimerHandle | None = None
        self._leaving: asyncio.TimerHandle | None = None
        self._goes_on = False

    async def connect(self, server: str, port: int, connect_factory: ConnectFactory) -> None:
        """Dial; errors of the factory pass through, and leave no socket open.

        The factory returns the wire, or None if there are to be no naps.
        """
        self.buffer = self.buffer_class()
        self.server, self.port, self.server_address = server, port, (server, port)
        self._backlog = []
        self._holds.clear()
        self.choked_at = None
        self.protocol = self.protocol_class(self, self.reactor.loop)
        try:
            self.naps.wire = await connect_factory(self.protocol, self.server_address)
        except BaseException:
            transport, self.transport, self.protocol = self.transport, None, None
            if transport:
                transport.abort()
            raise
        # A certificate that is known by its fingerprint was looked at only now: nothing
        # that came before may be answered before.
        self.is_open = True
        early, self.early = self.early, b""
        if early:
            self.process_data(early)

    def process_data(self, new_data: bytes) -> None:
        """Dispatch each line of a read, then call the reactor's `after_read`.

        Lines that would hold the loop for longer than `turn` wait for its next turn;
        until they are handled, nothing more is read.
        """
        reactor = self.reactor
        self.heard_at = reactor.loop.time()
        self.naps.note_read(self.heard_at)
        self._proved, self.heard = self.heard, reactor.now()
        self._received, lines = self.heard, self.buffer.feed(new_data)
        if self._left or _ACTING in self._holds:  # what TLS had deciphered when we paused
            self._backlog += lines
            self._hold(_BACKLOG)
            return
        done = self._dispatch(lines, 0)
        if done < len(lines):
            self._backlog, self._backlog_at = lines, done
            self.heard = self._proved
            self._hold(_BACKLOG)
            self._go_on_soon()
        reactor.after_read(self)
        if self.transport is not None and not self._holds:
            self.naps.begin(done, len(new_data))

    def _dispatch(self, lines: list[bytes], start: int) -> int:
        """Dispatch lines from a position on, for one turn; return the position after them."""
        reactor, clock = self.reactor, self.reactor.loop.time
        now = clock()
        self.turn_ends = now + self.turn
        while start < len(lines):
            self._costly, self._slice_ends = 0, now + _LONGEST_SLICE
            some = iter(lines[start : start + _SLICE])
            start += length_hint(some)
            reactor.dispatch(self, some, self._received, self._is_time_up)
            start -= length_hint(some)
            now = clock()
            if now > self.turn_ends:
                break
        return start

    def _is_time_up(self) -> bool:
        """Return whether the turn should end after the line that was handled, a costly one."""
        now = self._time()
        self._costly += 1
        if now <= self._slice_ends and self._costly % _COSTLY_SLICE:
            return False
        is_late, self._slice_ends = now > self._slice_ends, now + _LONGEST_SLICE
        return is_late or now > self.turn_ends

    def _go_on_soon(self) -> None:
        if not self._goes_on:
            self._goes_on = True
            self.reactor.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        """Dispatch lines of the last read that are left, for one turn."""
        self._goes_on = False
        if _ACTING in self._holds:
            return  # `end_acting` goes on
        self.heard = self._received
        self._backlog_at = self._dispatch(self._backlog, self._backlog_at)
        if self._left:
            self.heard = self._proved
        else:
            self._backlog = []
            self._release(_BACKLOG)
        self.reactor.after_read(self)
        if self._left and self.reactor.loop.time() < self._give_up_at:
            self._go_on_soon()
        elif self._give_up_at < math.inf:
            self._end()

    @property
    def _left(self) -> int:
        """The number of lines of the last read that are still to be handled."""
        return len(self._backlog) - self._backlog_at if self._backlog else 0

    def send_raw(self, string: str) -> None:
        """Send one line; line breaks in it become spaces, and a long line is cut.

        After the end of the socket nothing is sent; before its beginning,
        raise ServerNotConnectedError.
        """
        if self.closed.done() or self._give_up_at < math.inf:
            return  # a socket can go between a line and our answer to it
        if self.transport is None:
            raise ServerNotConnectedError("Not connected.")
        self.naps.note_sent()
        line = _BREAKS.sub(" ", string).encode(errors="replace")[:MAX_BYTES]
        self.transport.write(line.decode(errors="ignore").encode() + b"\r\n")

    def say(self, line: str) -> None:
        """Send a line as soon as the server can bear it: talk waits, everything else goes first."""
        if not line.startswith(_CAN_WAIT):
            self.send_raw(line)
            return
        self.pacing.put(line)
        if self._pacer is None:
            self._pace()

    def _pace(self) -> None:
        lines, again_at = self.pacing.advance(self.reactor.loop.time())
        for line in lines:
            self.send_raw(line)
        self._pacer = self.reactor.loop.call_at(again_at, self._pace) if again_at else None

    def watch_over(self, timeout: float) -> None:
        """Ask the server now and then whether it is there; without an answer, abort.

        Silence is noticed within `timeout` seconds.
        """
        self.watch = Watch(self, timeout)

    @property
    def is_paused(self) -> bool:
        """Whether nothing is read, so that silence is our own doing."""
        return bool(self._holds)

    def pause(self) -> None:
        """Read nothing more until `read_on`."""
        if self.is_open:
            self._hold(_DISK)

    def read_on(self) -> None:
        """Read on after `pause`."""
        self._release(_DISK)

    def choke(self) -> None:
        """Read nothing more until the server reads our answers."""
        self.choked_at = self.reactor.loop.time()
        self._hold(_UNREAD)

    def unchoke(self) -> None:
        """Read on after `choke`."""
        self.choked_at = None
        self._release(_UNREAD)

    def begin_acting(self) -> None:
        """Read and handle nothing more until `end_acting`: the last lines take long to act on."""
        self._hold(_ACTING)

    def end_acting(self) -> None:
        """Read and handle lines again after `begin_acting`."""
        self._release(_ACTING)
        if self._left:
            self._go_on_soon()

    def hold_for_history(self, *, is_full: bool) -> None:
        """Read nothing more while too much history waits."""
        if is_full:
            self._hold(_HISTORY)
        else:
            self._release(_HISTORY)

    def _hold(self, why: str) -> None:
        self.naps.end()
        if self.transport is not None and not self._holds:
            self.transport.pause_reading()
        self._holds.add(why)

    def _release(self, why: str) -> None:
        if why in self._holds:
            self._holds.remove(why)
            if not self._holds and self.transport is not None:
                self.heard_at = self.reactor.loop.time()
                self.transport.resume_reading()

    def is_connected(self) -> bool:
        """Return whether there is a socket to write to."""
        return self.transport is not None

    def disconnect(self, message: str = "") -> None:
        """Send QUIT and let the server close; lines until then are still received."""
        self.reason = self.reason or message
        if self.transport is None:
            return
        self.send_raw(f"QUIT :{message}")
        self._leaving = self.reactor.loop.call_later(self.close_grace, self.abort, self.reason)

    def abort(self, reason: str) -> None:
        """End the connection now."""
        self.reason = self.reason or reason
        if self.transport is not None:
            self.transport.abort()

    def lost(self, error: Exception | None) -> None:
        """Take note that the socket is gone; end when the lines read before are handled.

        They have `close_grace` seconds, but after our QUIT no more than LAST_LINES beside
        those of the server: a server that sends on must not double the time of a stop.
        Lines that take longer are dropped, and counted in the log.
        """
        self.naps.end()
        self.transport = self.protocol = self.naps.wire = None
        error = error or self.naps.failure
        self._loss = _describe(error) if error else ""  # not its traceback, which has our frames
        if self.watch is not None:
            self.watch.stop()
        for timer in (self._pacer, self._leaving):
            if timer is not None:
                timer.cancel()
        if self._left:
            self._give_up_at = self.reactor.loop.time() + self.close_grace
            if self._leaving is not None:
                self._give_up_at = min(self._give_up_at, self._leaving.when() + LAST_LINES)
        else:
            self._end()

    def _end(self) -> None:
        """Dispatch the end of the connection to the handlers, once."""
        now = self.reactor.now()
        if self._left:
            logger.error(
                "%d lines of %s were not recorded: it sent more than can be handled",
                self._left,
                self.server,
            )
            self._backlog = []
        self._give_up_at = math.inf
        self._holds.clear()
        self.watch = None  # which refers back to this object
        if rest := self.buffer.end():
            event = LineEvent(UNFINISHED, not_understood(rest), now)
            self.reactor._handle_event(self, event)  # noqa: SLF001 - the library's hook
        reason = self.reason or self._loss or "connection closed by the server"
        if not self.closed.done():
            self.closed.set_result(reason)
        event = LineEvent(DISCONNECT, None, now, reason)
        self.reactor._handle_event(self, event)  # noqa: SLF001 - the library's hook
        self.reactor.after_read(self)


def _describe(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text or type(error).__name__


Reactor.connection_class = Connection
