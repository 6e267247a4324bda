"""Events as a person sees them in a terminal: spans of safe text, each with a style.

Pure: a style is a name, and what it looks like is for whoever shows it.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.casemapping import Casemapping
from chatlog.event import RECORDERS_OWN, TO_THE_SECOND, EventType
from chatlog.formats.about_messages import relay_of, sentence_about
from chatlog.formats.mirc import Piece, pieces
from chatlog.formats.sentences import sentence, speaker
from chatlog.formats.visible import unformatted, visible, visible_word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chatlog.event import Event
    from chatlog.formats.visible import Show

    Find = Callable[[str], Iterable[tuple[int, int]]]

NICK_STYLES: Final = 12
"""How many colours nicks are spread over: styles `nick0` to `nick11`."""

_SPEECH: Final[dict[str, tuple[str, str]]] = {
    EventType.MESSAGE: ("<", "> "),
    EventType.ACTION: ("* ", " "),
    EventType.NOTICE: ("-", "- "),
}
_FEW_NAMES: Final = 8
_TEXT: Final = "\0"
"""Where the text stands in a sentence: a character that nothing shown has."""
_WIDE: Final = 2
_JOINER: Final = "\u200d"
_AS_EMOJI: Final = "\ufe0f"
_SOFT_HYPHEN: Final = "\u00ad"
_EMOJI_LETTERS: Final = "#*0123456789\u203c\u2049\u2139"
"""What is an emoji before the selector, and no symbol to Unicode."""
SKINS: Final = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_BEHIND: Final = frozenset(map(chr, (*range(0x1160, 0x1200), *range(0xD7B0, 0xD800))))
"""Vowels and endings of Korean syllables, which stand in the column of their beginning."""
_COARSEST: Final = Casemapping("rfc1459")


class Span(NamedTuple):
    """A piece of a line and the name of its style, "" for none.

    One that begins with `=` is no name: behind it stands the style itself.
    """

    text: str
    style: str = ""


BREAK: Final = Span("\n")
"""The end of a line of a text that has several."""


def _nothing(_text: str) -> Iterable[tuple[int, int]]:
    return ()


def _unknown(_event: Event) -> str:
    return ""


class LineFormat(NamedTuple):
    """How lines are shown: the zone of stamps (None is local), and with which columns.

    The column of the targets is there where it has a width. With `formatting`
    texts keep the colours that they were sent in; with `short_names` a list of names
    shows the first few; what `find` finds in a text
    without them is marked. `author_of` returns the author of the message that an
    event is about, "" if it is unknown. With `breaks`, a message of several lines has a
    `BREAK` between them.
    """

    tz: tzinfo | None = None
    date: bool = False
    network: bool = False
    target_width: int = 0
    formatting: bool = False
    short_names: bool = False
    find: Find = _nothing
    author_of: Callable[[Event], str] = _unknown
    breaks: bool = False


def render(event: Event, layout: LineFormat) -> list[Span]:
    """Show one event as one line, without its newline."""
    lead, text = parts(event, layout)
    return lead + text


def columns(event: Event, layout: LineFormat) -> list[Span]:
    """Return the columns of a line, and how its event came."""
    spans = [Span(_stamp(event.time, layout) + " ", "time")]
    if layout.target_width:
        spans.append(Span(padded(place(event, layout), layout.target_width) + " ", "target"))
    if event.via:
        spans.append(Span(f"({visible_word(event.via)}) ", "via"))
    return spans


def parts(event: Event, layout: LineFormat) -> tuple[list[Span], list[Span]]:
    """Return the columns and the nick of a line, and its text or sentence."""
    spans = columns(event, layout)
    speech = _SPEECH.get(event.type)
    if speech is None or event.subject:
        return spans, _sentence(event, layout)
    before, after = speech
    if event.relayed_nick:
        nick, rest, text = _relayed(event)
    else:
        name, colon, to = speaker(event).partition(":")
        nick, rest, text = Span(name, nick_style(event.nick)), colon + to, event.text
    spans += [Span(before, "mark"), nick, Span(rest + after, "mark")]
    return spans, _lines(text, layout)


def _relayed(event: Event) -> tuple[Span, str, str]:
    """Return who spoke through a relay, the words about the way, and the text behind the head.

    The words about the way have spaces, and no nick has one: who is on the channel itself
    has no such name.
    """
    from chatlog.relay_heads import text_behind_head

    _, colon, to = speaker(event).partition(":")
    nick = Span(visible(event.relayed_nick), nick_style(event.relayed_nick))
    return nick, f" via {relay_of(event)}{colon}{to}", text_behind_head(event.text)


def _lines(text: str, layout: LineFormat) -> list[Span]:
    """Show a message, each of its lines by itself."""
    if not layout.breaks or "\n" not in text:
        return _text(text, layout, "text")
    first, *others = (_text(line, layout, "text") for line in text.split("\n"))
    return first + [span for line in others for span in (BREAK, *line)]


def _sentence(event: Event, layout: LineFormat) -> list[Span]:
    """Render the sentence of an event, with the event's text formatted."""
    style = "own" if event.type in RECORDERS_OWN else "event"
    if layout.short_names and event.type == EventType.NAMES and not any(layout.find(event.text)):
        event = _shortened(event)
    if not event.text or event.command:  # which then is what the sentence is about
        return [Span(_worded(event, visible, layout), style)]
    said = _worded(event, lambda text: _TEXT if text == event.text else visible(text), layout)
    text, spans = _text(event.text, layout, style), []
    for number, piece in enumerate(said.split(_TEXT)):
        spans += [*(text if number else []), Span(piece, style)]
    return [span for span in spans if span.text]


def _worded(event: Event, show: Show, layout: LineFormat) -> str:
    return sentence_about(event, show, layout.author_of(event)) or sentence(event, show)


def _shortened(event: Event) -> Event:
    """Return the event with the first names of a list and their number."""
    names = event.text.split(" ")
    if len(names) <= _FEW_NAMES:
        return event
    text = f"{' '.join(names[:_FEW_NAMES])} … ({len(names):,} in all)"
    return msgspec.structs.replace(event, text=text)


def _text(text: str, layout: LineFormat, style: str) -> list[Span]:
    """Show a text: plainly, where it has neither formatting to keep nor anything found."""
    found = list(layout.find(unformatted(text)))
    if not (found or layout.formatting) or (text.isprintable() and not found):
        return [Span(visible(text), style)]
    styled = list(pieces(text)) if layout.formatting else [Piece(unformatted(text), "")]
    return [Span(visible(piece), own or style) for piece, own in _marked(styled, found)]


def _marked(styled: Iterable[Piece], found: list[tuple[int, int]]) -> Iterator[tuple[str, str]]:
    """Cut pieces where something was found in them, and name the styles that they have."""
    begin = 0
    for piece in styled:
        text, style = piece.text, piece.style
        end = begin + len(text)
        edges = {edge for span in found for edge in span if begin < edge < end}
        for low, high in pairwise((begin, *sorted(edges), end)):
            is_found = any(start <= low < stop for start, stop in found)
            yield (
                text[low - begin : high - begin],
                "found" if is_found else f"={style}" if style else "",
            )
        begin = end


def width_of(text: str) -> int:
    """Return how many terminal columns a safe text takes.

    Terminals differ in what they join. This is how those count that show an
    emoji of several characters as one: what only changes the character before
    it takes no column, and a selector for emoji makes a narrow symbol wide.
    """
    if text.isascii():
        return len(text)
    width, before, joined = 0, "", False
    for letter in text:
        if letter == _AS_EMOJI:
            width += _is_narrow_emoji(before)
        elif not (joined or (letter in SKINS and _columns(before) == _WIDE)):
            width += _columns(letter)
        before, joined = "" if joined else letter, letter == _JOINER
    return width


def padded(text: str, width: int) -> str:
    """Pad a safe text with spaces to a number of columns."""
    return text + " " * (width - width_of(text))


def _columns(letter: str) -> int:
    import unicodedata

    if not letter or letter in _BEHIND or unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return int(letter == _SOFT_HYPHEN)
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else 1


def _is_narrow_emoji(letter: str) -> bool:
    """Return whether a character is narrow as text and wide as an emoji."""
    import unicodedata

    is_symbol = letter in _EMOJI_LETTERS or unicodedata.category(letter or " ")[0] == "S"
    return is_symbol and _columns(letter) == 1


def place(event: Event, layout: LineFormat) -> str:
    """Name an event's target, behind its network where the layout says so."""
    target = visible_word(event.target)
    return f"{visible_word(event.network)}/{target}" if layout.network else target


def nick_style(nick: str) -> str:
    """Return the style of a nick: the same one in any case."""
    folded = _COARSEST[nick].encode("utf-8", "replace")
    return f"nick{zlib.crc32(folded) % NICK_STYLES}"


def local_time(time: str, tz: tzinfo | None) -> datetime:
    """Return the time of an event as clocks of a zone show it; None is the local one.

    What is no time, or none that the zone has, raises ValueError.
    """
    try:
        return datetime.fromisoformat(time[:TO_THE_SECOND]).replace(tzinfo=UTC).astimezone(tz)
    except OverflowError as error:
        raise ValueError(time) from error


def local_text(time: str, tz: tzinfo | None) -> str:
    """Return `2026-11-23 18:20:01` by the clocks of a zone; None is the local one.

    A time that they cannot show stays as it is.
    """
    try:
        local = local_time(time, tz)
    except ValueError:
        return time
    return f"{local.date()} {local:%H:%M:%S}"


def _stamp(time: str, layout: LineFormat) -> str:
    try:
        local = local_time(time, layout.tz)
    except ValueError:
        return visible(time)
    # Not %Y: the C library of Linux writes the year 1 as one digit.
    return f"{local.date()} {local:%H:%M:%S}" if layout.date else f"{local:%H:%M:%S}"
