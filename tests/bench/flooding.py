"""The comparison: each logger records the same floods, one after the other, round after round."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import click

from chatlog.clock import now
from tests.bench.contenders import CHATLOG, CONTENDERS, Contender
from tests.bench.flood import channel_names
from tests.bench.measure import FailedError, Flooded, record
from tests.bench.peers import PEERS
from tests.bench.serve import far_ends
from tests.servers import certificates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_Pair = tuple[Flooded, Flooded]  # without lines, with lines


@dataclass(frozen=True)
class Task:
    """How much is said to how many channels, and in which form."""

    lines: int
    channels: int
    kind: str
    rounds: int
    rate: int = 0
    """Lines a second; 0 for as many as the logger reads."""

    def __str__(self) -> str:
        pace = f", {self.rate:,} a second" if self.rate else ""
        return f"{self.lines:,} {self.kind} lines in {self.channels} channel(s){pace}"

    def contenders(self, only: Sequence[str]) -> list[Contender]:
        return [
            each
            for each in (*CONTENDERS, *(PEERS if self.rate else ()))
            if (not only or each.name in only) and each.records(self.kind) and each.is_installed()
        ]


def not_installed(*, paced: bool) -> list[str]:
    """Return the names of the loggers that cannot take part here."""
    every = (*CONTENDERS, *(PEERS if paced else ()))
    return [each.name for each in every if not each.is_installed()]


@dataclass(frozen=True)
class Row:
    """Medians over the rounds; what is said of a line has the start-up taken off.

    `start_up` is the CPU of a run without lines. Where the flood was too small
    to cost more than that, nothing is said of a line.
    """

    logger: str
    channels: int
    kind: str
    cpu: float
    start_up: float
    lines_per_second: float | None
    microseconds: float | None
    ratio: float | None
    peak_mb: float
    lost: int
    calls: float | None = None


COLUMNS = {
    "logger": "{}",
    "channels": "{}",
    "kind": "{}",
    "CPU s": "{:.2f}",
    "start-up s": "{:.2f}",
    "lines/CPU s": "{:,.0f}",
    "µs/line": "{:.2f}",
    "× chatlog": "{:.2f}",
    "peak MB": "{:.0f}",
    "lost": "{}",
}
PACED_COLUMNS = {**COLUMNS, "calls/line": "{:.2f}"}


def compare(task: Task, only: Sequence[str]) -> tuple[list[Row], list[str]]:
    """Measure a task; return a row for each logger, and why others have none."""
    runs: dict[Contender, list[_Pair]] = {each: [] for each in task.contenders(only)}
    failures = []
    for number in range(1, task.rounds + 1):
        click.echo(f"{task}, round {number} of {task.rounds}", err=True)
        time = now() if task.kind == "tagged" else ""
        with far_ends() as manager, _certificates(task.kind) as (place, ca):
            far_end = manager.FarEnd(task.lines, task.channels, time, certificates=place)
            for contender in list(runs):
                try:
                    runs[contender].append(_measure(contender, far_end, task, ca, number))
                except FailedError as error:
                    del runs[contender]
                    failures.append(str(error))
    reference = _costs(runs[CHATLOG], task) if CHATLOG in runs else None
    return [_row(*each, task, reference) for each in runs.items()], failures


@contextmanager
def _certificates(kind: str) -> Iterator[tuple[str, str]]:
    """Yield the directory of certificates and the file of their authority; none without TLS."""
    if kind != "tls":
        yield "", ""
        return
    with tempfile.TemporaryDirectory() as place:
        try:
            made = certificates.make(Path(place))
        except OSError as error:
            raise FailedError(f"certificates cannot be made: {error}") from error
        yield place, str(made.ca)


def _measure(contender: Contender, far_end: Any, task: Task, ca: str, number: int) -> _Pair:
    """Record without lines, then with lines; in the first round, count system calls as well."""
    channels = channel_names(task.channels)
    # The lesser of two, because the very first run may have modules to compile.
    idle = [record(contender, far_end, channels, silent=True, ca=ca) for _ in range(2)]
    busy = record(contender, far_end, channels, silent=False, rate=task.rate, ca=ca)
    if task.rate and number == 1 and shutil.which("strace"):
        traced = record(
            contender, far_end, channels, silent=False, rate=task.rate, traced=True, ca=ca
        )
        busy = replace(busy, calls=traced.calls)
    return min(idle, key=lambda each: each.usage.cpu), busy


def _costs(pairs: list[_Pair], task: Task) -> list[float] | None:
    """Return each round's CPU seconds of a line, None where one drowns in those of the start."""
    start_up = median(idle.usage.cpu for idle, _ in pairs)
    costs = [(busy.usage.cpu - start_up) / task.lines for _, busy in pairs]
    return costs if min(costs) > 0 else None


def _row(
    contender: Contender, pairs: list[_Pair], task: Task, reference: list[float] | None
) -> Row:
    costs = _costs(pairs, task)
    calls = [busy.calls for _, busy in pairs if busy.calls is not None]
    return Row(
        logger=contender.name,
        channels=task.channels,
        kind=task.kind,
        cpu=median(busy.usage.cpu for _, busy in pairs),
        start_up=median(idle.usage.cpu for idle, _ in pairs),
        lines_per_second=1 / median(costs) if costs else None,
        microseconds=median(costs) * 1e6 if costs else None,
        ratio=_ratio(costs, reference) if costs and reference else None,
        peak_mb=median(busy.usage.peak for _, busy in pairs) / 1e6,
        lost=max(busy.lost for _, busy in pairs),
        calls=median(calls) / task.lines if calls else None,
    )


def _ratio(costs: list[float], reference: list[float]) -> float:
    """Return the median of the rounds' ratios: a slow minute slows all loggers of its round."""
    return median(cost / base for cost, base in zip(costs, reference, strict=True))


def as_table(rows: Sequence[Row], columns: Mapping[str, str]) -> list[list[str]]:
    """Lay rows out as cells, the header first."""
    table = [list(columns)]
    for row in rows:
        pairs = zip(columns.values(), asdict(row).values(), strict=False)  # calls come last
        table.append(["–" if value is None else form.format(value) for form, value in pairs])
    return table
