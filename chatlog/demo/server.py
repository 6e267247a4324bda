"""A small IRC server for loopback, for the demonstration and for tests.

It speaks enough of the protocol that a recorder cannot tell it from a real
one, with the capabilities that matter to transcripts, and it can be made to
misbehave. It is no server for the open network: it knows no limits, no
operators and no passwords.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from typing import TYPE_CHECKING, Final, Self, Unpack

from chatlog.demo import commands
from chatlog.demo.clients import Client
from chatlog.demo.people import Participant
from chatlog.demo.state import ServerState

if TYPE_CHECKING:
    import ssl

    from chatlog.demo.state import Settings

HOST: Final = "127.0.0.1"
MAX_LINE: Final = 8191 + 512
_GRACE: Final = 5.0
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class Server(ServerState):
    """An IRC server on a loopback port, while its `async with` block lasts.

    If `port` is 0, it takes a free one. The other settings are those of ServerState.
    """

    def __init__(
        self, *, port: int = 0, tls: ssl.SSLContext | None = None, **settings: Unpack[Settings]
    ) -> None:
        super().__init__(**settings)
        self.port = port
        self._tls = tls
        self._listener: asyncio.Server | None = None
        self._lines: list[bytes] = []
        self._heard = asyncio.Condition()
        self._pending: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # -- life ----------------------------------------------------------

    async def listen(self) -> None:
        """Take connections, after `stop` on the same port as before."""
        self._listener = await asyncio.start_server(
            self._serve, HOST, self.port, ssl=self._tls, limit=MAX_LINE
        )
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self, reason: str = "Server going down") -> None:
        """Send ERROR to all clients, close their connections, and accept no more."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for client in list(self.clients):
            self.close(client, reason)
        if self._pending:
            await asyncio.wait(list(self._pending), timeout=_GRACE)
        for task in self._pending:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._pending.add(task)
        client = Client(writer=writer)
        self.clients.append(client)
        try:
            await self._read(client, reader)
        finally:
            self.forget(client, "Connection closed")
            with contextlib.suppress(OSError):
                writer.close()
                await writer.wait_closed()
            self._pending.discard(task)
            async with self._heard:
                self._heard.notify_all()

    async def _read(self, client: Client, reader: asyncio.StreamReader) -> None:
        # Whoever is being closed is still read to the end: closing a socket with
        # unread data would reset it, and lose what the client has not read yet.
        too_long = False
        while True:
            try:
                line = await reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                too_long = bool(await reader.readexactly(error.consumed))
                continue
            except (asyncio.IncompleteReadError, OSError):
                return
            if too_long:
                too_long = False
                self.numeric(client, "417", "Input line was too long")
                continue
            if not client.closing:
                commands.handle(self, client, line.rstrip(b"\r\n"))
            async with self._heard:
                self._lines.append(line.rstrip(b"\r\n"))
                self._heard.notify_all()

    # -- people and mischief -------------------------------------------

    def person(
        self, nick: str, *, user: str = "", host: str = "", account: str = ""
    ) -> Participant:
        """Add a person without a socket."""
        client = Client(nick=nick, user=user or nick, host=host or "home.example", account=account)
        client.registered = True
        self.clients.append(client)
        return Participant(self, client)

    def drop(self, nick: str) -> None:
        """Reset a client's connection without ERROR."""
        client = self.client(nick)
        if client is not None and client.writer is not None:
            client.closing = True
            sock = client.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            client.writer.transport.abort()

    def send_raw(self, nick: str, data: bytes) -> None:
        """Send raw bytes to a client."""
        client = self.client(nick)
        if client is not None and client.writer is not None:
            client.writer.write(data)

    async def heard(self, pattern: bytes) -> bytes:
        """Wait until a client on a socket has sent a line that matches a pattern."""
        wanted = re.compile(pattern)
        async with self._heard:
            while True:
                for line in self._lines:
                    if wanted.search(line):
                        return line
                await self._heard.wait()

    async def joined(self, nick: str, channel: str) -> None:
        """Wait until a client on a socket is in a channel."""
        async with self._heard:
            await self._heard.wait_for(lambda: self._is_in(nick, channel))

    async def gone(self, nick: str) -> None:
        """Wait until no client has that nick."""
        async with self._heard:
            await self._heard.wait_for(lambda: self.client(nick) is None)

    def _is_in(self, nick: str, name: str) -> bool:
        client, channel = self.client(nick), self.channel(name)
        return client is not None and channel is not None and client in channel.members
