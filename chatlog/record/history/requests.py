"""Requests: history asked of the server of one connection, one request at a time.

Answers are kept until they are taken, so that no line is lost if the connection
ends in between.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from chatlog.protocol.facts import HistoryPage, HistoryRefused, HistoryTargets
from chatlog.protocol.history.chathistory import (
    CAPABILITIES,
    PLAYBACK_OF_EVENTS,
    Answer,
    merged,
    terms_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.facts import HistoryFact
    from chatlog.protocol.history.chathistory import Ask, Terms
    from chatlog.protocol.session import Session

_PATIENCE: Final = 60.0  # seconds until an answer begins, and between its pages
_PATIENCE_IN_ALL: Final = 600.0
_ENDLESS: Final = 20
_TARGETS: Final = "*"  # in place of a target: a request for the list of them
NO_HISTORY: Final = "the server offers no history"
_LOST: Final = "the server did not answer what was asked before"


class Requests:
    """The requests for history of one connection; `send` sends a line to its server."""

    def __init__(self, session: Session, send: Callable[[str], None]) -> None:
        self._session = session
        self._send = send
        self._answers: list[HistoryPage | HistoryRefused] = []
        self._answered = asyncio.Event()
        self._asked: tuple[str, str] | None = None  # target and label
        self._labels = 0
        self._is_lost = False
        self._targets: HistoryTargets | None = None

    @property
    def obstacle(self) -> str:
        """The reason why the server cannot be asked, "" if it can."""
        enabled = self._session.registration.enabled
        if not ("batch" in enabled and any(name in enabled for name in CAPABILITIES)):
            return NO_HISTORY
        return _LOST if self._is_lost else ""

    @property
    def kinds(self) -> str:
        """The kinds of events that the server's history has: `all`, or `messages`."""
        enabled = self._session.registration.enabled
        return "all" if any(name in enabled for name in PLAYBACK_OF_EVENTS) else "messages"

    @property
    def terms(self) -> Terms:
        """The terms of the server's requests: lines at once, and whether by msgid."""
        return terms_of(self._session.state.isupport)

    def take(self, told: HistoryFact) -> bool:
        """Take an answer to the request under way; return False for anything else."""
        if isinstance(told, HistoryTargets):
            if self._asked is not None and self._asked[0] == _TARGETS:
                self._targets = told
                self._answered.set()
            return True
        if self._is_refusal_of_targets(told):
            self._answered.set()
            return True
        if not isinstance(told, HistoryPage | HistoryRefused) or not self._is_answer(told):
            return False
        self._answers.append(told)
        self._answered.set()
        return True

    def _is_answer(self, told: HistoryPage | HistoryRefused) -> bool:
        if self._asked is None or (isinstance(told, HistoryPage) and not told.batched):
            return False
        target, label = self._asked
        if told.label or label:
            return told.label == label
        return isinstance(told, HistoryRefused) or told.target == target

    def _is_refusal_of_targets(self, told: HistoryFact) -> bool:
        return (
            isinstance(told, HistoryRefused)
            and self._asked is not None
            and self._asked[0] == _TARGETS
            and told.label in ("", self._asked[1])
        )

    async def targets(self, line: str) -> HistoryTargets | None:
        """Send a request for a list of targets; return the list, None if the server refuses.

        None as well if it does not answer in time: other requests are still possible.
        """
        label = self._label()
        self._asked, self._targets = (_TARGETS, label), None
        self._answered.clear()
        self._send(f"@label={label} {line}" if label else line)
        try:
            await asyncio.wait_for(self._answered.wait(), _PATIENCE)
        except TimeoutError:
            return None
        finally:
            self._asked = None
            self._answered.clear()
        return self._targets

    def untaken(self) -> list[HistoryPage]:
        """Return the pages of answers for which no request waits any more."""
        return [told for told in self._answers if isinstance(told, HistoryPage)]

    async def answer(
        self, ask: Ask, target: str, keep: Callable[[HistoryPage], None] = lambda _page: None
    ) -> Answer:
        """Send a request; return the sum of its answer, or the code of its failure.

        `keep` is called with each page as it comes, if the request's lines are to
        be kept. After an answer that does not come or does not end, no further
        request is possible on this connection.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE_IN_ALL
        label = self._label()
        self._asked = target, label
        self._send(f"@label={label} {ask.line}" if label else ask.line)
        answer, is_whole = Answer(), False
        try:
            while not is_whole:
                told = await self._next(min(_PATIENCE, until - loop.time()))
                if isinstance(told, HistoryRefused):
                    return Answer(failure=told.code)
                if ask.keep:
                    keep(told)
                answer, is_whole = merged(answer, told.answer), told.is_whole
                if answer.lines > _ENDLESS * self.terms.page:
                    return self._lose("ENDLESS")
        except TimeoutError:
            return self._lose("TIMEOUT")
        finally:
            self._asked = None
        return answer

    def _lose(self, failure: str) -> Answer:
        # Lines that still come would be taken for the answer to another request.
        self._is_lost = True
        return Answer(failure=failure)

    async def _next(self, patience: float) -> HistoryPage | HistoryRefused:
        while not self._answers:
            self._answered.clear()
            await asyncio.wait_for(self._answered.wait(), patience)
        return self._answers.pop(0)

    def _label(self) -> str:
        if "labeled-response" not in self._session.registration.enabled:
            return ""
        self._labels += 1
        return f"chatlog{self._labels}"
