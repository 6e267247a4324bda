"""Events as a person sees them in a terminal: spans of safe text, each with a style.

Pure: a style is a name, and what it looks like is for whoever shows it.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.event import RECORDERS_OWN, EventType
from chatlog.formats.plain import body_of
from chatlog.formats.visible import visible, visible_word

if TYPE_CHECKING:
    from chatlog.event import Event

NICK_STYLES: Final = 12
"""How many colours nicks are spread over: styles `nick0` to `nick11`."""

_SPEECH: Final = {
    EventType.MESSAGE: ("<", "> "),
    EventType.ACTION: ("* ", " "),
    EventType.NOTICE: ("-", "- "),
}


class Span(NamedTuple):
    """A piece of a line and the name of its style, "" for none."""

    text: str
    style: str = ""


class Manner(NamedTuple):
    """How lines are shown: zone of the stamps (None is local), dates, channel names."""

    tz: tzinfo | None = None
    date: bool = False
    target_width: int = 0


def render(event: Event, manner: Manner) -> list[Span]:
    """Show one event as one line, without its newline."""
    spans = [Span(_stamp(event.time, manner) + " ", "time")]
    if manner.target_width:
        spans.append(Span(f"{visible_word(event.target):<{manner.target_width}} ", "target"))
    if event.via:
        spans.append(Span(f"({visible_word(event.via)}) ", "via"))
    speech = _SPEECH.get(event.type)  # type: ignore[call-overload]  # a str is looked up alike
    if speech is None:
        style = "own" if event.type in RECORDERS_OWN else "event"
        return [*spans, Span(body_of(event), style)]
    before, after = speech
    status = f":{visible_word(event.statusmsg + event.target)}" if event.statusmsg else ""
    return [
        *spans,
        Span(before, "mark"),
        Span(visible_word(event.nick) or "*", nick_style(event.nick)),
        Span(status + after, "mark"),
        Span(visible(event.text), "text"),
    ]


def nick_style(nick: str) -> str:
    """Name the style of a nick: always the same for it, whatever its case."""
    return f"nick{zlib.crc32(nick.lower().encode('utf-8', 'replace')) % NICK_STYLES}"


def _stamp(time: str, manner: Manner) -> str:
    try:
        local = datetime.fromisoformat(time[:19]).replace(tzinfo=UTC).astimezone(manner.tz)
    except (ValueError, OverflowError):
        return visible(time)
    return local.strftime("%Y-%m-%d %H:%M:%S" if manner.date else "%H:%M:%S")
