"""Fetch: one gap of a target that is being filled from the server's history.

Pure. It decides which request comes next, which lines of a page are new beside
the transcript, and which entries the ledger gets. `record.history.fetcher`
sends, reads and writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.alignment.history import Alignment, around
from chatlog.event import shifted
from chatlog.protocol.facts import HistoryPage
from chatlog.protocol.history.chathistory import Outcome, Walk, forward
from chatlog.protocol.history.pages import weight_of
from chatlog.record.history.outcomes import Fetched, entries_of
from chatlog.record.history.playback import MAX_COMPARED, weight_compared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.casemapping import Casemapping
    from chatlog.coverage.entries import LedgerEntry
    from chatlog.event import Event
    from chatlog.protocol.history.chathistory import Answer, Ask, Terms
    from chatlog.read.lookup import KnownLine
    from chatlog.record.history.gaps import OpenGap

VIA: Final = "chathistory"
_SEAM: Final = 2_000  # milliseconds

MAX_SEAM_LINES: Final = 10_000
"""Lines of the seam that are kept back; if there are more, all are written at once."""

MAX_SEAM: Final = 16 * 1024 * 1024
"""Estimated bytes of the same."""

_NEVER: Final = "~"  # after every time


class Fetch:
    """A gap under way: its pages aligned with the transcript, and how far they reach.

    Lines of the last two seconds before the interval that ends the gap are its
    seam: they may still come live. They are kept back until all else is fetched, up to
    MAX_SEAM_LINES and MAX_SEAM: more of them are written at once, and may come twice.
    A page is compared with fetched lines of at most MAX_COMPARED bytes; if more of them
    could be its lines, they are forgotten, and a line that comes again is written twice.
    `lines` counts the new lines by now. `has_talk_before` means that the
    transcript has messages from before the gap.
    """

    def __init__(
        self, gap: OpenGap, casemapping: Casemapping, terms: Terms, *, has_talk_before: bool
    ) -> None:
        self.gap = gap
        self.lines = 0
        # A server without a line from before the gap has forgotten the gap's beginning,
        # unless nobody spoke by then. The history of a new target begins with its first line.
        earlier = gap.is_first or has_talk_before
        self._walk = Walk(forward(gap.target, gap.since, gap.until, terms, has_earlier=earlier))
        self._alignment = Alignment(casemapping)
        self._seam_begins = shifted(gap.until, -_SEAM)
        self._seam: list[list[Event]] = []  # page by page: pages may overlap
        self._kept_back = self._kept_back_size = 0
        self._compared = 0  # estimated bytes of fetched lines that the alignment has, or fewer

    # -- the requests, and the lines that are new -----------------------------------

    def know(self, lines: Iterable[KnownLine]) -> None:
        """Take lines that the transcript has."""
        for line in lines:
            self._alignment.know(line.event, coarse=line.coarse)

    @property
    def ask(self) -> Ask | None:
        """The request to send next, None at the end."""
        return self._walk.ask

    def take(self, answer: Answer, seconds: float = 0) -> None:
        """Take the sum of an answer, whose pages `new` has had; the next may repeat its lines.

        `seconds` are those since the first request.
        """
        self._walk.take(answer, seconds)
        self._alignment.begin_page()

    def new(self, page: HistoryPage) -> list[Event]:
        """Return the lines of a page that the transcript lacks, in order, without the seam's."""
        events = page.events
        if self.gap.is_first:  # earlier lines lie beyond the depth
            events = [event for event in events if event.time >= self.gap.since.time]
        seam = [event for event in events if event.time >= self._seam_begins]
        new = [] if self._keep_back(seam) else self._give_up_seam()
        events = [event for event in events if event.time < self._seam_begins]
        if events:
            new += self._alignment.new(events)
            low = min(event.time for event in events)
            self._forget_before(around(low, low)[0], new)
        self.lines += len(new)
        return new

    def _forget_before(self, time: str, new: list[Event]) -> None:
        """Forget lines before a time, and after new ones all fetched lines if they are too many."""
        self._alignment.forget_before(time)
        self._compared += sum(map(weight_compared, new))
        if self._compared > MAX_COMPARED:  # many of which were forgotten page by page
            self._alignment.forget_fresh_before(time)
            self._compared = sum(map(weight_compared, self._alignment.found()))
        if self._compared > MAX_COMPARED:
            self._alignment.forget_found()
            self._compared = 0

    # -- the seam ---------------------------------------------------------------------

    @property
    def seam_stretch(self) -> tuple[str, str] | None:
        """The stretch of the transcript to know for the seam; None if no line is kept back."""
        times = [event.time for page in self._seam for event in page]
        return around(min(times), max(times)) if times else None

    def new_in_seam(self, known: Iterable[KnownLine]) -> list[Event]:
        """Return the lines of the seam that are not among those that the transcript has by now."""
        if self.seam_stretch is not None:
            self._alignment.forget_since(self.seam_stretch[0])
        self.know(known)
        new = []
        for page in self._seam:
            self._alignment.begin_page()
            new += self._alignment.new(page)
        return new

    def close_seam(self, known: Iterable[KnownLine]) -> list[Event]:
        """Return the new lines of the seam for good, and count them."""
        new = self.new_in_seam(known)
        self._seam.clear()
        self.lines += len(new)
        return new

    def _keep_back(self, lines: list[Event]) -> bool:
        """Keep lines of the seam back unless they are too many; return whether they are not."""
        if self._seam_begins == _NEVER or not lines:
            return True
        number = self._kept_back + len(lines)
        size = self._kept_back_size + sum(map(weight_of, lines))
        if number > MAX_SEAM_LINES or size > MAX_SEAM:
            return False
        self._seam.append(lines)
        self._kept_back, self._kept_back_size = number, size
        return True

    def _give_up_seam(self) -> list[Event]:
        """Return the new lines that were kept back; from now on none are."""
        self._seam_begins = _NEVER
        new = []
        for page in self._seam:
            new += self._alignment.new(page)
            self._alignment.begin_page()
        self._seam.clear()
        return new

    def seam_pages(self) -> list[HistoryPage]:
        """Return the lines of the seam as the pages in which they came."""
        return [HistoryPage(self.gap.target, VIA, events) for events in self._seam]

    # -- the outcome ------------------------------------------------------------------

    @property
    def outcome(self) -> Outcome:
        """How far the fetch came, once `ask` is None."""
        return self._walk.outcome

    def entries(self, kinds: str, *, at: str) -> list[LedgerEntry]:
        """Return the entries of a fetch that is over; `kinds` are those of the server's events."""
        fetched = Fetched(VIA, kinds, self.lines)
        return entries_of(self.gap, self.outcome, fetched, at=at, was_asked=True)

    def entries_so_far(self, kinds: str, *, at: str) -> list[LedgerEntry]:
        """Return the entries of a fetch that goes on, so that the next one can start there.

        They claim nothing of the seam, which is not written yet.
        """
        begins, reached, *_ = self._walk.reached
        reached = min(reached, self._seam_begins)
        if begins >= reached:
            return []
        fetched = Fetched(VIA, kinds, self.lines)
        gap = self.gap._replace(until=reached)
        return entries_of(gap, Outcome(begins, reached), fetched, at=at, was_asked=True)
