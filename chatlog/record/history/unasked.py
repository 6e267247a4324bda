"""Unasked: the playback of one connection that came by itself, written and accounted for."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import SERVER
from chatlog.protocol.history.budget import BUDGET, Spending
from chatlog.protocol.history.chathistory import Outcome
from chatlog.record.history.gaps import OpenGap
from chatlog.record.history.outcomes import Fetched, entries_of, still_open
from chatlog.record.history.playback import (
    KINDS,
    Extent,
    Playback,
    earliest_within,
    is_all_within,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.facts import HistoryPage, PlaybackLimits
    from chatlog.record.history.transcript import Transcript
    from chatlog.record.ledgers import Ledgers

logger = logging.getLogger(__name__)

WITHOUT_END: Final = "the playback did not end"
_AT_ONCE: Final = 1000  # lines of the transcript, in one turn of the loop


class Unasked:
    """Writes the new lines of each target's playback, and appends the gaps that they fill.

    `now` is our clock. Playback without end `is_spent` once it has used the budget
    of a fetch: its lines are still written, but nothing waits for its end.
    """

    def __init__(self, transcript: Transcript, ledgers: Ledgers, now: Callable[[], str]) -> None:
        self._transcript = transcript
        self._ledgers = ledgers
        self._now = now
        self._playbacks: dict[str, Playback] = {}
        self._ended: dict[str, Extent] = {}
        self._spending = Spending(BUDGET)
        self._without_end: set[str] = set()

    @property
    def is_spent(self) -> bool:
        """Whether the playback of this connection has used its budget."""
        return bool(self._without_end)

    async def take(self, page: HistoryPage) -> None:
        """Write the new lines of a page; at the end of its batch, append the gaps they fill."""
        playback = self._playback(page.target)
        await self._know_around(page, playback, waits=True)
        self._transcript.write(playback.new(page))
        self._spend(page)
        if page.batched and page.is_whole:
            del self._playbacks[page.target]
            self._ended[page.target] = Extent(playback.first, playback.total)
            if page.target != SERVER:
                self._append_filled(page, playback)

    def end(self) -> None:
        """Forget all playbacks at the end of a connection: one was about to be compared."""
        self._playbacks.clear()

    async def take_last(self, page: HistoryPage) -> None:
        """Write the new lines of a page that is left at the end of a connection."""
        playback = self._playback(page.target)
        await self._know_around(page, playback, waits=False)
        playback.begin_page()
        self._transcript.write(playback.new(page))

    async def _know_around(self, page: HistoryPage, playback: Playback, *, waits: bool) -> None:
        """Read the lines of the transcript with which a page is to be compared."""
        for low, high in playback.unread(page):
            found = await self._transcript.earliest_lines(page.target, low, high, waits=waits)
            for start in range(0, len(found.lines), _AT_ONCE):
                playback.know(found.lines[start : start + _AT_ONCE])
                await asyncio.sleep(0)  # the loop has more to do
            if found.end:
                playback.know_no_further(found.end)

    def take_limits(self, limits: PlaybackLimits) -> None:
        """Append that a gap is filled if the playback after it was all that its server keeps."""
        target = limits.target
        begins = self._ledgers.begins(target)
        extent = self._ended.get(target, Extent("", 0))
        if not begins or not is_all_within(limits, extent):
            return
        earliest = earliest_within(limits, begins)
        for gap in self._gaps_until(target, extent.first):
            if gap.since.time >= earliest:
                outcome = Outcome(gap.since.time, gap.until)
                fetched = Fetched("chathistory", KINDS, 0)
                entries = entries_of(gap, outcome, fetched, at=self._now(), was_asked=False)
                self._ledgers.append_when_written(target, *entries)

    def _spend(self, page: HistoryPage) -> None:
        """Take a page off the budget; append once that the gap of a spent one stays open."""
        self._spending.take(page.answer.bytes, "")
        target = page.target
        if page.is_whole or target in self._without_end or not self._spending.excess(0):
            return
        self._without_end.add(target)
        logger.warning("%s: %s", target, WITHOUT_END)
        if target != SERVER:
            for gap in self._gaps_until(target, self._ledgers.begins(target)):
                entry = still_open(gap, gap.since.time, WITHOUT_END, at=self._now())
                entry = msgspec.structs.replace(entry, stopped=True)
                self._ledgers.append_when_written(target, entry)

    def _playback(self, target: str) -> Playback:
        if target not in self._playbacks:
            self._playbacks[target] = Playback(self._transcript.casemapping)
        return self._playbacks[target]

    def _append_filled(self, page: HistoryPage, playback: Playback) -> None:
        for gap in self._gaps_until(page.target, self._ledgers.begins(page.target)):
            entries = playback.entries(gap, page.via, at=self._now())
            self._ledgers.append_when_written(page.target, *entries)

    def _gaps_until(self, target: str, end: str) -> list[OpenGap]:
        """Return the gaps of a target that end at a time and that history may fill."""
        coverage = self._ledgers.coverage(target)
        gaps = coverage.wanting() if coverage is not None else []
        return [OpenGap.of(target, gap) for gap in gaps if gap.end == end]
