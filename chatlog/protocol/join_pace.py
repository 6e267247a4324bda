"""The pace of JOINs on one connection: by the answers of the server, or a limit of the network.

Pure, and without a clock: times are arguments, in seconds of a clock that only
advances.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.protocol.join_window import WINDOW, JoinWindow

if TYPE_CHECKING:
    from chatlog.protocol.shared_limit import SharedLimit

GENTLE_DELAY: Final = 2.0
"""Seconds between two JOINs to a server that threw us out for asking too fast."""

_NO_LIMIT: Final = 999_999


class JoinPace:
    """How many channels we may ask for now.

    Without a `limit` of the network, answers let further lines go. `gentle` is for a server
    that threw us out for asking too fast: one line at a time, and seldom.
    """

    def __init__(self, limit: SharedLimit | None = None) -> None:
        self.gentle = False
        self._limit = limit
        self._window = JoinWindow()
        self._asked_at: float | None = None

    def clear(self) -> None:
        """Forget the lines that are unanswered, because the connection is a new one."""
        self._window.clear()

    def room(self, now: float) -> int:
        """Return how many channels the next line may ask for."""
        if now < self._gentle_until(now) or self._is_window_full(now):
            return 0
        return _NO_LIMIT if self._limit is None else self._limit.room(now)

    def opens_at(self, now: float) -> float:
        """Return when there may be room, if none is there now and no answer comes."""
        opens = self._limit.opens_at(now) if self._limit is not None else now
        if self._is_window_full(now):
            opens = max(opens, self._window.opens_at(now))
        return max(opens, self._gentle_until(now))

    def send(self, channels: int, now: float) -> range:
        """Note a line that asks for channels; return their numbers, in order."""
        if self._limit is not None:
            self._limit.spend(channels, now)
        self._asked_at = now
        return self._window.send(channels, now)

    def answer(self, number: int) -> bool:
        """Note an answer to a channel; return whether a line needs no further wait."""
        return self._window.answer(number)

    def _gentle_until(self, now: float) -> float:
        if not self.gentle or self._asked_at is None:
            return now
        return self._asked_at + GENTLE_DELAY

    def _is_window_full(self, now: float) -> bool:
        if self.gentle:
            return self._window.is_full(now, 1)
        return self._limit is None and self._window.is_full(now, WINDOW)
