"""What a shell user waits for: the CPU of short commands against a bare interpreter's.

`tail` and the ledger's part of the start of `record` are measured with ten batches, with a
year of batches, one each minute, and with 5,000 leftovers of runs. A year that was never
folded is measured once, as it takes long.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median

from chatlog.archive.storage import Storage
from chatlog.clock import now
from chatlog.event import Event, EventType
from chatlog.write.writer import Writer
from tests.bench import ledgers
from tests.bench.measure import run

_EVENTS = 1000
_BARE = "python -c pass"
_FLOORS = ("import click", "import click, msgspec")
"""Programs that import the libraries of every start, of which chatlog leaves parts out."""
_HEADER = ["command", "CPU ms", "× bare"]


def compare(runs: int) -> list[list[str]]:
    """Run each command so many times, in turns; return a table of medians."""
    with tempfile.TemporaryDirectory() as place:
        archives = {"no ledger": Path(place) / "no ledger", **ledgers.archives_in(Path(place))}
        for archive in archives.values():
            _fill(archive)
        python, chatlog = [sys.executable], [sys.executable, "-m", "chatlog"]
        commands = {_BARE: [*python, "-c", "pass"], "chatlog --help": [*chatlog, "--help"]}
        for program in _FLOORS:
            commands[f"python -c '{program}'"] = [*python, "-c", program]
        for name, archive in archives.items():
            tail = [*chatlog, "tail", "-n", "10", "--archive", str(archive)]
            begin = [*python, "-m", "tests.bench.ledgers", str(archive)]
            commands |= {f"chatlog tail -n 10, {name}": tail, f"start of a run, {name}": begin}
        rounds = [
            {
                name: run(command).cpu
                for name, command in commands.items()
                if not number or ledgers.NOT_FOLDED not in name
            }
            for number in range(runs)
        ]
    return [_HEADER] + [
        [
            name,
            f"{median(each[name] for each in rounds if name in each) * 1e3:.0f}",
            f"{median(each[name] / each[_BARE] for each in rounds if name in each):.2f}",
        ]
        for name in commands
    ]


def _fill(archive: Path) -> None:
    writer = Writer(Storage(root=archive))
    writer.hold(ledgers.NETWORK, ledgers.TARGET)
    writer.set_casemapping(ledgers.NETWORK, "rfc1459")
    for number in range(_EVENTS):
        text = f"message {number}"
        writer.write(
            Event(
                time=now(),
                network=ledgers.NETWORK,
                target=ledgers.TARGET,
                type=EventType.MESSAGE,
                nick="alice",
                text=text,
            )
        )
    writer.close()
