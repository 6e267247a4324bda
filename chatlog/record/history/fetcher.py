"""Fetcher: fills the gaps of one connection, one after the other."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from chatlog.protocol.history.chathistory import Outcome, Point
from chatlog.record.history.fetch import Fetch
from chatlog.record.history.gaps import HistoryDepth
from chatlog.record.history.outcomes import still_open

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.history.pages import Page
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
        self._answers = 0

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
        fetch = Fetch(gap, self._transcript.casemapping)
        fetch.know(await self._transcript.lines_between(gap.target, *fetch.stretch))
        self._fetch, self._answers = fetch, 0
        outcome = await self._walk(fetch)
        await self._close_seam(fetch)
        self._fetch = None
        self._append(fetch, outcome)
        return outcome.reached >= gap.until

    async def _located(self, gap: OpenGap) -> OpenGap:
        """Find the beginning of a first fetch and append it; its time is "" if that failed."""
        begins = self._depth.since(gap.until)
        if not begins:
            steps = self._depth.steps(gap.target, self._requests.terms)
            found = await self._requests.follow(steps, gap.target)
            nothing = gap.until if not found.why else ""
            begins = found.begins or nothing
        if begins:
            self._ledgers.note_depth(gap.target, min(begins, gap.until))
        return gap._replace(since=Point(begins))

    async def _walk(self, fetch: Fetch) -> Outcome:
        gap = fetch.gap
        before = gap.is_first or await self._transcript.has_talk_before(gap.target, gap.since.time)

        def keep(page: Page) -> None:
            self._transcript.write(fetch.new(page))

        def reach(reached: Outcome) -> None:
            fetch.reach(reached)
            self._answers += 1
            if self._answers % _NOTED_EVERY == 0:
                self.append_progress()

        return await self._requests.follow(
            fetch.steps(self._requests.terms, has_talk_before=before),
            gap.target,
            begin_page=fetch.begin_page,
            keep=keep,
            progress=reach,
        )

    async def _close_seam(self, fetch: Fetch) -> None:
        """Write the lines of the seam that did not come live a moment later."""
        stretch, target = fetch.seam_stretch, fetch.gap.target
        if stretch is None:
            return
        if fetch.new_in_seam(await self._transcript.known_lines(target, *stretch)):
            await asyncio.sleep(_COMES_LIVE)
            known = await self._transcript.known_lines(target, *stretch)
            self._transcript.write(fetch.close_seam(known))

    # -- the outcome ------------------------------------------------------------------

    def _append(self, fetch: Fetch, outcome: Outcome) -> None:
        gap = fetch.gap
        entries = fetch.entries(outcome, self._requests.kinds, at=self._now())
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

    def seam_pages(self) -> list[Page]:
        """Return the lines that the fetch under way keeps back."""
        return self._fetch.seam_pages() if self._fetch is not None else []


def _log(gap: OpenGap, outcome: Outcome, lines: int) -> None:
    level = logging.INFO if lines else logging.DEBUG
    logger.log(level, "%s: %d lines were fetched back", gap.target, lines)
    if outcome.begins > gap.since.time and not gap.is_first:
        logger.warning(
            "%s: what was said from %s to %s is lost: the server's history begins there",
            gap.target,
            gap.since.time,
            outcome.begins,
        )
    if outcome.reached < gap.until:
        logger.warning("%s: a gap stays open: %s", gap.target, outcome.why)
