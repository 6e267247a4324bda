"""The recorder among thousands of channels: its memory, and a line that finds its file closed.

Every channel has 50 members, who are shared by two or three channels, or all distinct. The
flood says a few lines in each channel: with few files open, most lines open one anew.
"""

from __future__ import annotations

import resource
import shutil
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import click

from tests.bench.contenders import CHATLOG, START, started_by
from tests.bench.crowd import MEMBERS
from tests.bench.flood import channel_names
from tests.bench.measure import record
from tests.bench.serve import far_ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.contenders import Contender
    from tests.bench.measure import Flooded

_HEADER = [
    *("people", "channels", "open files", "start-up s", "µs/line", "joined MB", "peak MB", "lost")
]
_FEW = 512
_LIMIT = 4 * _FEW  # of which a quarter is for transcripts


class _Kind(NamedTuple):
    """A crowd, and the limit of files that the recorder may have open; None for that of here."""

    name: str
    distinct: bool
    limit: int | None = None

    @property
    def contender(self) -> Contender:
        if self.limit is None:
            return CHATLOG
        return started_by(["prlimit", f"--nofile={self.limit}:{self.limit}", *START], self.name)

    @property
    def open_files(self) -> str:
        if self.limit is not None:
            return f"{_FEW}"
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        return f"of {hard:,}" if hard != resource.RLIM_INFINITY else "any"


_KINDS = (
    _Kind("shared", distinct=False),
    _Kind("distinct", distinct=True),
    *([_Kind("shared, few files", distinct=False, limit=_LIMIT)] * bool(shutil.which("prlimit"))),
)

_Pair = tuple["Flooded", "Flooded"]  # without lines, with lines


def compare(lines: int, channels: int, rounds: int) -> list[list[str]]:
    """Record both crowds, round after round; return a table of medians."""
    runs: dict[_Kind, list[_Pair]] = {kind: [] for kind in _KINDS}
    for number in range(1, rounds + 1):
        for kind in _KINDS:
            click.echo(f"{channels:,} channels, {kind.name}, round {number} of {rounds}", err=True)
            runs[kind].append(_measure(lines, channels, kind))
    return [_HEADER, *(_row(kind, pairs, lines, channels) for kind, pairs in runs.items())]


def _measure(lines: int, channels: int, kind: _Kind) -> _Pair:
    names = channel_names(channels)
    with far_ends() as manager:
        far_end = manager.FarEnd(lines, channels, "", distinct=kind.distinct)
        idle, busy = (
            record(kind.contender, far_end, names, silent=silent) for silent in (True, False)
        )
        return idle, busy


def _row(kind: _Kind, pairs: list[_Pair], lines: int, channels: int) -> list[str]:
    people = f"{kind.name}, {channels * MEMBERS:,} memberships"
    return [people, f"{channels:,}", kind.open_files, *_figures(pairs, lines)]


def _figures(pairs: list[_Pair], lines: int) -> Iterator[str]:
    start_up = median(idle.usage.cpu for idle, _ in pairs)
    # Within one run if that can be known: start-ups of many seconds vary by more than the lines.
    cost = median(
        busy.usage.cpu - idle.usage.cpu if busy.during is None else busy.during
        for idle, busy in pairs
    )
    yield f"{start_up:.1f}"
    yield f"{cost / lines * 1e6:.0f}"
    for which in (0, 1):
        yield f"{median(pair[which].usage.peak for pair in pairs) / 1e6:.0f}"
    yield f"{max(busy.lost for _, busy in pairs)}"
