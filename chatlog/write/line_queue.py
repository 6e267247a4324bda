"""The encoded lines of a stream on their way to its parts, in order.

They go one of three ways. `DIRECT`: from the encoder to the front of the queue,
and from there to the part; the backlog is empty. `HELD`: a disk refuses them,
so they wait in the backlog. `TAKEN`: the front came out of the backlog, whose
file still has it, and lines that are added wait behind it.

    DIRECT --hold--> HELD --refill--> TAKEN --refill, backlog empty--> DIRECT
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from chatlog.write.existing_parts import without_overlap

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.write.spool import Backlog


class Way(Enum):
    """The way that lines go through a queue."""

    DIRECT = "direct"
    HELD = "held"
    TAKEN = "taken"


_DIRECT, _HELD, _TAKEN = Way  # looked up for every read, which an enum makes slow


class LineQueue:
    """Lines that are still to be written; `front` are the next ones, until they are."""

    __slots__ = ("_backlog", "_way", "front")

    def __init__(self, backlog: Backlog) -> None:
        self.front = b""
        self._backlog = backlog
        self._way = _DIRECT

    @property
    def size(self) -> int:
        """How many bytes wait."""
        return len(self.front) + self._backlog.size

    @property
    def lines(self) -> int:
        """How many lines wait."""
        return self.front.count(b"\n") + self._backlog.lines

    def append(self, lines: bytes) -> None:
        """Add lines behind all others."""
        if self._way is _DIRECT:
            self.front += lines
        else:
            self._backlog.append(lines)

    def put_first(self, lines: bytes) -> None:
        """Add lines before all others.

        They come from a part and not from the backlog, and after a crash they
        come from there again.
        """
        self.front = lines + self.front

    def refill(self) -> bytes:
        """Fill the front, which is empty, from the backlog; return it, empty if no line waits."""
        if self._way is not _DIRECT:
            self._backlog.settle()
            self.front = self._backlog.take()
            self._way = _TAKEN if self.front else _DIRECT
        return self.front

    def hold(self) -> None:
        """Move the front to the backlog, unless the backlog still has it."""
        if self._way is _TAKEN:
            return
        waiting, self.front = self.front, b""
        if self._way is _HELD:
            self._backlog.prepend(waiting)
        else:
            self._backlog.append(waiting)
        self._way = _HELD

    def resume(self, last_lines: Callable[[int], bytes]) -> bytes:
        """Take up the lines of an earlier run; return the bytes of a line that it left torn.

        `last_lines` returns the last lines of the parts, of at least so many
        bytes: of the lines that the run had written and not noted, none is
        written again.
        """
        torn = self._backlog.go_on()
        first = self._backlog.take()
        self.front = without_overlap(last_lines(len(first)), first)
        self._way = _TAKEN
        return torn

    def close(self) -> None:
        """Close the backlog."""
        self._backlog.close()
