"""Gaps among the events that a reader yields: each once, before the first event after its start."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import state_of
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatlog.archive.targets import Target
    from chatlog.coverage.gap import Gap
    from chatlog.coverage.gap_list import Gaps
    from chatlog.read.reader import Entry, Reader

_NEVER: Final = "~"  # behind every time


class PlacedGap(msgspec.Struct, frozen=True):
    """A gap of a target, and the index of the entry before which it belongs."""

    position: int
    target: Target
    gap: Gap


class GapFeed:
    """The gaps of a reader's targets that start at `since` or later, "" for the first entry.

    Ledgers are read again only after `look_again`, and only if they changed.
    """

    def __init__(self, reader: Reader, since: str = "") -> None:
        self._reader = reader
        self._begin = since
        self._coming: list[tuple[Target, Gap]] | None = None  # the next one last
        self._given: dict[Target, _Given] = {}
        self._read: dict[str, tuple[object, Gaps | None]] = {}

    def look_again(self) -> None:
        """Read the ledgers again before the next answer: a gap stands there once it is over."""
        self._coming = None

    def among(self, entries: Sequence[Entry]) -> list[PlacedGap]:
        """Return the gaps not returned before that start before the last of these entries."""
        if not entries:
            return []
        self._begin = self._begin or entries[0].event.time
        if self._coming is None:
            self._coming = self._not_given()
        reached = list(accumulate((entry.event.time for entry in entries), max))
        found = []
        while self._coming and self._coming[-1][1].start.time < entries[-1].event.time:
            target, gap = self._coming.pop()
            self._given.setdefault(target, _Given()).add(gap)
            # The first entry after its start; entries may go back in time.
            found.append(PlacedGap(bisect_right(reached, gap.start.time), target, gap))
        return found

    def rest(self, until: str = "") -> list[PlacedGap]:
        """Return the gaps behind all entries that start before `until`, "" for no bound."""
        if not self._begin:
            return []
        if self._coming is None:
            self._coming = self._not_given()
        found = []
        while self._coming and self._coming[-1][1].start.time < (until or _NEVER):
            target, gap = self._coming.pop()
            self._given.setdefault(target, _Given()).add(gap)
            found.append(PlacedGap(0, target, gap))
        return found

    def _not_given(self) -> list[tuple[Target, Gap]]:
        gaps = [
            (target, gap)
            for target in self._reader.targets()
            for gap in self._gaps(target.path)
            if gap.start.time >= self._begin and gap not in self._given.get(target, ())
        ]
        return sorted(gaps, key=lambda each: each[1].start.time, reverse=True)

    def _gaps(self, directory: str) -> Iterable[Gap]:
        """Return the gaps of a ledger from the first entry on, and some before it."""
        state = state_of(f"{directory}/LEDGER")
        before, gaps = self._read.get(directory, (None, None))
        if state != before:
            gaps = _gaps(directory)
            self._read[directory] = state, gaps
        return gaps.near(self._begin, _NEVER) if gaps is not None else ()


class _Given:
    """The gaps of a target that were returned; the rest of such a gap counts as one."""

    def __init__(self) -> None:
        self._starts: list[str] = []
        self._ends: list[str] = []
        self._reached: list[str] = []  # the latest end up to each gap

    def add(self, gap: Gap) -> None:
        """Add a gap that was returned; mostly it starts after all others."""
        place = bisect_right(self._starts, gap.start.time)
        self._starts.insert(place, gap.start.time)
        self._ends.insert(place, gap.end)
        before = self._reached[place - 1] if place else ""
        self._reached[place:] = islice(accumulate(self._ends[place:], max, initial=before), 1, None)

    def __contains__(self, gap: Gap) -> bool:
        """Return whether a gap starts within one that was returned."""
        place = bisect_right(self._starts, gap.start.time)
        return bool(place) and self._reached[place - 1] > gap.start.time


def _gaps(directory: str) -> Gaps | None:
    """Return the gaps that a ledger shows; None if it has none or may not be read."""
    from chatlog.coverage import ledger
    from chatlog.coverage.fold import coverage_of

    try:
        coverage = coverage_of(ledger.read(directory), heard=lambda _: None)
    except TranscriptError:
        return None  # the events can still be shown
    return None if coverage is None else coverage.gaps
