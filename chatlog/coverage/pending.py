"""Entries for the ledgers of an archive: written at once, or kept until the disk takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.archive.system import FILE_MODE, System
from chatlog.coverage import ledger

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.archive.locks import Locks
    from chatlog.archive.syncing import Exposed
    from chatlog.coverage.entries import LedgerEntry


class Notes:
    """Entries that wait for the ledgers of an archive; `unkept` are those the disk refused.

    They stand in order for each directory. A process that dies takes them along:
    an archive that claims less is safe.
    """

    def __init__(self, *, system: System, locks: Locks, exposed: Exposed) -> None:
        self.unkept: dict[Path, list[LedgerEntry]] = {}
        self.mode = FILE_MODE
        self._system = system
        self._locks = locks
        self._exposed = exposed

    def add(self, directory: Path, *entries: LedgerEntry) -> None:
        """Append entries to a target's ledger; raise TranscriptError if they have to wait."""
        self.unkept.setdefault(directory, []).extend(entries)
        self._write(directory)

    def retry(self) -> None:
        """Append the entries that wait."""
        for directory in list(self.unkept):
            self._write(directory)

    def _write(self, directory: Path) -> None:
        self._locks.enter(directory)
        with self._locks.appending(directory):
            ledger.append(
                self._system,
                directory,
                self.unkept[directory],
                self.mode,
                exposed=self._exposed,
            )
        del self.unkept[directory]
        self._locks.enter(directory)
