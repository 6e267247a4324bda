"""The position of a collector in the stream, kept in `ROOT/.witnesses/position.json`.

It is written before the lines of a round, with where the round ends, and after them: lines of a
round that was cut off are told from new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chatlog.archive.files import reported
from chatlog.archive.system import replace_file
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.archive.system import System


class Hole(msgspec.Struct, frozen=True):
    """Messages of a witness that are lost, by their numbers, and the time of their lines.

    `until` is "" as long as nothing after them has come.
    """

    first: int
    last: int
    since: str = ""
    until: str = ""


class KnownWitness(msgspec.Struct):
    """The messages of one witness: the highest number, its time, and those that are lost."""

    number: int = 0
    time: str = ""
    holes: list[Hole] = []


class Position(msgspec.Struct):
    """The position in a stream that was made at `created`, by its sequence of messages.

    Everything until `done` is in the archive. Until `begun` it may be. From `context` on the
    messages are read again, so that lines are aligned with those around them.
    """

    created: str = ""
    done: int = 0
    begun: int = 0
    context: int = 0
    witnesses: dict[str, KnownWitness] = {}


class PositionFile:
    """The file of a position."""

    def __init__(self, path: Path, system: System) -> None:
        self._path = path
        self._system = system

    def read(self) -> Position:
        """Return the position, that before the first message if there is no file."""
        with reported(self._path, doing="read"):
            try:
                data = self._path.read_bytes()
            except FileNotFoundError:
                return Position()
        try:
            return msgspec.json.decode(data, type=Position)
        except msgspec.MsgspecError as error:
            raise TranscriptError(
                f"{self._path} is damaged; remove it, and the stream is read from its beginning"
            ) from error

    def write(self, position: Position) -> None:
        """Replace the file."""
        replace_file(self._path, msgspec.json.encode(position) + b"\n", system=self._system)
