"""Reports on stderr of lines and files that could not be read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from chatlog.cli.show.messages import write_message
from chatlog.errors import TranscriptError
from chatlog.formats.visible import printable
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chatlog.read.damaged_lines import DamagedLines


class Damage:
    """Reports of unreadable lines and files, each once."""

    def __init__(self, found: DamagedLines) -> None:
        self._found = found
        self._told: Counter[str] = Counter()
        self._refused: set[str] = set()

    def refuse(self, path: Path, reason: str) -> None:
        """Take up a file that could not be read at all, and its reason, for the next report."""
        self._found.refused[str(path)] = reason

    def refuse_all(self, errors: Mapping[str, TranscriptError]) -> None:
        """Take up the errors of files or directories that could not be read, by their paths."""
        self._found.refused.update((path, str(error)) for path, error in errors.items())

    def report(self) -> None:
        """Report the lines and files that were found since the last report."""
        for path, reason in self._found.refused.items():
            if path not in self._refused:
                self._refused.add(path)
                write_message(printable(reason))
        for path, lines in (Counter(self._found) - self._told).items():
            copy = self._found.copies.get(path, "")
            say_unread(path, lines, is_estimate=path in self._found.estimated, copy=copy)
        self._told = Counter(self._found)

    def end(self) -> None:
        """Report the rest; raise TranscriptError if a file could not be read at all."""
        self.report()
        if count := len(self._found.refused):
            raise TranscriptError(f"{many(count, 'file')} could not be read; see above")


def say_unread(path: str, lines: int, *, is_estimate: bool = False, copy: str = "") -> None:
    """Report on stderr the number of unreadable lines of a file, and the copy read instead."""
    about = ("at least " if lines == 1 else "about ") if is_estimate else ""
    instead = f"; {printable(copy)}, which tells less, was read instead" if copy else ""
    write_message(f"{about}{many(lines, 'line')} of {printable(path)} could not be read{instead}")


def say_damaged_run(path: Path) -> None:
    """Report on stderr that the status of a run could not be read."""
    write_message(f"{printable(str(path))} is damaged; remove it when no recorder runs")
