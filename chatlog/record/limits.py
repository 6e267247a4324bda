"""The limits of a run: a duration, a number of events, or a time without events.

Owns the counting and the timers; what ends then is the caller's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chatlog.event import Event, is_live

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When a run ends by itself: seconds in all, seconds without an event, live events."""

    duration: float | None = None
    idle: float | None = None
    max_events: int | None = None


class Limiter:
    """Watch the limits of a run over all its networks; `reached` is called with the reason."""

    def __init__(self, limits: Limits, reached: Callable[[str], None]) -> None:
        self._limits = limits
        self._reached = reached
        self._left = limits.max_events
        self._heard_at = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count from now."""
        self._loop = loop
        self._heard_at = loop.time()
        if self._limits.duration is not None:
            self._timers["duration"] = loop.call_later(
                self._limits.duration, self._reached, "the time is up"
            )
        if self._limits.idle is not None:
            self._check_idle(loop, self._limits.idle)

    def admit(self, events: list[Event]) -> list[Event]:
        """Return the events that are still within the limit, and count them."""
        if self._limits.idle is not None and self._loop and any(map(is_live, events)):
            self._heard_at = self._loop.time()
        if self._left is None:
            return events
        return [event for event in events if self._admit(event)]

    def close(self) -> None:
        """Watch no longer."""
        for timer in self._timers.values():
            timer.cancel()

    def _admit(self, event: Event) -> bool:
        if not is_live(event):
            return True
        if not self._left:
            return False
        self._left -= 1
        if self._left == 0:
            self._reached(f"{self._limits.max_events} events were recorded")
        return True

    def _check_idle(self, loop: asyncio.AbstractEventLoop, idle: float) -> None:
        left = self._heard_at + idle - loop.time()
        if left <= 0:
            self._reached(f"nothing was heard for {idle:g} s")
        else:
            self._timers["idle"] = loop.call_later(left, self._check_idle, loop, idle)
