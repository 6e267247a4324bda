"""Connections for tests: to a transport that only remembers, or to a server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from chatlog.connection import ANY, Reactor
from chatlog.connection.naps import Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from chatlog.connection import Connection

    Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

NOW = "2026-11-23T18:20:01.123Z"


def new_reactor() -> Reactor:
    """Return a reactor on the running loop whose clock stands still."""
    return Reactor(asyncio.get_running_loop(), lambda: NOW)


class Remembering:
    """A transport that goes nowhere, and its socket.

    `lines` is what was written to it, `arrived` what the socket has for the next read: bytes,
    or an error.
    """

    def __init__(self, protocol: Any) -> None:
        self.protocol = protocol
        self.written = b""
        self.arrived: bytes | OSError = BlockingIOError()
        self.is_reading = True

    @property
    def lines(self) -> list[str]:
        return self.written.decode().split("\r\n")[:-1]

    def write(self, data: bytes) -> None:
        self.written += data

    def pause_reading(self) -> None:
        assert self.is_reading
        self.is_reading = False

    def resume_reading(self) -> None:
        assert not self.is_reading
        self.is_reading = True

    def is_closing(self) -> bool:
        return False

    def get_protocol(self) -> Any:
        return self.protocol

    def recv_into(self, buffer: memoryview) -> int:
        arrived, self.arrived = self.arrived, BlockingIOError()
        if isinstance(arrived, OSError):
            raise arrived
        buffer[: len(arrived)] = arrived
        return len(arrived)

    def abort(self) -> None:
        self.protocol.connection_lost(None)


async def remembering(protocol: Any, _address: tuple[str, int]) -> Wire:
    """Connect as a `connect_factory` does, to nothing."""
    transport: Any = Remembering(protocol)
    protocol.connection_made(transport)
    return Wire(transport, transport)


async def connected(reactor: Reactor) -> Connection:
    """Return a connection to a transport that only remembers."""
    connection: Connection = reactor.server()
    await connection.connect("irc.test", 6667, remembering)
    return connection


def heard_on(reactor: Reactor) -> list[Any]:
    """Return a list that every event of the reactor is added to."""
    heard: list[Any] = []
    reactor.add_global_handler(ANY, lambda _connection, event: heard.append(event))
    return heard


@contextlib.asynccontextmanager
async def serving(handle: Handle, host: str = "127.0.0.1", **options: Any) -> AsyncIterator[int]:
    """Serve on a free port of loopback, and yield the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handle(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(guarded, host, 0, **options)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
