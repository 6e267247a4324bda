"""The parts of lines of talk: speakers, times, edits and reactions. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from zlib import crc32

import msgspec

from chatlog.event import Event, EventType
from chatlog.export.filters import EDIT
from chatlog.export.site.markup import escaped
from chatlog.formats.sentences import sentence
from chatlog.formats.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

COLORS: Final = 24
"""The colours of nicks; the style sheet has a class for each."""

ABOUT: Final = frozenset({EventType.REACT, EventType.UNREACT, EventType.REDACT, EventType.CLEAR})
"""The types of events about a message: with the id of a message, they get no line of their own."""

_MOST_PEOPLE: Final = 10_000  # of a network
_MOST_MINUTES: Final = 5000  # of some days
_MINUTE: Final = len("2026-11-23T18:20")


class Clocks(dict[str, str]):
    """A cache of the local `HH:MM` of minutes, by the minute in UTC (`YYYY-MM-DDTHH:MM`)."""

    def __init__(self, tz: tzinfo) -> None:
        super().__init__()
        self._tz = tz

    def __missing__(self, minute: str) -> str:
        """Return the local time of a minute that was not asked for yet."""
        if len(self) >= _MOST_MINUTES:
            self.clear()
        found = self[minute] = clock_of(minute, self._tz)
        return found

    def of(self, events: Iterable[Event]) -> list[str]:
        """Return the local `HH:MM` of events."""
        if self._tz is UTC:
            return [event.time[11:16] for event in events]
        return [self[event.time[:_MINUTE]] for event in events]


def clock_of(time: str, tz: tzinfo) -> str:
    """Return the local `HH:MM` of a time, or of a minute."""
    if tz is UTC:
        return time[11:16]
    return f"{datetime.fromisoformat(f'{time[:16]}:00+00:00').astimezone(tz):%H:%M}"


class Speakers(dict[str, tuple[str, str]]):
    """A cache of speakers by nick, for one type of lines: HTML, and the beginning of a sentence."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def __missing__(self, nick: str) -> tuple[str, str]:
        """Return the HTML and the beginning of a sentence for a new nick."""
        if len(self) >= _MOST_PEOPLE:
            self.clear()
        html = f'<b class="n{color_of(nick)}">{escaped(nick)}</b>'
        found = self[nick] = html, sentence(Event(time="", type=self._kind, nick=nick), visible)
        return found


def color_of(nick: str) -> int:
    """Return the colour of a nick: the same on every page."""
    return crc32(nick.lower().encode("utf-8", "surrogatepass")) % COLORS


class AboutMessages(msgspec.Struct):
    """The edits and reactions of a day, by the ids of the messages that they concern."""

    edited: set[str]
    reactions: dict[str, Counter[str]]

    @classmethod
    def of(cls, events: Sequence[Event]) -> AboutMessages:
        """Return the edits and reactions among the events of a day."""
        edited = {each for event in events if event.tags and (each := event.tags.get(EDIT))}
        reactions: dict[str, Counter[str]] = {}
        for event in [event for event in events if event.type in ABOUT and event.reply_to]:
            if event.type == EventType.REACT:
                reactions.setdefault(event.reply_to, Counter())[event.text] += 1
            elif event.type == EventType.UNREACT:
                reactions.setdefault(event.reply_to, Counter())[event.text] -= 1
        return cls(edited, reactions)

    def marks(self, msgid: str) -> tuple[str, str]:
        """Return the marks behind a message: whether it was edited, and its reactions."""
        edited = ' <i class="gone">(edited)</i>' if msgid in self.edited else ""
        found = self.reactions.get(msgid)
        shown = [f"{escaped(each)} {count}" for each, count in (found or {}).items() if count > 0]
        return edited, f' <span class="react">{" ".join(shown)}</span>' if shown else ""
