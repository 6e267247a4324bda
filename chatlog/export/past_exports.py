"""The exports of an archive so far: `ROOT/EXPORTS`, and the files of each.

EXPORTS has one JSON object a line for each destination: what erases lines of the archive
finds there where else they are. `ROOT/.exports/ID.json` has the files of one destination, and
the state of the archive that they were made from. Without it everything is written anew.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import beginning_of, opened, reported
from chatlog.archive.system import FILE_MODE, System, open_file, replace_file, try_lock
from chatlog.errors import HeldError, TranscriptError
from chatlog.export.output_files import FileRecord  # noqa: TC001 - msgspec reads it
from chatlog.read.lines import blocks_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME: Final = "EXPORTS"
DIRECTORY: Final = ".exports"
SITE: Final = "site"
"""The format that is no files of lines, but pages: see `export/site`."""
_FRONT_PAGE: Final = "index.html"
_LOCK: Final = "lock"
_WRITTEN_BY_OTHERS: Final = stat.S_IWGRP | stat.S_IWOTH
_MOST_BYTES: Final = 16 * 1024 * 1024


class ExportEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of EXPORTS: a destination, and the options that were typed for it.

    `destination` is absolute, with the tokens of its path. `at` is the time of the last export.
    `arguments` are those of `chatlog export` that make it again, but for the archive; empty if
    no command line made it.
    """

    id: str
    format: str
    destination: str
    options: dict[str, str]
    at: str = ""
    arguments: list[str] = []

    @classmethod
    def made(cls, exporter: str, destination: str, options: dict[str, str]) -> ExportEntry:
        """Return the entry of an export; the same options to the same place are the same one."""
        told = msgspec.json.encode([exporter, destination, sorted(options.items())])
        name = hashlib.sha256(told).hexdigest()[:16]
        return cls(id=name, format=exporter, destination=destination, options=options)

    def is_gone(self, root: Path) -> bool:
        """Return whether no file is there any more, though the last export wrote some.

        `root` is the archive. An export that had no line to write is not gone.
        """
        if self.format == SITE:
            return not os.path.exists(f"{self.destination.rstrip('/')}/{_FRONT_PAGE}")  # noqa: PTH110 - plain text
        past = PastExport(root / DIRECTORY / f"{self.id}.json", System())
        paths = [file.path for piece in past.pieces.values() for file in piece.files]
        return bool(paths) and not any(map(os.path.exists, paths))


class WrittenPiece(msgspec.Struct):
    """The files of one piece, and the signature of all that they were made from."""

    signature: str
    files: list[FileRecord]


class _Written(msgspec.Struct):
    pieces: dict[str, WrittenPiece] = {}


class PastExport:
    """The files of the last export to one destination, by its pieces; none if there was none."""

    def __init__(self, path: Path, system: System) -> None:
        self.pieces: dict[str, WrittenPiece] = {}
        self._path = path
        self._system = system
        # A damaged file counts as none: then everything is written anew.
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            self.pieces = msgspec.json.decode(_content(path) or b"{}", type=_Written).pieces

    def beside(self, name: str) -> Path:
        """Return the path of a further file about the export, of that name."""
        return self._path.with_suffix(f".{name}.json")

    def end(self, pieces: dict[str, WrittenPiece]) -> None:
        """Keep the records of all files for the next export."""
        data = msgspec.json.encode(_Written(pieces))
        replace_file(self._path, data, system=self._system, durable=False)


@contextmanager
def remembered(
    root: Path,
    entry: ExportEntry,
    at: str,
    refused: Callable[[TranscriptError], None],
    *,
    system: System = System(),  # noqa: B008 - immutable
) -> Iterator[PastExport | None]:
    """Record a destination in EXPORTS, and keep other exports to it out.

    If the archive cannot be written, call `refused` and yield None. `at` is the time of the
    clock. Raise HeldError if another export to the destination is running.
    """
    with ExitStack() as stack:
        past = None
        try:
            lock = root / DIRECTORY / f"{entry.id}.lock"
            if not stack.enter_context(_locked(lock, system)):
                raise HeldError(
                    f"another export to {entry.destination} is running; try again later"
                )
            past = PastExport(root / DIRECTORY / f"{entry.id}.json", system)
            _record(root, msgspec.structs.replace(entry, at=at), system)
        except TranscriptError as error:
            past = None
            refused(error)
        yield past


def _record(root: Path, entry: ExportEntry, system: System) -> None:
    """Add the entry of a destination to EXPORTS, or replace its former one."""
    with _locked(root / DIRECTORY / _LOCK, system, waits=True):
        kept = [each for each in read_exports(root) if each.id != entry.id]
        lines = [msgspec.json.encode(each) + b"\n" for each in (*kept, entry)]
        replace_file(root / NAME, b"".join(lines), system=system)


def read_exports(root: Path) -> list[ExportEntry]:
    """Return the entries of EXPORTS; a line that is damaged is left out.

    Raise TranscriptError if the file cannot be read, or is longer than 16 MiB.
    """
    entries = []
    data = beginning_of(f"{root}/{NAME}", _MOST_BYTES + 1) or b""
    if len(data) > _MOST_BYTES:
        raise TranscriptError(f"{root}/{NAME} is longer than {_MOST_BYTES:,} bytes; remove it")
    for line in data.splitlines():
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            entries.append(msgspec.json.decode(line, type=ExportEntry))
    return entries


def expect_own(root: Path) -> None:
    """Raise TranscriptError if another user owns EXPORTS, or may write to it.

    EXPORTS names the templates to run and the files to write when exports are made again.
    """
    path = root / NAME
    with reported(path, doing="read"), suppress(FileNotFoundError):
        state = path.lstat()
        if state.st_uid != os.geteuid() or state.st_mode & _WRITTEN_BY_OTHERS:
            raise TranscriptError(
                f"{path} can be written by another user, who would decide what is exported where;"
                " run this as its owner, and let nobody else write to it"
            )


def _content(path: Path) -> bytes:
    """Return a file, nothing if it is missing."""
    with opened(str(path)) as fd:
        return b"" if fd is None else b"".join(blocks_in(fd))


@contextmanager
def _locked(path: Path, system: System, *, waits: bool = False) -> Iterator[bool]:
    """Lock a file, which is made if it is missing; yield whether that was possible."""
    fd = open_file(path, system=system, mode=FILE_MODE)
    try:
        yield try_lock(fd, path, waits=waits)
    finally:
        os.close(fd)
