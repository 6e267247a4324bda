"""Clients and channels of the demo server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.demo.history import MessageStore

if TYPE_CHECKING:
    import asyncio


class Client:
    """A client of the server; without a writer, lines sent to it are dropped."""

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
        """The source of this client's lines."""
        return f"{self.nick}!{self.user}@{self.host}"

    def send(self, line: str) -> None:
        """Send one line."""
        if self.writer is not None and not self.closing:
            self.writer.write(line.encode(errors="surrogateescape") + b"\r\n")

    def close(self) -> None:
        """Send nothing more; the client is read until it closes as well."""
        self.closing = True
        if self.writer is not None and self.writer.can_write_eof():
            self.writer.write_eof()
        elif self.writer is not None:
            self.writer.close()


class Channel:
    """A channel: its members, each with their modes in it, and its history."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.topic = ""
        self.key = ""
        self.history = MessageStore()
        self.members: dict[Client, str] = {}

    def prefixes(self, client: Client, *, every: bool) -> str:
        """Return a member's prefixes: the highest, or with multi-prefix all."""
        found = "".join(
            sign for mode, sign in (("o", "@"), ("v", "+")) if mode in self.members[client]
        )
        return found if every else found[:1]
