"""Gaps among the events that a reader yields: each once, before the first event after its start."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatlog.archive.files import state_of
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.archive.targets import Target
    from chatlog.coverage.fold import Gap
    from chatlog.read.reader import Entry, Reader


class PlacedGap(NamedTuple):
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
        self._given: dict[Target, list[Gap]] = {}
        self._read: dict[str, tuple[object, list[Gap]]] = {}

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
        found = []
        while self._coming and self._coming[-1][1].start.time < entries[-1].event.time:
            target, gap = self._coming.pop()
            self._given.setdefault(target, []).append(gap)
            found.append(PlacedGap(_position(entries, gap), target, gap))
        return found

    def _not_given(self) -> list[tuple[Target, Gap]]:
        gaps = [
            (target, gap)
            for target in self._reader.targets()
            for gap in self._gaps(target.path)
            if gap.start.time >= self._begin and not self._is_given(target, gap)
        ]
        return sorted(gaps, key=lambda each: each[1].start.time, reverse=True)

    def _is_given(self, target: Target, gap: Gap) -> bool:
        """Return whether a gap was returned before, or is the rest of one that was."""
        given = self._given.get(target, ())
        return any(each.start.time <= gap.start.time < each.end for each in given)

    def _gaps(self, directory: str) -> list[Gap]:
        state = state_of(f"{directory}/LEDGER")
        before, gaps = self._read.get(directory, (None, []))
        if state != before:
            gaps = _gaps(directory)
            self._read[directory] = state, gaps
        return gaps


def _position(entries: Sequence[Entry], gap: Gap) -> int:
    """Return the index of the first entry after the start of a gap."""
    return next(number for number, entry in enumerate(entries) if entry.event.time > gap.start.time)


def _gaps(directory: str) -> list[Gap]:
    """Return the gaps that a ledger shows; none if it may not be read."""
    from pathlib import Path

    from chatlog.coverage import ledger
    from chatlog.coverage.fold import coverage_of

    try:
        coverage = coverage_of(ledger.read(Path(directory)), heard=lambda _: None)
    except TranscriptError:
        return []  # the events can still be shown
    return [] if coverage is None else coverage.gaps
