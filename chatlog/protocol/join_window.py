"""The JOIN lines on their way: how many the server may leave unanswered at a time.

Pure, and without a clock: times are arguments, in seconds of a clock that only
advances.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

WINDOW: Final = 2
"""JOIN lines that may be unanswered at a time."""

SILENCE: Final = 5.0
"""Seconds after which an unanswered line holds back no other."""


class _Sent(NamedTuple):
    """A line: the number of its last channel, and when it was sent."""

    last: int
    at: float


class JoinWindow:
    """The unanswered JOIN lines of one connection, oldest first.

    Every channel that is asked for has a number, counted from 1. A server answers
    in order: an answer to one channel ends the wait for all lines before it, also
    for those that the server ignored.
    """

    def __init__(self) -> None:
        self._lines: deque[_Sent] = deque()
        self._asked = 0

    def clear(self) -> None:
        """Forget all lines, because the connection is a new one."""
        self._lines.clear()

    def send(self, channels: int, now: float) -> range:
        """Add a line that asks for that many channels; return their numbers, in order."""
        first, self._asked = self._asked + 1, self._asked + channels
        self._lines.append(_Sent(self._asked, now))
        return range(first, self._asked + 1)

    def answer(self, number: int) -> bool:
        """Note an answer to a channel; return whether a line needs no further wait."""
        before = len(self._lines)
        while self._lines and self._lines[0].last <= number:
            self._lines.popleft()
        return len(self._lines) < before

    def is_full(self, now: float, size: int = WINDOW) -> bool:
        """Return whether no further line may be sent before an answer, or before `opens_at`."""
        while self._lines and now >= self._lines[0].at + SILENCE:
            self._lines.popleft()
        return len(self._lines) >= size

    def opens_at(self, now: float) -> float:
        """Return when the oldest line holds back no other, even if no answer comes."""
        return self._lines[0].at + SILENCE if self._lines else now
