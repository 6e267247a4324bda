"""The likeliest order of the next lines of a recorder among lines that others heard. Pure.

A line costs the milliseconds by which it lies apart from its equal, some thousand if one recorder
heard it late, and more if one missed it. The cheapest order counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.alignment.clocks import MOST_LAG

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

USUAL: Final = 250
"""The milliseconds by which stamps of one line usually differ at most."""
_NEW: Final = 2 * USUAL  # that nobody else heard as nobody else was there
MISSED: Final = 5_000
"""The cost of a line that a recorder in the channel has not heard."""
_NEVER: Final = 1 << 40
_LATE: Final = 1_000
_EACH: Final = 8
"""Of a line that is late, one millisecond in so many counts: who hangs is late with all lines."""


class LikelyLine(NamedTuple):
    """A line: its stamp in milliseconds, and its key; of others, whether their record begins."""

    time: int
    key: Hashable
    begins: bool = False


def position_of_first(lines: Sequence[LikelyLine], others: Sequence[LikelyLine]) -> int | None:
    """Return the position of the first line among those of others, None if they lack it."""
    costs = _costs(lines, others)
    for at in range(len(others)):
        rest = costs[0][at]
        if rest == _cost(lines[0], others[at]) + costs[1][at + 1]:
            return at
        if rest != MISSED + costs[0][at + 1]:
            return None
    return None


def _costs(lines: Sequence[LikelyLine], others: Sequence[LikelyLine]) -> list[list[int]]:
    """Return the least cost of all lines from two positions on."""
    last = max(line.time for line in lines)
    rest = [0]
    for other in reversed(others):
        rest.append(rest[-1] + (_LATE if other.time < last - USUAL else 0))
    costs = [rest[::-1]]
    for line in reversed(lines):
        below = costs[-1]
        row = [below[-1] + _NEW]
        for at in reversed(range(len(others))):
            other = others[at]
            alone = below[at] + (_NEW if other.begins else MISSED)
            one = below[at + 1] + _cost(line, other)
            row.append(min(one, row[-1] + MISSED, alone))
        costs.append(row[::-1])
    return costs[::-1]


def _cost(line: LikelyLine, other: LikelyLine) -> int:
    """Return the cost of two lines that are one, more than any other if they cannot be."""
    apart = line.time - other.time
    return cost_of_one(apart) if line.key == other.key and abs(apart) <= MOST_LAG else _NEVER


def cost_of_one(apart: int) -> int:
    """Return the cost of one line with two stamps that lie some milliseconds apart."""
    distance = abs(apart)
    return distance if distance <= USUAL else _LATE + distance // _EACH
