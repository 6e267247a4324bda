"""The lines of a day as HTML, in order: talk, doings folded together, gaps. Pure.

A line is one `p` with its anchor. Joins and quits that follow each other are one `details`.
"""

from __future__ import annotations

from collections import Counter
from itertools import compress
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import CLASSES, RECORDERS_OWN, TALK, EventType
from chatlog.export.filters import EDIT, REDACTED
from chatlog.export.site.anchors import Anchors, aliases_now
from chatlog.export.site.markup import escaped, marked_all, shown, shown_lines
from chatlog.export.site.search_terms import terms_of
from chatlog.export.site.talk_lines import ABOUT, AboutMessages, Clocks, Speakers
from chatlog.formats.sentences import sentence
from chatlog.formats.visible import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import tzinfo

    from chatlog.event import Event
    from chatlog.export.site.anchors import Former

_PRESENCE: Final = CLASSES["presence"] - {EventType.NAMES}
_LEFT_OUT: Final = RECORDERS_OWN | {EventType.NAMES, EventType.OTHER}
_NO_LINES: Final = _LEFT_OUT | ABOUT
_FOLDED: Final[dict[str, str]] = {
    EventType.JOIN: "joined",
    EventType.PART: "left",
    EventType.QUIT: "quit",
    EventType.NICK: "changed nicks",
}
_MOST_DOINGS: Final = 10_000
_CLASSES: Final[Mapping[str, str]] = {
    EventType.MESSAGE: "",
    EventType.ACTION: ' class="act"',
    EventType.NOTICE: ' class="note"',
}


class DayGap(msgspec.Struct, frozen=True):
    """A stretch of a day in which the channel was not heard, in words; `time` is its start."""

    time: str
    text: str


class DaySummary(msgspec.Struct):
    """The numbers of a day: lines of talk in all, by hour and by nick, and the events.

    Those by nick are an object of JSON: for years of days, that takes a tenth of the memory.
    """

    said: int = 0
    events: int = 0
    people: msgspec.Raw = msgspec.Raw(b"{}")
    hours: list[int] = msgspec.field(default_factory=lambda: [0] * 24)
    topic: str = ""

    def by_nick(self) -> dict[str, int]:
        """Return the lines of talk by nick, in the order in which people spoke first."""
        return msgspec.json.decode(self.people, type=dict[str, int])


class DayLines(msgspec.Struct):
    """The lines of a day as HTML and as text, the numbers, and the terms."""

    html: str
    text: str
    summary: DaySummary
    terms: set[bytes]


class DayRenderer:
    """The lines of the days of one channel, one day after the other.

    Times are those of `tz`. `redacted` are the networks and ids of messages that were taken back.
    The renderer remembers the page and the anchor of messages by their ids, for links of replies:
    those of earlier days that it has rendered.
    """

    def __init__(
        self,
        key: bytes,
        tz: tzinfo,
        redacted: Collection[tuple[str, str]] = frozenset(),
    ) -> None:
        self.clocks = Clocks(tz)
        self.speakers: dict[str, Speakers] = {kind: Speakers(kind) for kind in TALK}
        self.messages: dict[str, str] = {}
        self.redacted = redacted
        self._anchors = Anchors(key)
        self._doings: dict[tuple[str, ...], tuple[str, str]] = {}

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
        page = _DayPage(self, day, AboutMessages.of(events), gaps)
        lines, named = _on_page(events, origins or events)
        anchors = self._anchors.of(named)
        page.add(lines, anchors)
        return page.finish(former, anchors)

    def doing(self, event: Event) -> tuple[str, str]:
        """Return an event that is no talk as a sentence, and as HTML."""
        kind = event.type
        if kind not in _FOLDED:
            return _doing(event)
        # People come and go by the same words all day.
        who = (event.nick, event.user, event.host)
        key = (kind, *who, event.target, event.subject, event.text)
        found = self._doings.get(key)
        if found is None:
            if len(self._doings) >= _MOST_DOINGS:
                self._doings.clear()
            found = self._doings[key] = _doing(event)
        return found


def _doing(event: Event) -> tuple[str, str]:
    told = sentence(event, visible)
    return told, escaped(told.removeprefix("*** "))


def _on_page(
    events: Sequence[Event], origins: Sequence[Event]
) -> tuple[Sequence[Event], Sequence[Event]]:
    """Return the events that are lines of a page, and their origins.

    Those of the recorder itself, lists of members, and what is shown at a message are none.
    """
    if _NO_LINES.isdisjoint([event.type for event in events]):
        return events, origins
    kept = [
        event.type not in _LEFT_OUT and not (event.type in ABOUT and event.reply_to)
        for event in events
    ]
    return [*compress(events, kept)], [*compress(origins, kept)]


class _DayPage:
    """The lines of one day so far."""

    def __init__(
        self, renderer: DayRenderer, day: str, about: AboutMessages, gaps: Iterable[DayGap]
    ) -> None:
        self._renderer = renderer
        self._speakers = renderer.speakers
        self._day = day
        self._about = about
        self._has_marks = bool(about.edited or about.reactions)
        self._gaps = sorted(gaps, key=lambda gap: gap.time, reverse=True)
        self._lines: list[str] = []
        self._plain: list[str] = []
        self._texts: list[str] = []
        self._odd: set[str] = set()
        self._nicks: list[str] = []
        self._times: list[str] = []
        self._folded: list[tuple[str, str]] = []
        self._summary = DaySummary()

    def add(self, events: Sequence[Event], anchors: Sequence[str]) -> None:
        """Add the events of the day, and the gaps before each."""
        self._summary.events = len(events)
        texts = iter(self._marked([event.text for event in events if event.type in TALK]))
        clocks = self._renderer.clocks.of(events)
        for event, anchor, clock in zip(events, anchors, clocks, strict=True):
            if self._gaps and self._gaps[-1].time <= event.time:
                self._add_gaps(event.time)
            kind = event.type
            if kind in TALK:
                if self._folded:
                    self._close_fold()
                self._add_talk(event, anchor, clock, next(texts))
            elif kind in _PRESENCE:
                self._folded.append((kind, self._doing(event, anchor, clock)))
            else:
                self._close_fold()
                self._lines.append(self._doing(event, anchor, clock))
                if kind == EventType.TOPIC:
                    self._summary.topic = event.text

    def _add_gaps(self, until: str) -> None:
        """Add the stretches that were not heard and that begin by a time."""
        self._close_fold()
        while self._gaps and self._gaps[-1].time <= until:
            self._lines.append(f'<p class="gap">{escaped(self._gaps.pop().text)}</p>')

    def _marked(self, texts: list[str]) -> list[str]:
        """Return the texts of all messages as HTML."""
        self._odd = {text for text in texts if not text.isprintable()}
        found = marked_all(texts, self._odd)
        if REDACTED not in texts:
            self._texts = texts
            return found
        self._texts = [text for text in texts if text != REDACTED]
        gone = f'<i class="gone">{REDACTED}</i>'
        return [gone if text == REDACTED else made for text, made in zip(texts, found, strict=True)]

    def _add_talk(self, event: Event, anchor: str, clock: str, marked: str) -> None:
        """Add a message, whose text is `marked` as HTML."""
        kind, time, text = event.type, event.time, event.text
        nick = event.relayed_nick or event.nick
        html, told = self._speakers[kind][nick]
        if text in self._odd or event.relayed_nick or event.statusmsg or event.subject:
            self._plain.append(f"[{clock}{time[16:19]}] {sentence(event, visible)}")
        else:
            self._plain.append(f"[{clock}{time[16:19]}] {told}{text}")
        before = self._before(event) if event.reply_to or event.tags else ""
        after = self._after(event, anchor) if event.msgid else ""
        self._nicks.append(nick)
        self._times.append(clock)
        self._lines.append(
            f'<p id="{anchor}"{_CLASSES[kind]}><a href="#{anchor}">{clock}</a> {html} '
            f"{before}<span>{marked}</span>{after}</p>"
        )

    def _before(self, event: Event) -> str:
        """Return the links to the message that one answers, and to the one that it edits."""
        found = self._link(event.reply_to, "in reply to", "↩")
        if edited := event.tags.get(EDIT):
            found += self._link(edited, "edit of", "✎") or '<i class="gone">edit:</i> '
        return found

    def _after(self, event: Event, anchor: str) -> str:
        """Return the marks behind a message: edited, removed, reactions; remember its place."""
        renderer, msgid = self._renderer, event.msgid
        renderer.messages[msgid] = f"{self._day}.html#{anchor}"
        edited, reactions = self._about.marks(msgid) if self._has_marks else ("", "")
        redacted = renderer.redacted
        if redacted and event.text != REDACTED and (event.network, msgid) in redacted:
            return f'{edited} <i class="gone">(taken back)</i>{reactions}'
        return edited + reactions

    def _link(self, msgid: str, label: str, sign: str) -> str:
        place = self._renderer.messages.get(msgid)
        if place is None:
            return ""
        place = place.removeprefix(f"{self._day}.html")
        return f'<a class="re" href="{place}" aria-label="{label}">{sign}</a> '

    def _doing(self, event: Event, anchor: str, clock: str) -> str:
        """Return an event that is no talk as a line."""
        told, text = self._renderer.doing(event)
        self._plain.append(f"[{clock}{event.time[16:19]}] {told}")
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

    def finish(self, former: Former, anchors: Sequence[str]) -> DayLines:
        """Return the whole day, whose lines have these anchors; moved ones keep the former too."""
        self._close_fold()
        for gap in reversed(self._gaps):
            self._lines.append(f'<p class="gap">{escaped(gap.text)}</p>')
        html = "\n".join(self._lines)
        if former:
            html = with_aliases(html, former, anchors)
        self._plain.append("")
        return DayLines(html, "\n".join(self._plain), self._counted(), self._terms())

    def _counted(self) -> DaySummary:
        """Return the numbers of the day."""
        found = self._summary
        found.said = len(self._nicks)
        found.people = msgspec.Raw(msgspec.json.encode(Counter(self._nicks)))
        for clock, count in Counter(self._times).items():
            found.hours[int(clock[:2])] += count
        return found

    def _terms(self) -> set[bytes]:
        """Return the terms of all messages, and of those who said them."""
        nicks = [*map(shown, {*self._nicks})]
        texts = map(shown_lines, self._texts) if self._odd else self._texts
        terms = terms_of("\n".join([*nicks, *texts]))
        terms.update(f"from:{nick.lower()}".encode() for nick in nicks)
        return terms


def with_aliases(html: str, former: Former, now: Sequence[str]) -> str:
    """Return lines with the former anchors of those that moved to another second."""
    for anchor, others in aliases_now(former, now).items():
        marks = "".join(f'<a id="{each}"></a>' for each in others)
        html = html.replace(f'<p id="{anchor}"', f'{marks}<p id="{anchor}"', 1)
    return html
