"""Playback: lines of the past that a server or bouncer sends without a request.

Pure. Lines that come one by one, in no batch, count as one playback for as long
as the connection lasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.alignment import Alignment, around
from chatlog.event import shifted
from chatlog.protocol.history.chathistory import Outcome
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
        self._alignment = Alignment(casemapping)
        self._read_from = ""

    def unread(self, page: HistoryPage) -> list[tuple[str, str]]:
        """Return the stretches of the transcript to know before `new`; they count as read."""
        if not page.events:
            return []
        low, _ = around(*[min(event.time for event in page.events)] * 2)
        until, self._read_from = self._read_from or _EVER, min(self._read_from or low, low)
        return [(self._read_from, until)] if self._read_from < until else []

    def know(self, lines: Iterable[KnownLine]) -> None:
        """Take lines that the transcript has."""
        for line in lines:
            self._alignment.know(line.event, coarse=line.coarse)

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
