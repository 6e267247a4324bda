"""Exports of an archive to each format beside a bare copy, and to a site beside irclog2html."""

from __future__ import annotations

import shutil
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

from chatlog.archive.compression import compression_of
from chatlog.archive.layout import parse_segment
from chatlog.export.table import NAMES
from tests.bench.archive import NETWORK, Size, made
from tests.bench.importing import OPENED, converted, irssi_lines, irssi_name, written
from tests.bench.measure import Usage, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMATS = tuple(name for name in NAMES if name != "site")
_HEADER = ["export to", "wall s", "CPU s", "lines/CPU s", "again, wall s", "MB", "peak MB"]
_OF_SITES = ["pages", "lines", "wall s", "lines/s", "× irclog2html", "CPU s", "MB", "peak MB"]
_CHANNELS = 8
_YEARS = 2


def compare(place: Path, size: Size, rounds: int) -> list[list[str]]:
    """Measure an export to each format, and the same once more, of an archive of a size."""
    root = made(place, size)
    into = place / "exported"
    rows = [_HEADER, _copied(root, into, size)]
    for name in FORMATS:
        command = [sys.executable, "-m", "chatlog", "export", "--quiet", "--archive", str(root)]
        command += ["--to", name, "-o", f"{into}/"]
        first, again = [], []
        for _ in range(rounds):
            shutil.rmtree(into, ignore_errors=True)
            shutil.rmtree(root / ".exports", ignore_errors=True)
            first.append(_timed(command))
            again.append(_timed(command))
        rows.append(_row(name, size.events, first, _size_of(into), again))
    shutil.rmtree(into)
    return rows


def compare_sites(place: Path, lines: int, rounds: int) -> list[list[str]]:
    """Measure a site of a number of lines, one line more, and irclog2html with the same lines."""
    root = made(place, Size(events=lines, channels=_CHANNELS, years=_YEARS))
    logs = written(root, place / "irclogs", irssi_name, irssi_lines, OPENED)
    site, pages = place / "site", place / "pages"
    pages.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "chatlog", "export", "--quiet", "--archive", str(root)]
    command += ["--to", "site", "-o", str(site)]
    spent: dict[str, list[tuple[float, Usage]]] = {
        "site": [],
        "again, a day touched": [],
        "irclog2html": [],
    }
    for _ in range(rounds):
        shutil.rmtree(site, ignore_errors=True)
        shutil.rmtree(root / ".exports", ignore_errors=True)
        spent["site"].append(_timed(command))
        max((root / NETWORK / "#c00").glob("2*.jsonl")).touch()
        spent["again, a day touched"].append(_timed(command))
        spent["irclog2html"].append(_timed([*converted("irssi", logs, pages).command]))
    sizes = {"irclog2html": _size_of(pages)}
    rows = _rows_of_sites(spent, lines, {**dict.fromkeys(spent, _size_of(site)), **sizes})
    for each in (site, pages):
        shutil.rmtree(each)
    return [_OF_SITES, *rows]


def _rows_of_sites(
    spent: dict[str, list[tuple[float, Usage]]], lines: int, sizes: dict[str, int]
) -> Iterator[list[str]]:
    walls = {name: median(seconds for seconds, _ in runs) for name, runs in spent.items()}
    for name, runs in spent.items():
        yield [
            name,
            f"{lines:,}",
            f"{walls[name]:.1f}",
            f"{lines / walls[name]:,.0f}",
            f"{walls['irclog2html'] / walls[name]:.2f}",
            f"{median(used.cpu for _, used in runs):.1f}",
            f"{sizes[name] / 1e6:.0f}",
            f"{max(used.peak for _, used in runs) / 1e6:.0f}",
        ]


def _timed(command: list[str]) -> tuple[float, Usage]:
    begin = time.perf_counter()
    used = run(command)
    return time.perf_counter() - begin, used


def _row(
    name: str,
    lines: int,
    first: list[tuple[float, Usage]],
    size: int,
    again: list[tuple[float, Usage]],
) -> list[str]:
    cpu = median(used.cpu for _, used in first)
    return [
        name,
        f"{median(seconds for seconds, _ in first):.1f}",
        f"{cpu:.1f}",
        f"{lines / cpu:,.0f}",
        f"{median(seconds for seconds, _ in again):.1f}",
        f"{size / 1e6:.0f}",
        f"{max(used.peak for _, used in first) / 1e6:.0f}",
    ]


def _copied(root: Path, into: Path, size: Size) -> list[str]:
    """Decompress all segments into files, and return the row of that."""
    into.mkdir(exist_ok=True)
    begin, cpu = time.perf_counter(), time.process_time()
    for path in sorted(root.glob(f"{NETWORK}/#*/*.jsonl*")):
        segment = parse_segment(path.name)
        assert segment is not None
        with (into / path.parent.name).open("ab") as file:
            file.writelines(compression_of(segment.compression).decompressed([path.read_bytes()]))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - begin
    row = ["copy", f"{wall:.1f}", f"{cpu:.1f}", f"{size.events / cpu:,.0f}", ""]
    return [*row, f"{_size_of(into) / 1e6:.0f}", ""]


def _size_of(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
