"""Participants on the demo server: clients without a socket, driven by a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.demo import commands

if TYPE_CHECKING:
    from chatlog.demo.clients import Client
    from chatlog.demo.state import ServerState


class Participant:
    """A client without a socket: its methods send lines of the protocol."""

    def __init__(self, server: ServerState, client: Client) -> None:
        self._server = server
        self.client = client

    def raw(self, line: str | bytes) -> None:
        """Run one line of the protocol."""
        data = line if isinstance(line, bytes) else line.encode()
        commands.handle(self._server, self.client, data)

    def say(self, target: str, text: str) -> None:
        """Send a message."""
        self.raw(f"PRIVMSG {target} :{text}")

    def act(self, target: str, text: str) -> None:
        """Send a CTCP ACTION."""
        self.raw(f"PRIVMSG {target} :\x01ACTION {text}\x01")

    def join(self, channel: str) -> None:
        """Join a channel."""
        self.raw(f"JOIN {channel}")

    def part(self, channel: str, reason: str = "") -> None:
        """Leave a channel."""
        self.raw(f"PART {channel} :{reason}" if reason else f"PART {channel}")

    def quit(self, reason: str = "") -> None:
        """Leave the server."""
        self.raw(f"QUIT :{reason}")

    def login(self, account: str) -> None:
        """Log in to an account; an empty one logs out."""
        self.client.account = account
        self._server.broadcast(
            self._server.peers(self.client),
            self.client,
            "ACCOUNT",
            account or "*",
            requires="account-notify",
        )

    def move(self, user: str, host: str) -> None:
        """Change user name and host."""
        peers = self._server.peers(self.client)
        self._server.broadcast(peers, self.client, "CHGHOST", user, host, requires="chghost")
        self.client.user, self.client.host = user, host
