"""HistoryQueue: the gaps and the playback of one connection, in the order of their turn.

One task works on one item at a time, beside the loop that records live lines.
Memory holds one page of history and the lines of the transcript around it; of the
playback that waits it holds a bounded part.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from chatlog.errors import TranscriptError
from chatlog.protocol.facts import HistoryPage, HistoryRefused, HistoryTargets
from chatlog.record.arrival import is_of_our_stay
from chatlog.record.history.fetcher import Fetcher
from chatlog.record.history.gaps import OpenGap
from chatlog.record.history.page_queue import PageQueue
from chatlog.record.history.queries import Queries
from chatlog.record.history.requests import Requests
from chatlog.record.history.transcript import Transcript
from chatlog.record.history.unasked import Unasked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chatlog.protocol.facts import HistoryFact
    from chatlog.protocol.session import Session
    from chatlog.record.history.gaps import HistoryDepth
    from chatlog.record.history.page_queue import Played
    from chatlog.record.intake import Intake
    from chatlog.record.intervals import Moment, NewInterval
    from chatlog.record.ledgers import Ledgers
    from chatlog.write.writer import Writer


class HistoryQueue:
    """The History of a recorder: fetches each gap after playback that came by itself.

    `send` sends a line to the server, `now` is our clock. `depth` says how far
    back a channel is fetched that was never recorded, None for not at all.
    `on_settled` is called when the queue is empty. Of several connections of a network, one
    `takes_queries`. `close` ends it. If it `is_batch`, the
    lines that tell of our own stays are left out of the history.
    """

    def __init__(
        self,
        session: Session,
        writer: Writer,
        intake: Intake,
        ledgers: Ledgers,
        *,
        loop: asyncio.AbstractEventLoop,
        send: Callable[[str], None],
        now: Callable[[], str],
        depth: HistoryDepth | None,
        on_settled: Callable[[], None],
        is_batch: bool = False,
        takes_queries: bool = True,
    ) -> None:
        self._session = session
        self._intake = intake
        self._ledgers = ledgers
        self._transcript = transcript = Transcript(writer, intake, session, loop)
        self._loop = loop
        self._send = send
        self._depth = depth
        self._is_batch = is_batch
        self._on_settled = on_settled
        self._requests = Requests(session, send)
        self._unasked = Unasked(transcript, ledgers, now)
        self._fetcher = Fetcher(self._requests, transcript, ledgers, now=now, depth=depth)
        self._gaps: dict[str, deque[OpenGap]] = {}  # by target, in the order of joining
        self._played = PageQueue(writer.storage.root)
        self._queries = Queries(session, writer, intake, ledgers, self._requests, depth=depth)
        self._takes_queries = takes_queries
        self._is_catching_up = False
        self._task: asyncio.Task[None] | None = None
        self._is_filling = False
        self._is_closing = self._is_closed = False

    @property
    def waiting_gaps(self) -> int:
        """Return the number of gaps that wait to be fetched."""
        return sum(map(len, self._gaps.values()))

    # -- what comes in -----------------------------------------------------------------

    def entered(self, interval: NewInterval) -> None:
        """Queue the gaps before an interval that has begun.

        From `close` on they stay open, for the next connection.
        """
        if self._is_closing:
            return
        target = interval.target
        gaps: deque[OpenGap] = deque()
        if self._depth is not None and interval.is_first:
            self._ledgers.note_depth(target)
            gaps.append(OpenGap.before_first(target, interval.begins))
        if not self._requests.obstacle:
            gaps += (OpenGap.of(target, each) for each in interval.gaps)
        elif interval.gaps:
            for each in interval.gaps.unasked():
                self._fetcher.append_obstacle(OpenGap.of(target, each))
            for line in self._session.ask_playback_limits(target):
                self._send(line)
        self.left(target)  # a server may say more than once that we joined
        if gaps:
            self._gaps[target] = gaps
        self._start()

    def began(self, moment: Moment) -> Iterator[None]:
        """Begin with the queries of a connection; yield after each of the archive."""
        if not self._takes_queries:
            return
        yield from self._queries.begin(moment, self.entered)
        self._is_catching_up = True
        self._start()

    def heard(self, targets: Iterable[str]) -> Iterator[None]:
        """Begin with the queries among the targets of live events; yield after each new one."""
        if self._takes_queries and not self._is_closing:
            yield from self._queries.heard(targets, self.entered)

    def left(self, target: str) -> None:
        """Drop the gaps of a channel that we are not in."""
        self._gaps.pop(target, None)

    def take(self, fact: HistoryFact) -> None:
        """Hand an answer to the request under way; queue playback that came by itself.

        After `close` a page is written as it came: rather twice than never.
        """
        if isinstance(fact, HistoryPage):
            fact = self._chosen(fact)
        if self._is_closed:
            if isinstance(fact, HistoryPage):
                self._transcript.write(list(fact.events))
            return
        is_answer = self._requests.take(fact)
        if not is_answer and not isinstance(fact, HistoryRefused | HistoryTargets):
            self._played.append(fact)
        self._start()

    def _chosen(self, page: HistoryPage) -> HistoryPage:
        """Return a page with the events to record; a batch records no stay of ours."""
        state = self._session.state
        me, folds = state.me, state.isupport.casemapping
        events = self._intake.chosen([*page.events], folds.name)
        if self._is_batch:
            events = [event for event in events if not is_of_our_stay(event, me, folds)]
        return msgspec.structs.replace(page, events=events)

    @property
    def is_settled(self) -> bool:
        """Return whether the queue is empty and its last item done.

        Playback without end is not waited for.
        """
        if self._is_catching_up:
            return False
        if self._unasked.is_spent:
            return not (self._gaps or self._is_filling)
        busy = self._task is not None and not self._task.done()
        return not (self._gaps or self._played or busy)

    @property
    def is_full(self) -> bool:
        """Return whether too much playback waits for more to be read."""
        return self._played.is_full

    async def close(self) -> None:
        """Stop; write all lines that have come, and append how far they reach."""
        self._is_closing = True
        while self._task is not None and not self._task.done():
            self._task.cancel()  # which `asyncio.wait_for` may ignore once
            await asyncio.sleep(0)
        self._task = None
        self._unasked.end()
        while self._played:
            if isinstance(played := self._played.take(), HistoryPage):
                await self._unasked.take_last(played)
        for page in (*self._fetcher.seam_pages(), *self._requests.untaken()):
            await self._unasked.take_last(page)
        self._is_closed = True
        self._fetcher.append_progress()
        self._played.close()
        self._transcript.close()

    # -- the task ----------------------------------------------------------------------

    def _start(self) -> None:
        is_idle = self._task is None or self._task.done()
        is_due = bool(self._gaps or self._played or self._is_catching_up)
        if is_idle and is_due and not self._is_closing:
            self._task = self._loop.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._gaps or self._played or self._is_catching_up:
                await self._work_once()
                if self.is_settled:
                    self._loop.call_soon(self._on_settled)
        except Exception as error:  # noqa: BLE001 - a bug here must end the run, not be lost
            self._intake.fail(error)
        self._loop.call_soon(self._on_settled)

    async def _work_once(self) -> None:
        if self._is_catching_up and not (self._gaps or self._played):
            await self._queries.catch_up(self.entered)
            self._is_catching_up = False
            return
        if self._played and not (self._gaps and self._unasked.is_spent):
            await self._take_played(self._played.first())
            self._played.take()  # not before: `close` writes a page that is not done
            return
        gap, self._is_filling = self._next_gap(), True
        try:
            may_go_on = await self._fetcher.fill(gap)
        except TranscriptError as error:
            self._intake.trouble(error)
        else:
            if not may_go_on:
                self.left(gap.target)
        finally:
            self._is_filling = False

    def _next_gap(self) -> OpenGap:
        target, gaps = next(iter(self._gaps.items()))
        gap = gaps.popleft()
        if not gaps:
            del self._gaps[target]
        return gap

    async def _take_played(self, played: Played) -> None:
        if isinstance(played, HistoryPage):
            await self._unasked.take(played)
        else:
            self._unasked.take_limits(played)
