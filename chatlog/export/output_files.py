"""The files of an export: each is written under a temporary name, and takes its own when whole.

A file whose bytes are those that are there already stays as it is. A process that is killed
leaves at most one temporary file, which the next export of the same path replaces. Nothing is
synced: after a power cut, a file that is not as it was written is written again.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from chatlog.archive.system import System, make_directories, open_or_create, write_all
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatlog.export.exporter import Exporter, FileBuilder, FileFacts, StreamEncoder
    from chatlog.export.line_blocks import LineBlock

_ADVICE: Final = "make room or permission there, or name another place with -o"
_MODE: Final = 0o666  # less the umask: exports are for others, unlike the archive
_DIRECTORY_MODE: Final = 0o777  # likewise
_BLOCK: Final = 1024 * 1024


class FileRecord(msgspec.Struct, frozen=True):
    """A file of an export as it was written: its size, and the time of its last change."""

    path: str
    size: int
    mtime: int
    lines: int

    def is_there(self) -> bool:
        """Return whether the file is still as it was written, by its size and time."""
        with suppress(OSError):
            state = os.stat(self.path, follow_symlinks=False)  # noqa: PTH116 - many thousands
            return (state.st_size, state.st_mtime_ns) == (self.size, self.mtime)
        return False


class Output(Protocol):
    """One file of an export that is being written.

    `size` is the number of bytes that its lines have in the archive, whatever the format.
    """

    size: int
    lines: int

    def add(self, lines: LineBlock) -> None:
        """Add some lines."""

    def finish(self) -> tuple[FileRecord, bool] | None:
        """Give the file its name; return its record, and whether its bytes are new."""

    def abandon(self) -> None:
        """Remove the temporary file."""


@contextmanager
def exported(path: str | Path) -> Iterator[None]:
    """Turn an OSError of a destination into a TranscriptError with the next step."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise TranscriptError(f"cannot write {path}: {reason}; {_ADVICE}") from error


def open_output(path: str, exporter: Exporter, facts: FileFacts, system: System) -> Output:
    """Begin a file; missing directories are made."""
    if exporter.build is not None:
        return _Built(Path(path), exporter.build, facts, system)
    assert exporter.stream is not None  # noqa: S101 - a row has one of the two
    return _Streamed(Path(path), exporter.stream(facts), system)


class _Temporary:
    """A file under its temporary name."""

    def __init__(self, path: Path, system: System) -> None:
        self.size = self.lines = 0
        self._path = path
        self._system = system
        self._temporary = path.with_name(f".{path.name}.part")
        _expect_no_odd_file(path)

    def _count(self, lines: LineBlock) -> None:
        self.lines += len(lines)
        self.size += lines.size

    def _create(self) -> int:
        make_directories(self._system, self._path.parent, _DIRECTORY_MODE)
        flags = os.O_WRONLY | os.O_TRUNC
        return open_or_create(self._system, self._temporary, flags, _MODE)[0]

    def _name(self) -> tuple[FileRecord, bool]:
        with exported(self._path):
            is_new = not _are_alike(self._temporary, self._path)
            if is_new:
                self._system.replace(self._temporary, self._path)
            else:
                self._system.unlink(self._temporary)
            state = self._path.lstat()
        return FileRecord(str(self._path), state.st_size, state.st_mtime_ns, self.lines), is_new

    def _remove(self) -> None:
        with suppress(OSError):
            self._system.unlink(self._temporary)


class _Streamed(_Temporary):
    """A file that an encoder writes from its beginning to its end."""

    def __init__(self, path: Path, encoder: StreamEncoder, system: System) -> None:
        super().__init__(path, system)
        self._encoder = encoder
        with exported(path):
            self._fd = self._create()
        self._write(encoder.begin())

    def _write(self, data: bytes) -> None:
        try:
            with exported(self._path):
                write_all(self._fd, data, self._system)
        except BaseException:
            self.abandon()
            raise

    def add(self, lines: LineBlock) -> None:
        self._count(lines)
        self._write(self._encoder.encode(lines))

    def finish(self) -> tuple[FileRecord, bool]:
        fd, self._fd = self._fd, -1
        with exported(self._path):
            self._system.close(fd)
        return self._name()

    def abandon(self) -> None:
        if self._fd >= 0:
            with suppress(OSError):
                self._system.close(self._fd)
            self._fd = -1
        self._remove()


class _Built(_Temporary):
    """A file that an engine writes."""

    def __init__(
        self,
        path: Path,
        build: Callable[[Path, FileFacts], FileBuilder],
        facts: FileFacts,
        system: System,
    ) -> None:
        super().__init__(path, system)
        with exported(path):
            system.close(self._create())
            self._builder = build(self._temporary, facts)

    def add(self, lines: LineBlock) -> None:
        self._count(lines)
        with exported(self._path):
            self._builder.add(lines)

    def finish(self) -> tuple[FileRecord, bool]:
        with exported(self._path):
            self._builder.finish()
        return self._name()

    def abandon(self) -> None:
        with suppress(OSError):
            self._builder.abandon()
        self._remove()


class Piped:
    """An export that goes to a writer of bytes, as stdout is."""

    def __init__(self, encoder: StreamEncoder, write: Callable[[bytes], object]) -> None:
        self.lines = 0
        self._encoder = encoder
        self._write = write
        write(encoder.begin())

    def add(self, lines: LineBlock) -> None:
        """Write some lines."""
        self.lines += len(lines)
        self._write(self._encoder.encode(lines))

    def finish(self) -> None:
        """Need nothing: a pipe has no name."""

    def abandon(self) -> None:
        """Take nothing back: it is read already."""


def _expect_no_odd_file(path: Path) -> None:
    """Raise TranscriptError for the path of a device, a pipe, a socket or a link.

    A file that takes the name of `/dev/null` or `/dev/stdout` breaks programs of the machine.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # nothing is there, or opening the file tells why it cannot be written
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise TranscriptError(
            f"{path} is a device, a pipe, a socket or a link, and is left alone;"
            " name a file with -o, or say `-o -` for stdout"
        )


def _are_alike(one: Path, other: Path) -> bool:
    """Return whether two files have the same bytes; False if one is no regular file."""
    try:
        if other.is_symlink() or one.stat().st_size != other.stat().st_size:
            return False
        with one.open("rb") as left, other.open("rb") as right:
            while block := left.read(_BLOCK):
                if block != right.read(_BLOCK):
                    return False
    except OSError:
        return False
    return True


def remove_files(paths: list[str], base: str, system: System) -> int:
    """Remove files, and the directories below `base` that are empty then; return their number.

    The paths are those that an archive remembers, which may come from elsewhere: a file that is
    not below `base` is left alone.
    """
    removed = 0
    for path in paths:
        if not path.startswith(f"{base}/") or "/../" in path:
            continue
        with exported(path), suppress(FileNotFoundError):
            system.unlink(Path(path))
            removed += 1
        for directory in Path(path).parents:
            if not base or not str(directory).startswith(f"{base}/"):
                break
            try:
                directory.rmdir()
            except OSError:  # it has other files, or is gone
                break
    return removed
