"""Lines of one witness as columns: parallel lists, which cost less than an object a line. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable


class Columns(msgspec.Struct, eq=False):
    """Lines of one witness in its order, as lists of one length.

    `times` are stamps in milliseconds, `msgids` have "" for none, and `values` are what the
    lines stand for. Two lines with equal `idents` have the same words and the same msgid:
    they cost nothing to make, where the words of a line are to be taken out of its value. An
    ident that is a tuple begins with the key of its line.
    `texts` and `marks` are further values.
    """

    times: list[int] = []
    idents: list[Hashable] = []
    msgids: list[str] = []
    values: list[Any] = []
    texts: list[Any] = []
    marks: list[Any] = []

    def __len__(self) -> int:
        return len(self.times)

    def extend(self, other: Columns) -> None:
        """Add other lines behind these."""
        self.times += other.times
        self.idents += other.idents
        self.msgids += other.msgids
        self.values += other.values
        self.texts += other.texts
        self.marks += other.marks

    def part(self, begin: int, end: int | None = None) -> Columns:
        """Return the lines from one position to before another."""
        return Columns(
            self.times[begin:end],
            self.idents[begin:end],
            self.msgids[begin:end],
            self.values[begin:end],
            self.texts[begin:end],
            self.marks[begin:end],
        )

    def latest_times(self, grain_of: Callable[[Any, Any], int] | int) -> list[int]:
        """Return for each line the last millisecond at which it may have been said.

        That is within the grain of its stamp, which is one for all or returned from a value and a
        mark, and no later than of the line behind it, unless a clock stepped back.
        """
        if grain_of == 1:
            return self.times
        if isinstance(grain_of, int):
            ends = [time + grain_of - 1 for time in self.times]
        else:
            grains = map(grain_of, self.values, self.marks)
            ends = [time + grain - 1 for time, grain in zip(self.times, grains, strict=True)]
        latest = ends[-1:]
        for time, end in zip(self.times[-2::-1], ends[-2::-1], strict=True):
            latest.append(min(end, max(time, latest[-1])))
        return latest[::-1]

    def at(self, positions: Iterable[int]) -> Columns:
        """Return the lines at some positions, in their order."""
        found = Columns()
        for at in positions:
            found.extend(self.part(at, at + 1))
        return found
