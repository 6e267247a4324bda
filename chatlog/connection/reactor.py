"""The reactor: one event for each read and one for each line, given to the handlers on it.

Handlers are added with the library's own `add_global_handler` and called as
it calls them, by priority, until one returns "NO MORE". What differs: the
order is looked up once and not for each event, and a handler that fails costs
neither the others nor the next line.

The handler of READ gets an iterator of the lines of a read. An event for each line would
cost more than the lines do, so it is made only if some other handler wants lines.
"""

from __future__ import annotations

import functools
import logging
from collections import deque
from operator import length_hint
from typing import TYPE_CHECKING, Any, Final

import msgspec
from irc import client_aio, events

from chatlog.protocol.message import Message, parse

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    Handler = Callable[[Any, Any], object]

logger = logging.getLogger(__name__)

ANY: Final = "all_events"
DISCONNECT: Final = "disconnect"
READ: Final = "read"
UNFINISHED: Final = "unfinished"
"""The line that a connection ended in the middle of."""

LARGEST_READ: Final = 256 * 1024
"""Bytes that are read at once, as many as asyncio reads."""

_NO_MORE: Final = "NO MORE"
_SAID: Final = {"PRIVMSG": ("pubmsg", "privmsg"), "NOTICE": ("pubnotice", "privnotice")}
_CHANTYPES: Final = frozenset("#&+!")
_REMEMBERED: Final = 512


class LineEvent(msgspec.Struct, gc=False):
    """One event of the reactor, shaped as the library's own, with its Message.

    `received` is our clock at the read that brought the line. `message` is
    None for what is no line: a connection that ended, and why.
    """

    type: str
    message: Message | None
    received: str
    reason: str = ""

    @property
    def arguments(self) -> list[str]:
        """The message's other parameters; the reason of an end."""
        return self.message.params[1:] if self.message else [self.reason]

    @property
    def source(self) -> str | None:
        """The message's source."""
        return self.message.source if self.message else None

    @property
    def target(self) -> str | None:
        """The message's first parameter."""
        return self.message.params[0] if self.message and self.message.params else None

    @property
    def tags(self) -> dict[str, str]:
        """The message's tags."""
        return self.message.tags() if self.message else {}


class ReadEvent(msgspec.Struct, gc=False):
    """The event of one read, or of a part of a long one: its lines, which the handler takes.

    Lines that the handler leaves in the iterator are handed on later, in order. It
    should stop once `is_time_up`, at the earliest after the first line; to ask costs as
    much as an ordinary message, so it asks after other lines only.
    """

    lines: Iterator[bytes]
    received: str
    is_time_up: Callable[[], bool]


def line_event(message: Message, received: str) -> LineEvent:
    """Make the event of a line, under the name that the library has for its command."""
    params = message.params
    to_channel = bool(params) and params[0][:1] in _CHANTYPES
    if to_channel and message.command == "PRIVMSG":  # nearly every line
        return LineEvent("pubmsg", message, received)
    return LineEvent(_type_of(message.command, to_channel), message, received)


@functools.lru_cache(_REMEMBERED)
def _type_of(command: str, to_channel: bool) -> str:  # noqa: FBT001 - a key of the cache
    if said := _SAID.get(command):
        return said[0] if to_channel else said[1]
    name: str = events.numeric.get(command, command.lower())
    # A server that says DISCONNECT or PUBMSG must not pass for the library itself.
    return f"command_{name}" if name in _RESERVED and command not in events.numeric else name


_RESERVED: Final = frozenset(
    {
        *events.generated,
        *_SAID["PRIVMSG"],
        *_SAID["NOTICE"],
        *(ANY, READ, UNFINISHED, "all_raw_messages"),
    }
)


class Reactor(client_aio.AioReactor):  # type: ignore[misc]  # the library has no types
    """The library's asyncio reactor with a dispatcher that survives its handlers.

    `now` is our clock. `after_read` is called at the end of each read of a
    connection, when all its lines were dispatched. `buffer` holds the bytes of the read
    under way, of whichever connection, until they are handed to it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], str]) -> None:
        self._callbacks: dict[str, tuple[Handler, ...]] = {}
        self._wants_lines = False
        self._reader: Handler = _drop
        super().__init__(loop=loop)
        self.now = now
        self.buffer = memoryview(bytearray(LARGEST_READ))
        self.after_read: Callable[[Any], None] = _nothing
        self.failures = 0
        # PING is answered by the session, from the message as it was received.
        self.remove_global_handler("ping", client_aio._ping_ponger)  # noqa: SLF001 - the library's hook

    def pause(self) -> None:
        """Read nothing more from any connection until `read_on`: servers wait, or keep it."""
        for connection in self.connections:
            connection.pause()

    def read_on(self) -> None:
        """Read on where `pause` stopped."""
        for connection in self.connections:
            connection.read_on()

    def add_global_handler(self, event: str, handler: Handler, priority: int = 0) -> None:
        """Add a handler; lower priorities come first; numerics by digits or name.

        READ has one handler, because it takes the lines out of the event: a second one is
        a ValueError.
        """
        if event == READ and self.handlers.get(READ):
            raise ValueError("the lines of a read are handled already")
        super().add_global_handler(events.numeric.get(event, event), handler, priority)
        self._forget_callbacks()

    def remove_global_handler(self, event: str, handler: Handler) -> int:
        """Remove a handler; return 0 where no handler was ever added for this event."""
        removed = int(super().remove_global_handler(events.numeric.get(event, event), handler))
        self._forget_callbacks()
        return removed

    def _forget_callbacks(self) -> None:
        """Look up anew which handlers an event has, and whether a line has any of its own."""
        self._callbacks.clear()
        of_lines = self.handlers.keys() - {READ, DISCONNECT, UNFINISHED}
        self._wants_lines = any(self.handlers[event] for event in of_lines)
        self._reader = next((each.callback for each in self.handlers.get(READ, ())), _drop)

    def callbacks(self, event_type: str) -> tuple[Handler, ...]:
        """Return the handlers of a type of event, in the order in which they are called."""
        found = self._callbacks.get(event_type)
        if found is None:
            if len(self._callbacks) >= _REMEMBERED:  # a server can invent commands without end
                self._callbacks.clear()
            handlers = self.handlers.get(ANY, []) + self.handlers.get(event_type, [])
            found = tuple(handler.callback for handler in sorted(handlers))
            self._callbacks[event_type] = found
        return found

    def dispatch(
        self,
        connection: object,
        lines: Iterator[bytes],
        received: str,
        is_time_up: Callable[[], bool] = bool,
    ) -> None:
        """Pass each line of a read to all handlers before the next line.

        Handlers of READ come after those of a line's own event, and get only the lines after
        which none of these returned "NO MORE". Stop after the line at whose end `is_time_up`;
        the lines behind it stay in the iterator, whose length the caller knows.
        """
        reader, source = self._reader, lines
        if self._wants_lines or reader is _drop:
            lines = self._passed_on(connection, lines, received, is_time_up)
            is_time_up = bool  # asked for each line on its way
        event = ReadEvent(lines, received, is_time_up)
        while True:
            left = length_hint(source)
            try:
                reader(connection, event)
            except Exception as error:  # noqa: BLE001 - one bad line never costs the next
                self._handler_failed(READ, error)
                if left == length_hint(source) and next(lines, None) is None:
                    return  # or it would fail at the same line without end
            else:
                return
            if is_time_up():
                return

    def _passed_on(
        self,
        connection: object,
        lines: Iterator[bytes],
        received: str,
        is_time_up: Callable[[], bool],
    ) -> Iterator[bytes]:
        """Yield each line after the handlers of its own event were called, until the time is up."""
        for line in lines:
            if self._handle_event(connection, line_event(parse(line), received)):
                yield line
            if is_time_up():
                return

    def _handle_event(self, connection: object, event: LineEvent) -> bool:
        """Call the handlers of an event; return False if one returned "NO MORE"."""
        for callback in self.callbacks(event.type):
            try:
                if callback(connection, event) == _NO_MORE:
                    return False
            except Exception as error:  # noqa: BLE001 - as above
                self._handler_failed(event.type, error)
        return True

    def _handler_failed(self, event_type: str, error: Exception) -> None:
        self.failures += 1
        # A hostile server must not be able to flood the diagnostics; nor do they say
        # what the line was: it can hold a password or a channel's key.
        if self.failures & (self.failures - 1) == 0:
            logger.error(
                "a handler of %r failed (failure %d)", event_type, self.failures, exc_info=error
            )


def _drop(_connection: object, event: ReadEvent) -> None:
    """Take the lines of a read that no handler of READ takes."""
    deque(event.lines, maxlen=0)


def _nothing(_connection: object) -> None:
    """Ignore the end of a read."""
