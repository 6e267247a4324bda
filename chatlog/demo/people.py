"""Who and what is on the demo server: clients, channels, and people without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.demo.history import History

if TYPE_CHECKING:
    import asyncio

    from chatlog.demo.server import Server


class Client:
    """Somebody on the server; without a writer, what is sent to them is dropped."""

    def __init__(
        self,
        *,
        nick: str = "",
        user: str = "",
        host: str = "localhost",
        account: str = "",
        writer: asyncio.StreamWriter | None = None,
    ) -> None:
        self.nick = nick
        self.user = user
        self.host = host
        self.account = account
        self.realname = ""
        self.away = ""
        self.writer = writer
        self.capabilities: set[str] = set()
        self.negotiating = False
        self.registered = False
        self.closing = False

    @property
    def mask(self) -> str:
        """The source of what this client does."""
        return f"{self.nick}!{self.user}@{self.host}"

    def send(self, line: str) -> None:
        """Send one line."""
        if self.writer is not None and not self.closing:
            self.writer.write(line.encode(errors="surrogateescape") + b"\r\n")

    def close(self) -> None:
        """Send no more; the client is read until it has closed, too."""
        self.closing = True
        if self.writer is not None and self.writer.can_write_eof():
            self.writer.write_eof()
        elif self.writer is not None:
            self.writer.close()


class Channel:
    """A channel: its members, each with the modes that they have in it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.topic = ""
        self.key = ""
        self.history = History()
        self.members: dict[Client, str] = {}

    def prefixes(self, client: Client, *, every: bool) -> str:
        """Write a member's status: the highest, or with multi-prefix every one."""
        found = "".join(
            sign for mode, sign in (("o", "@"), ("v", "+")) if mode in self.members[client]
        )
        return found if every else found[:1]


class Person:
    """Somebody who is on the server without a socket, and does what the script says."""

    def __init__(self, server: Server, client: Client) -> None:
        self._server = server
        self.client = client

    def raw(self, line: str | bytes) -> None:
        """Do what a line of the protocol says."""
        self._server.handle(self.client, line if isinstance(line, bytes) else line.encode())

    def say(self, target: str, text: str) -> None:
        """Say something."""
        self.raw(f"PRIVMSG {target} :{text}")

    def act(self, target: str, text: str) -> None:
        """Do something in words."""
        self.raw(f"PRIVMSG {target} :\x01ACTION {text}\x01")

    def join(self, channel: str) -> None:
        """Come into a channel."""
        self.raw(f"JOIN {channel}")

    def part(self, channel: str, reason: str = "") -> None:
        """Leave a channel."""
        self.raw(f"PART {channel} :{reason}" if reason else f"PART {channel}")

    def quit(self, reason: str = "") -> None:
        """Leave the server."""
        self.raw(f"QUIT :{reason}")

    def login(self, account: str) -> None:
        """Log in to an account; out, with an empty one."""
        self.client.account = account
        self._server.broadcast(
            self._server.peers(self.client),
            self.client,
            "ACCOUNT",
            account or "*",
            requires="account-notify",
        )

    def move(self, user: str, host: str) -> None:
        """Have another user name and host."""
        peers = self._server.peers(self.client)
        self._server.broadcast(peers, self.client, "CHGHOST", user, host, requires="chghost")
        self.client.user, self.client.host = user, host
