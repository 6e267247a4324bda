"""Playback in bare text, as bouncers give it to who knows no server-time.

ZNC puts it between two lines of its own, each line with its stamp:
`[19:03:34] line`. bip says all of it under its own user and host, with
`19:03:34> line` or `23-11-2026 19:03:34> line`, and last that it has ended. The
stamps are taken for UTC; where no day is told, for the latest such moment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.event import EARLIEST, MOST_APART, format_time, parse_time, shifted

if TYPE_CHECKING:
    from chatlog.protocol.message import Message

MAX_PLAYING: Final = 64
"""Targets that are played back at a time; of further ones the lines count as live."""

VIA: Final = "playback"
KIND: Final = "znc.in/playback"
_ZNC: Final = "***!znc@znc.in"
_BIP: Final = "!bip@b.i.p"
_BEGINS: Final = {(_ZNC, "Buffer Playback...")}
_ENDS: Final = {(_ZNC, "Playback Complete."), (f"-bip{_BIP}", "End of backlog")}
_CLOCK: Final = r"(?P<clock>(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)"
_ACTION: Final = r"(?P<action>\x01ACTION )?"
_OF_ZNC: Final = re.compile(rf"{_ACTION}\[{_CLOCK}\] (?P<text>.*)", re.DOTALL | re.ASCII)
_OF_BIP: Final = re.compile(
    rf"{_ACTION}(?:(?P<day>\d\d)-(?P<month>\d\d)-(?P<year>\d{{4}}) )?{_CLOCK}(?:>|(?= -!-)) "
    r"(?P<text>.*)",
    re.DOTALL | re.ASCII,
)
SAID: Final = frozenset({"PRIVMSG", "NOTICE"})
"""The commands whose messages may be played back in bare text."""

_DAY: Final = 86_400_000
_AHEAD: Final = 60_000


class Dated(NamedTuple):
    """A line that is played back: when it was said, and its parameters without the stamp."""

    time: str
    params: list[str]


def is_bouncer(source: str) -> bool:
    """Return whether lines of a source may be bare playback."""
    return source == _ZNC or source.endswith(_BIP)


class BarePlayback:
    """Follow which targets are being played back; `playing` are they, as ZNC spells them."""

    def __init__(self) -> None:
        self.playing: set[str] = set()

    def take(self, message: Message) -> bool:
        """Take a line for a mark of beginning or end; say no to any other."""
        if not is_bouncer(message.source) or len(message.params) != 2:  # noqa: PLR2004 - target and text
            return False
        target, text = message.params
        mark = message.source, text
        if mark in _BEGINS and len(self.playing) < MAX_PLAYING:
            self.playing.add(target)
        elif mark in _ENDS:
            self.playing.discard(target)
        return mark in _BEGINS | _ENDS

    def dated(self, message: Message, received: str) -> Dated | None:
        """Date a line that is played back; None for any other."""
        if message.command not in SAID or len(message.params) != 2:  # noqa: PLR2004 - as above
            return None
        target, text = message.params
        match = None
        if message.source.endswith(_BIP):
            match = _OF_BIP.fullmatch(text)
        elif target in self.playing:
            match = _OF_ZNC.fullmatch(text)
        time = _moment(match.groupdict(), received) if match else ""
        if not (match and time):
            return None
        return Dated(time, [target, (match["action"] or "") + match["text"]])


def _moment(found: dict[str, str | None], received: str) -> str:
    """Return the moment of a stamp, without a day the latest that is not to come; "" for none.

    A day before there was IRC, or more than a day ahead, is none.
    """
    day = "{year}-{month}-{day}".format(**found) if found.get("year") else received[:10]
    try:
        moment = parse_time(f"{day}T{found['clock']}.000Z")
    except ValueError:
        return ""
    if not found.get("year") and moment > parse_time(received) + _AHEAD:
        moment -= _DAY
    time = format_time(moment)
    if found.get("year") and not EARLIEST <= time <= shifted(received, MOST_APART):
        return ""
    return time
