"""The lines of a day as HTML, in order: talk, doings folded together, gaps. Pure.

A line is one `p` with its anchor. Joins and quits that follow each other are one `details`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final
from zlib import crc32

import msgspec

from chatlog.event import CLASSES, RECORDERS_OWN, TALK, EventType
from chatlog.export.filters import EDIT, REDACTED
from chatlog.export.site.anchors import Anchors, aliases_now
from chatlog.export.site.markup import escaped, marked, shown, shown_lines
from chatlog.export.site.search_terms import terms_of
from chatlog.formats.sentences import sentence
from chatlog.formats.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from chatlog.event import Event
    from chatlog.export.site.anchors import Former

COLORS: Final = 24
"""The colours of nicks; the style sheet has a class for each."""

_PRESENCE: Final = CLASSES["presence"] - {EventType.NAMES}
_LEFT_OUT: Final = RECORDERS_OWN | {EventType.NAMES, EventType.OTHER}
_ABOUT: Final = frozenset({EventType.REACT, EventType.UNREACT, EventType.REDACT, EventType.CLEAR})
_FOLDED: Final[dict[str, str]] = {
    EventType.JOIN: "joined",
    EventType.PART: "left",
    EventType.QUIT: "quit",
    EventType.NICK: "changed nicks",
}


class DayGap(msgspec.Struct, frozen=True):
    """A stretch of a day in which the channel was not heard, in words; `time` is its start."""

    time: str
    text: str


class DaySummary(msgspec.Struct):
    """The numbers of a day: lines of talk in all, by nick and by hour, and the events."""

    said: int = 0
    events: int = 0
    people: dict[str, int] = {}
    hours: list[int] = msgspec.field(default_factory=lambda: [0] * 24)
    topic: str = ""


class DayLines(msgspec.Struct):
    """The lines of a day as HTML and as text, their anchors, the numbers, and the terms."""

    html: str
    text: str
    anchors: list[str]
    summary: DaySummary
    terms: set[str]


class LocalTimes:
    """The local day and time of moments, remembered by the minute."""

    def __init__(self, local: Callable[[str], tuple[str, str]]) -> None:
        self._local = local
        self._known: dict[str, tuple[str, str]] = {}

    def of(self, time: str) -> tuple[str, str]:
        """Return the day and `HH:MM` of a time."""
        minute = time[:16]
        found = self._known.get(minute)
        if found is None:
            if len(self._known) > 5000:  # noqa: PLR2004 - some days
                self._known.clear()
            found = self._known[minute] = self._local(time)
        return found


def color_of(nick: str) -> int:
    """Return the colour of a nick: the same on every page."""
    return crc32(nick.lower().encode("utf-8", "surrogatepass")) % COLORS


class DayRenderer:
    """The lines of the days of one channel, one day after the other.

    `redacted` are the networks and ids of messages that were taken back. The renderer remembers
    the page and the anchor of messages by their ids, for links of replies: those of earlier days
    of the same run.
    """

    def __init__(
        self,
        key: bytes,
        times: LocalTimes,
        redacted: Collection[tuple[str, str]] = frozenset(),
    ) -> None:
        self._key = key
        self._times = times
        self._redacted = redacted
        self._nicks: dict[str, str] = {}
        self._messages: dict[str, str] = {}

    def render(
        self,
        day: str,
        events: Sequence[Event],
        gaps: Iterable[DayGap],
        former: Former,
        origins: Sequence[Event] = (),
    ) -> DayLines:
        """Return the lines of a day, whose former page had these anchors and their aliases.

        `origins` are the events as the archive has them: anchors are made of these, so that a
        line keeps its own when a name in it is left out later.
        """
        page = _DayPage(self, day)
        rest = sorted(gaps, key=lambda gap: gap.time, reverse=True)
        about = _about(events)
        for event, origin in zip(events, origins or events, strict=True):
            while rest and rest[-1].time <= event.time:
                page.add_gap(rest.pop())
            page.add(event, about, origin)
        for gap in reversed(rest):
            page.add_gap(gap)
        return page.finish(former)

    def nick(self, name: str) -> str:
        """Return a nick as HTML, in its colour."""
        found = self._nicks.get(name)
        if found is None:
            if len(self._nicks) > 10_000:  # noqa: PLR2004 - a network's people
                self._nicks.clear()
            found = f'<b class="n{color_of(name)}">{escaped(name)}</b>'
            self._nicks[name] = found
        return found


class _About(msgspec.Struct):
    """The events of a day about its messages, by the ids of these."""

    edited: set[str]
    reactions: dict[str, Counter[str]]


def _about(events: Sequence[Event]) -> _About:
    found = _About(set(), {})
    for event in events:
        if event.tags and (edited := event.tags.get(EDIT)):
            found.edited.add(edited)
        if event.type not in _ABOUT or not event.reply_to:
            continue
        if event.type == EventType.REACT:
            found.reactions.setdefault(event.reply_to, Counter())[event.text] += 1
        elif event.type == EventType.UNREACT:
            found.reactions.setdefault(event.reply_to, Counter())[event.text] -= 1
    return found


class _DayPage:
    """The lines of one day so far."""

    def __init__(self, renderer: DayRenderer, day: str) -> None:
        self._renderer = renderer
        self._day = day
        self._anchors = Anchors(renderer._key)  # noqa: SLF001 - of this module
        self._names: list[str] = []
        self._lines: list[str] = []
        self._plain: list[str] = []
        self._texts: list[str] = []
        self._folded: list[tuple[str, str]] = []
        self._summary = DaySummary()
        self._people: Counter[str] = Counter()

    def add(self, event: Event, about: _About, origin: Event) -> None:
        """Add an event, whose anchor is that of `origin`.

        Those of the recorder itself, and lists of members, are left out.
        """
        kind = event.type
        if kind in TALK:
            self._close_fold()
            self._add_talk(event, about, self._anchor(origin))
        elif kind in _LEFT_OUT or (kind in _ABOUT and event.reply_to):
            return
        elif kind in _PRESENCE:
            anchor = self._anchor(origin)
            self._folded.append((kind, self._doing(event, anchor)))
        else:
            self._close_fold()
            self._lines.append(self._doing(event, self._anchor(origin)))
            if kind == EventType.TOPIC:
                self._summary.topic = event.text
        self._summary.events += 1

    def add_gap(self, gap: DayGap) -> None:
        """Add a stretch that was not heard."""
        self._close_fold()
        self._lines.append(f'<p class="gap">{escaped(gap.text)}</p>')

    def _anchor(self, event: Event) -> str:
        anchor = self._anchors.of(event)
        self._names.append(anchor)
        return anchor

    def _add_talk(self, event: Event, about: _About, anchor: str) -> None:
        renderer = self._renderer
        clock = renderer._times.of(event.time)[1]  # noqa: SLF001 - of this module
        nick = event.relayed_nick or event.nick
        self._people[nick] += 1
        self._summary.said += 1
        self._summary.hours[int(clock[:2])] += 1
        before = self._before(event) if event.reply_to or event.tags else ""
        after = ""
        if event.text == REDACTED:
            text = f'<i class="gone">{REDACTED}</i>'
            self._texts.append(shown(nick))
        else:
            text = marked(event.text)
            self._texts.append(f"{shown(nick)} {shown_lines(event.text)}")
        if event.msgid:
            renderer._messages[event.msgid] = f"{self._day}.html#{anchor}"  # noqa: SLF001
            after = self._after(event, about)
        kind = _CLASSES[event.type]
        self._plain.append(f"[{clock}{event.time[16:19]}] {_told(event)}")
        self._lines.append(
            f'<p id="{anchor}"{kind}><a href="#{anchor}">{clock}</a> {renderer.nick(nick)} '
            f"{before}<span>{text}</span>{after}</p>"
        )

    def _before(self, event: Event) -> str:
        """Return the links to the message that one answers, and to the one that it edits."""
        found = self._link(event.reply_to, "in reply to", "↩")
        if edited := event.tags.get(EDIT):
            found += self._link(edited, "edit of", "✎") or '<i class="gone">edit:</i> '
        return found

    def _after(self, event: Event, about: _About) -> str:
        """Return the marks behind a message: edited, removed, reactions."""
        found = ' <i class="gone">(edited)</i>' if event.msgid in about.edited else ""
        redacted = self._renderer._redacted  # noqa: SLF001 - of this module
        if event.text != REDACTED and (event.network, event.msgid) in redacted:
            found += ' <i class="gone">(taken back)</i>'
        return found + _reactions(about.reactions.get(event.msgid))

    def _link(self, msgid: str, label: str, sign: str) -> str:
        place = self._renderer._messages.get(msgid)  # noqa: SLF001 - of this module
        if place is None:
            return ""
        place = place.removeprefix(f"{self._day}.html")
        return f'<a class="re" href="{place}" aria-label="{label}">{sign}</a> '

    def _doing(self, event: Event, anchor: str) -> str:
        clock = self._renderer._times.of(event.time)[1]  # noqa: SLF001 - of this module
        told = sentence(event, visible)
        self._plain.append(f"[{clock}{event.time[16:19]}] {told}")
        text = escaped(told.removeprefix("*** "))
        return (
            f'<p id="{anchor}" class="do"><a href="#{anchor}">{clock}</a> <span>{text}</span></p>'
        )

    def _close_fold(self) -> None:
        """End a run of joins and quits: several are folded under their numbers."""
        if not self._folded:
            return
        lines = [line for _, line in self._folded]
        if len(lines) > 1:
            counts = Counter(_FOLDED.get(kind, "changed") for kind, _ in self._folded)
            told = ", ".join(f"{count} {words}" for words, count in counts.items())
            self._lines.append(f"<details><summary>{told}</summary>")
            self._lines += lines
            self._lines.append("</details>")
        else:
            self._lines += lines
        self._folded = []

    def finish(self, former: Former) -> DayLines:
        """Return the whole day; lines that moved keep their former anchors."""
        self._close_fold()
        html = "\n".join(self._lines)
        if former:
            html = with_aliases(html, former, self._names)
        self._plain.append("")
        self._summary.people = dict(self._people)
        terms = terms_of("\n".join(self._texts))
        terms |= {f"from:{shown(nick).lower()}" for nick in self._people}
        return DayLines(html, "\n".join(self._plain), self._names, self._summary, terms)


_CLASSES: Final[Mapping[str, str]] = {
    EventType.MESSAGE: "",
    EventType.ACTION: ' class="act"',
    EventType.NOTICE: ' class="note"',
}


def _told(event: Event) -> str:
    """Return an event as a sentence; messages of plain words take a short way."""
    text, nick = event.text, event.nick
    if (
        event.type == EventType.MESSAGE
        and not event.statusmsg
        and text.isprintable()
        and text.isascii()
        and nick.isalnum()
    ):
        return f"<{nick}> {text}"
    return sentence(event, visible)


def _reactions(found: Counter[str] | None) -> str:
    if not found:
        return ""
    shown = [f"{escaped(each)} {count}" for each, count in found.items() if count > 0]
    return f' <span class="react">{" ".join(shown)}</span>' if shown else ""


def with_aliases(html: str, former: Former, now: Sequence[str]) -> str:
    """Return lines with the former anchors of those that moved to another second."""
    for anchor, others in aliases_now(former, now).items():
        marks = "".join(f'<a id="{each}"></a>' for each in others)
        html = html.replace(f'<p id="{anchor}"', f'{marks}<p id="{anchor}"', 1)
    return html
