"""A small IRC server for loopback: to show what a recorder does, and to test it.

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
from typing import TYPE_CHECKING, Final, Self

from chatlog.casemapping import Casemapping
from chatlog.demo import commands
from chatlog.demo.history import CAPABILITY, Said
from chatlog.demo.people import Channel, Client, Person
from chatlog.protocol.message import parse_text

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

HOST: Final = "127.0.0.1"
MAX_LINE: Final = 8191 + 512
_GRACE: Final = 5.0
_NO_LINGER: Final = struct.pack("ii", 1, 0)
CAPABILITIES: Final = (
    "account-notify",
    "account-tag",
    "away-notify",
    "batch",
    "chghost",
    CAPABILITY,
    "echo-message",
    "extended-join",
    "invite-notify",
    "labeled-response",
    "message-tags",
    "multi-prefix",
    "server-time",
    "setname",
    "userhost-in-names",
)


class Server:
    """An IRC server on a loopback port, while its `async with` block lasts.

    `clock` gives the time in the form of the server-time tag. `port` 0 takes a
    free one. `answers_cap` False makes it one of those that never answer CAP.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], str],
        name: str = "demo.chatlog",
        network: str = "demo",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        capabilities: Iterable[str] = CAPABILITIES,
        casemapping: str = "rfc1459",
        answers_cap: bool = True,
    ) -> None:
        self.name = name
        self.network = network
        self.port = port
        self.capabilities = tuple(capabilities)
        self.casemapping = Casemapping(casemapping)
        self.answers_cap = answers_cap
        self.clock = clock
        self.channels: dict[str, Channel] = {}
        self.clients: list[Client] = []
        self._tls = tls
        self._listener: asyncio.Server | None = None
        self._messages = 0
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
        """Tell everybody, close all connections, and take no more of them."""
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
                self.handle(client, line.rstrip(b"\r\n"))
            async with self._heard:
                self._lines.append(line.rstrip(b"\r\n"))
                self._heard.notify_all()

    def handle(self, client: Client, line: bytes) -> None:
        """Do what one line of a client says; what makes no sense is answered or ignored."""
        message = parse_text(line.decode(errors="surrogateescape"))
        if message.command:
            commands.run(self, client, message)

    # -- sending -------------------------------------------------------

    def send(self, client: Client, *words: str, source: str = "") -> None:
        """Send one client a line of the server's own; the last word may hold spaces."""
        client.send(self._tags(client, {}) + _line(source or self.name, words))

    def numeric(self, client: Client, number: str, *words: str) -> None:
        """Send one client a numeric."""
        self.send(client, number, client.nick or "*", *words)

    def broadcast(
        self,
        to: Iterable[Client],
        source: Client,
        *words: str,
        requires: str = "",
        tags: dict[str, str] | None = None,
    ) -> None:
        """Send what somebody did to others, to each as its capabilities allow."""
        self._messages += 1
        shared = {**(tags or {}), "msgid": f"m{self._messages}"}
        if source.account:
            shared["account"] = source.account
        self._remember(source, words, shared)
        for client in dict.fromkeys(to):
            if not requires or requires in client.capabilities:
                client.send(self._tags(client, shared) + _line(source.mask, words))

    def _remember(self, source: Client, words: tuple[str, ...], tags: dict[str, str]) -> None:
        channel = self.channel(words[1]) if words[0] in _REMEMBERED else None
        if channel is not None:
            channel.history.keep(Said({"time": self.clock(), **tags}, source.mask, words))

    def reply(self, client: Client, tags: dict[str, str], *words: str, source: str = "") -> None:
        """Send one client a line with tags of its own."""
        client.send(self._tags(client, tags) + _line(source or self.name, words))

    def next_batch(self) -> str:
        """Make up a reference for a batch."""
        self._messages += 1
        return f"b{self._messages}"

    def _tags(self, client: Client, shared: dict[str, str]) -> str:
        tags = {"time": self.clock()} | shared
        allowed = {
            key: value
            for key, value in tags.items()
            if _TAG_CAPABILITIES.get(key, "message-tags") in client.capabilities
        }
        if not allowed:
            return ""
        return f"@{';'.join(f'{key}={_escape(value)}' for key, value in allowed.items())} "

    # -- who is here ---------------------------------------------------

    def client(self, nick: str) -> Client | None:
        """Find a client by nick."""
        folded = self.casemapping[nick]
        return next((each for each in self.clients if self.casemapping[each.nick] == folded), None)

    def channel(self, name: str) -> Channel | None:
        """Find a channel by name."""
        return self.channels.get(self.casemapping[name])

    def channels_of(self, client: Client) -> list[Channel]:
        """List the channels that somebody is in."""
        return [each for each in self.channels.values() if client in each.members]

    def peers(self, client: Client) -> list[Client]:
        """List everybody who shares a channel with somebody, without that person."""
        found = (peer for channel in self.channels_of(client) for peer in channel.members)
        return [peer for peer in dict.fromkeys(found) if peer is not client]

    def forget(self, client: Client, reason: str) -> None:
        """Let somebody quit."""
        if client not in self.clients:
            return
        self.broadcast(self.peers(client), client, "QUIT", reason)
        for channel in self.channels_of(client):
            self.leave(channel, client)
        self.clients.remove(client)

    def leave(self, channel: Channel, client: Client) -> None:
        """Take somebody out of a channel; an empty one is gone."""
        channel.members.pop(client, None)
        if not channel.members:
            self.channels.pop(self.casemapping[channel.name], None)

    # -- people and mischief -------------------------------------------

    def person(self, nick: str, *, user: str = "", host: str = "", account: str = "") -> Person:
        """Let somebody be here without a socket."""
        client = Client(nick=nick, user=user or nick, host=host or "home.example", account=account)
        client.registered = True
        self.clients.append(client)
        return Person(self, client)

    def close(self, client: Client, reason: str) -> None:
        """End a connection politely: ERROR, then the end once the client has closed or was told."""
        client.send(f"ERROR :Closing link: ({reason})")
        self.forget(client, reason)
        client.close()

    def drop(self, nick: str) -> None:
        """Break a connection off without a word: the other side sees it reset."""
        client = self.client(nick)
        if client is not None and client.writer is not None:
            client.closing = True
            sock = client.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            client.writer.transport.abort()

    def send_raw(self, nick: str, data: bytes) -> None:
        """Send these bytes, whatever they are."""
        client = self.client(nick)
        if client is not None and client.writer is not None:
            client.writer.write(data)

    async def heard(self, pattern: bytes) -> bytes:
        """Wait until a client on a socket has said a line in which this pattern is found."""
        wanted = re.compile(pattern)
        async with self._heard:
            while True:
                for line in self._lines:
                    if wanted.search(line):
                        return line
                await self._heard.wait()

    async def joined(self, nick: str, channel: str) -> None:
        """Wait until somebody on a socket is in a channel."""
        async with self._heard:
            await self._heard.wait_for(lambda: self._is_in(nick, channel))

    async def gone(self, nick: str) -> None:
        """Wait until nobody of that nick is here."""
        async with self._heard:
            await self._heard.wait_for(lambda: self.client(nick) is None)

    def _is_in(self, nick: str, name: str) -> bool:
        client, channel = self.client(nick), self.channel(name)
        return client is not None and channel is not None and client in channel.members


_TAG_CAPABILITIES: Final = {
    "time": "server-time",
    "account": "account-tag",
    "batch": "batch",
    "label": "labeled-response",
}
_REMEMBERED: Final = ("PRIVMSG", "NOTICE")
_ESCAPES: Final = str.maketrans({";": r"\:", " ": r"\s", "\\": r"\\", "\r": r"\r", "\n": r"\n"})


def _escape(value: str) -> str:
    return value.translate(_ESCAPES)


def _line(source: str, words: tuple[str, ...]) -> str:
    *middle, last = words
    if " " in last or not last or last.startswith(":") or len(words) > 1:
        last = f":{last}"
    return " ".join((f":{source}", *middle, last))
