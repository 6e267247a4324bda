"""The records of two witnesses of one conversation as one sequence, each line once.

Pure, in bounded memory: both records are taken by blocks, and a line is settled once both
have been read far enough beyond it. The order is the first witness's; a line that only the
second has stands behind the lines that came before it, by its own witness or by the clock. Lines
that the two saw in another order are one each, in the first witness's order.
"""

from __future__ import annotations

from functools import cached_property
from itertools import accumulate, islice, pairwise
from operator import lt, sub
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from chatlog.alignment.clocks import MOST_LAG, ClockRelation
from chatlog.alignment.columns import Columns
from chatlog.alignment.matching import Block, match

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from chatlog.alignment.matching import BlockMatches, Lateness, Returning

BLOCK: Final = 8192
"""The lines of each witness that are compared at once."""

MOST_LINES: Final = 16 * BLOCK
"""Lines of one witness that wait to be settled: of more within some minutes, a line that the
other saw much later is taken for another one."""

Run = tuple[int, int, int]
"""Lines of the conversation one after another: the positions of the first one among the lines of
the first and of the second witness, and how many they are. The position is -1 if the witness lacks
these lines. A plain tuple, as there may be one a line."""


class AlignedLines(NamedTuple):
    """The next lines of a conversation: lines of each witness, and the runs in their order.

    `is_placed` is whether lines of both are near: else the clock alone says where a line stands
    that only one of them has. `reordered` are the positions of lines of the first witness that
    the second saw in another order, `again` those of lines of the second that were merged before
    and have no partner of their own.
    """

    first: Columns
    second: Columns
    runs: list[Run]
    is_placed: bool
    reordered: set[int]
    again: frozenset[int] = frozenset()


class Rearranged(NamedTuple):
    """Lines in another order: for each its position before, and by how much a stamp was moved."""

    lines: Columns
    order: list[int]
    moved: int


class AlignmentTally(msgspec.Struct):
    """The numbers of an alignment.

    `both` counts the lines that both have, `reordered` those of them that they saw in another
    order; `first` and `second` the lines that one has alone, and `by_clock` those of them that
    stand where they do by the clock alone. `lateness` has the bounds by which stamps of the
    second are later than those of the same lines.
    """

    both: int = 0
    first: int = 0
    second: int = 0
    by_clock: int = 0
    reordered: int = 0
    lateness: Lateness = (0, 0)

    def widen(self, late: Iterable[int]) -> None:
        """Widen the bounds of `lateness`, so that they hold some milliseconds; there is one."""
        least, most = self.lateness
        late = [*late]
        self.lateness = min(least, *late), max(most, *late)


class Sequences:
    """The alignment of two witnesses, whose stamps have these grains, or finer ones.

    `key_of` returns the key of a line from its value. `tally` counts the lines so far, and
    `clock` is the second witness's, as the last lines of both showed it. `returning` has
    the tests for lines of the second that were merged into the first before, None if none were.
    `grain_of` returns the grain of a line from its value and its mark, None if each witness has
    but one. `rearrange` may return lines of the first in another order: it is given them, the
    positions of those that the second has in its order, and that of the first line that stays.
    """

    def __init__(
        self,
        grain: int,
        other_grain: int,
        key_of: Callable[[Any], Hashable],
        clock: ClockRelation | None = None,
        returning: Returning | None = None,
        *,
        grain_of: Callable[[Any, Any], int] | None = None,
        rearrange: Callable[[Columns, list[int], int], Rearranged | None] | None = None,
    ) -> None:
        self._grain_of = grain_of
        self._rearrange = rearrange
        self._returning = returning
        self.clock = clock if clock is not None else ClockRelation()
        # Lines that the second alone has are stamped by its clock, or later by its grain.
        late = self.clock.offset
        self.tally = AlignmentTally(lateness=(min(0, late - other_grain), max(0, late)))
        self._grains = grain, other_grain
        self._key_of = key_of

    def aligned(
        self, first: Iterable[Columns], second: Iterable[Columns]
    ) -> Iterator[AlignedLines]:
        """Yield all lines, each once, some at once; the first witness's stand in its order."""
        here, there = _Waiting(first), _Waiting(second)
        while here.fill() | there.fill():
            ends = self._settled(here, there)
            if not any(ends):
                self._behind(here, there).read_on()
                continue
            joined = self._joined(here, there, ends)
            if joined.settles_nothing:
                # All that is settled waits for lines that are not: clocks stepped back.
                if not (here.is_full or there.is_full):
                    self._behind(here, there).read_on()
                    continue
                ends = len(here.lines), len(there.lines)
                joined = self._joined(here, there, ends)
            yield joined.aligned(self.clock.offset, self._grain_of or self._grains[0], self.tally)
            here.drop(ends[0], joined.kept)
            there.drop(ends[1], joined.other_kept)

    def _joined(self, here: _Waiting, there: _Waiting, ends: tuple[int, int]) -> _Joined:
        """Return the lines that wait in one order, up to those that are settled."""
        grain, other_grain = self._grains
        found = match(
            Block(here.lines, grain, self._key_of, self._grain_of),
            Block(there.lines, other_grain, self._key_of, self._grain_of),
            self.clock,
            self._returning,
        )
        self.clock = found.clock
        self.tally.widen(found.lateness)
        found = self._in_order(here, found, ends[0])
        # The line that stands for another may be settled before this one is.
        there.again |= found.again
        there.again = {at for at in there.again if found.of_second[at] < 0}
        return _Joined(here.lines, there.lines, found, ends, frozenset(there.again))

    def _in_order(self, here: _Waiting, found: BlockMatches, end: int) -> BlockMatches:
        """Rearrange the first witness's lines before a position; return the matches again."""
        if self._rearrange is None:
            return found
        heard = [at for at in found.of_second if at >= 0]
        if all(map(lt, heard, islice(heard, 1, None))):
            return found  # as nearly always
        rearranged = self._rearrange(here.lines, heard, end)
        if rearranged is None:
            return found
        here.lines, order, moved = rearranged
        self.tally.widen((self.clock.offset - moved, self.clock.offset + moved))
        now = {before: at for at, before in enumerate(order)}
        return found._replace(
            of_second=[now.get(at, -1) for at in found.of_second],
            of_first=[found.of_first[before] for before in order],
        )

    def _settled(self, here: _Waiting, there: _Waiting) -> tuple[int, int]:
        """Return how many lines of each witness no line that is still unread can match."""
        if here.has_ended and there.has_ended:
            return len(here.lines), len(there.lines)
        if here.is_full or there.is_full:
            return (len(here.lines) + 1) // 2, (len(there.lines) + 1) // 2
        offset = self.clock.offset
        ahead = [] if here.has_ended else [here.last]
        ahead += [] if there.has_ended else [there.last - offset]
        reach = MOST_LAG + sum(self._grains)
        if self._returning is not None:
            reach = max(reach, self._returning.reach + abs(offset))
        limit = min(ahead) - reach
        return here.before(limit), there.before(limit + offset)

    def _behind(self, here: _Waiting, there: _Waiting) -> _Waiting:
        """Return the witness of whom more must be read before a line is settled."""
        if here.has_ended or there.has_ended:
            return there if here.has_ended else here
        return here if here.last <= there.last - self.clock.offset else there


class _Waiting:
    """The lines of one witness that are read, and not settled.

    `again` are the positions of those that were merged before, and have no partner so far.
    """

    def __init__(self, lines: Iterable[Columns]) -> None:
        self._rest = iter(lines)
        self.lines = Columns()
        self.again: set[int] = set()
        self.has_ended = False

    @property
    def last(self) -> int:
        """The stamp of the last line."""
        return self.lines.times[-1]

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= MOST_LINES

    def fill(self) -> bool:
        """Read until a block of lines waits; return whether one waits."""
        self._read(BLOCK)
        return bool(self.lines)

    def read_on(self) -> None:
        """Read another block."""
        self._read(len(self.lines) + BLOCK)

    def _read(self, count: int) -> None:
        """Read until a number of lines waits."""
        while len(self.lines) < count and not self.has_ended:
            read = next(self._rest, None)
            self.has_ended = read is None
            if read is not None:
                self.lines.extend(read)

    def before(self, limit: int) -> int:
        """Return how many lines there are before the first one that is later than a moment."""
        times = self.lines.times
        if times and times[-1] <= limit:
            return len(times)
        are_later = [*map(limit.__lt__, times)]
        return are_later.index(True) if are_later else 0

    def drop(self, count: int, kept: set[int]) -> None:
        """Drop the first lines, but those at the positions that are kept."""
        rest = self.lines.part(count)  # the lines that were yielded stay as they are
        if kept:
            waiting = self.lines.at(sorted(kept))
            waiting.extend(rest)
            rest = waiting
        self.again = {at - count + len(kept) for at in self.again if at >= count}
        self.lines = rest


class _Joined:
    """Two blocks in one order, up to the last lines that are settled.

    `kept` and `other_kept` are the positions of settled lines that match a line that is not
    settled: they wait for it.
    """

    def __init__(
        self,
        first: Columns,
        second: Columns,
        matches: BlockMatches,
        ends: tuple[int, int],
        again: frozenset[int],
    ) -> None:
        self._first, self._second = first, second
        self._found, self._partners = matches.of_second, matches.of_first
        self._end, self._other_end = ends
        self._again = again
        self.kept = {at for at in self._found[self._other_end :] if 0 <= at < self._end}
        self.other_kept = {
            other for other in self._partners[self._end :] if 0 <= other < self._other_end
        }

    @property
    def settles_nothing(self) -> bool:
        """Whether each line that is settled waits for one that is not."""
        return len(self.kept) + len(self.other_kept) == self._end + self._other_end

    def aligned(
        self, offset: int, grain_of: Callable[[Any, Any], int] | int, tally: AlignmentTally
    ) -> AlignedLines:
        """Return the settled lines, and count them."""
        is_placed = any(at >= 0 for at in self._found)
        reordered = self._reordered()
        runs = self._runs(offset, grain_of)
        alone, other_alone = (sum(run[2] for run in runs if run[side] < 0) for side in (1, 0))
        tally.first += alone
        tally.second += other_alone
        tally.both += sum(run[2] for run in runs) - alone - other_alone
        tally.by_clock += 0 if is_placed else alone + other_alone
        tally.reordered += len(reordered)
        return AlignedLines(self._first, self._second, runs, is_placed, reordered, self._again)

    def _reordered(self) -> set[int]:
        """Return the positions of lines that the second witness saw after a later one."""
        found = self._found[: self._other_end]
        if self.other_kept:
            found = [-1 if at in self.other_kept else here for at, here in enumerate(found)]
        both = [here for here in found if here >= 0]
        if all(map(lt, both, islice(both, 1, None))):  # as nearly always
            return set()
        latest = accumulate(found, max)
        return {at for at, most in zip(found, latest, strict=True) if 0 <= at < most}

    def _runs(self, offset: int, grain_of: Callable[[Any, Any], int] | int) -> list[Run]:
        """Return the runs in order."""
        runs = _Runs()
        position = 0
        latest: list[int] = []
        for begin, end in self._stretches():
            at, count = self._found[begin], end - begin
            if position <= at <= self._end - count:  # as nearly all are
                self._add_own(runs, position, at)
                runs.add(at, begin, count)
                position = at + count
                continue
            latest = latest or self._first.latest_times(grain_of)
            for other in range(begin, end):
                position = self._place(runs, other, position, offset, latest)
        self._add_own(runs, position, self._end)
        return runs.found

    def _place(
        self, runs: _Runs, other: int, position: int, offset: int, latest: Sequence[int]
    ) -> int:
        """Add a line of the second witness, and the first's before it from a position on.

        Return the first's next position. `latest` has the moments when the first's lines were
        said at the latest.
        """
        if other in self.other_kept:
            return position
        at = self._found[other]
        if at < 0:
            time = self._second.times[other] - offset
            end = position
            while end < self._limits[other] and latest[end] < time:
                end += 1
        else:
            end = at + 1
        self._add_own(runs, position, end)
        if at < 0:
            runs.add(-1, other, 1)
        return max(position, end)

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """Yield the bounds of the second's lines that match lines one after another."""
        found = self._found[: self._other_end]
        apart = [*map(sub, found, range(len(found)))]
        changes = [at for at, (one, next_) in enumerate(pairwise(apart), 1) if one != next_]
        return pairwise([0, *changes, len(found)]) if found else iter(())

    def _add_own(self, runs: _Runs, begin: int, end: int) -> None:
        """Add a stretch of the first witness's lines."""
        for at in range(begin, end):
            if at not in self.kept:
                runs.add(at, self._partners[at], 1)

    @cached_property
    def _limits(self) -> list[int]:
        """For each line of the second the first line that it must stand before."""
        limits, least = [], self._end
        for at in reversed(self._found[: self._other_end]):
            limits.append(least)
            least = min(least, at) if at >= 0 else least
        return limits[::-1]


class _Runs:
    """Runs in order: a line that goes on with the run before it makes that one longer."""

    def __init__(self) -> None:
        self.found: list[Run] = []

    def add(self, here: int, there: int, count: int) -> None:
        """Add lines one after another."""
        if self.found:
            at, other, before = self.found[-1]
            if _goes_on(at, here, before) and _goes_on(other, there, before):
                self.found[-1] = at, other, before + count
                return
        self.found.append((here, there, count))


def _goes_on(at: int, position: int, count: int) -> bool:
    """Return whether a position is behind the lines of a run, or both are of a lacking witness."""
    return position == at + count if at >= 0 else position < 0
