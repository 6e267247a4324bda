"""Reading compared: searching and counting a large archive, beside other tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from chatlog.archive.layout import Rotate
from tests.bench.archive import NEEDLE, NETWORK, Size, channels, irssi_log, made
from tests.bench.measure import FailedError, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PYTHON = sys.executable
_CHATLOG = [_PYTHON, "-m", "chatlog"]
_WITHOUT = "import sys; sys.modules['hyperscan'] = None; from chatlog.cli import main; main()"
_ALONE = [_PYTHON, "-c", _WITHOUT]
"""The same without the native matcher of the extra `fast`."""
_RARE = "zzyzx"
_REGEX = r"mem\w+ l.?ak\b"
_WILD = r"[A-Z]{3,}\d+x"  # in which no letters stand that must be there
_HEADER = ["task", "tool", "wall s", "× chatlog", "CPU s", "peak MB"]
_TEN_YEARS = Size(events=500_000, channels=1, years=10, rotate=Rotate.DAILY)


@dataclass(frozen=True)
class Tool:
    """One way to do a task; a `slow` one is run once."""

    name: str
    command: list[str]
    slow: bool = False

    @property
    def is_installed(self) -> bool:
        return shutil.which(self.command[0]) is not None


@dataclass
class Task:
    """What is done, by chatlog first and by others beside it; `events` are counted or 0."""

    name: str
    tools: list[Tool]
    events: int = 0
    measured: dict[str, list[tuple[float, float, int]]] = field(default_factory=dict)

    def run(self, rounds: int) -> None:
        """Run the tools in turns, so that a slow minute slows all."""
        for number in range(rounds):
            for tool in self.tools:
                if tool.is_installed and not (tool.slow and number):
                    begin = time.perf_counter()
                    usage = run(tool.command, statuses=(0, 1))
                    wall = time.perf_counter() - begin
                    self.measured.setdefault(tool.name, []).append((wall, usage.cpu, usage.peak))

    def rows(self) -> Iterator[list[str]]:
        first = self.measured[self.tools[0].name]
        for tool in self.tools:
            if tool.name not in self.measured:
                yield [self.name, tool.name, *["not installed", "", "", ""]]
                continue
            runs = self.measured[tool.name]
            wall, cpu, peak = (median(each) for each in zip(*runs, strict=True))
            base = [median(one[0] for one in first)] if tool.slow else [one[0] for one in first]
            ratio = median(mine[0] / its for mine, its in zip(runs, base, strict=True))
            yield [self.name, tool.name, f"{wall:.3f}", f"{ratio:.2f}", f"{cpu:.2f}",
                   f"{peak / 1e6:.0f}"]  # fmt: skip


def compare(place: Path, size: Size, rounds: int) -> tuple[list[list[str]], list[str]]:
    """Measure everything on an archive of a size, which is made unless it is in `place`.

    Return a table, and what is best said in a sentence.
    """
    root = made(place, size)
    old = made(place, _TEN_YEARS)
    tasks = [*_searches(root, size), *_others(root, old, size)]
    for task in tasks:
        task.run(rounds)
    table = [_HEADER, *(row for task in tasks for row in task.rows())]
    return table, [*_rates(tasks), *_first_hits(root, rounds)]


@contextmanager
def somewhere(place: str | None) -> Iterator[Path]:
    """Give the directory that was named, else one that is removed."""
    if place:
        yield Path(place)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)


def _searches(root: Path, size: Size) -> Iterator[Task]:
    plain = channels(size, "none")
    where = [str(root / NETWORK / channel) for channel in plain]
    for name, flag, pattern in (
        ("literal, rare", "--case-sensitive", _RARE),
        ("literal", "--case-sensitive", NEEDLE),
        ("literal, any case", "-i", NEEDLE),
        ("regex", "--case-sensitive", _REGEX),
        ("regex, any letters", "--case-sensitive", _WILD),
    ):
        ours = ["search", "--count", flag, "-e", pattern, *_in(root, plain)]
        case = ["-i"] if flag == "-i" else []
        kind = "-rcE" if "regex" in name else "-rcF"
        posix = pattern.replace(r"\d", "[0-9]")
        others = [
            Tool("rg", ["rg", "-c", *case, pattern, *where]),
            Tool("grep", ["grep", kind, *case, posix, *where], slow=True),
        ]
        if name == "literal":
            select = f'select((.text // "") | contains("{NEEDLE}"))'
            others.append(Tool("jq", ["jq", "-c", select, *_files(where)], slow=True))
        yield Task(f"{name}, plain", [*_both(ours), *others])
    for way, suffix in (("gzip", "gz"), ("zstd", "zst")):
        compressed = channels(size, way)
        where = [str(root / NETWORK / channel) for channel in compressed]
        ours = ["search", "--count", "--case-sensitive", "-F", NEEDLE, *_in(root, compressed)]
        others = [Tool("rg -z", ["rg", "-z", "-c", NEEDLE, *where])]
        if way == "gzip":
            others.append(Tool("zgrep", ["zgrep", "-cF", NEEDLE, *_files(where)], slow=True))
        yield Task(f"literal, {suffix}", [*_both(ours), *others])


def _others(root: Path, old: Path, size: Size) -> Iterator[Task]:
    everything = ["search", "--count", "--case-sensitive", "-F", NEEDLE, "--archive", str(root)]
    rg = Tool("rg -z", ["rg", "-z", "-c", NEEDLE, str(root)], slow=True)
    yield Task("literal, everything", [*_both(everything), rg])
    every = ["search", "--json", "-w", "the", "--archive", str(root)]
    yield Task("print all that has `the`", [Tool("chatlog", [*_CHATLOG, *every], slow=True)])
    stats = ["stats", "--archive", str(root)]
    ours, alone = Tool("chatlog", [*_CHATLOG, *stats]), [*_CHATLOG, *stats, "-j", "1"]
    yield Task("stats", [ours, Tool("chatlog -j 1", alone, slow=True)], events=size.events)
    yield _one_channel(root, size)
    last = ["tail", "-n", "10", "--archive", str(old), "#c00"]
    bare = Tool("bare python", [_PYTHON, "-c", "pass"])
    yield Task("tail -n 10, ten years", [Tool("chatlog", [*_CHATLOG, *last]), bare])


def _one_channel(root: Path, size: Size) -> Task:
    """Return the task to count one plain channel, which pisg reads as a log of irssi."""
    channel = channels(size, "none")[-1]
    log = irssi_log(root, channel)
    stats = [*_CHATLOG, "stats", "--archive", str(root), channel]
    page = str(log.with_suffix(".html"))
    pisg = ["pisg", "-s", "-ch", channel, "-l", str(log), "-f", "irssi", "-o", page, "-ne", NETWORK]
    tools = [Tool("chatlog", stats), Tool("chatlog -j 1", [*stats, "-j", "1"])]
    return Task("stats, one channel", [*tools, Tool("pisg", pisg, slow=True)])


def _both(arguments: list[str]) -> list[Tool]:
    return [
        Tool("chatlog", [*_CHATLOG, *arguments]),
        Tool("chatlog, core alone", [*_ALONE, *arguments]),
    ]


def _in(root: Path, names: Sequence[str]) -> list[str]:
    return [*(word for name in names for word in ("-c", name)), "--archive", str(root)]


def _files(directories: Sequence[str]) -> list[str]:
    return [
        str(path) for directory in directories for path in sorted(Path(directory).glob("*_*.*"))
    ]


def _rates(tasks: Sequence[Task]) -> Iterator[str]:
    for task in tasks:
        if task.events:
            cpu = median(cpu for _, cpu, _ in task.measured["chatlog"])
            yield f"{task.name}: {task.events / cpu:,.0f} events a second of one core"


def _first_hits(root: Path, rounds: int) -> Iterator[str]:
    """Say how long the first line of output takes, and how much of that is the start alone."""
    start = median(_until_output([*_CHATLOG, "search", "--help"]) for _ in range(rounds))
    for name, more in (("everywhere", []), ("of one channel", ["-c", "#c00"])):
        command = [*_CHATLOG, "search", NEEDLE, "--archive", str(root), *more]
        first = median(_until_output(command) for _ in range(rounds))
        yield (f"first hit {name}: {first * 1e3:.0f} ms after the start of the process,"
               f" {(first - start) * 1e3:.0f} ms after `--help` would show")  # fmt: skip


def _until_output(command: list[str]) -> float:
    begin = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_quiet_environment()
    ) as process:
        assert process.stdout is not None
        if not process.stdout.read(1):
            raise FailedError(f"{command} said nothing")
        taken = time.perf_counter() - begin
        process.stdout.close()
        process.kill()
    return taken


def _quiet_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("CHATLOG_")}
