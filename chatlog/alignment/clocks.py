"""How the clocks of two witnesses stand to each other.

Pure. All times are milliseconds. A stamp stands for the `grain` milliseconds that begin with
it: one that tells the minute has a grain of 60,000. The offset of a clock is how much later
it stamps a line than the first witness's clock does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

MOST_JITTER: Final = 5_000
"""The most that two stamps of one line differ beyond grains and offset, while nothing lags."""

MOST_LAG: Final = 2 * 60_000
"""How late a witness may stamp all that was said while it hung."""

_LEAST_JITTER: Final = 100
_EVER: Final = 1 << 63  # after any stamp
_FEW: Final = 8  # too few lines to show a spread
_FEWEST_PAIRS: Final = 3  # two people greet each other on more than one day
_TELLING: Final = 64  # lines of both
_LEAST_SHARE: Final = 4  # one pair in so many agrees; the others are words said on other days
_QUARTER: Final = 15 * 60_000  # zones are whole quarters of an hour apart
_NEAR: Final = 2 * 60_000
_FARTHEST_ZONE: Final = 26 * 60 * 60_000  # from UTC-12 to UTC+14


class ClockRelation(NamedTuple):
    """The clock of a second witness as seen from the first one's.

    `offset` is how much later it stamps; `jitter` how far two stamps of one line may lie
    apart beyond offset and grains; `lag` how far if one witness hung, which the stamps of one
    server never show. `pairs` is the number of lines that prove it: with none, it is assumed.
    """

    offset: int = 0
    jitter: int = MOST_JITTER
    pairs: int = 0
    lag: int = MOST_LAG

    @property
    def zone(self) -> int:
        """The minutes by which the second witness's time zone was mistaken, 0 if it was not.

        A clock that is wrong by whole quarters of an hour, as zones are, is taken for one.
        """
        quarters = round(self.offset / _QUARTER)
        is_near = abs(self.offset - quarters * _QUARTER) <= _NEAR
        return quarters * 15 if self.pairs and is_near and abs(self.offset) <= _FARTHEST_ZONE else 0


class Stamps(NamedTuple):
    """Lines of one witness, in its order: a stamp and a key a line, and the grain of all.

    Two lines with different keys are never the same line.
    """

    times: Sequence[int]
    keys: Sequence[Hashable]
    grain: int


class StampSum(msgspec.Struct):
    """Some lines summed up: their number, the sum of their stamps, the first and the last stamp.

    The sums of equal stretches are equal, in whatever order their lines are added.
    """

    lines: int = 0
    total: int = 0
    first: int = _EVER
    last: int = -_EVER

    @property
    def check(self) -> int:
        """The sum of the stamps modulo 2**32."""
        return self.total & 0xFFFFFFFF

    def add(self, stamps: Sequence[int], since: int = -_EVER, until: int = _EVER) -> None:
        """Add lines by their stamps, unless these lie beyond the bounds of a stretch."""
        first, last = min(stamps), max(stamps)
        if first < since or last > until:
            if inside := [each for each in stamps if since <= each <= until]:
                self.add(inside)
            return
        self.lines += len(stamps)
        self.total += sum(stamps)
        self.first, self.last = min(self.first, first), max(self.last, last)


def unique_pairs(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Return the positions of each key that is there once on both sides, in order of the second."""
    here, there = Counter(first), Counter(second)
    at = {key: position for position, key in enumerate(first) if here[key] == 1}
    return [
        (at[key], position) for position, key in enumerate(second) if key in at and there[key] == 1
    ]


def compare_clocks(first: Stamps, second: Stamps) -> ClockRelation | None:
    """Return how the second witness's clock stands to the first's; None if they share too little.

    The offset is the one that most of the lines agree on which each witness has once: at
    least three, and a quarter of all such lines.
    """
    pairs = unique_pairs(first.keys, second.keys)
    apart = sorted(second.times[there] - first.times[here] for here, there in pairs)
    begin, count = _densest(apart, first.grain + second.grain + MOST_JITTER)
    if count < max(_FEWEST_PAIRS, len(pairs) // _LEAST_SHARE):
        return None
    agreeing = apart[begin : begin + count]
    offset = _likeliest(agreeing, first.grain, second.grain)
    beyond = (
        max(0, each - offset - first.grain + 1, offset - each - second.grain + 1)
        for each in agreeing
    )
    return ClockRelation(offset, jitter_of(beyond), count)


def equal_clocks(first: Stamps, second: Stamps) -> ClockRelation | None:
    """Return the relation of two clocks if a few lines already tell that they are equal."""
    clock = compare_clocks(first, second)
    return clock if clock is not None and not clock.offset and clock.pairs >= _TELLING else None


def _likeliest(apart: Sequence[int], grain: int, other_grain: int) -> int:
    """Return the offset that explains most of the sorted distances between two stamps.

    Each distance allows any offset that the grains leave open. None is likelier than the
    offset that nearly all of them allow, then one that most allow, and else that of the line in
    the middle: a few lines that were read late do not move it. 0 is taken if it is among them.
    """
    few = len(apart) // 20
    earliest, latest = apart[few], apart[-1 - few]
    if latest - earliest > grain + other_grain - 2:
        begin, count = _densest(apart, grain + other_grain - 2)
        if 2 * count > len(apart):
            earliest, latest = apart[begin], apart[begin + count - 1]
        else:
            earliest = latest = apart[len(apart) // 2]
    return max(latest - grain + 1, min(0, earliest + other_grain - 1))


def jitter_of(beyond: Iterable[int]) -> int:
    """Return the jitter that a sample of distances beyond the grains shows, with a margin."""
    distances = sorted(beyond)
    if len(distances) < _FEW:
        return MOST_JITTER
    usual = distances[len(distances) * 9 // 10]
    return min(MOST_JITTER, max(_LEAST_JITTER, 4 * usual))


def _densest(values: Sequence[int], width: int) -> tuple[int, int]:
    """Return where the most sorted values lie within a width, and how many there are."""
    best = (0, 0)
    for begin, value in enumerate(values):
        if begin + best[1] >= len(values):
            break
        count = bisect_left(values, value + width + 1, begin) - begin
        if count > best[1]:
            best = (begin, count)
    return best
