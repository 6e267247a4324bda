"""Concealment: secrets that a server repeats are hidden in its messages before they are used.

So no event, ledger entry or reason of a refusal holds one. What people say and do in
channels stays as it was, and so does the machinery of the protocol, which would not
work otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.protocol import numerics

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.message import Message
    from chatlog.secret import SecretMask

_AS_THEY_CAME: Final = frozenset(
    {
        *("CAP", "AUTHENTICATE", "BATCH", "PING", "PONG"),
        *("JOIN", "PART", "QUIT", "NICK", "AWAY", "ACCOUNT", "CHGHOST", "SETNAME", "TAGMSG"),
        numerics.RPL_ISUPPORT,
        numerics.RPL_NAMREPLY,
        numerics.RPL_TOPIC,
        numerics.RPL_WHOISCHANNELS,
    }
)
"""The commands whose messages are not searched for secrets."""

_TAGS_AS_THEY_CAME: Final = frozenset({"time", "batch"})
_KNOWN_TAGS: Final = frozenset({*_TAGS_AS_THEY_CAME, "account", "msgid", "label"})
"""The tags whose keys stay, even if a secret reads alike."""


def conceal(message: Message, mask: SecretMask, is_channel: Callable[[str], bool]) -> None:
    """Hide the secrets in the source, parameters, tags and raw bytes of a message.

    `is_channel` tells whether a name is that of a channel that we are in.
    """
    if message.command in _AS_THEY_CAME or _is_of_people(message, is_channel):
        return
    message.params[:] = map(mask, message.params)
    message.source = mask(message.source)
    if mask(message.tag_text) != message.tag_text:
        items = message.tag_text.split(";")
        message.tag_text = ";".join(_concealed_tag(item, mask) for item in items)
    message.raw = mask.in_bytes(message.raw)


def _concealed_tag(item: str, mask: SecretMask) -> str:
    key, equals, value = item.partition("=")
    if key in _TAGS_AS_THEY_CAME:
        return item
    return f"{key if key in _KNOWN_TAGS else mask(key)}{equals}{mask(value)}"


def _is_of_people(message: Message, is_channel: Callable[[str], bool]) -> bool:
    """Return whether a person says or does something in a channel; a mode can hold a key."""
    is_by_a_person = "!" in message.source and message.command != "MODE"
    return is_by_a_person and bool(message.params) and is_channel(message.params[0])
