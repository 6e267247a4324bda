"""The recorder among thousands of channels: its memory, and a line that finds its file closed.

Every channel has 50 members, who are shared by two or three channels, or all distinct. The
flood says a few lines in each channel, so that most lines open a file anew.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

import click

from tests.bench.contenders import CHATLOG
from tests.bench.crowd import MEMBERS
from tests.bench.flood import channel_names
from tests.bench.measure import record
from tests.bench.serve import far_ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.measure import Flooded

_HEADER = ["people", "channels", "start-up CPU s", "µs/line", "joined MB", "peak MB", "lost"]
_KINDS = {"shared": False, "distinct": True}

_Pair = tuple["Flooded", "Flooded"]  # without lines, with lines


def compare(lines: int, channels: int, rounds: int) -> list[list[str]]:
    """Record both crowds, round after round; return a table of medians."""
    runs: dict[str, list[_Pair]] = {kind: [] for kind in _KINDS}
    for number in range(1, rounds + 1):
        for kind, distinct in _KINDS.items():
            click.echo(f"{channels:,} channels, {kind}, round {number} of {rounds}", err=True)
            runs[kind].append(_measure(lines, channels, distinct=distinct))
    return [_HEADER, *(_row(kind, pairs, lines, channels) for kind, pairs in runs.items())]


def _measure(lines: int, channels: int, *, distinct: bool) -> _Pair:
    names = channel_names(channels)
    with far_ends() as manager:
        far_end = manager.FarEnd(lines, channels, "", distinct=distinct)
        idle, busy = (record(CHATLOG, far_end, names, silent=silent) for silent in (True, False))
        return idle, busy


def _row(kind: str, pairs: list[_Pair], lines: int, channels: int) -> list[str]:
    return [f"{kind}, {channels * MEMBERS:,} memberships", f"{channels:,}", *_figures(pairs, lines)]


def _figures(pairs: list[_Pair], lines: int) -> Iterator[str]:
    start_up = median(idle.usage.cpu for idle, _ in pairs)
    cost = median(busy.usage.cpu - idle.usage.cpu for idle, busy in pairs) / lines
    yield f"{start_up:.1f}"
    yield f"{cost * 1e6:.0f}"
    for which in (0, 1):
        yield f"{median(pair[which].usage.peak for pair in pairs) / 1e6:.0f}"
    yield f"{max(busy.lost for _, busy in pairs)}"
