"""A limit on log records, so that no network can flood the log.

It only lets records through or not; it never changes one, and it never drops
any without saying how many.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MORE: Final = "… and %d more like this: %s"


class _Window:
    """The log records of one kind since a moment."""

    __slots__ = ("began", "level", "seen")

    def __init__(self, began: float, level: int) -> None:
        self.began = began
        self.level = level
        self.seen = 0


class RateLimit(logging.Filter):
    """Let at most `most` records of a kind through in `within` seconds.

    A kind is a logger with a format string; what is below `level` always
    passes. How many were held back is said when the next record of any kind
    comes after that time, or by `finish`. `monotonic` returns seconds. To be
    added to a handler, as the filters of a logger do not see what comes from
    those below it.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        most: int = 10,
        within: float = 60.0,
        level: int = logging.NOTSET,
    ) -> None:
        super().__init__()
        self._level = level
        self._monotonic = monotonic
        self._most = most
        self._within = within
        self._windows: dict[tuple[str, str], _Window] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record may pass."""
        if record.msg == _MORE or record.levelno < self._level:
            return True
        moment = self._monotonic()
        with self._lock:
            over = self._take_over(moment)
            window = self._windows.setdefault(
                (record.name, str(record.msg)), _Window(moment, record.levelno)
            )
            window.seen += 1
            passes = window.seen <= self._most
        self._tell(over)
        return passes

    def finish(self) -> None:
        """Log how many records were held back."""
        with self._lock:
            over, self._windows = self._windows, {}
        self._tell(over)

    def _take_over(self, moment: float) -> dict[tuple[str, str], _Window]:
        """Take out the windows that are over."""
        over = {
            kind: window
            for kind, window in self._windows.items()
            if moment - window.began >= self._within
        }
        for kind in over:
            del self._windows[kind]
        return over

    def _tell(self, over: dict[tuple[str, str], _Window]) -> None:
        for (name, text), window in over.items():
            if window.seen > self._most:
                logging.getLogger(name).log(window.level, _MORE, window.seen - self._most, text)
