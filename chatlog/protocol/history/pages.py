"""Batches of history, collected into pages.

The lines of a batch stay together until it ends, or until there are many.
See https://ircv3.net/specs/extensions/batch
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import SERVER, Event
from chatlog.protocol.facts import HistoryPage, HistoryRefused
from chatlog.protocol.history.chathistory import Answer, merged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.protocol.facts import Turn
    from chatlog.protocol.line import Handler, Line
    from chatlog.protocol.state import State

_VIAS: Final = {"chathistory": "chathistory", "znc.in/playback": "playback"}
MAX_BATCHES: Final = 64
"""Batches of history that are open at a time; of further ones the lines count as live."""

MAX_LINES: Final = 500
"""Lines of one page; a longer batch comes in several."""

MAX_PAGE: Final = 256 * 1024
"""Estimated bytes of one page; a larger batch comes in several."""

_WEIGHT: Final = 512
"""Estimated bytes of one event without its texts."""


class _Batch(msgspec.Struct):
    target: str
    via: str
    label: str
    outer: str = ""
    events: list[Event] = []
    size: int = 0
    answer: Answer = Answer()


class HistoryBatches:
    """The batches of one connection that bring history and have not ended.

    `open` has them by their reference tag, `MAX_BATCHES` at most, so that no server fills
    our memory. The lines of any other batch count as live.
    """

    def __init__(self, state: State) -> None:
        self.open: dict[str, _Batch] = {}
        self._state = state
        self._queries: set[str] = set()

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers of the commands that concern batches of history."""
        return {"BATCH": self._on_batch, "FAIL": _on_fail}

    def begin(self, reference: str, kind: str, target: str, tags: dict[str, str]) -> None:
        """Open a batch that brings history, or one inside such a batch; ignore any other."""
        outer = tags.get("batch", "")
        if not reference or reference in self.open or len(self.open) >= MAX_BATCHES:
            return
        if (around := self.open.get(outer)) is not None:
            self.open[reference] = _Batch(around.target, around.via, "", around.outer or outer)
        elif via := _VIAS.get(kind):
            self.open[reference] = _Batch(target, via, tags.get("label", ""))

    def end(self, reference: str, turn: Turn) -> None:
        """End a batch, with its last page, unless its lines belong to an outer batch."""
        batch = self.open.pop(reference, None)
        if batch is not None and not batch.outer:
            turn.facts.append(_page_of(batch, is_whole=True))

    def origin(self, reference: str) -> tuple[str, str]:
        """Return the target and the `via` of a batch's lines; "" for a batch of no history."""
        batch = self.open.get(reference)
        return ("", "") if batch is None else (batch.target, batch.via)

    def take(self, events: Iterable[Event], reference: str, answer: Answer, turn: Turn) -> None:
        """Add the events of one line of the past to its batch; `answer` is that line alone.

        Add a page to the turn when the batch has become long, and for events that
        belong to no batch. A line without events still counts as an answer.
        """
        batch = self.open.get(reference)
        if batch is not None and batch.outer:
            batch = self.open.get(batch.outer)
        if batch is not None:
            batch.answer = merged(batch.answer, answer)
        for event in events:
            if batch is not None and event.target == batch.target:
                batch.events.append(event)
                batch.size += weight_of(event)
            else:
                _take_loose(event, turn)
        if batch is not None and (batch.answer.lines >= MAX_LINES or batch.size >= MAX_PAGE):
            _give(batch, turn)

    def close(self, turn: Turn) -> None:
        """Add the pages of batches that the end of the connection cut off."""
        for batch in self.open.values():
            if batch.answer.lines:
                _give(batch, turn)
        self.open.clear()

    def _on_batch(self, line: Line, turn: Turn) -> None:
        reference, kind, target = [*line.params, "", "", ""][:3]
        if reference.startswith("-"):
            self.end(reference[1:], turn)
        else:
            name = self._state.membership.name(target) or self._query(target) or SERVER
            self.begin(reference[1:], kind, name, line.message.tags())

    def know_query(self, nick: str) -> None:
        """Take batches of a nick for the history of that query: it is asked for."""
        self._queries.add(nick)

    def _query(self, target: str) -> str:
        """Return the query whose history a batch brings; "" unless it was asked for."""
        if not self._queries or self._state.is_channel(target):
            return ""
        name = self._state.query_name(target)
        return name if name in self._queries else ""


def _on_fail(line: Line, turn: Turn) -> None:
    """Add the refusal of a request for history; ignore any other FAIL."""
    params = line.params
    if params[:1] == ["CHATHISTORY"] and len(params) > 1:
        target = params[-2] if len(params) > 3 else ""  # noqa: PLR2004 - command, code, context, words
        label = line.message.tags().get("label", "")
        turn.facts.append(HistoryRefused(params[1], target, label))


def _take_loose(event: Event, turn: Turn) -> None:
    """Add an event outside any batch to the page before, or begin a page."""
    last = turn.facts[-1] if turn.facts else None
    if isinstance(last, HistoryPage) and not last.batched and last.target == event.target:
        last.events.append(event)
    else:
        turn.facts.append(HistoryPage(event.target, event.via, [event], batched=False))


def weight_of(event: Event) -> int:
    """Return the estimated bytes of an event in memory."""
    texts = len(event.text) + sum(map(len, event.params))
    return _WEIGHT + 2 * (texts + sum(map(len, event.tags)) + sum(map(len, event.tags.values())))


def _give(batch: _Batch, turn: Turn) -> None:
    """Add a page with the lines so far, and let the batch go on without them."""
    turn.facts.append(_page_of(batch, is_whole=False))
    batch.events, batch.size, batch.answer = [], 0, Answer()


def _page_of(batch: _Batch, *, is_whole: bool) -> HistoryPage:
    return HistoryPage(
        batch.target,
        batch.via,
        batch.events,
        batch.label,
        is_whole=is_whole,
        answer=batch.answer,
    )
