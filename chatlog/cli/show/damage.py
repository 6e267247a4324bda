"""What of an archive could not be read, said on stderr."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from chatlog.cli.show.messages import write_message
from chatlog.formats.visible import printable
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from chatlog.read.reader import Reader


class Damage:
    """Say on stderr which lines could not be read, each once."""

    def __init__(self, reader: Reader) -> None:
        self._found = reader.damaged
        self._told: Counter[str] = Counter()

    def report(self) -> None:
        """Report what was found since the last time."""
        for path, lines in (self._found - self._told).items():
            say_unread(path, lines)
        self._told = self._found.copy()


def say_unread(path: str, lines: int) -> None:
    """Say on stderr that so many lines of a file could not be read."""
    write_message(f"{many(lines, 'line')} of {printable(path)} could not be read")
