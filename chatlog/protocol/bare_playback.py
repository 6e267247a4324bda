"""Playback in bare text, as ZNC gives it to who knows no server-time: `[19:03:34] line`.

Between two lines of its own that say so. The stamps are taken for UTC and for
the latest such moment: neither day nor zone is told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.event import format_time, parse_time

if TYPE_CHECKING:
    from chatlog.protocol.message import Message

SOURCE: Final = "***!znc@znc.in"
VIA: Final = "playback"
KIND: Final = "znc.in/playback"
_BEGINS: Final = "Buffer Playback..."
_ENDS: Final = "Playback Complete."
_STAMPED: Final = re.compile(
    r"(\x01ACTION )?\[((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)\] (.*)", re.DOTALL | re.ASCII
)
_SAID: Final = frozenset({"PRIVMSG", "NOTICE"})
_DAY: Final = 86_400_000
_AHEAD: Final = 60_000


class Dated(NamedTuple):
    """A line that is played back: when it was said, and its parameters without the stamp."""

    time: str
    params: list[str]


class BarePlayback:
    """Follow which targets are being played back; `playing` are they, as ZNC spells them."""

    def __init__(self) -> None:
        self.playing: set[str] = set()

    def take(self, message: Message) -> bool:
        """Take a line for a mark of beginning or end; say no to any other."""
        if message.source != SOURCE or len(message.params) != 2:  # noqa: PLR2004 - target and text
            return False
        target, text = message.params
        if text == _BEGINS:
            self.playing.add(target)
        elif text == _ENDS:
            self.playing.discard(target)
        return text in {_BEGINS, _ENDS}

    def dated(self, message: Message, received: str) -> Dated | None:
        """Date a line that is played back; None for any other."""
        if not self.playing or message.command not in _SAID or len(message.params) != 2:  # noqa: PLR2004 - as above
            return None
        target, text = message.params
        match = _STAMPED.fullmatch(text) if target in self.playing else None
        if match is None:
            return None
        return Dated(_latest(match[2], received), [target, (match[1] or "") + match[3]])


def _latest(clock: str, received: str) -> str:
    """Return the latest moment that has such a time of day, and is not to come."""
    moment, now = parse_time(f"{received[:10]}T{clock}.000Z"), parse_time(received)
    return format_time(moment - _DAY if moment > now + _AHEAD else moment)
