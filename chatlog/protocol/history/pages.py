"""What a server tells of the past: the lines of batches that bring history, page by page.

Keeps the lines of a batch together until it ends, or until there are many.
See https://ircv3.net/specs/extensions/batch
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

from chatlog.event import Event  # noqa: TC001 - a field of a Struct
from chatlog.protocol.history.chathistory import Answer, Point, merged
from chatlog.protocol.history.playback_limits import PlaybackLimits

_VIAS: Final = {"chathistory": "chathistory", "znc.in/playback": "playback"}
_MOST_BATCHES: Final = 64
_MOST_LINES: Final = 500


class Page(msgspec.Struct, frozen=True):
    """Lines of the past of one target, in the order in which they came.

    `answer` sums up what came, also what may not be written. `label` is that of
    the request that they answer. The page that ends a batch
    `is_whole`, those before it hold no less of it; lines that came in no batch
    are a page that is not `batched`.
    """

    target: str
    via: str
    events: list[Event]
    label: str = ""
    batched: bool = True
    is_whole: bool = True
    answer: Answer = Answer()


class Refused(msgspec.Struct, frozen=True):
    """A FAIL in answer to a request for history."""

    code: str
    target: str
    label: str = ""


Told = Page | Refused | PlaybackLimits
"""What a server tells of the past."""


class _Batch(msgspec.Struct):
    target: str
    via: str
    label: str
    outer: str = ""
    events: list[Event] = []
    answer: Answer = Answer()


class Past:
    """Gather what a connection is told of the past.

    `told` is what is complete by now, which whoever takes it clears; `batches`
    are those that have not ended.
    """

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.batches: dict[str, _Batch] = {}

    def begin(self, reference: str, kind: str, target: str, tags: dict[str, str]) -> None:
        """Note a batch that brings history, or one inside such a batch."""
        outer = tags.get("batch", "")
        if not reference or reference in self.batches or len(self.batches) >= _MOST_BATCHES:
            return
        if (around := self.batches.get(outer)) is not None:
            self.batches[reference] = _Batch(around.target, around.via, "", around.outer or outer)
        elif via := _VIAS.get(kind):
            self.batches[reference] = _Batch(target, via, tags.get("label", ""))

    def end(self, reference: str) -> None:
        """Note the end of a batch."""
        batch = self.batches.pop(reference, None)
        if batch is not None and not batch.outer:
            page = Page(batch.target, batch.via, batch.events, batch.label, answer=batch.answer)
            self.told.append(page)

    def of(self, reference: str) -> tuple[str, str]:
        """Say whose past the lines of a batch are, and how they came; "" where they are none."""
        batch = self.batches.get(reference)
        return ("", "") if batch is None else (batch.target, batch.via)

    def take(self, events: Iterable[Event], reference: str, point: Point) -> None:
        """Take what a line of the past, of that point, came to: it may be nothing."""
        batch = self.batches.get(reference)
        if batch is not None and batch.outer:
            batch = self.batches.get(batch.outer)
        if batch is not None:
            batch.answer = merged(batch.answer, Answer(1, point, point))
        for event in events:
            if batch is not None and event.target == batch.target:
                batch.events.append(event)
            else:
                self._take_loose(event)
        if batch is not None and batch.answer.lines >= _MOST_LINES:
            self._give(batch)

    def _take_loose(self, event: Event) -> None:
        last = self.told[-1] if self.told else None
        same = isinstance(last, Page) and not last.batched and last.target == event.target
        if same and isinstance(last, Page):
            last.events.append(event)
        else:
            self.told.append(Page(event.target, event.via, [event], batched=False))

    def _give(self, batch: _Batch) -> None:
        page = Page(
            batch.target,
            batch.via,
            batch.events,
            batch.label,
            is_whole=False,
            answer=batch.answer,
        )
        self.told.append(page)
        batch.events, batch.answer = [], Answer()

    def close(self) -> None:
        """Give what is there of batches that will never end."""
        for batch in self.batches.values():
            if batch.answer.lines:
                self._give(batch)
        self.batches.clear()

    def refused(self, params: list[str], tags: dict[str, str]) -> None:
        """Note a FAIL; see https://ircv3.net/specs/extensions/standard-replies."""
        if params[:1] == ["CHATHISTORY"] and len(params) > 1:
            target = params[-2] if len(params) > 3 else ""  # noqa: PLR2004 - command, code, context, words
            self.told.append(Refused(params[1], target, tags.get("label", "")))
