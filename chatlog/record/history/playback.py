"""Playback: lines of the past that a server or bouncer sends without a request.

Pure. Lines that come one by one, in no batch, count as one playback for as long
as the connection lasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.alignment.history import Alignment, around
from chatlog.event import shifted
from chatlog.protocol.history.chathistory import Outcome
from chatlog.protocol.history.pages import weight_of
from chatlog.record.history.outcomes import Fetched, entries_of, still_open

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.casemapping import Casemapping
    from chatlog.coverage.entries import LedgerEntry
    from chatlog.event import Event
    from chatlog.protocol.facts import HistoryPage, PlaybackLimits
    from chatlog.read.lookup import KnownLine
    from chatlog.record.history.gaps import OpenGap

KINDS: Final = "messages"
_BEGINS_LATER: Final = "what was played back begins later; whether that is all nobody can tell"
_EVER: Final = "9999-12-31T23:59:59.999Z"
_ROUNDED: Final = 1_000  # a server counts whole seconds

MAX_COMPARED: Final = 20 * 1024 * 1024
"""Estimated bytes of the lines with which the next line of a playback is compared.

When they are more, those are forgotten that lie before the page that came last.
"""

_COMPARED: Final = 1024  # bytes of a line in an alignment beside its event; measured: 870


def weight_compared(event: Event) -> int:
    """Return the estimated bytes of a line in an alignment, its event among them."""
    return weight_of(event) + _COMPARED


class Extent(NamedTuple):
    """The time of the earliest line of a playback, "" for none, and its number of lines."""

    first: str
    total: int


class Playback:
    """The lines of one target that are played back, aligned with its transcript.

    `first` is the time of the earliest of the `total` lines, `lines` how many
    the transcript lacked.
    """

    def __init__(self, casemapping: Casemapping) -> None:
        self.first = ""
        self.lines = self.total = 0
        self._casemapping = casemapping
        self._alignment = Alignment(casemapping)
        self._read_from = ""
        self._read_until = _EVER
        self._size = 0  # estimated bytes of the lines that the alignment has

    def unread(self, page: HistoryPage) -> list[tuple[str, str]]:
        """Return the stretches of the transcript to know before `new`; they count as read.

        Lines before the page are forgotten if otherwise too many would be known.
        """
        if not page.events:
            return []
        times = [event.time for event in page.events]
        low, high = around(min(times), max(times))
        if self._size > MAX_COMPARED:
            self._forget_before(low)
        until, self._read_from = self._read_from or _EVER, min(self._read_from or low, low)
        stretches = [(self._read_from, until)] if self._read_from < until else []
        if self._read_until < high:
            stretches.append((self._read_until, _EVER))
            self._read_until = _EVER
        return stretches

    def know(self, lines: Iterable[KnownLine]) -> None:
        """Take lines that the transcript has."""
        for line in lines:
            self._alignment.know(line.event, coarse=line.coarse)
            self._size += weight_compared(line.event)

    def know_no_further(self, time: str) -> None:
        """Note that the transcript was not read from a time on: it has too many lines."""
        self._read_until = min(self._read_until, time)

    def _forget_before(self, time: str) -> None:
        """Forget lines before a time.

        If that leaves too many, forget all, and compare with none of before: so many
        lines of a few seconds are rather written twice than compared for minutes.
        """
        self._alignment.forget_before(time)
        self._alignment.forget_fresh_before(time)
        self._read_from = max(self._read_from, time) if self._read_from else ""
        self._size = sum(map(weight_compared, self._alignment.events()))
        if self._size > MAX_COMPARED:
            self._alignment = Alignment(self._casemapping)
            self._read_from, self._read_until, self._size = time, _EVER, 0

    def begin_page(self) -> None:
        """Begin with lines that may repeat earlier ones."""
        self._alignment.begin_page()

    def new(self, page: HistoryPage) -> list[Event]:
        """Return the lines of a page that the transcript lacks, in order."""
        if page.events:
            earliest = min(event.time for event in page.events)
            self.first = min(self.first or earliest, earliest)
        self.total += page.answer.lines
        found = self._alignment.new(page.events)
        self._size += sum(map(weight_compared, found))
        self.lines += len(found)
        return found

    def entries(self, gap: OpenGap, via: str, *, at: str) -> list[LedgerEntry]:
        """Return the entries of a gap up to whose end the playback reaches.

        Its part before the first line stays open: a server may keep more than
        it plays back.
        """
        if not self.first or self.first >= gap.until:
            return []
        reached = Outcome(max(gap.since.time, self.first), gap.until)
        fetched = Fetched(via, KINDS, self.lines)
        entries = entries_of(gap, reached, fetched, at=at, was_asked=False)
        if gap.since.time < self.first:
            before = gap._replace(until=self.first)
            entries.append(still_open(before, gap.since.time, _BEGINS_LATER, at=at))
        return entries


def is_all_within(limits: PlaybackLimits, extent: Extent) -> bool:
    """Return whether a playback had fewer lines than its limit, so that none is missing.

    A playback without a line proves nothing: some servers play none back to bots.
    """
    return 0 < extent.total < limits.lines


def earliest_within(limits: PlaybackLimits, begins: str) -> str:
    """Return the time back to which a playback reaches that came when an interval began."""
    return shifted(begins, _ROUNDED - limits.seconds * 1000)
