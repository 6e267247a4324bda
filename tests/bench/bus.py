"""An archive shipped to a NATS server on loopback, and collected from there."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.archive import NETWORK, Size, made
from tests.bench.contenders import CHATLOG, Contender
from tests.bench.flood import channel_names
from tests.bench.measure import FailedError, Flooded, record, run
from tests.bench.serve import far_ends
from tests.support.ports import HOST, reserved_port
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEADER = ["bus", "lines", "wall s", "lines/s", "CPU µs a line", "peak MB"]
_RECORDER_HEADER = ["recorder", "lines", "CPU µs a line", "× alone"]
_CHANNELS = 10
_RATE = 10_000
"""Lines a second that a shipper and a collector are to sustain."""
_SEARCHED = "/usr/sbin:/usr/bin:/usr/local/bin"


def server() -> str | None:
    """Return the path of the server, None if it is not installed."""
    return shutil.which("nats-server") or shutil.which("nats-server", path=_SEARCHED)


def compare(place: Path, lines: int, rounds: int) -> list[list[str]]:
    """Measure a shipper and a collector, each to its end, of one archive and of its replica."""
    base = made(place, Size(events=lines, years=1))
    measured: dict[str, list[tuple[float, float, int]]] = {}
    for _ in range(rounds):
        with _bus(place / "bus") as url:
            archives = [_copied(base, place / "bus" / name) for name in ("one", "two")]
            into = ["--archive", str(place / "bus" / "all"), "--once", "--quiet"]
            run([*_CHATLOG, "collect", url, "--create", "--max-size=2G", *into])
            steps = {
                "ship": [["ship", url, "--archive", str(archives[0]), "--once", "--quiet"]],
                "collect": [["collect", url, *into]],
                "ship a replica": [["ship", url, "--archive", str(archives[1]), "--once", "-q"]],
                "collect the replica": [["collect", url, *into]],
            }
            for name, [command] in steps.items():
                begin = time.perf_counter()
                used = run([*_CHATLOG, *command])
                wall = time.perf_counter() - begin
                measured.setdefault(name, []).append((wall, used.cpu, used.peak))
    return [_HEADER, *(_row(name, lines, runs) for name, runs in measured.items())]


def compare_recorders(place: Path, lines: int, rounds: int) -> list[list[str]]:
    """Measure a recorder in a flood and at a pace, alone and while one ships, in turns.

    The flood has three times the `lines`, as a shipper has to start meanwhile, the pace a quarter.
    It is the CPU of the recorder's own process from the first line to the last.
    """
    flood = _recorded(place, 3 * lines, rounds, 0)
    paced = _recorded(place, max(1, lines // 4), rounds, _RATE)
    return [
        _RECORDER_HEADER,
        *_recorder_rows("in a flood", 3 * lines, flood),
        *_recorder_rows(f"{_RATE:,} a second", max(1, lines // 4), paced),
    ]


def _recorded(place: Path, lines: int, rounds: int, rate: int) -> list[tuple[float, float]]:
    """Return the CPU seconds of each round: alone, and while one ships."""
    measured = []
    channels = channel_names(_CHANNELS)
    with far_ends() as manager:
        far_end = manager.FarEnd(lines, _CHANNELS, "")
        for _ in range(rounds):
            with _bus(place / "bus") as url:
                into = ["--archive", str(place / "bus" / "all"), "--once", "--quiet"]
                run([*_CHATLOG, "collect", url, "--create", "--max-size=2G", *into])
                costs = [
                    _cpu_of(record(each, far_end, channels, silent=False, rate=rate))
                    for each in (CHATLOG, _publishing(url))
                ]
                measured.append((costs[0], costs[1]))
    return measured


def _cpu_of(flooded: Flooded) -> float:
    if flooded.during is None or flooded.lost:
        raise FailedError(f"no clock of the recorder, or {flooded.lost} lines lost")
    return flooded.during


def _recorder_rows(name: str, lines: int, rounds: list[tuple[float, float]]) -> list[list[str]]:
    alone, shipping = (median(costs) / lines * 1e6 for costs in zip(*rounds, strict=True))
    ratio = median(each / base for base, each in rounds)
    return [
        [name, f"{lines:,}", f"{alone:.2f}", "1.00"],
        [f"{name}, --publish", f"{lines:,}", f"{shipping:.2f}", f"{ratio:.2f}"],
    ]


def _publishing(url: str) -> Contender:
    """Return the recorder of a flood that ships to a bus."""
    return replace(CHATLOG, command=lambda *given: [*CHATLOG.command(*given), "--publish", url])


_CHATLOG = [sys.executable, "-m", "chatlog"]


def _row(name: str, lines: int, runs: list[tuple[float, float, int]]) -> list[str]:
    wall = median(seconds for seconds, _, _ in runs)
    return [
        name,
        f"{lines:,}",
        f"{wall:.1f}",
        f"{lines / wall:,.0f}",
        f"{median(cpu for _, cpu, _ in runs) / lines * 1e6:.0f}",
        f"{max(peak for _, _, peak in runs) / 1e6:.0f}",
    ]


def _copied(base: Path, to: Path) -> Path:
    shutil.copytree(base / NETWORK, to / NETWORK)
    return to


@contextmanager
def _bus(directory: Path) -> Iterator[str]:
    """Run a server, and yield its address; nothing of it stays."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with reserved_port() as port:
        settings = directory / "nats.conf"
        settings.write_text(
            f'listen: "{HOST}:{port}"\njetstream {{ store_dir: "{directory}/stored" }}\n'
        )
        with (directory / "nats.log").open("wb") as log:
            process = subprocess.Popen([server() or "", "-c", str(settings)], stderr=log)
        try:
            eventually(lambda: "Server is ready" in (directory / "nats.log").read_text())
            yield f"nats://{HOST}:{port}"
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(directory, ignore_errors=True)
