"""The last lines of a channel of the demo server, by timestamp and msgid."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final, NamedTuple

CAPABILITY: Final = "draft/chathistory"
_KEPT: Final = 200_000


class Said(NamedTuple):
    """One line: its tags as each client may see them, and the line itself."""

    tags: dict[str, str]
    source: str
    words: tuple[str, ...]


class History:
    """The last lines of one channel."""

    def __init__(self) -> None:
        self._lines: list[Said] = []
        self._numbers: dict[str, int] = {}
        self._forgotten = 0

    def keep(self, said: Said) -> None:
        """Keep a line, and forget the oldest where there are many."""
        self._numbers[said.tags["msgid"]] = self._forgotten + len(self._lines)
        self._lines.append(said)
        if len(self._lines) > _KEPT:
            del self._numbers[self._lines.pop(0).tags["msgid"]]
            self._forgotten += 1

    def after(self, kind: str, value: str, count: int) -> list[Said]:
        """Return the first lines behind a position; an empty list if it is unknown."""
        if kind == "timestamp":
            begin = bisect_right(self._lines, value, key=_time_of)
        else:
            begin = self._numbers.get(value, self._forgotten + len(self._lines)) + 1
            begin -= self._forgotten
        return self._lines[begin : begin + count]

    def before(self, kind: str, value: str, count: int) -> list[Said]:
        """Return the last lines before a place."""
        if kind == "timestamp":
            end = bisect_left(self._lines, value, key=_time_of)
        else:
            end = self._numbers.get(value, self._forgotten) - self._forgotten
        return self._lines[max(0, end - count) : end]

    def latest(self, _kind: str, _value: str, count: int) -> list[Said]:
        """Return the last lines."""
        return self._lines[-count:]


def _time_of(said: Said) -> str:
    return said.tags["time"]
