"""Gaps to fetch: those between intervals, and those before a target's first one.

Pure. How far back a first fetch reaches has to be known before its first page:
pages are fetched from the beginning onwards, so that a fetch that is cut off
leaves no hole behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chatlog.alignment.history import around
from chatlog.event import shifted
from chatlog.protocol.history.chathistory import BEGINNING, Point, Walk, backward, oldest

if TYPE_CHECKING:
    from chatlog.coverage.gap import Gap
    from chatlog.protocol.history.chathistory import Terms


class OpenGap(NamedTuple):
    """A stretch of a target that history may fill: from a point to a time.

    `is_first` means that the target was never recorded before: history that the
    server lacks is no loss then.
    """

    target: str
    since: Point
    until: str
    is_first: bool = False

    @property
    def surroundings(self) -> tuple[str, str]:
        """The stretch of the transcript to compare with the gap's history."""
        return around(self.since.time, self.until)

    @classmethod
    def of(cls, target: str, gap: Gap) -> OpenGap:
        """Return a gap of a target's coverage as one to fetch."""
        return cls(target, Point(gap.start.time, gap.start.msgid), gap.end)

    @classmethod
    def before_first(cls, target: str, until: str) -> OpenGap:
        """Return the gap before a target's first interval; its beginning is not known yet."""
        return cls(target, Point(""), until, is_first=True)


class HistoryDepth(NamedTuple):
    """How far back to fetch a channel that was never recorded.

    The last `lines`, or the last `seconds`; all of the server's history if both
    are None.
    """

    lines: int | None = None
    seconds: float | None = None

    def since(self, until: str) -> str:
        """Return the beginning of the `seconds` before a time; "" if only the server knows it."""
        if self.seconds is None:
            return ""
        return max(BEGINNING, shifted(until, -int(self.seconds * 1000)))

    def walk(self, target: str, terms: Terms) -> Walk:
        """Return the requests that find the beginning; the outcome's `begins` is "" for none."""
        if self.lines is None:
            return Walk(oldest(target))
        return Walk(backward(target, self.lines, terms))
