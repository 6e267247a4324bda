"""Waiting for what must happen, however loaded the machine is.

What goes well is noticed at once: only a failure waits until patience ends.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE: Final = 60.0
"""Seconds; pytest gives a whole test five times as long."""


def eventually(condition: Callable[[], object]) -> None:
    """Wait until a condition holds of which no event tells: only a file, or another program.

    Raise AssertionError when patience ends.
    """
    for _ in _looks(condition):
        time.sleep(0.02)


async def until(condition: Callable[[], object]) -> None:
    """Wait as `eventually` does, and let the loop go on meanwhile."""
    for _ in _looks(condition):
        await asyncio.sleep(0.002)


def _looks(condition: Callable[[], object]) -> Iterator[None]:
    # The loop's own time may be a test's to advance.
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        yield
