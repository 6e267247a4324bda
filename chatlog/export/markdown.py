"""Export as Markdown, to read, and to paste where people write: a list item an event.

Days are headings. Nothing that was said is taken for markup: it is escaped, as
https://spec.commonmark.org/ has it, also for GitHub's dialect. Links stay links.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from chatlog.event import TO_THE_SECOND, EventType
from chatlog.formats.sentences import sentence
from chatlog.formats.visible import visible, visible_word
from chatlog.query.predicates import LINK, may_link

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.export.exporter import FileFacts, StreamEncoder
    from chatlog.export.line_blocks import LineBlock

_MARKUP: Final = re.compile(r"[\\`*_\[\]<|~]|&(?=#?\w+;)")
_AT_THE_BEGINNING: Final = re.compile(r"^([ \d]*)([-+=#>.)])")
_SCHEMED: Final = re.compile(r"(?i)(?:https?|ftps?|ircs?|gemini|gopher)://")
_SAYS: Final = {EventType.MESSAGE: "**{}:** ", EventType.NOTICE: "**{}** (notice): "}


class _Markdown:
    """The encoder of a file, which knows the day and the place of its last line."""

    def __init__(self, facts: FileFacts) -> None:
        self._facts = facts
        self._day = self._place = self._second = self._stamp = ""

    def begin(self) -> bytes:
        facts = self._facts
        place = f"{facts.target} on {facts.network}" if facts.target else facts.network
        title = facts.title or place or "Export"
        return f"# {_escaped(visible(title))}\n\nTimes are in {facts.tz}.\n".encode()

    def encode(self, lines: LineBlock) -> bytes:
        return "".join([self._item(event) for event in lines.events]).encode()

    def _item(self, event: Event) -> str:
        second = event.time[:TO_THE_SECOND]
        if second != self._second:
            self._second = second
            day, self._stamp = _local(second, self._facts)
        else:
            day = self._day
        heading = ""
        place = "" if self._facts.target else f"{event.network}/{event.target}"
        if day != self._day or place != self._place:
            self._day, self._place = day, place
            where = f", {_escaped(visible(place))}" if place else ""
            heading = f"\n## {day}{where}\n\n"
        return f"{heading}- {self._stamp} {_said(event)}\n"


def encoder(facts: FileFacts) -> StreamEncoder:
    """Return the encoder of a file."""
    return _Markdown(facts)


def _local(second: str, facts: FileFacts) -> tuple[str, str]:
    """Return the local day and the time of day of a second."""
    if facts.tz is UTC:
        return second[:10], second[11:]
    try:
        local = datetime.fromisoformat(second + "+00:00").astimezone(facts.tz)
    except (ValueError, OverflowError):
        return second[:10], second[11:]
    return local.date().isoformat(), f"{local:%H:%M:%S}"


def _said(event: Event) -> str:
    nick = _escaped(visible_word(event.nick))
    if event.type in _SAYS and not event.subject:
        return _SAYS[EventType(event.type)].format(nick) + _text(event.text)
    if event.type == EventType.ACTION and not event.subject:
        return f"\\* **{nick}** {_text(event.text)}"
    told = sentence(event, visible).removeprefix("*** ").replace("\n", " ")
    return f"*{_escaped(told.strip())}*"


def _text(text: str) -> str:
    """Return a text of any number of lines within a list item."""
    lines = [_with_links(visible(line)) for line in text.split("\n")]
    return "\\\n  ".join(
        [lines[0], *(_AT_THE_BEGINNING.sub(r"\1\\\2", line) for line in lines[1:])]
    )


def _with_links(text: str) -> str:
    if not may_link(text):
        return _escaped(text)
    found, at = [], 0
    for link in LINK.finditer(text):
        if not _SCHEMED.match(link[0]):
            continue
        found += [_escaped(text[at : link.start()]), f"<{link[0]}>"]
        at = link.end()
    return "".join([*found, _escaped(text[at:])])


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)
