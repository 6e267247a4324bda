"""Events as a person sees them in a terminal: spans of safe text, each with a style.

Pure: a style is a name, and what it looks like is for whoever shows it.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.casemapping import Casemapping
from chatlog.event import RECORDERS_OWN, EventType
from chatlog.formats.sentences import sentence, speaker
from chatlog.formats.visible import visible, visible_word

if TYPE_CHECKING:
    from chatlog.event import Event

NICK_STYLES: Final = 12
"""How many colours nicks are spread over: styles `nick0` to `nick11`."""

_SPEECH: Final[dict[str, tuple[str, str]]] = {
    EventType.MESSAGE: ("<", "> "),
    EventType.ACTION: ("* ", " "),
    EventType.NOTICE: ("-", "- "),
}
_SECOND: Final = len("2026-11-23T18:20:01")
_COARSEST: Final = Casemapping("rfc1459")


class Span(NamedTuple):
    """A piece of a line and the name of its style, "" for none."""

    text: str
    style: str = ""


class Manner(NamedTuple):
    """How lines are shown: the zone of stamps (None is local), and with which columns.

    The column of the targets is there where it has a width.
    """

    tz: tzinfo | None = None
    date: bool = False
    network: bool = False
    target_width: int = 0


def render(event: Event, manner: Manner) -> list[Span]:
    """Show one event as one line, without its newline."""
    spans = [Span(_stamp(event.time, manner) + " ", "time")]
    if manner.target_width:
        spans.append(Span(f"{place(event, manner):<{manner.target_width}} ", "target"))
    if event.via:
        spans.append(Span(f"({visible_word(event.via)}) ", "via"))
    speech = _SPEECH.get(event.type)
    if speech is None or event.subject:
        style = "own" if event.type in RECORDERS_OWN else "event"
        return [*spans, Span(sentence(event, visible), style)]
    before, after = speech
    nick, colon, to = speaker(event).partition(":")
    return [
        *spans,
        Span(before, "mark"),
        Span(nick, nick_style(event.nick)),
        Span(colon + to + after, "mark"),
        Span(visible(event.text), "text"),
    ]


def place(event: Event, manner: Manner) -> str:
    """Name an event's target, behind its network where the manner says so."""
    target = visible_word(event.target)
    return f"{visible_word(event.network)}/{target}" if manner.network else target


def nick_style(nick: str) -> str:
    """Name the style of a nick: always the same for it, whatever its case."""
    folded = _COARSEST[nick].encode("utf-8", "replace")
    return f"nick{zlib.crc32(folded) % NICK_STYLES}"


def local_time(time: str, tz: tzinfo | None) -> datetime:
    """Return the time of an event as clocks of a zone show it; None is the local one.

    What is no time, or none that the zone has, raises ValueError.
    """
    try:
        return datetime.fromisoformat(time[:_SECOND]).replace(tzinfo=UTC).astimezone(tz)
    except OverflowError as error:
        raise ValueError(time) from error


def _stamp(time: str, manner: Manner) -> str:
    try:
        local = local_time(time, manner.tz)
    except ValueError:
        return visible(time)
    # Not %Y: the C library of Linux writes the year 1 as one digit.
    return f"{local.date()} {local:%H:%M:%S}" if manner.date else f"{local:%H:%M:%S}"
