"""The times of the lines that were shipped, by the numbers of their messages.

One line of text for each batch: the number of its first message, how many messages it has, and
the first and last time of its lines. A shipper that is asked for lost messages finds their lines
by it. Of a log that grew too long, the older half is dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.files import reported
from chatlog.archive.system import replace_file
from chatlog.coverage.stretches import TimeStretch

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.archive.system import System

_LONGEST: Final = 8 * 1024 * 1024  # some 100,000 batches


class _Batch(NamedTuple):
    first: int
    last: int
    times: TimeStretch


class BatchLog:
    """The file; it is appended to before a batch is published."""

    def __init__(self, path: Path, system: System) -> None:
        self._path = path
        self._system = system

    def note(self, first: int, count: int, since: str, until: str) -> None:
        """Add a batch; to add it once more after a kill does no harm."""
        with reported(self._path):
            with self._path.open("ab") as file:
                file.write(f"{first} {count} {since} {until}\n".encode())
                size = file.tell()
            if size > _LONGEST:
                data = self._path.read_bytes()
                replace_file(
                    self._path,
                    data[data.index(b"\n", size // 2) + 1 :],
                    system=self._system,
                    durable=False,
                )

    def times_of(self, first: int, last: int) -> list[TimeStretch]:
        """Return stretches with both ends that hold the lines of all messages of some numbers.

        Of messages before the log it is all time until the log begins.
        """
        batches = self._read()
        found = [each.times for each in batches if each.first <= last and first <= each.last]
        if not batches:
            return [TimeStretch("", "~")]
        if first < batches[0].first:
            found.append(TimeStretch("", batches[0].times.until))
        return found

    def _read(self) -> list[_Batch]:
        with reported(self._path, doing="read"):
            try:
                data = self._path.read_bytes()
            except FileNotFoundError:
                return []
        found = []
        for line in data.decode("ascii", "replace").split("\n")[:-1]:
            match line.split(" "):
                case [first, count, since, until] if first.isdecimal() and count.isdecimal():
                    end = int(first) + int(count) - 1
                    found.append(_Batch(int(first), end, TimeStretch(since, until)))
        return found
