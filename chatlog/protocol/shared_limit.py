"""A limit of a network that counts in a sliding window: joins of an account, logins.

Pure, and without a clock: times are arguments, in seconds of a clock that only
advances. One limit may serve several connections, which share what it allows.
"""

from __future__ import annotations

from collections import deque
from typing import Final

MARGIN: Final = 1.02
"""How much longer our window is: what we send evenly may arrive closer together.

What is beyond a limit is dropped without a word, on Twitch.
"""


def part_of(pace: tuple[int, float], shards: int) -> tuple[int, float]:
    """Return the part of a pace (a number, in seconds) that one of several processes may use.

    All together never exceed the whole, whenever each begins. More processes than the number
    have one each in a longer time, so that only their average keeps to it.
    """
    count, seconds = pace
    if count >= shards:
        return count // shards, seconds
    return 1, seconds * -(-shards // count)


class SharedLimit:
    """At most `count` times in any `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        self._free_at: deque[float] = deque()  # when each time that was spent counts no more
        self.change(count, seconds)

    def change(self, count: int, seconds: float) -> None:
        """Allow another number from now on; the times that were spent count as they did."""
        self._count = count
        self._seconds = seconds * MARGIN

    def room(self, now: float) -> int:
        """Return how many times are left now."""
        while self._free_at and now >= self._free_at[0]:
            self._free_at.popleft()
        return max(0, self._count - len(self._free_at))

    def spend(self, times: int, now: float) -> None:
        """Take some of the times that are left."""
        self._free_at.extend([now + self._seconds] * times)

    def opens_at(self, now: float) -> float:
        """Return when there is room again; `now` if there is."""
        return now if self.room(now) > 0 else self._free_at[len(self._free_at) - self._count]


class SharedLimits:
    """The limits of the hosts of one process: connections to the same host share them.

    The pace that was asked for last counts for all of them.
    """

    def __init__(self) -> None:
        self._limits: dict[tuple[str, str], SharedLimit] = {}

    def of(self, host: str, deed: str, pace: tuple[int, float] | None) -> SharedLimit | None:
        """Return the limit of a host for a deed, by the network's pace; None without one."""
        if pace is None:
            return None
        limit = self._limits.setdefault((host, deed), SharedLimit(*pace))
        limit.change(*pace)
        return limit
