"""Fetching back what one connection's channels missed: asked for, compared, written.

One thing after the other, in a task of its own, so that what is said live
never waits. What the transcript has already is read beside the loop. It holds
a page of a history at a time, and what the transcript has around it.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.alignment import Alignment
from chatlog.errors import TranscriptError
from chatlog.event import SERVER, format_time, parse_time
from chatlog.protocol.history.chathistory import Outcome, Point, backward, forward, oldest
from chatlog.protocol.history.pages import Page, Refused, Told
from chatlog.read.lookup import has_talk_before
from chatlog.record.background import Background
from chatlog.record.history.outcomes import Gained, Missing, entries_of, in_vain
from chatlog.record.history.playback import Playback, around
from chatlog.record.history.requests import Asker

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.coverage.fold import Gap
    from chatlog.event import Event
    from chatlog.protocol.history.playback_limits import PlaybackLimits
    from chatlog.protocol.session import Session
    from chatlog.read.lookup import KnownLine
    from chatlog.record.intake import Intake
    from chatlog.record.intervals import NewInterval
    from chatlog.record.ledgers import Ledgers

logger = logging.getLogger(__name__)

_NOTED_EVERY: Final = 10
_BEFORE_PLAYBACK: Final = "what was played back begins later; whether that is all nobody can tell"
_SEAM: Final = 2_000
_ROUNDED: Final = 1_000  # the history tells whole seconds
_LOOK_AGAIN: Final = 0.2
_COMES_LIVE: Final = 0.4


class HistoryWanted(NamedTuple):
    """What to fetch of a channel that was never recorded.

    The last so many lines, or seconds; all there is where it says neither.
    """

    lines: int | None = None
    seconds: float | None = None


class _Walk:
    """A gap that is being fetched, and how far that is."""

    def __init__(self, missing: Missing, alignment: Alignment) -> None:
        self.missing = missing
        self.alignment = alignment
        self.reached = Outcome(missing.since.time, missing.since.time)
        self.seam_begins = format_time(max(0, parse_time(missing.until) - _SEAM))
        self.seam: list[list[Event]] = []
        self.lines = 0
        self.pages = 0


class Backfill:
    """Fetch what is missing of the channels of one connection, until `close`.

    `send` says a line to the server, `now` is our clock. `first` is what is
    wanted of a channel of which there is nothing yet. `on_settled` is called
    when nothing is left to do.
    """

    def __init__(
        self,
        session: Session,
        intake: Intake,
        ledgers: Ledgers,
        *,
        loop: asyncio.AbstractEventLoop,
        send: Callable[[str], None],
        now: Callable[[], str],
        first: HistoryWanted | None,
        on_settled: Callable[[], None],
    ) -> None:
        self._session = session
        self._intake = intake
        self._ledgers = ledgers
        self._loop = loop
        self._now = now
        self._first = first
        self._on_settled = on_settled
        self._background = Background(loop, "history")
        self._missing: list[Missing] = []
        self._pages: list[Page | PlaybackLimits] = []
        self._played: dict[str, tuple[str, int]] = {}  # since when, and how many lines
        self._send = send
        self._asker = Asker(session, send)
        self._playbacks: dict[str, Playback] = {}
        self._walk: _Walk | None = None
        self._task: asyncio.Task[None] | None = None

    # -- what is to be done --------------------------------------------------------

    def entered(self, interval: NewInterval) -> None:
        """Fetch the gaps of a channel, now that we are in it."""
        target = interval.target
        if self._first is not None and interval.is_first:
            self._ledgers.note_depth(target)
            self._missing.append(Missing(target, Point(""), interval.begins, is_first=True))
        for gap in interval.gaps:
            missing = Missing(target, Point(*gap.start), gap.end)
            if not self._asker.obstacle:
                self._missing.append(missing)
            elif not gap.why:
                self._note_impossible(missing)
        if interval.gaps and self._asker.obstacle:
            for line in self._session.ask_playback_limits(target):
                self._send(line)
        self._go_on()

    def left(self, target: str) -> None:
        """Fetch no more of a channel that we are not in."""
        self._missing = [each for each in self._missing if each.target != target]

    def take(self, told: list[Told]) -> None:
        """Take what the server told of the past."""
        for each in told:
            if not self._asker.take(each) and not isinstance(each, Refused):
                self._pages.append(each)
        self._go_on()

    @property
    def is_settled(self) -> bool:
        """Say whether nothing is left to do."""
        busy = self._task is not None and not self._task.done()
        return not (self._missing or self._pages or busy)

    def close(self) -> None:
        """Ask for nothing more; write what was told by now, and say how far that reaches."""
        if self._task is not None:
            self._task.cancel()
        self._playbacks.clear()  # one may have been about to read what it needs
        left, self._pages = [page for page in self._pages if isinstance(page, Page)], []
        if self._walk is not None:
            target = self._walk.missing.target
            left += [Page(target, "chathistory", events) for events in self._walk.seam]
        for page in [*left, *self._asker.untaken()]:
            self._keep_at_once(page)
        if self._walk is not None:
            self._note_progress(self._walk)
        self._background.finish(0)

    def _keep_at_once(self, page: Page) -> None:
        playback = self._playback(page.target)
        for low, high in playback.unread(page):
            try:
                playback.know(self._read(page.target, low, high))
            except TranscriptError as error:
                self._intake.trouble(error)
        playback.begin_page()
        self._write(playback.new(page))

    def _go_on(self) -> None:
        if (self._task is None or self._task.done()) and (self._missing or self._pages):
            self._task = self._loop.create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._missing or self._pages:
                await self._work_once()
        except Exception as error:  # noqa: BLE001 - a bug here must end the run, not be lost
            self._intake.fail(error)
        self._loop.call_soon(self._on_settled)

    async def _work_once(self) -> None:
        if self._pages:
            first = self._pages[0]
            if isinstance(first, Page):
                await self._take_playback(first)
            else:
                self._note_limits(first)
            del self._pages[0]
            return
        try:
            await self._fetch(self._missing.pop(0))
        except TranscriptError as error:
            self._intake.trouble(error)

    # -- what the server plays back by itself ----------------------------------------

    async def _take_playback(self, page: Page) -> None:
        playback = self._playback(page.target)
        for low, high in playback.unread(page):
            playback.know(await self._known_if_any(page.target, low, high))
        self._write(playback.new(page))
        if page.batched and page.is_whole:
            del self._playbacks[page.target]
            self._played[page.target] = playback.first, playback.total
            if page.target != SERVER:
                self._note_playback(page, playback)

    def _playback(self, target: str) -> Playback:
        if target not in self._playbacks:
            self._playbacks[target] = Playback(self._session.state.isupport.casemapping)
        return self._playbacks[target]

    def _note_playback(self, page: Page, playback: Playback) -> None:
        """Say how much of the gap before us the playback reaches."""
        coverage = self._ledgers.coverage(page.target)
        begins = self._ledgers.begins(page.target)
        for gap in coverage.wanting() if coverage else ():
            if gap.end == begins and playback.first and playback.first < gap.end:
                reached = Outcome(max(gap.start.time, playback.first), gap.end)
                self._had(
                    Missing(page.target, Point(*gap.start), gap.end),
                    reached,
                    Gained(page.via, "messages", playback.lines),
                    forgets=False,
                )
                self._note_before_playback(page.target, gap, playback.first)

    def _note_before_playback(self, target: str, gap: Gap, first: str) -> None:
        """Say why what lies before the first line that is played back stays open."""
        if gap.start.time < first:
            missing = Missing(target, Point(*gap.start), first)
            entry = in_vain(missing, gap.start.time, _BEFORE_PLAYBACK, at=self._now())
            self._ledgers.append_when_written(target, entry)

    def _note_limits(self, limits: PlaybackLimits) -> None:
        """Say that nothing is missing, where as much as was played back is all there can be."""
        begins = self._ledgers.begins(limits.target)
        first, lines = self._played.get(limits.target, ("", 0))
        coverage = self._ledgers.coverage(limits.target)
        # Of nothing at all nobody can tell: some servers play nothing back to bots.
        if not 0 < lines < limits.lines or coverage is None or not begins:
            return
        reaches = format_time(max(0, parse_time(begins) - limits.seconds * 1000 + _ROUNDED))
        for gap in coverage.wanting():
            if gap.end == first and gap.start.time >= reaches:
                missing = Missing(limits.target, Point(*gap.start), gap.end)
                all_of_it = Outcome(gap.start.time, gap.end)
                gained = Gained("chathistory", "messages", 0)
                self._had(missing, all_of_it, gained, forgets=False)

    # -- what we ask for ---------------------------------------------------------------

    async def _fetch(self, missing: Missing) -> None:
        if self._asker.obstacle:
            self._note_impossible(missing)
            return
        if missing.is_first:
            missing = await self._located(missing)
            if not missing.since.time:
                return
            self._ledgers.note_depth(missing.target, min(missing.since.time, missing.until))
            if missing.since.time >= missing.until:
                return
        walk = self._walk = _Walk(missing, await self._aligned(missing))
        earlier = await self._background.result(partial(self._has_earlier, missing))
        stretch = missing.target, missing.since, missing.until
        way = forward(*stretch, self._asker.terms, has_earlier=earlier)
        outcome = await self._asker.follow(
            way,
            missing.target,
            begin_page=walk.alignment.begin_page,
            keep=partial(self._keep, walk),
            progress=partial(self._note_reached, walk),
        )
        await self._close_seam(walk)
        self._walk = None
        gained = Gained("chathistory", self._asker.kinds, walk.lines)
        self._had(missing, outcome, gained, forgets=True)
        if missing.is_first and outcome.begins > missing.since.time:
            self._ledgers.note_depth(missing.target, outcome.begins)  # there was nothing before
        _say(missing, outcome, walk.lines)
        if outcome.reached < missing.until:  # what was refused once would be again
            self.left(missing.target)

    async def _located(self, missing: Missing) -> Missing:
        """Find where the history begins that is wanted of a channel never recorded before."""
        wanted = self._first or HistoryWanted()
        if wanted.seconds is not None:
            moment = max(0, parse_time(missing.until) - int(wanted.seconds * 1000))
            return missing._replace(since=Point(format_time(moment)))
        way = oldest(missing.target)
        if wanted.lines is not None:
            way = backward(missing.target, wanted.lines, self._asker.terms)
        found = await self._asker.follow(way, missing.target)
        nothing = missing.until if not found.why else ""
        return missing._replace(since=Point(found.begins or nothing))

    async def _aligned(self, missing: Missing) -> Alignment:
        alignment = Alignment(self._session.state.isupport.casemapping)
        stretch = around(missing.since.time, missing.until)
        for line in await self._known(missing.target, *stretch):
            alignment.know(line.event, coarse=line.coarse)
        return alignment

    def _has_earlier(self, missing: Missing) -> bool:
        # Of a channel that was never recorded, what there is begins with its first line.
        directory = self._ledgers.directory(missing.target)
        return missing.is_first or has_talk_before(directory, missing.since.time)

    def _note_reached(self, walk: _Walk, reached: Outcome) -> None:
        walk.reached = reached
        walk.pages += 1
        if walk.pages % _NOTED_EVERY == 0:
            self._note_progress(walk)

    def _keep(self, walk: _Walk, page: Page) -> None:
        """Write those lines of a page that the transcript does not have.

        Lines from about when we came in wait: they may still come live as well.
        """
        events = page.events
        if walk.missing.is_first:  # what lies before was not asked for
            events = [event for event in events if event.time >= walk.missing.since.time]
        walk.seam.append([event for event in events if event.time >= walk.seam_begins])
        events = [event for event in events if event.time < walk.seam_begins]
        if events:
            new = walk.alignment.new(events)
            self._write(new)
            walk.lines += len(new)
            low = min(event.time for event in events)
            walk.alignment.forget_before(around(low, low)[0])

    async def _close_seam(self, walk: _Walk) -> None:
        """Write what was said about when we came in, and did not come live a moment later."""
        if await self._new_in_seam(walk):
            await asyncio.sleep(_COMES_LIVE)
            new = await self._new_in_seam(walk)
            walk.seam.clear()
            self._write(new)
            walk.lines += len(new)
        walk.seam.clear()

    async def _new_in_seam(self, walk: _Walk) -> list[Event]:
        times = [event.time for page in walk.seam for event in page]
        if not times:
            return []
        stretch = around(min(times), max(times))
        known = await self._known_if_any(walk.missing.target, *stretch)
        walk.alignment.forget_since(stretch[0])
        for line in known:
            walk.alignment.know(line.event, coarse=line.coarse)
        new = []
        for page in walk.seam:  # which may overlap
            walk.alignment.begin_page()
            new += walk.alignment.new(page)
        return new

    # -- what there is, and what becomes of it ---------------------------------------------

    async def _known(self, target: str, low: str, high: str) -> list[KnownLine]:
        self._intake.flush()
        while self._ledgers.is_waiting:  # noqa: ASYNC110 - a disk tells nothing
            await asyncio.sleep(_LOOK_AGAIN)
        return await self._background.result(partial(self._read, target, low, high))

    async def _known_if_any(self, target: str, low: str, high: str) -> list[KnownLine]:
        """Read the transcript; where that fails, lines are rather written twice than lost."""
        try:
            return await self._known(target, low, high)
        except TranscriptError as error:
            self._intake.trouble(error)
            return []

    def _read(self, target: str, low: str, high: str) -> list[KnownLine]:
        return self._ledgers.lines_between(target, low, high)

    def _write(self, events: list[Event]) -> None:
        if events:
            self._intake.write(events, self._session.state.isupport.casemapping.name)
            self._intake.flush()
            self._ledgers.fetched.update(event.target for event in events)

    def _had(self, missing: Missing, outcome: Outcome, gained: Gained, *, forgets: bool) -> None:
        entries = entries_of(missing, outcome, gained, at=self._now(), forgets=forgets)
        self._ledgers.append_when_written(missing.target, *entries)

    def _note_progress(self, walk: _Walk) -> None:
        """Say how far a walk came, so that the next one goes on there.

        What is held back at the seam is not written yet, and does not count.
        """
        begins = walk.reached.begins
        reached = Outcome(begins, min(walk.reached.reached, walk.seam_begins))
        if begins < reached.reached:
            gained = Gained("chathistory", self._asker.kinds, walk.lines)
            missing = walk.missing._replace(until=reached.reached)
            self._had(missing, reached, gained, forgets=True)

    def _note_impossible(self, missing: Missing) -> None:
        """Say of a gap why nobody can be asked."""
        if not missing.is_first:
            why = self._asker.obstacle
            entry = in_vain(missing, missing.since.time, why, at=self._now())
            self._ledgers.append_when_written(missing.target, entry)


def _say(missing: Missing, outcome: Outcome, lines: int) -> None:
    level = logging.INFO if lines else logging.DEBUG
    logger.log(level, "%s: %d lines were fetched back", missing.target, lines)
    if outcome.begins > missing.since.time and not missing.is_first:
        logger.warning(
            "%s: what was said from %s to %s is lost: the server's history begins there",
            missing.target,
            missing.since.time,
            outcome.begins,
        )
    if outcome.reached < missing.until:
        logger.warning("%s: a gap stays open: %s", missing.target, outcome.why)
