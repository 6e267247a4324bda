"""The recorded range of a target: from the start of its coverage to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.layout import target_directory
from chatlog.archive.networks import read_casemapping
from chatlog.archive.rules import classes_of
from chatlog.coverage import ledger
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.last_heard import LastHeard
from chatlog.event import EventType, class_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from chatlog.coverage.interval_fold import Interval

_TALK: Final = class_of(EventType.MESSAGE)


class RecordedRange(NamedTuple):
    """The directory of a target, and the `[since, until)` of its coverage.

    It begins no earlier than the end of the last interval that left talk out.
    """

    directory: Path
    since: str
    until: str


class RecordedRanges:
    """The recorded ranges of one network; the runs are looked at once."""

    def __init__(self, root: Path, network: str) -> None:
        self._root = root
        self._network = network
        self._casemapping = read_casemapping(root, network)
        self._last_heard = LastHeard(root)

    def of(self, target: str) -> RecordedRange | None:
        """Return the range of a target; None if it was never recorded."""
        if self._casemapping is None:
            return None
        directory = target_directory(self._root, self._network, target, self._casemapping)
        bounds = self._last_heard.bounds(directory, self._network)
        coverage = coverage_of(ledger.read(directory), heard=bounds)
        if coverage is None:
            return None
        since = max(coverage.since, *_without_talk(coverage.intervals))
        if since == coverage.until > coverage.since:
            return None
        return RecordedRange(directory, since, coverage.until)


def _without_talk(intervals: Iterable[Interval]) -> list[str]:
    """Return the ends of the intervals in which no talk was recorded, and ""."""
    lacking = (each for each in intervals if _TALK not in classes_of(each.kinds))
    return ["", *(each.end.time for each in lacking)]
