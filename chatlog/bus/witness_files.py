"""The files of the recorders whose lines a collector takes: `ROOT/.witnesses/WITNESS`.

Such a directory is like an archive without segments: it has the ledgers of a recorder, how its
networks fold names, and the status of its runs. So its coverage is read as that of any archive.
Every message can come again: it replaces the same bytes.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from chatlog.archive import networks
from chatlog.archive.files import reported
from chatlog.archive.networks import casemapping_in
from chatlog.archive.system import FILE_MODE, System, open_or_create, replace_file
from chatlog.archive.targets import Target
from chatlog.bus.ledgers import NETWORK_FILES, check_before
from chatlog.coverage import ledger
from chatlog.coverage.unclosed import unclosed
from chatlog.errors import TranscriptError
from chatlog.health.runs import RunFile, is_run_name, prune
from chatlog.health.status import decode
from chatlog.health.witness_runs import WITNESSES
from chatlog.upkeep.witness import TargetPlace, Witness

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.bus.messages import LedgerPiece, NetworkFile, RunReport
    from chatlog.coverage.fold import Coverage


class WitnessFiles:
    """The files of one recorder, and the locks of its runs that go on."""

    def __init__(self, root: Path, name: str, system: System) -> None:
        self.name = name
        self.root = root / WITNESSES / name
        self._system = system
        self._runs: dict[str, RunFile] = {}
        self._has: set[TargetPlace] = set()

    def take_ledger(self, place: TargetPlace, piece: LedgerPiece) -> None:
        """Write a piece of a ledger at its offset, as the end of the file.

        A piece that follows other bytes than the file has is passed over. Those were lost on the
        way, and the whole ledger comes again when its shipper is asked for them.
        """
        path = self._ledger_of(place)
        with reported(path):
            fd, _ = open_or_create(self._system, path, os.O_RDWR, FILE_MODE)
            try:
                is_next = piece.offset <= os.fstat(fd).st_size
                if is_next and check_before(fd, piece.offset) == piece.check:
                    os.pwrite(fd, piece.data, piece.offset)
                    os.ftruncate(fd, piece.offset + len(piece.data))
            finally:
                os.close(fd)

    def take_network_file(self, network: str, file: NetworkFile) -> None:
        """Write a file of a network; raise ValueError for one that chatlog does not write."""
        is_damaged = file.name == networks.NAME and casemapping_in(file.data) is None
        if file.name not in NETWORK_FILES or is_damaged:
            raise ValueError(f"{file.name} is no file of a network")
        path = self.root / network / file.name
        replace_file(path, file.data, system=self._system, durable=False)

    def take_run(self, report: RunReport) -> None:
        """Write the status of a run, and hold its lock for as long as it goes on."""
        if not is_run_name(report.name):
            return
        with suppress(BlockingIOError):
            run = self._runs.get(report.name) or RunFile(self.root, report.name)
            run.write(report.data)
            if report.is_alive:
                self._runs[report.name] = run
            else:
                self._runs.pop(report.name, None)
                run.close()

    def prune_runs(self) -> None:
        """Remove the files of old runs."""
        with suppress(TranscriptError):
            prune(self.root, _is_over)

    def networks(self) -> list[str]:
        """Return the directories of the networks whose CASEMAPPING the recorder has told."""
        return [path.parent.name for path in self.root.glob(f"*/{networks.NAME}")]

    def has(self, place: TargetPlace) -> bool:
        """Return whether the recorder has told of a target."""
        if place not in self._has and self._ledger_of(place).is_file():
            self._has.add(place)
        return place in self._has

    def is_over(self, place: TargetPlace) -> bool:
        """Return whether each interval of a target has its end in the ledger, and not in a run."""
        return not any(unclosed(ledger.read(self._ledger_of(place).parent)))

    def witness(self) -> Witness:
        """Return the recorder as a witness, as its files are by now."""
        return Witness(self.name, self.root)

    def coverage(self, witness: Witness, place: TargetPlace) -> Coverage | None:
        """Return the coverage of a target by this recorder, None if it has not told of any."""
        path = str(self.root / place.network / place.target)
        return witness.coverage(Target(place.network, place.target, path))

    def _ledger_of(self, place: TargetPlace) -> Path:
        return self.root / place.network / place.target / ledger.NAME

    def close(self) -> None:
        """Release the locks of all runs."""
        for run in self._runs.values():
            run.close()


def _is_over(data: bytes) -> bool:
    try:
        return bool(decode(data).ended)
    except ValueError:
        return False
