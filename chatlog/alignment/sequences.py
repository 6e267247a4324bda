"""The records of two witnesses of one conversation as one sequence, each line once.

Pure, in bounded memory: both records are taken by blocks, and a line is settled once both
have been read far enough beyond it. The order is the first witness's; a line that only the
second has stands behind the lines that came before it, by its own witness or by the clock. Lines
that the two saw in another order are one each, in the first witness's order.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.alignment.clocks import MOST_LAG, ClockRelation
from chatlog.alignment.matching import Block, match

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

BLOCK: Final = 8192
"""The lines of each witness that are compared at once."""

MOST_LINES: Final = 16 * BLOCK
"""Lines of one witness that wait to be settled: of more within some minutes, a line that the
other saw much later is taken for another one."""

Line = tuple[int, "Hashable", str, Any]
"""A line of a witness: its stamp in milliseconds, its key, its msgid or "", and the
value that it stands for."""


AlignedRow = tuple["Line | None", "Line | None", bool, bool]
"""A line of the conversation as the first and the second witness have it, None if it has not.

The third field is whether lines of both are near: else the clock alone says where a line stands
that only one of them has. The fourth is whether they saw a line of both in another order. A
plain tuple, as millions are made.
"""


class AlignmentTally(msgspec.Struct):
    """The numbers of an alignment.

    `both` counts the lines that both have, `reordered` those of them that they saw in another
    order; `first` and `second` the lines that one has alone, and `by_clock` those of them that
    stand where they do by the clock alone.
    """

    both: int = 0
    first: int = 0
    second: int = 0
    by_clock: int = 0
    reordered: int = 0


class Sequences:
    """The alignment of two witnesses, whose stamps have these grains.

    `tally` counts the rows so far, and `clock` is the second witness's, as the last lines of
    both showed it.
    """

    def __init__(self, grain: int, other_grain: int, clock: ClockRelation | None = None) -> None:
        self.tally = AlignmentTally()
        self.clock = clock if clock is not None else ClockRelation()
        self._grains = grain, other_grain

    def rows(self, first: Iterable[Line], second: Iterable[Line]) -> Iterator[AlignedRow]:
        """Return all lines, each once; the first witness's lines stand in its order."""
        return chain.from_iterable(self._blocks(first, second))

    def _blocks(
        self, first: Iterable[Line], second: Iterable[Line]
    ) -> Iterator[Sequence[AlignedRow]]:
        """Yield the rows, some at once."""
        here, there = _Waiting(first, self._grains[0]), _Waiting(second, self._grains[1])
        while here.fill() | there.fill():
            ends = self._settled(here, there)
            if not any(ends):
                self._behind(here, there).read_on()
                continue
            found, self.clock = match(here.block(), there.block(), self.clock)
            joined = _Joined(here.lines, there.lines, found, ends)
            if joined.settles_nothing:
                # All that is settled waits for lines that are not: clocks stepped back.
                if not (here.is_full or there.is_full):
                    self._behind(here, there).read_on()
                    continue
                ends = len(here.lines), len(there.lines)
                joined = _Joined(here.lines, there.lines, found, ends)
            yield joined.rows(self.clock.offset, self._grains[0], self.tally)
            here.drop(ends[0], joined.kept)
            there.drop(ends[1], joined.other_kept)

    def _settled(self, here: _Waiting, there: _Waiting) -> tuple[int, int]:
        """Return how many lines of each witness no line that is still unread can match."""
        if here.has_ended and there.has_ended:
            return len(here.lines), len(there.lines)
        if here.is_full or there.is_full:
            return (len(here.lines) + 1) // 2, (len(there.lines) + 1) // 2
        offset = self.clock.offset
        ahead = [] if here.has_ended else [here.last]
        ahead += [] if there.has_ended else [there.last - offset]
        limit = min(ahead) - MOST_LAG - sum(self._grains)
        return here.before(limit), there.before(limit + offset)

    def _behind(self, here: _Waiting, there: _Waiting) -> _Waiting:
        """Return the witness of whom more must be read before a line is settled."""
        if here.has_ended or there.has_ended:
            return there if here.has_ended else here
        return here if here.last <= there.last - self.clock.offset else there


class _Waiting:
    """The lines of one witness that are read, and not settled."""

    def __init__(self, lines: Iterable[Line], grain: int) -> None:
        self._rest = iter(lines)
        self._grain = grain
        self.lines: list[Line] = []
        self.has_ended = False

    @property
    def last(self) -> int:
        """The stamp of the last line."""
        return self.lines[-1][0]

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= MOST_LINES

    def fill(self) -> bool:
        """Read until a block of lines waits; return whether one waits."""
        self._read(BLOCK - len(self.lines))
        return bool(self.lines)

    def read_on(self) -> None:
        """Read another block."""
        self._read(BLOCK)

    def _read(self, count: int) -> None:
        if count > 0 and not self.has_ended:
            read = list(islice(self._rest, count))
            self.has_ended = len(read) < count
            self.lines += read

    def before(self, limit: int) -> int:
        """Return how many lines there are before the first one that is later than a moment."""
        if self.lines and self.last <= limit:
            return len(self.lines)
        return next((at for at, line in enumerate(self.lines) if line[0] > limit), 0)

    def block(self) -> Block:
        """Return the lines that wait as a block."""
        times, keys, msgids, _ = zip(*self.lines, strict=True) if self.lines else ((),) * 4
        return Block(times, keys, msgids, self._grain)

    def drop(self, count: int, kept: set[int]) -> None:
        """Drop the first lines, but those at the positions that are kept."""
        self.lines = [self.lines[at] for at in sorted(kept)] + self.lines[count:]


class _Joined:
    """Two blocks in one order, up to the last lines that are settled.

    `kept` and `other_kept` are the positions of settled lines that match a line that is not
    settled: they wait for it.
    """

    def __init__(
        self,
        first: Sequence[Line],
        second: Sequence[Line],
        found: Sequence[int],
        ends: tuple[int, int],
    ) -> None:
        self._first, self._second = first, second
        self._found, self._end, self._other_end = found, *ends
        self._partners = {at: other for other, at in enumerate(found) if at >= 0}
        self.kept = {at for at in found[self._other_end :] if 0 <= at < self._end}
        self.other_kept = {
            other for other, at in enumerate(found[: self._other_end]) if at >= self._end
        }

    @property
    def settles_nothing(self) -> bool:
        """Whether each line that is settled waits for one that is not."""
        return len(self.kept) + len(self.other_kept) == self._end + self._other_end

    def rows(self, offset: int, grain: int, tally: AlignmentTally) -> list[AlignedRow]:
        """Return the settled lines, and count them."""
        is_placed = bool(self._partners)
        reordered = self._reordered()
        first, second = [*self._first, None], [*self._second, None]  # None for -1
        order = self._order(offset, grain)
        alone, other_alone = (sum(row[side] < 0 for row in order) for side in (1, 0))
        tally.first += alone
        tally.second += other_alone
        tally.both += len(order) - alone - other_alone
        tally.by_clock += 0 if is_placed else alone + other_alone
        tally.reordered += len(reordered)
        return [(first[at], second[other], is_placed, at in reordered) for at, other in order]

    def _reordered(self) -> set[int]:
        """Return the positions of lines that the second witness saw after a later one."""
        latest, reordered = -1, set()
        for other, at in enumerate(self._found[: self._other_end]):
            if at >= 0 and other not in self.other_kept:
                if at < latest:
                    reordered.add(at)
                latest = max(latest, at)
        return reordered

    def _order(self, offset: int, grain: int) -> list[tuple[int, int]]:
        """Return the positions of the rows in both blocks, -1 for none."""
        order: list[tuple[int, int]] = []
        position = 0
        limits = self._limits()
        for other, at in enumerate(self._found[: self._other_end]):
            if at == position < self._end:  # as nearly all are
                order.append((at, other))
                position += 1
                continue
            if other in self.other_kept:
                continue
            if at < 0:
                end = self._next_after(
                    position, limits[other], self._second[other][0] - offset - grain
                )
            else:
                end = at + 1
            order += self._own_rows(position, end)
            position = max(position, end)
            if at < 0:
                order.append((-1, other))
        order += self._own_rows(position, self._end)
        return order

    def _own_rows(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the rows of a stretch of the first witness's lines."""
        for at in range(begin, end):
            if at not in self.kept:
                yield at, self._partners.get(at, -1)

    def _next_after(self, begin: int, end: int, time: int) -> int:
        """Return the position of the first line that is later than a moment, at most `end`."""
        while begin < end and self._first[begin][0] <= time:
            begin += 1
        return begin

    def _limits(self) -> list[int]:
        """Return for each line of the second the first line that it must stand before."""
        limits, least = [], self._end
        for at in reversed(self._found[: self._other_end]):
            limits.append(least)
            least = min(least, at) if at >= 0 else least
        return limits[::-1]
