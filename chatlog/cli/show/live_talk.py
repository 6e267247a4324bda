"""Counts of talk for the live view: lines, their rate over a minute, and the last one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.event import SERVER, TALK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatlog.event import Event

_MINUTE: Final = 60.0


class TalkPlace(NamedTuple):
    """A target of a network."""

    network: str
    target: str


class TargetTalk:
    """Talk of one target: lines, their rate, and the last line."""

    __slots__ = ("_recent", "last", "lines")

    def __init__(self) -> None:
        self.lines = 0
        self.last: Event | None = None
        self._recent: deque[tuple[int, int]] = deque()  # lines of each second of the last minute

    def add(self, event: Event, moment: float) -> None:
        """Count a line that came at a moment, in seconds of a clock that only advances."""
        self.lines += 1
        self.last = event
        second = int(moment)
        if self._recent and self._recent[-1][0] == second:
            self._recent[-1] = second, self._recent[-1][1] + 1
        else:
            self._recent.append((second, 1))
            self.rate(moment)

    def rate(self, moment: float) -> int:
        """Return the number of lines in the minute before a moment."""
        while self._recent and self._recent[0][0] <= moment - _MINUTE:
            self._recent.popleft()
        return sum(lines for _, lines in self._recent)


class TalkCounts:
    """Talk of all targets, in the order of their first lines; events of ours do not count."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.targets: dict[TalkPlace, TargetTalk] = {}
        self._monotonic = monotonic

    def take(self, events: Sequence[Event]) -> None:
        """Count the lines that people said among the events of a turn."""
        moment = self._monotonic()
        for event in events:
            if event.type in TALK and event.target != SERVER and event.nick:
                place = TalkPlace(event.network, event.target)
                self.targets.setdefault(place, TargetTalk()).add(event, moment)

    @property
    def lines(self) -> int:
        """The number of lines of all targets."""
        return sum(each.lines for each in self.targets.values())
