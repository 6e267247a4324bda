"""What a shell user waits for: the CPU of short commands against a bare interpreter's."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from chatlog.archive.storage import Storage
from chatlog.clock import now
from chatlog.event import Event, EventType
from chatlog.write.writer import Writer
from tests.bench.measure import run

_EVENTS = 1000
_BARE = "python -c pass"
_HEADER = ["command", "CPU ms", "× bare"]


def compare(runs: int) -> list[list[str]]:
    """Run each command so many times, in turns; return a table of medians."""
    with tempfile.TemporaryDirectory() as place:
        _fill(Path(place))
        python, chatlog = [sys.executable], [sys.executable, "-m", "chatlog"]
        commands = {
            _BARE: [*python, "-c", "pass"],
            "chatlog --help": [*chatlog, "--help"],
            "chatlog tail -n 10": [*chatlog, "tail", "-n", "10", "--output", place],
        }
        rounds = [
            {name: run(command).cpu for name, command in commands.items()} for _ in range(runs)
        ]
    return [_HEADER] + [
        [
            name,
            f"{median(each[name] for each in rounds) * 1e3:.0f}",
            f"{median(each[name] / each[_BARE] for each in rounds):.2f}",
        ]
        for name in commands
    ]


def _fill(archive: Path) -> None:
    writer = Writer(Storage(root=archive))
    writer.hold("bench", "#bench")
    writer.set_casemapping("bench", "rfc1459")
    for number in range(_EVENTS):
        text = f"message {number}"
        writer.write(
            Event(
                time=now(),
                network="bench",
                target="#bench",
                type=EventType.MESSAGE,
                nick="alice",
                text=text,
            )
        )
    writer.close()
