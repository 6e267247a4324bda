"""Entries for the ledgers of an archive: written at once, or kept until the disk takes them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from chatlog.archive.system import FILE_MODE, System
from chatlog.coverage import ledger
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from chatlog.archive.locks import Locks
    from chatlog.archive.syncing import Exposed
    from chatlog.coverage.entries import LedgerEntry


AT_ONCE: Final = 32
"""Ledgers that are appended to under one lock, for which all other writers wait."""


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

    def add_all(self, entries: Iterable[tuple[Path, Sequence[LedgerEntry]]]) -> None:
        """Append entries to many ledgers, `AT_ONCE` under one lock.

        Raise the first TranscriptError if some have to wait; all others are appended.
        """
        directories: dict[Path, None] = {}
        for directory, some in entries:
            if some:
                directories[directory] = None
                self.unkept.setdefault(directory, []).extend(some)
        rest = iter(directories)
        refused: list[TranscriptError] = []
        while part := [*islice(rest, AT_ONCE)]:
            refused += self._write_all(part)
        if refused:
            raise refused[0]

    def retry(self) -> None:
        """Append the entries that wait."""
        for directory in list(self.unkept):
            self._write(directory)

    def _write_all(self, directories: Sequence[Path]) -> list[TranscriptError]:
        """Append the entries that wait for some directories; return the refusals of the disk."""
        refused = []
        with self._locks.appending_anywhere():
            for directory in directories:
                try:
                    self._write(directory)
                except TranscriptError as error:
                    refused.append(error)
        return refused

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
