"""The recorder on a small machine beside the same one here: lag, memory, loss.

The lag is how long the server waits for the answers to questions between the lines: one a
second, or a hundred in a flood. chatlog answers when all that was said before is written.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import click

from tests.bench.contenders import CHATLOG, started_by
from tests.bench.flood import channel_names
from tests.bench.measure import record
from tests.bench.serve import far_ends

if TYPE_CHECKING:
    from tests.bench.measure import Flooded

_HEADER = ["machine", "channels", "lines", "CPU s", "lag ms", "worst lag ms", "peak MB", "lost"]
_START = [sys.executable, "-m", "tests.bench.loggers.small_machine"]
_MACHINES = {
    "this one": CHATLOG,
    "one core, 512 MB, 50 ms a sync": started_by(_START, "small machine"),
}
_CHANNELS = 10


@dataclass(frozen=True)
class _Load:
    """Lines that come at so many a second; 0 for as fast as they are read."""

    lines: int
    rate: int

    def __str__(self) -> str:
        return f"{self.lines:,}, {f'{self.rate:,} a second' if self.rate else 'a flood'}"


def compare(paced: int, flooded: int, rate: int, rounds: int) -> list[list[str]]:
    """Let both record lines at a pace, then a flood, round after round; return a table."""
    table = [_HEADER]
    for load in (_Load(paced, rate), _Load(flooded, 0)):
        runs: dict[str, list[Flooded]] = {name: [] for name in _MACHINES}
        with far_ends() as manager:
            far_end = manager.FarEnd(load.lines, _CHANNELS, "")
            for number in range(1, rounds + 1):
                click.echo(f"{load}, small machine, round {number} of {rounds}", err=True)
                for name, contender in _MACHINES.items():
                    runs[name].append(
                        record(
                            contender,
                            far_end,
                            channel_names(_CHANNELS),
                            silent=False,
                            rate=load.rate,
                            probed=True,
                        )
                    )
        table += [_row(name, load, measured) for name, measured in runs.items()]
    return table


def _row(machine: str, load: _Load, runs: list[Flooded]) -> list[str]:
    return [
        machine,
        f"{_CHANNELS}",
        str(load),
        f"{median(run.usage.cpu for run in runs):.2f}",
        f"{median(median(run.lags) for run in runs) * 1e3:.0f}",
        f"{max(max(run.lags) for run in runs) * 1e3:.0f}",
        f"{median(run.usage.peak for run in runs) / 1e6:.0f}",
        f"{max(run.lost for run in runs)}",
    ]
