"""One append-only file of whole lines, and every system call that changes a transcript.

Nothing else in the package writes, syncs, truncates or renames what is in an
archive, and nothing here does so but through the `System` that it is handed.
It knows bytes and lines; what they mean is not its business.
"""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DIRECTORY_MODE: Final = 0o750
FILE_MODE: Final = 0o640


@dataclass(frozen=True, slots=True)
class System:
    """The system calls that change an archive, so that a test can fail each of them."""

    open: Callable[[Path, int, int], int] = os.open
    write: Callable[[int, bytes | memoryview], int] = os.write
    ftruncate: Callable[[int, int], None] = os.ftruncate
    fsync: Callable[[int], None] = os.fsync
    close: Callable[[int], None] = os.close
    mkdir: Callable[[Path, int], None] = os.mkdir
    replace: Callable[[Path, Path], None] = os.replace


_WRITABLE: Final = "make it writable for this user, or record elsewhere with --output"
_ROOM: Final = "make room there, or record elsewhere with --output"
_ADVICE: Final = {
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EROFS: _WRITABLE,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.ENOTDIR: "something that is no directory is in its way; move that, or use --output",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "the system has too many open files; close some",
}
_OTHERWISE: Final = "check that disk, or record elsewhere with --output"


@contextlib.contextmanager
def reported(path: Path, *, doing: str = "write") -> Iterator[None]:
    """Turn an OSError into a TranscriptError: which file, why, and what to do."""
    try:
        yield
    except OSError as error:
        raise _transcript_error(path, error, doing) from error


def _transcript_error(path: Path, error: OSError, doing: str = "write") -> TranscriptError:
    advice = _ADVICE.get(error.errno or 0, _OTHERWISE)
    return TranscriptError(f"cannot {doing} {path}: {error.strerror or error}; {advice}")


class Segment:
    """One append-only file; at rest it ends with a whole line.

    Opening creates the file, and the directories above it, where they are
    missing. A last line without its newline is cut off, and `torn` holds its
    bytes. Every failure is a TranscriptError. A killed process loses nothing
    that was written; a power cut nothing that was written before `sync`.
    """

    def __init__(self, path: Path, *, system: System, mode: int = FILE_MODE) -> None:
        self.path = path
        self._system = system
        self._ragged = False  # bytes after `size` wait for their truncation
        self._unsynced = False
        with reported(path):
            self._fd, self._changed = _open(system, path, os.O_RDWR | os.O_APPEND, mode)
            try:
                self.size = os.fstat(self._fd).st_size
                self.torn = self._cut_torn_line()
            except OSError:
                system.close(self._fd)
                raise
        if not self.size:
            self._changed.append(path.parent)

    def _cut_torn_line(self) -> bytes:
        size, self.size = self.size, _line_start(self._fd, self.size)
        torn = os.pread(self._fd, size - self.size, self.size)
        if torn:
            self._cut()
        return torn

    def last_line(self) -> bytes:
        """Read the last line with its newline; empty where there is none."""
        with reported(self.path, doing="read"):
            start = _line_start(self._fd, self.size - 1)
            return os.pread(self._fd, self.size - start, start)

    def write(self, data: bytes) -> None:
        """Append whole lines.

        On failure the lines that came through whole are kept, `size` says how
        far, and what follows them is cut off (if need be by the next write).
        """
        written = 0
        try:
            if self._ragged:
                self._cut()
            self._unsynced = True
            written = self._system.write(self._fd, data)
            while written < len(data):
                written += self._system.write(self._fd, memoryview(data)[written:])
        except OSError as error:
            self.size += data.rfind(b"\n", 0, written) + 1
            self._ragged = True
            with contextlib.suppress(OSError):
                self._cut()
            raise _transcript_error(self.path, error) from error
        self.size += written

    def _cut(self) -> None:
        self._system.ftruncate(self._fd, self.size)
        self._ragged = False
        self._unsynced = True

    def sync(self) -> None:
        """Make what was written, and the file's name, outlive a power cut."""
        with reported(self.path):
            if self._unsynced:
                self._system.fsync(self._fd)
                self._unsynced = False
            while self._changed:
                _sync_directory(self._system, self._changed[-1])
                self._changed.pop()

    def close(self) -> None:
        """Let go of the file, synced or not."""
        with reported(self.path):
            self._system.close(self._fd)


_BLOCK: Final = 64 * 1024


def _line_start(fd: int, end: int) -> int:
    while end > 0:
        start = max(0, end - _BLOCK)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def replace_file(path: Path, data: bytes, *, system: System, mode: int = FILE_MODE) -> None:
    """Write a small file so that at any moment it has the old content or the new."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with reported(path):
        fd, changed = _open(system, temporary, os.O_WRONLY | os.O_TRUNC, mode)
        try:
            written = 0
            while written < len(data):
                written += system.write(fd, memoryview(data)[written:])
            system.fsync(fd)
        finally:
            system.close(fd)
        system.replace(temporary, path)
        for directory in (*changed, path.parent):
            _sync_directory(system, directory)


def open_file(path: Path, *, system: System, mode: int = FILE_MODE) -> int:
    """Open a file that is not a transcript for reading and writing, or create it."""
    with reported(path):
        return _open(system, path, os.O_RDWR, mode)[0]


def _open(system: System, path: Path, flags: int, mode: int) -> tuple[int, list[Path]]:
    """Open or create; also say which directories got a directory for that."""
    flags |= os.O_CREAT | os.O_CLOEXEC
    try:
        return system.open(path, flags, mode), []
    except FileNotFoundError:
        changed = _make_directories(system, path.parent)
        return system.open(path, flags, mode), changed


def _make_directories(system: System, directory: Path) -> list[Path]:
    try:
        system.mkdir(directory, DIRECTORY_MODE)
    except FileExistsError:  # another recorder was quicker
        return []
    except FileNotFoundError:
        changed = _make_directories(system, directory.parent)
        with contextlib.suppress(FileExistsError):
            system.mkdir(directory, DIRECTORY_MODE)
        return [*changed, directory.parent]
    return [directory.parent]


_NO_SUCH_SYNC: Final = {errno.EINVAL, errno.ENOTSUP}


def _sync_directory(system: System, directory: Path) -> None:
    fd = system.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, 0)
    try:
        system.fsync(fd)
    except OSError as error:
        # Some network file systems sync directories by themselves and refuse to be asked.
        if error.errno not in _NO_SUCH_SYNC:
            raise
    finally:
        system.close(fd)
