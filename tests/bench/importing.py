"""The import of logs of irssi, and of a tree of small files of ZNC, beside irclog2html."""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections import defaultdict
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from chatlog.formats import jsonl
from tests.bench.archive import NETWORK, Size, made, segments
from tests.bench.measure import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from chatlog.event import Event
    from tests.bench.measure import Usage

_HEADER = [
    *("import", "files", "lines", "wall s", "lines/s", "× irclog2html", "CPU s", "× its CPU"),
    "peak MB",
]
_CHANNELS = 8
_YEARS = 2
_DAYS = 1000  # of the tree of small files
OPENED = "--- Log opened %a %b %d %H:%M:%S %Y"
_CHANGE = 0.001  # the chance that a recorder begins or ceases to hear before a line


class Logs(NamedTuple):
    """A tree of logs, and the numbers of its files and lines."""

    root: Path
    files: int
    lines: int


class Task(NamedTuple):
    name: str
    logs: Logs
    command: tuple[str, ...]
    prepare: Callable[[], object]


def compare(place: Path, lines: int, files: int, rounds: int) -> list[list[str]]:
    """Measure imports of `lines` in logs of irssi, and of a tree of about so many small `files`."""
    one, half_of_one = _irssi_logs(place / "one", Size(lines, 1, 1), channel_name)
    irssi, half = _irssi_logs(place / "months", Size(lines, _CHANNELS, _YEARS), irssi_name)
    znc = _znc_logs(place, lines, files)
    into = place / "imported"

    def task(name: str, logs: Logs, before: Callable[[], object]) -> Task:
        command = (sys.executable, "-m", "chatlog", "import", str(logs.root))
        return Task(name, logs, (*command, "--quiet", "--archive", str(into)), before)

    def empty() -> None:
        shutil.rmtree(into, ignore_errors=True)

    def copied(archive: Path) -> Callable[[], object]:
        def copy() -> None:
            empty()
            shutil.copytree(archive, into)

        return copy

    tasks = [
        task("one file of irssi, into a new archive", one, empty),
        task("one file of irssi, into one that has half", one, copied(half_of_one)),
        task("irssi, into a new archive", irssi, empty),
        task("irssi, into one that has half", irssi, copied(half)),
        task("irssi, once more", irssi, bool),
        task("small files of ZNC", znc, empty),
        task("small files of ZNC, once more", znc, bool),
    ]
    pages = place / "pages"
    pages.mkdir(exist_ok=True)
    compared = (("one file of irssi", one), ("irssi", irssi), ("ZNC", znc))
    tasks += [converted(name, logs, pages) for name, logs in compared]
    spent: dict[Task, list[tuple[float, Usage]]] = defaultdict(list)
    for _ in range(rounds):
        for each in tasks:
            each.prepare()
            begin = time.perf_counter()
            used = run([*each.command])
            spent[each].append((time.perf_counter() - begin, used))
    return [_HEADER, *_rows(spent)]


def converted(name: str, logs: Logs, pages: Path) -> Task:
    """Return the conversion of logs into pages by irclog2html; those of one name are replaced."""
    script = 'find "$1" -name "*.log" -print0 | xargs -0 irclog2html -o "$2"'
    command = ("sh", "-c", script, "sh", str(logs.root), str(pages))  # too many for one
    return Task(f"irclog2html, {name}", logs, command, bool)


def _rows(spent: dict[Task, list[tuple[float, Usage]]]) -> Iterator[list[str]]:
    """Yield a row for each task; its speed is beside that of irclog2html with the same logs."""
    walls = {task: median(seconds for seconds, _ in runs) for task, runs in spent.items()}
    cpus = {task: median(used.cpu for _, used in runs) for task, runs in spent.items()}
    pages = {task.logs: task for task in spent if task.command[0] == "sh"}
    for task, runs in spent.items():
        yield [
            task.name,
            f"{task.logs.files:,}",
            f"{task.logs.lines:,}",
            f"{walls[task]:.1f}",
            f"{task.logs.lines / walls[task]:,.0f}",
            f"{walls[pages[task.logs]] / walls[task]:.2f}",
            f"{cpus[task]:.1f}",
            f"{cpus[pages[task.logs]] / cpus[task]:.2f}",
            f"{max(used.peak for _, used in runs) / 1e6:.0f}",
        ]


# -- the logs ----------------------------------------------------------------------


def _irssi_logs(place: Path, size: Size, name: Callable[[Event], str]) -> tuple[Logs, Path]:
    """Write logs of irssi, and an archive that has half of their lines."""
    base = made(place, size)
    half = place / f"{base.name}-half"
    shutil.rmtree(half, ignore_errors=True)
    _hear_half(base, half)
    return written(base, place / "irclogs", name, irssi_lines, OPENED), half


def _znc_logs(place: Path, lines: int, files: int) -> Logs:
    """Write small logs of ZNC, with half as many lines in all."""
    channels = max(1, files // _DAYS)
    small = Size(events=lines // 2, channels=channels, years=files / channels / 365.25)
    tree = place / "users" / "ann" / "moddata" / "log"
    return written(made(place, small), tree, znc_name, znc_lines)


def written(
    base: Path,
    root: Path,
    name: Callable[[Event], str],
    lines_of: Callable[[list[Event]], Iterator[str]],
    opening: str = "",
) -> Logs:
    """Write an archive as logs, in files by their names, which begin by the time of `opening`."""
    shutil.rmtree(root, ignore_errors=True)
    files = lines = 0
    for _, data in segments(base):
        events = [*jsonl.decode_lines(b"".join(data))]
        path = root / name(events[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        files += is_new
        lines += len(events)
        with path.open("a", encoding="utf-8") as file:
            if is_new and opening:
                file.write(f"{datetime.fromisoformat(events[0].time):{opening}}\n")
            file.writelines(f"{line}\n" for line in lines_of(events))
    return Logs(root, files, lines)


def channel_name(event: Event) -> str:
    """Return the path of an event in logs of irssi that are never rotated."""
    return f"{NETWORK}/{event.target}.log"


def irssi_name(event: Event) -> str:
    """Return the path of an event in logs of irssi by the month."""
    return f"{NETWORK}/{event.target}/{event.time[:7]}.log"


def irssi_lines(events: list[Event]) -> Iterator[str]:
    """Yield the events of a day as irssi logs them: minutes, and the day in lines of their own."""
    day = datetime.fromisoformat(events[0].time)
    yield f"--- Day changed {day:%a %b %d %Y}"
    for event in events:
        clock = event.time[11:16]
        if event.type == "message":
            yield f"{clock} < {event.nick}> {event.text}"
        else:
            verb = {"join": "joined", "part": "left"}[event.type]
            reason = " []" if event.type == "part" else ""
            mask = f"{event.user}@{event.host}"
            yield f"{clock} -!- {event.nick} [{mask}] has {verb} {event.target}{reason}"


def znc_name(event: Event) -> str:
    """Return the path of an event in logs of ZNC."""
    return f"{NETWORK}/{event.target}/{event.time[:10]}.log"


def znc_lines(events: list[Event]) -> Iterator[str]:
    """Yield the events of a day as ZNC's module logs them."""
    for event in events:
        clock = f"[{event.time[11:19]}]"
        if event.type == "message":
            yield f"{clock} <{event.nick}> {event.text}"
        else:
            verb = {"join": "Joins", "part": "Parts"}[event.type]
            reason = " ()" if event.type == "part" else ""
            yield f"{clock} *** {verb}: {event.nick} ({event.user}@{event.host}){reason}"


def _hear_half(base: Path, archive: Path) -> None:
    """Write the archive of a recorder that was away half of the time, in turns of any length."""
    chance = random.Random(1)
    is_there = True
    for path, lines in segments(base):
        heard = []
        for line in lines:
            is_there ^= chance.random() < _CHANGE
            if is_there:
                heard.append(line)
        directory = archive / NETWORK / path.parent.name
        directory.mkdir(parents=True, exist_ok=True)
        if heard:
            (directory / f"{path.name.partition('.')[0]}.jsonl").write_bytes(b"".join(heard))
    shutil.copy(base / NETWORK / "network.json", archive / NETWORK)
