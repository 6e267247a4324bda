"""The wall clock: the only place that reads it for recorded events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from chatlog.event import format_time

if TYPE_CHECKING:
    from collections.abc import Callable

_MILLION: Final = 1_000_000
_JUMP: Final = 1_000  # milliseconds; who corrects a clock gently needs half an hour for that


def now() -> str:
    """Return this moment in the form of `Event.time`."""
    return format_time(time.time_ns() // _MILLION)


def _since_boot() -> int:
    """Read a clock that goes on while the machine sleeps, where there is one."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if boottime is None else time.clock_gettime_ns(boottime)


class Clock:
    """The wall clock, watched against one that only advances: calling it is `now`.

    At a call that finds more than a second between them since the last one,
    `on_jump` is called first, with how many milliseconds the wall clock was set
    forward (or back, below 0), and how many the machine slept.
    """

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
        since_boot: Callable[[], int] = _since_boot,
    ) -> None:
        self.on_jump: Callable[[int, int], None] | None = None
        self._wall = wall
        self._steady = steady
        self._since_boot = since_boot
        self._ahead = wall() - steady()
        self._awake = since_boot() - steady()

    def __call__(self) -> str:
        """Return this moment in the form of `Event.time`."""
        wall = self._wall()
        ahead = wall - self._steady()
        moved, self._ahead = ahead - self._ahead, ahead
        if moved // _MILLION not in range(-_JUMP, _JUMP):
            self._tell(moved)
        return format_time(wall // _MILLION)

    def _tell(self, moved: int) -> None:
        awake = self._since_boot() - self._steady()
        slept, self._awake = max(0, awake - self._awake), awake
        jumps = ((moved - slept) // _MILLION, slept // _MILLION)
        ahead, asleep = (each if abs(each) >= _JUMP else 0 for each in jumps)
        if self.on_jump is not None and (ahead or asleep):
            self.on_jump(ahead, asleep)
