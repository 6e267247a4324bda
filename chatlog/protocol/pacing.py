"""How fast to talk: lines that can wait go out no faster than a server bears.

Pure: time is the seconds of a clock that only advances.
"""

from __future__ import annotations

from collections import deque
from typing import Final

BURST: Final = 4
INTERVAL: Final = 2.0
_QUEUED: Final = 8192


class Pacing:
    """Let a burst of lines pass, then one an interval (seconds).

    At most 8192 wait; `dropped` counts those that were too many.
    """

    def __init__(self, burst: int = BURST, interval: float = INTERVAL) -> None:
        self.dropped = 0
        self._burst = burst
        self._interval = interval
        self._waiting: deque[str] = deque()
        self._spent_until = 0.0  # by when all that was sent is paid for

    def put(self, line: str) -> None:
        """Take a line to be sent when there is room."""
        if len(self._waiting) < _QUEUED:
            self._waiting.append(line)
        else:
            self.dropped += 1

    def advance(self, now: float) -> tuple[list[str], float | None]:
        """Return the lines to send now, in order, and when the next one may go."""
        lines: list[str] = []
        self._spent_until = max(self._spent_until, now)
        credit = (self._burst - 1) * self._interval
        while self._waiting and self._spent_until - now <= credit:
            lines.append(self._waiting.popleft())
            self._spent_until += self._interval
        return lines, self._spent_until - credit if self._waiting else None
