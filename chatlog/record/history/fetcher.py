"""Fetcher: fills the gaps of one connection, one after the other."""

from __future__ import annotations

import asyncio
import logging
from itertools import count
from typing import TYPE_CHECKING, Final

from chatlog.protocol.history.chathistory import Point
from chatlog.record.history.fetch import Fetch
from chatlog.record.history.gaps import HistoryDepth
from chatlog.record.history.outcomes import still_open

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.facts import HistoryPage
    from chatlog.protocol.history.chathistory import Outcome
    from chatlog.record.history.gaps import OpenGap
    from chatlog.record.history.requests import Requests
    from chatlog.record.history.transcript import Transcript
    from chatlog.record.ledgers import Ledgers

logger = logging.getLogger(__name__)

_NOTED_EVERY: Final = 10
_COMES_LIVE: Final = 0.4


class Fetcher:
    """Sends the requests of a Fetch, writes its new lines, and appends its outcome.

    `now` is our clock. `depth` says how far back a channel is fetched that was
    never recorded.
    """

    def __init__(
        self,
        requests: Requests,
        transcript: Transcript,
        ledgers: Ledgers,
        *,
        now: Callable[[], str],
        depth: HistoryDepth | None,
    ) -> None:
        self._requests = requests
        self._transcript = transcript
        self._ledgers = ledgers
        self._now = now
        self._depth = depth or HistoryDepth()
        self._fetch: Fetch | None = None

    async def fill(self, gap: OpenGap) -> bool:
        """Fetch a gap; return False if the server will refuse more of its target as well.

        Raise TranscriptError if the transcript cannot be read. A fetch that is
        cancelled is left for `seam_pages` and `append_progress`.
        """
        if self._requests.obstacle:
            self.append_obstacle(gap)
            return True
        if gap.is_first:
            gap = await self._located(gap)
            if not gap.since.time or gap.since.time >= gap.until:
                return True
        fetch = self._fetch = await self._begin(gap)
        await self._ask_all(fetch)
        await self._close_seam(fetch)
        self._fetch = None
        self._append(fetch)
        return fetch.outcome.reached >= gap.until

    async def _located(self, gap: OpenGap) -> OpenGap:
        """Find the beginning of a first fetch and append it; its time is "" if that failed."""
        begins = self._depth.since(gap.until)
        if not begins:
            walk = self._depth.walk(gap.target, self._requests.terms)
            began = self._seconds()
            while walk.ask is not None:
                answer = await self._requests.answer(walk.ask, gap.target)
                walk.take(answer, self._seconds() - began)
            nothing = gap.until if not walk.outcome.why else ""
            begins = walk.outcome.begins or nothing
        if begins:
            self._ledgers.note_depth(gap.target, min(begins, gap.until))
        return gap._replace(since=Point(begins))

    async def _begin(self, gap: OpenGap) -> Fetch:
        """Return the fetch of a gap that knows the transcript around it."""
        transcript = self._transcript
        known = await transcript.lines_between(gap.target, *gap.surroundings)
        before = gap.is_first or await transcript.has_talk_before(gap.target, gap.since.time)
        terms = self._requests.terms
        fetch = Fetch(gap, transcript.casemapping, terms, has_talk_before=before)
        fetch.know(known)
        return fetch

    async def _ask_all(self, fetch: Fetch) -> None:
        """Send one request after the other; write the new lines of each page as it comes."""

        def keep(page: HistoryPage) -> None:
            self._transcript.write(fetch.new(page))

        began = self._seconds()
        for answers in count():
            if fetch.ask is None:
                return
            if answers and answers % _NOTED_EVERY == 0:
                self.append_progress()
            answer = await self._requests.answer(fetch.ask, fetch.gap.target, keep)
            fetch.take(answer, self._seconds() - began)

    async def _close_seam(self, fetch: Fetch) -> None:
        """Write the lines of the seam that did not come live a moment later."""
        stretch, target = fetch.seam_stretch, fetch.gap.target
        if stretch is None:
            return
        if fetch.new_in_seam(await self._transcript.known_lines(target, *stretch)):
            await asyncio.sleep(_COMES_LIVE)
            known = await self._transcript.known_lines(target, *stretch)
            self._transcript.write(fetch.close_seam(known))

    @staticmethod
    def _seconds() -> float:
        """Return the time of the loop, which no clock that is set moves."""
        return asyncio.get_running_loop().time()

    # -- the outcome ------------------------------------------------------------------

    def _append(self, fetch: Fetch) -> None:
        gap, outcome = fetch.gap, fetch.outcome
        entries = fetch.entries(self._requests.kinds, at=self._now())
        self._ledgers.append_when_written(gap.target, *entries)
        if gap.is_first and outcome.begins > gap.since.time:
            self._ledgers.note_depth(gap.target, outcome.begins)  # there was nothing before
        _log(gap, outcome, fetch.lines)

    def append_obstacle(self, gap: OpenGap) -> None:
        """Append why a gap stays open, unless it lies before the first recording."""
        if not gap.is_first:
            entry = still_open(gap, gap.since.time, self._requests.obstacle, at=self._now())
            self._ledgers.append_when_written(gap.target, entry)

    def append_progress(self) -> None:
        """Append how far the fetch under way has come, so that the next one goes on there."""
        if self._fetch is not None:
            entries = self._fetch.entries_so_far(self._requests.kinds, at=self._now())
            self._ledgers.append_when_written(self._fetch.gap.target, *entries)

    def seam_pages(self) -> list[HistoryPage]:
        """Return the lines that the fetch under way keeps back."""
        return self._fetch.seam_pages() if self._fetch is not None else []


def _log(gap: OpenGap, outcome: Outcome, lines: int) -> None:
    level = logging.INFO if lines else logging.DEBUG
    number = "1 line was" if lines == 1 else f"{lines:,} lines were"
    logger.log(level, "%s: %s fetched back", gap.target, number)
    if outcome.begins > gap.since.time and not gap.is_first:
        logger.warning(
            "%s: what was said from %s to %s is lost: the server's history begins there",
            gap.target,
            gap.since.time,
            outcome.begins,
        )
    if outcome.reached < gap.until:
        logger.warning("%s: a gap stays open: %s", gap.target, outcome.why)
