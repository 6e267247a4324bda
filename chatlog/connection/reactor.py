"""The reactor: one event for each line, given to the handlers registered on it.

Handlers are added with the library's own `add_global_handler` and called as
it calls them, by priority, until one returns "NO MORE". What differs: the
order is looked up once and not for each event, and a handler that fails costs
neither the others nor the next line.
"""

from __future__ import annotations

import functools
import logging
import math
from typing import TYPE_CHECKING, Any, Final

import msgspec
from irc import client_aio, events

from chatlog.protocol.message import MAX_LINE, Message, parse

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    Handler = Callable[[Any, "LineEvent"], object]

logger = logging.getLogger(__name__)

ANY: Final = "all_events"
DISCONNECT: Final = "disconnect"
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
    {*events.generated, *_SAID["PRIVMSG"], *_SAID["NOTICE"], ANY, "all_raw_messages"}
)


class Reactor(client_aio.AioReactor):  # type: ignore[misc]  # the library has no types
    """The library's asyncio reactor with a dispatcher that survives its handlers.

    `now` is our clock. `after_read` is called at the end of each read of a
    connection, when all its lines were dispatched.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], str]) -> None:
        self._callbacks: dict[str, tuple[Handler, ...]] = {}
        super().__init__(loop=loop)
        self.now = now
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
        """Add a handler; lower priorities come first; numerics by digits or name."""
        super().add_global_handler(events.numeric.get(event, event), handler, priority)
        self._callbacks.clear()

    def remove_global_handler(self, event: str, handler: Handler) -> int:
        """Remove a handler; return 0 where no handler was ever added for this event."""
        self._callbacks.clear()
        return int(super().remove_global_handler(events.numeric.get(event, event), handler))

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
        self, connection: object, lines: Sequence[bytes], received: str, until: float = math.inf
    ) -> int:
        """Take the lines of one read apart and give each to its handlers, one after the other.

        Stop after a line that is no message to a channel and at whose end the loop's
        clock is past `until`. Return the number of lines that were handled. A message
        to a channel, which nearly every line is, has a fast lane, written out; its
        event is that of `line_event(parse(line), received)`.
        """
        known, clock = self._callbacks, self.loop.time
        for number, line in enumerate(lines, 1):
            is_costly = False
            try:
                rest = line.decode()
            except UnicodeDecodeError:
                rest = ""
            tag_text = ""
            if rest[:1] == "@":
                tag_text, _, rest = rest[1:].partition(" ")
            source, _, body = rest.partition(" PRIVMSG ")
            target, colon, text = body.partition(" :")
            if (
                colon
                and source[:1] == ":"
                and target[:1] in _CHANTYPES
                and " " not in target
                and " " not in source
                and len(line) <= MAX_LINE
            ):
                message = Message("PRIVMSG", [target, text], source[1:], tag_text)
                event = LineEvent("pubmsg", message, received)
            else:
                is_costly = True
                event = line_event(parse(line), received)
            for callback in known.get(event.type) or self.callbacks(event.type):
                try:
                    if callback(connection, event) == _NO_MORE:
                        break
                except Exception as error:  # noqa: BLE001 - one bad line never costs the next
                    self._handler_failed(event, error)
            if is_costly and clock() > until:
                return number
        return len(lines)

    def _handle_event(self, connection: object, event: LineEvent) -> None:
        for callback in self.callbacks(event.type):
            try:
                if callback(connection, event) == _NO_MORE:
                    return
            except Exception as error:  # noqa: BLE001 - as above
                self._handler_failed(event, error)

    def _handler_failed(self, event: LineEvent, error: Exception) -> None:
        self.failures += 1
        # A hostile server must not be able to flood the diagnostics; nor do they say
        # what the line was: it can hold a password or a channel's key.
        if self.failures & (self.failures - 1) == 0:
            logger.error(
                "a handler of %r failed (failure %d)", event.type, self.failures, exc_info=error
            )


def _nothing(_connection: object) -> None:
    """Ignore the end of a read."""
