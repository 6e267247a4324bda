"""The state of the demo server: its clients and channels, and how to send to them.

It knows no sockets; `server` owns those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Required, TypedDict

from chatlog.casemapping import Casemapping
from chatlog.demo.history import CAPABILITY, StoredMessage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.demo.clients import Channel, Client

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


class Settings(TypedDict, total=False):
    """The keyword arguments of ServerState."""

    clock: Required[Callable[[], str]]
    name: str
    network: str
    capabilities: Iterable[str]
    casemapping: str
    answers_cap: bool


class ServerState:
    """The clients and channels of a server, and the lines that they are sent.

    `clock` returns the time in the form of the server-time tag. If `answers_cap`
    is False, the server never answers CAP.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], str],
        name: str = "demo.chatlog",
        network: str = "demo",
        capabilities: Iterable[str] = CAPABILITIES,
        casemapping: str = "rfc1459",
        answers_cap: bool = True,
    ) -> None:
        self.name = name
        self.network = network
        self.capabilities = tuple(capabilities)
        self.casemapping = Casemapping(casemapping)
        self.answers_cap = answers_cap
        self.clock = clock
        self.channels: dict[str, Channel] = {}
        self.clients: list[Client] = []
        self._messages = 0

    # -- sending -------------------------------------------------------

    def send(self, client: Client, *words: str, source: str = "") -> None:
        """Send one client a line whose source is the server; the last word may hold spaces."""
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
        """Send an action of one client to others, with the tags that each may see."""
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
            channel.history.keep(StoredMessage({"time": self.clock(), **tags}, source.mask, words))

    def reply(self, client: Client, tags: dict[str, str], *words: str, source: str = "") -> None:
        """Send one client a line with the given tags."""
        client.send(self._tags(client, tags) + _line(source or self.name, words))

    def next_batch(self) -> str:
        """Return a new batch reference."""
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
        """List the channels of a client."""
        return [each for each in self.channels.values() if client in each.members]

    def peers(self, client: Client) -> list[Client]:
        """List the clients that share a channel with a client, without that client."""
        found = (peer for channel in self.channels_of(client) for peer in channel.members)
        return [peer for peer in dict.fromkeys(found) if peer is not client]

    def forget(self, client: Client, reason: str) -> None:
        """Remove a client, and tell its peers that it quit."""
        if client not in self.clients:
            return
        self.broadcast(self.peers(client), client, "QUIT", reason)
        for channel in self.channels_of(client):
            self.leave(channel, client)
        self.clients.remove(client)

    def leave(self, channel: Channel, client: Client) -> None:
        """Remove a client from a channel, and the channel if it is empty."""
        channel.members.pop(client, None)
        if not channel.members:
            self.channels.pop(self.casemapping[channel.name], None)

    def close(self, client: Client, reason: str) -> None:
        """Send ERROR, remove the client, and end its connection."""
        client.send(f"ERROR :Closing link: ({reason})")
        self.forget(client, reason)
        client.close()


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
