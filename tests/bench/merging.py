"""The merge of three recorders' archives of one conversation, of which each missed some lines."""

from __future__ import annotations

import random
import shutil
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from tests.bench.archive import NETWORK, Size, made, segments
from tests.bench.measure import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.bench.measure import Usage

_WITNESSES = ("one", "two", "three")
_HEADER = ["merge of three archives", "lines", "wall s", "lines/s", "CPU s", "peak MB"]
_PAUSE = 0.0005  # the chance that a recorder is cut off before a line
_LONGEST = 100  # lines that it misses then
_YEARS = 1


def compare(place: Path, lines: int, rounds: int) -> list[list[str]]:
    """Measure a merge into a new archive, and the same merge once more.

    All archives together have about so many `lines`.
    """
    base = made(place, Size(events=lines // len(_WITNESSES), years=_YEARS))
    archives = [base.with_name(f"{base.name}-{name}") for name in _WITNESSES]
    counts = [_hear(base, archive) for archive in archives]
    into = base.with_name("merged")
    command = [sys.executable, "-m", "chatlog", "merge", "--quiet", *map(str, archives)]
    command += ["--archive", str(into)]
    fresh, again = [], []
    for _ in range(rounds):
        shutil.rmtree(into, ignore_errors=True)
        fresh.append(_timed(command))
        again.append(_timed(command))
    rows = (("into a new one", fresh, 0), ("once more", again, _lines_in(into)))
    return [_HEADER, *(_row(name, used, sum(counts) + more) for name, used, more in rows)]


def _timed(command: list[str]) -> tuple[float, Usage]:
    begin = time.perf_counter()
    used = run(command)
    return time.perf_counter() - begin, used


def _row(name: str, runs: list[tuple[float, Usage]], lines: int) -> list[str]:
    wall = median(seconds for seconds, _ in runs)
    return [
        name,
        f"{lines:,}",
        f"{wall:.1f}",
        f"{lines / wall:,.0f}",
        f"{median(used.cpu for _, used in runs):.1f}",
        f"{max(used.peak for _, used in runs) / 1e6:.0f}",
    ]


def _hear(base: Path, archive: Path) -> int:
    """Write the archive of a recorder that is cut off at times; return the number of its lines."""
    chance = random.Random(archive.name)
    count = 0
    for path, lines in segments(base):
        heard = [*_heard(lines, chance)]
        count += len(heard)
        directory = archive / NETWORK / path.parent.name
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{path.name.partition('.jsonl')[0]}.jsonl").write_bytes(b"".join(heard))
    shutil.copy(base / NETWORK / "network.json", archive / NETWORK)
    return count


def _heard(lines: list[bytes], chance: random.Random) -> Iterator[bytes]:
    missed = 0
    for line in lines:
        if not missed and chance.random() < _PAUSE:
            missed = chance.randrange(1, _LONGEST)
        if missed:
            missed -= 1
        else:
            yield line


def _lines_in(root: Path) -> int:
    return sum(len(lines) for _, lines in segments(root))
