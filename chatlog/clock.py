"""The wall clock: the one place that reads it for what is recorded."""

from __future__ import annotations

import time

from chatlog.event import format_time


def now() -> str:
    """Return this moment in the form of `Event.time`."""
    return format_time(time.time_ns() // 1_000_000)
