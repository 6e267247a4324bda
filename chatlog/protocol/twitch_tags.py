"""The tags of Twitch that have a counterpart in IRCv3, translated to that.

They count only if the server acknowledged `CAPABILITY`: elsewhere `id` may be anything.
See https://dev.twitch.tv/docs/chat/irc/#tags
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from chatlog.event import TO_THE_SECOND, format_time

CAPABILITY: Final = "twitch.tv/tags"
"""The capability with which each line has Twitch's tags."""

_SENT: Final = "tmi-sent-ts"
_NAMES: Final = (("id", "msgid"), ("reply-parent-msg-id", "+draft/reply"))
_ROOM: Final = "room-id"
_LONGEST_ROOM: Final = 20  # the digits of an integer of 64 bits
_MILLISECONDS: Final = 13  # the digits of a time in milliseconds, in the years 2001 to 2286


def translate(tags: dict[str, str]) -> None:
    """Rename Twitch's tags to those of IRCv3, unless the line has these as well.

    A time that is none stays as it is, and so does every other tag.
    """
    for name, onto in _NAMES:
        if tags.get(name) and onto not in tags:
            tags[onto] = tags.pop(name)
    sent = tags.get(_SENT, "")
    if len(sent) == _MILLISECONDS and sent.isascii() and sent.isdigit() and "time" not in tags:
        del tags[_SENT]
        tags["time"] = f"{_second(sent[:-3])}.{sent[-3:]}Z"


def room_of(tags: dict[str, str]) -> str:
    """Return the id of a line's room; "" if there is none, or it is no number."""
    room = tags.get(_ROOM, "")
    return room if room.isascii() and room.isdigit() and len(room) <= _LONGEST_ROOM else ""


@lru_cache(64)  # nearly every line of a read is of the second before
def _second(seconds: str) -> str:
    """Write seconds since 1970 as the beginning of a time."""
    return format_time(int(seconds) * 1000)[:TO_THE_SECOND]
