"""The last lines of a channel of the demo server, by timestamp and msgid."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final, NamedTuple

CAPABILITY: Final = "draft/chathistory"
_KEPT: Final = 200_000


class StoredMessage(NamedTuple):
    """A message: its tags, from which each client gets those it may see, and the line."""

    tags: dict[str, str]
    source: str
    words: tuple[str, ...]


class MessageStore:
    """The last messages of one channel, in the order of arrival."""

    def __init__(self) -> None:
        self._lines: list[StoredMessage] = []
        self._numbers: dict[str, int] = {}
        self._forgotten = 0

    def keep(self, message: StoredMessage) -> None:
        """Store a message, and drop the oldest one if there are too many."""
        self._numbers[message.tags["msgid"]] = self._forgotten + len(self._lines)
        self._lines.append(message)
        if len(self._lines) > _KEPT:
            del self._numbers[self._lines.pop(0).tags["msgid"]]
            self._forgotten += 1

    def after(self, kind: str, value: str, count: int) -> list[StoredMessage]:
        """Return the first messages after a position; none if it is unknown."""
        if kind == "timestamp":
            begin = bisect_right(self._lines, value, key=_time_of)
        else:
            begin = self._numbers.get(value, self._forgotten + len(self._lines)) + 1
            begin -= self._forgotten
        return self._lines[begin : begin + count]

    def before(self, kind: str, value: str, count: int) -> list[StoredMessage]:
        """Return the last messages before a position."""
        if kind == "timestamp":
            end = bisect_left(self._lines, value, key=_time_of)
        else:
            end = self._numbers.get(value, self._forgotten) - self._forgotten
        return self._lines[max(0, end - count) : end]

    def latest(self, _kind: str, _value: str, count: int) -> list[StoredMessage]:
        """Return the last messages."""
        return self._lines[-count:]


def _time_of(message: StoredMessage) -> str:
    return message.tags["time"]
