"""What was said in a channel of the demo server, and CHATHISTORY, which gives it back.

By timestamp and msgid; see https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.demo.people import Client
    from chatlog.demo.server import Server
    from chatlog.protocol.message import Message

CAPABILITY: Final = "draft/chathistory"
PAGE: Final = 100
_KEPT: Final = 200_000
_REFERENCES: Final = ("timestamp", "msgid")


class Said(NamedTuple):
    """One line: its tags as each client may see them, and the line itself."""

    tags: dict[str, str]
    source: str
    words: tuple[str, ...]


class History:
    """The last lines of one channel."""

    def __init__(self) -> None:
        self._lines: list[Said] = []
        self._numbers: dict[str, int] = {}
        self._forgotten = 0

    def keep(self, said: Said) -> None:
        """Keep a line, and forget the oldest where there are many."""
        self._numbers[said.tags["msgid"]] = self._forgotten + len(self._lines)
        self._lines.append(said)
        if len(self._lines) > _KEPT:
            del self._numbers[self._lines.pop(0).tags["msgid"]]
            self._forgotten += 1

    def after(self, kind: str, value: str, count: int) -> list[Said]:
        """Return the first lines behind a place; none where nobody knows it."""
        if kind == "timestamp":
            begin = bisect_right(self._lines, value, key=_time_of)
        else:
            begin = self._numbers.get(value, self._forgotten + len(self._lines)) + 1
            begin -= self._forgotten
        return self._lines[begin : begin + count]

    def before(self, kind: str, value: str, count: int) -> list[Said]:
        """Return the last lines before a place."""
        if kind == "timestamp":
            end = bisect_left(self._lines, value, key=_time_of)
        else:
            end = self._numbers.get(value, self._forgotten) - self._forgotten
        return self._lines[max(0, end - count) : end]

    def latest(self, _kind: str, _value: str, count: int) -> list[Said]:
        """Return the last lines."""
        return self._lines[-count:]


def _time_of(said: Said) -> str:
    return said.tags["time"]


_COMMANDS: Final[dict[str, Callable[[History, str, str, int], list[Said]]]] = {
    "AFTER": History.after,
    "BEFORE": History.before,
    "LATEST": History.latest,
}


def on_chathistory(server: Server, client: Client, message: Message) -> None:
    """Give back what was said, as a batch."""
    command, name, place, count = [*message.params, "", "", ""][:4]
    label = message.tags().get("label", "")
    tags = {"label": label} if label else {}
    channel = server.channel(name)
    give, kind = _COMMANDS.get(command), place.partition("=")[0]
    known = place == "*" or kind in _REFERENCES
    if give is None or not known or not count.isdigit():
        server.reply(client, tags, "FAIL", "CHATHISTORY", "INVALID_PARAMS", command, "Say it right")
    elif channel is None or client not in channel.members:
        words = ("INVALID_TARGET", command, name, "You are not there")
        server.reply(client, tags, "FAIL", "CHATHISTORY", *words)
    else:
        found = give(channel.history, kind, place.partition("=")[2], min(int(count), PAGE))
        _give(server, client, channel.name, tags, found)


def _give(
    server: Server, client: Client, name: str, tags: dict[str, str], lines: list[Said]
) -> None:
    reference = server.next_batch()
    server.reply(client, tags, "BATCH", f"+{reference}", "chathistory", name)
    for said in lines:
        seen = {**said.tags, "batch": reference}
        server.reply(client, seen, *said.words, source=said.source)
    server.reply(client, {}, "BATCH", f"-{reference}")
