"""The comparison of a server's history with the transcript.

Nothing is written and no target locked, so that a recorder may go on meanwhile.
Only messages are compared: no server keeps all other events.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from chatlog.alignment.history import Alignment, around
from chatlog.errors import TranscriptError
from chatlog.event import TALK
from chatlog.protocol.history.chathistory import Outcome, Point, Walk, forward
from chatlog.read.lookup import lines_between
from chatlog.record.history.requests import Requests

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.event import Event
    from chatlog.protocol.facts import HistoryFact, HistoryPage
    from chatlog.protocol.session import Session
    from chatlog.record.intervals import Moment, NewInterval


class Findings(msgspec.Struct, kw_only=True):
    """The findings of one channel: of `[since, until)` the server had `asked` lines.

    The transcript lacks the `missing` ones of these; only the transcript has the
    `extra` ones. `why` says why the range ends early, or why the server could not
    be asked.
    """

    target: str
    since: str = ""
    until: str = ""
    asked: int = 0
    missing: list[Event] = []
    extra: list[Event] = []
    why: str = ""

    @property
    def present(self) -> int:
        """The number of lines that both have."""
        return self.asked - len(self.missing)

    @property
    def differs(self) -> bool:
        """Whether a line is missing or extra, or the comparison is not complete."""
        return bool(self.missing or self.extra or self.why)


class Stretch(NamedTuple):
    """A stretch of the transcript in a directory: `[since, until)`."""

    directory: Path
    since: str
    until: str


class Audit:
    """The History of an audit: compares each channel of one connection instead of fetching it.

    `stretches` returns the stretch of a target to compare, None for none. `found`
    is called with the findings of each target, `on_settled` after the last, `on_page` with
    a target and the number of its lines so far: before its first page and after each page.
    """

    def __init__(
        self,
        session: Session,
        *,
        loop: asyncio.AbstractEventLoop,
        send: Callable[[str], None],
        stretches: Callable[[str], Stretch | None],
        found: Callable[[Findings], None],
        on_settled: Callable[[], None],
        on_page: Callable[[str, int], None],
    ) -> None:
        self._on_page = on_page
        self._session = session
        self._loop = loop
        self._stretches = stretches
        self._found = found
        self._on_settled = on_settled
        self._requests = Requests(session, send)
        self._targets: list[str] = []
        self._task: asyncio.Task[None] | None = None

    def began(self, moment: Moment) -> Iterator[None]:  # noqa: ARG002 - as the protocol
        """Compare no private conversation: an audit asks for none."""
        return iter(())

    def heard(self, targets: Iterable[str]) -> Iterator[None]:  # noqa: ARG002 - as the protocol
        """Begin with no private conversation."""
        return iter(())

    def entered(self, interval: NewInterval) -> None:
        """Compare a channel, now that we are in it."""
        self._targets.append(interval.target)
        if self._task is None or self._task.done():
            self._task = self._loop.create_task(self._work())

    def left(self, target: str) -> None:
        """Drop a channel that we are not in."""
        self._targets = [each for each in self._targets if each != target]

    def take(self, fact: HistoryFact) -> None:
        """Take the answer to a request; ignore history that came by itself."""
        self._requests.take(fact)

    @property
    def is_settled(self) -> bool:
        """Return whether all channels are compared."""
        return not (self._targets or (self._task is not None and not self._task.done()))

    @property
    def waiting_gaps(self) -> int:
        """Return 0: an audit fetches no gap."""
        return 0

    @property
    def is_full(self) -> bool:
        """Return False: an audit keeps no history."""
        return False

    async def close(self) -> None:
        """Stop; send no further request."""
        if self._task is not None:
            self._task.cancel()

    async def _work(self) -> None:
        while self._targets:
            target = self._targets.pop(0)
            stretch = self._stretches(target)
            if stretch is not None:
                self._found(await self._compare(target, stretch))
        self._loop.call_soon(self._on_settled)

    async def _compare(self, target: str, stretch: Stretch) -> Findings:
        if obstacle := self._requests.obstacle:
            return Findings(target=target, why=obstacle)
        comparison = _Comparison(
            stretch, Alignment(self._session.state.isupport.casemapping), Findings(target=target)
        )
        terms = self._requests.terms
        point = Point(stretch.since)
        walk = Walk(forward(target, point, stretch.until, terms, has_earlier=True))
        self._on_page(target, 0)
        try:
            began = self._loop.time()
            while walk.ask is not None:
                comparison.begin_page()
                answer = await self._requests.answer(walk.ask, target, comparison.keep)
                walk.take(answer, self._loop.time() - began)
                self._on_page(target, comparison.asked)
        except TranscriptError as error:
            return Findings(target=target, why=str(error))
        return comparison.finish(walk.outcome)


class _Comparison:
    """The comparison of one channel, page by page, in bounded memory."""

    def __init__(self, stretch: Stretch, alignment: Alignment, findings: Findings) -> None:
        self._stretch = stretch
        self._alignment = alignment
        self._findings = findings
        self._read_to = ""
        self._first = ""
        self._page: Counter[tuple[str, ...]] = Counter()  # the lines of the page before

    @property
    def asked(self) -> int:
        """The number of lines of the server's history so far."""
        return self._findings.asked

    def begin_page(self) -> None:
        self._alignment.begin_page()

    def keep(self, page: HistoryPage) -> None:
        """Compare a page; lines that repeat the page before count once."""
        events = [each for each in page.events if each.type in TALK and self._is_inside(each)]
        seen, self._page = self._page, Counter(map(_identity, events))
        fresh = []
        for event in events:
            if seen[_identity(event)]:
                seen[_identity(event)] -= 1
            else:
                fresh.append(event)
        if fresh:
            self._read(min(each.time for each in fresh), max(each.time for each in fresh))
            self._first = self._first or min(each.time for each in fresh)
            self._findings.asked += len(fresh)
            self._findings.missing += self._alignment.new(fresh)

    def _is_inside(self, event: Event) -> bool:
        return self._stretch.since <= event.time < self._stretch.until

    def _read(self, low: str, high: str) -> None:
        """Read the transcript around a stretch; forget its lines from long before."""
        begin, end = around(low, high)
        begin = max(self._read_to, begin) if self._read_to else begin
        if begin < end:
            for line in lines_between(self._stretch.directory, begin, end):
                if line.event.type in TALK:
                    self._alignment.know(line.event, coarse=line.coarse)
            self._read_to = end
        self._settle(before=around(low, low)[0])

    def _settle(self, *, before: str) -> None:
        for event in self._alignment.forget_before(before):
            if self._first and event.time >= self._first and self._is_inside(event):
                self._findings.extra.append(event)

    def finish(self, outcome: Outcome) -> Findings:
        """Return the findings; only lines that the server's history reaches can be extra."""
        until = min(outcome.reached, self._stretch.until)
        self._stretch = self._stretch._replace(until=until)
        self._settle(before="9999-12-31T23:59:59.999Z")
        self._findings.since, self._findings.until = outcome.begins, until
        self._findings.why = outcome.why
        return self._findings


def _identity(event: Event) -> tuple[str, ...]:
    return event.time, event.nick, event.type, event.text, event.msgid
