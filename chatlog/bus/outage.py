"""The outages of a bus: told once each, with a longer pause before each further attempt."""

from __future__ import annotations

import logging
from typing import Final

logger = logging.getLogger(__name__)

_SOONEST: Final = 0.5  # seconds
_LATEST: Final = 30.0


class BusOutage:
    """Whether a bus is away by now; `waiting` tells people where the lines are meanwhile."""

    def __init__(self, waiting: str) -> None:
        self._waiting = waiting
        self._pause = 0.0  # seconds before the next attempt, 0 while the bus is there

    def note(self, trouble: str) -> float:
        """Take a failed attempt, and tell of the first; return the seconds until the next one."""
        if not self._pause:
            logger.warning("%s; %s", trouble, self._waiting)
        self._pause = min(2 * self._pause, _LATEST) or _SOONEST
        return self._pause

    def end(self) -> None:
        """End the outage, and print that the bus is back; nothing if it was there."""
        if self._pause:
            logger.info("the bus is back")
        self._pause = 0.0
