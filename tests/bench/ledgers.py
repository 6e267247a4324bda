"""Ledgers of many batches and leftovers of many runs, and what the start of a run does with them.

As a program it does the ledger's part of a start, from the look for a run that died to the
gaps before the new interval, and ends that interval.
"""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path

from chatlog.archive.locks import Locks
from chatlog.archive.storage import Storage
from chatlog.archive.system import System
from chatlog.clock import now
from chatlog.coverage.entries import ClosedEntry, CoveredEntry, OpenedEntry, encode
from chatlog.event import format_time, parse_time
from chatlog.health.runs import run_name
from chatlog.health.status import RunStatus
from chatlog.health.status import encode as encode_status
from chatlog.record.intervals import Moment
from chatlog.record.ledgers import Ledgers
from chatlog.upkeep.folding import fold
from chatlog.upkeep.sealing import Sealer
from chatlog.write.writer import Writer

NETWORK, TARGET = "bench", "#bench"
NOT_FOLDED = "a year, not folded"
YEAR = 365 * 24 * 60
LEFTOVERS = 5000
_MINUTE = 60_000


def archives_in(place: Path) -> dict[str, Path]:
    """Write the archives that are compared; return each by its name."""
    archives = {
        name: place / str(number)
        for number, name in enumerate(["10 batches", NOT_FOLDED, "a year", "5,000 leftovers"])
    }
    write_ledger(archives["10 batches"], 10)
    write_ledger(archives[NOT_FOLDED], YEAR)
    shutil.copytree(archives[NOT_FOLDED], archives["a year"])
    fold_ledger(archives["a year"])
    write_ledger(archives["5,000 leftovers"], 10)
    _leave_runs(archives["5,000 leftovers"])
    return archives


def write_ledger(root: Path, batches: int) -> None:
    """Write the ledger of batches, one a minute, each of which fetched the gap before it."""
    directory = root / NETWORK / TARGET
    directory.mkdir(parents=True)
    draw = random.Random(batches)
    begin = parse_time(now()) - (batches + 1) * _MINUTE
    before = ""
    with (directory / "LEDGER").open("wb") as file:
        for number in range(batches):
            since = format_time(begin + number * _MINUTE + draw.randrange(2000))
            until = format_time(parse_time(since) + 1000 + draw.randrange(3000))
            run = run_name(since, 1000 + number % 30_000)
            msgid = f"{draw.getrandbits(128):032x}"
            opened = OpenedEntry(
                at=since, server=since, msgid=msgid, run=run, via="live", kinds="all"
            )
            file.write(encode(opened))
            if before:
                file.write(encode(_fetched(before, since, draw.randrange(5))))
            file.write(
                encode(
                    ClosedEntry(at=until, server=until, msgid=msgid, cause="stopped", planned=True)
                )
            )
            before = until


def _fetched(since: str, until: str, lines: int) -> CoveredEntry:
    return CoveredEntry(
        at=until, via="chathistory", kinds="messages", since=since, until=until, lines=lines
    )


def fold_ledger(root: Path) -> None:
    """Fold the ledger of an archive."""
    locks = Locks(root)
    fold(root / NETWORK / TARGET, Sealer(System(), locks), now())
    locks.close()


def _leave_runs(root: Path) -> None:
    """Leave the files of runs that died."""
    directory = root / ".runs"
    directory.mkdir()
    for number in range(LEFTOVERS):
        started = format_time(parse_time(now()) - (number + 1) * _MINUTE)
        status = RunStatus(
            pid=number + 1,
            version="1",
            root=str(root),
            started=started,
            updated=started,
            networks=(),
        )
        path = directory / f"{run_name(started, number + 1)}.json"
        path.write_bytes(encode_status(status))
        path.with_suffix(".lock").touch()


def start(root: Path) -> None:
    """Do what the start of a run does with the ledger of a channel and runs."""
    writer = Writer(Storage(root=root))
    writer.hold(NETWORK, TARGET)
    writer.set_casemapping(NETWORK, "rfc1459")
    ledgers = Ledgers(NETWORK, writer, run=run_name(now(), 1), trouble=sys.exit)
    ledgers.begin(TARGET)
    ledgers.silence(TARGET)
    interval = ledgers.entered(TARGET, Moment(now()), "")
    assert interval is not None
    list(interval.gaps)
    ledgers.left(TARGET, Moment(now()), "stopped")
    writer.close()


if __name__ == "__main__":
    start(Path(sys.argv[1]))
