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
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.files import reported, transcript_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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
    unlink: Callable[[Path], None] = os.unlink


class Unsynced(NamedTuple):
    """What a power cut could still take: a file's bytes, and names in directories.

    `identity` is the file that was written to, wherever its name points to now;
    `size` how much of it was.
    """

    path: Path
    identity: tuple[int, int]
    size: int
    directories: tuple[Path, ...] = ()


class Segment:
    """One append-only file; at rest it ends with a whole line.

    Opening creates the file, and the directories above it, where they are
    missing. A last line without its newline is cut off, and `torn` holds its
    bytes; `zeros` is how many zero bytes followed, as a power cut leaves them.
    Every failure is a TranscriptError. A killed process loses nothing that was
    written; a power cut nothing of what `unsynced` returned before, once that
    was synced.
    """

    def __init__(self, path: Path, *, system: System, mode: int = FILE_MODE) -> None:
        self.path = path
        self._system = system
        self._ragged = False  # bytes after `size` wait for their truncation
        self._dirty = False
        with reported(path):
            self._fd, self._changed = _open(system, path, os.O_RDWR | os.O_APPEND, mode)
            try:
                state = os.fstat(self._fd)
                self.identity = state.st_dev, state.st_ino
                self.size = state.st_size
                self.torn, self.zeros = self._cut_torn_line()
            except OSError:
                system.close(self._fd)
                raise
        if not self.size:
            self._changed.append(path.parent)

    def _cut_torn_line(self) -> tuple[bytes, int]:
        end = _end_before_zeros(self._fd, self.size)
        zeros = self.size - end
        self.size = _line_start(self._fd, end)
        torn = os.pread(self._fd, end - self.size, self.size)
        if torn or zeros:
            self._cut()
        return torn, zeros

    def last_line(self) -> bytes:
        """Read the last line with its newline; empty where there is none."""
        with reported(self.path, doing="read"):
            start = _line_start(self._fd, self.size - 1)
            return os.pread(self._fd, self.size - start, start)

    def lines_from(self, start: int) -> bytes:
        """Read what was written behind `start`, also where the file has no name any more."""
        with reported(self.path, doing="read"):
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
            self._dirty = True
            written = self._system.write(self._fd, data)
            while written < len(data):
                written += self._system.write(self._fd, memoryview(data)[written:])
        except OSError as error:
            self.size += data.rfind(b"\n", 0, written) + 1
            self._ragged = True
            with contextlib.suppress(OSError):
                self._cut()
            raise transcript_error(self.path, error) from error
        self.size += written

    def _cut(self) -> None:
        self._system.ftruncate(self._fd, self.size)
        self._ragged = False
        self._dirty = True

    def unsynced(self) -> Unsynced | None:
        """Hand over what is not synced yet; from now on that is the caller's business."""
        if not self._dirty and not self._changed:
            return None
        self._dirty, changed, self._changed = False, tuple(self._changed), []
        return Unsynced(self.path, self.identity, self.size, changed)

    def is_in_place(self) -> bool:
        """Say whether its name still leads to this file."""
        with reported(self.path, doing="look at"):
            return _identity(self.path) == self.identity

    def is_nameless(self) -> bool:
        """Say whether the file has no name at all any more: with us its lines would go."""
        with reported(self.path, doing="look at"):
            return os.fstat(self._fd).st_nlink == 0

    def close(self) -> None:
        """Let go of the file, synced or not."""
        with reported(self.path):
            self._system.close(self._fd)


def sync(item: Unsynced, *, system: System) -> bool:
    """Make a file and its name outlive a power cut; say no where it is not there any more.

    It is found by its name, so that whoever wrote it may have closed it, and
    any thread may do this.
    """
    with reported(item.path, doing="sync"):
        try:
            there = _sync_file(item, system)
            for directory in item.directories if there else ():
                _sync_directory(system, directory)
        except (FileNotFoundError, NotADirectoryError):  # gone since it was looked at
            return False
    return there


def is_there(item: Unsynced, *, system: System) -> bool:  # noqa: ARG001 - called as `sync` is
    """Say whether a file is where it was written, and sync nothing."""
    with reported(item.path, doing="look at"):
        return _identity(item.path) == item.identity


def _sync_file(item: Unsynced, system: System) -> bool:
    if _identity(item.path) != item.identity:
        return False
    fd = system.open(item.path, os.O_RDONLY | os.O_CLOEXEC, 0)
    try:
        system.fsync(fd)
    finally:
        system.close(fd)
    return True


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        state = os.stat(path)  # noqa: PTH116 - asked often, and of many
    except (FileNotFoundError, NotADirectoryError):
        return None
    return state.st_dev, state.st_ino


_BLOCK: Final = 64 * 1024


def _line_start(fd: int, end: int) -> int:
    while end > 0:
        start = max(0, end - _BLOCK)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _end_before_zeros(fd: int, end: int) -> int:
    while end > 0:
        start = max(0, end - _BLOCK)
        kept = os.pread(fd, end - start, start).rstrip(b"\0")
        if kept:
            return start + len(kept)
        end = start
    return 0


def replace_file(path: Path, data: bytes, *, system: System, mode: int = FILE_MODE) -> None:
    """Write a small file so that at any moment it has the old content or the new."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with reported(path):
        try:
            changed = _write_file(temporary, data, system, mode)
            system.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                system.unlink(temporary)
            raise
        for directory in (*changed, path.parent):
            _sync_directory(system, directory)


def _write_file(path: Path, data: bytes, system: System, mode: int) -> list[Path]:
    fd, changed = _open(system, path, os.O_WRONLY | os.O_TRUNC, mode)
    try:
        _write_all(fd, data, system)
        system.fsync(fd)
    finally:
        system.close(fd)
    return changed


def _write_all(fd: int, data: bytes, system: System) -> None:
    written = 0
    while written < len(data):
        written += system.write(fd, memoryview(data)[written:])


def write_aside(path: Path, blocks: Iterable[bytes], *, system: System, mode: int) -> None:
    """Write a file that nobody reads yet, and sync it; on failure there is none."""
    with reported(path):
        try:
            fd, _ = _open(system, path, os.O_WRONLY | os.O_TRUNC, mode)
            try:
                for block in blocks:
                    _write_all(fd, block, system)
                system.fsync(fd)
            finally:
                system.close(fd)
        except BaseException:
            with contextlib.suppress(OSError):
                system.unlink(path)
            raise


def move(path: Path, to: Path, *, system: System) -> None:
    """Give a file of a directory another name there, for good, and whatever had it is gone."""
    with reported(to):
        system.replace(path, to)
        _sync_directory(system, to.parent)


def remove(paths: Iterable[Path], *, system: System) -> None:
    """Remove files of one directory, for good; those that are gone already are no error."""
    directories = set()
    for path in paths:
        with reported(path, doing="remove"), contextlib.suppress(FileNotFoundError):
            system.unlink(path)
            directories.add(path.parent)
    for directory in directories:
        with reported(directory, doing="sync"):
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
