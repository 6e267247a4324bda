"""CHATHISTORY on the demo server: AFTER, BEFORE and LATEST, by timestamp and msgid.

See https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.demo.history import MessageStore, StoredMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.demo.clients import Client
    from chatlog.demo.state import ServerState
    from chatlog.protocol.message import Message

PAGE: Final = 100
_REFERENCES: Final = ("timestamp", "msgid")
_COMMANDS: Final[dict[str, Callable[[MessageStore, str, str, int], list[StoredMessage]]]] = {
    "AFTER": MessageStore.after,
    "BEFORE": MessageStore.before,
    "LATEST": MessageStore.latest,
}


def on_chathistory(server: ServerState, client: Client, message: Message) -> None:
    """Send lines of history as a batch."""
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
    server: ServerState, client: Client, name: str, tags: dict[str, str], lines: list[StoredMessage]
) -> None:
    reference = server.next_batch()
    server.reply(client, tags, "BATCH", f"+{reference}", "chathistory", name)
    for said in lines:
        seen = {**said.tags, "batch": reference}
        server.reply(client, seen, *said.words, source=said.source)
    server.reply(client, {}, "BATCH", f"-{reference}")
