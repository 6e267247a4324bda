"""The system calls that change an archive, and operations on whole files.

With `segment`, which appends, this is the only module that changes files of an
archive. It does so through the `System` that it is handed, so that a test can
fail each call. `files`, which only reads, is apart: reading starts without this.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chatlog.archive.files import open_regular, reported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

DIRECTORY_MODE: Final = 0o750
FILE_MODE: Final = 0o640
_ANY_MODE: Final = 0o666  # less the umask, as for any program
_NO_SUCH_SYNC: Final = {errno.EINVAL, errno.ENOTSUP}


@dataclass(frozen=True, slots=True)
class System:
    """The system calls that change an archive."""

    open: Callable[[Path, int, int], int] = os.open
    write: Callable[[int, bytes | memoryview], int] = os.write
    ftruncate: Callable[[int, int], None] = os.ftruncate
    fsync: Callable[[int], None] = os.fsync
    close: Callable[[int], None] = os.close
    mkdir: Callable[[Path, int], None] = os.mkdir
    replace: Callable[[Path, Path], None] = os.replace
    unlink: Callable[[Path], None] = os.unlink


@dataclass(frozen=True, slots=True)
class TreeSystem(System):
    """The system calls that make and remove whole trees of files: those of a backup."""

    link: Callable[[Path, Path], None] = os.link
    symlink: Callable[[str, Path], None] = os.symlink
    rmdir: Callable[[Path], None] = os.rmdir


def replace_file(
    path: Path,
    data: bytes,
    *,
    system: System = System(),
    mode: int | None = FILE_MODE,
    durable: bool = True,
    parents: bool = True,
    advice: str = "",
) -> None:
    """Replace a small file atomically: every reader finds the old content or the new.

    The data goes to a temporary file in the same directory, which then takes
    the name, and is removed on failure. A killed process leaves the old file or
    the new one, and so does a power cut if `durable`; otherwise nothing is
    synced. `mode` is less the umask; None keeps the mode of the file that is
    replaced. `parents` makes missing directories. Raise TranscriptError, with
    `advice` as its next step.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with reported(path, advice=advice):
        mode = _mode_of(path) if mode is None else mode
        with removed_on_failure(temporary, system):
            changed = _write(temporary, [data], system, mode, durable=durable, parents=parents)
            system.replace(temporary, path)
        for directory in (*changed, path.parent) if durable else ():
            sync_directory(system, directory)


def write_aside(path: Path, blocks: Iterable[bytes], *, system: System, mode: int) -> None:
    """Write and sync a file under a name that no reader looks for; on failure remove it."""
    with reported(path), removed_on_failure(path, system):
        _write(path, blocks, system, mode)


def move(path: Path, to: Path, *, system: System) -> None:
    """Rename a file within its directory, durably; a file that had the name is gone."""
    with reported(to):
        system.replace(path, to)
        sync_directory(system, to.parent)


def remove(paths: Iterable[Path], *, system: System) -> None:
    """Remove files durably; those that are gone already are no error."""
    directories = set()
    for path in paths:
        with reported(path, doing="remove"), contextlib.suppress(FileNotFoundError):
            system.unlink(path)
            directories.add(path.parent)
    for directory in directories:
        with reported(directory, doing="sync"):
            sync_directory(system, directory)


def open_file(path: Path, *, system: System, mode: int = FILE_MODE) -> int:
    """Open a file that is not a transcript for reading and writing; create it if it is missing."""
    with reported(path):
        return open_or_create(system, path, os.O_RDWR, mode)[0]


def open_or_create(
    system: System, path: Path, flags: int, mode: int, *, parents: bool = True
) -> tuple[int, list[Path]]:
    """Return a descriptor, and the directories in which a directory was made for it."""
    flags |= os.O_CREAT
    try:
        return open_regular(path, flags, mode, open_=system.open), []
    except FileNotFoundError:
        if not parents:
            raise
        changed = make_directories(system, path.parent)
        return open_regular(path, flags, mode, open_=system.open), changed


def try_lock(fd: int, path: Path, *, waits: bool = False) -> bool:
    """Lock an open file against other processes; return False if another one has locked it.

    If it `waits`, it returns once the file is unlocked. The kernel releases the lock when the
    file is closed, or the process dies. Raise TranscriptError if the file system has no such
    locks.
    """
    with reported(path, doing="lock"):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
    return True


def sync_directory(system: System, directory: Path) -> None:
    """Sync the names in a directory."""
    fd = system.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, 0)
    try:
        system.fsync(fd)
    except OSError as error:
        # Some network file systems sync directories by themselves and refuse to be asked.
        if error.errno not in _NO_SUCH_SYNC:
            raise
    finally:
        system.close(fd)


def make_directories(system: System, directory: Path, mode: int = DIRECTORY_MODE) -> list[Path]:
    """Make a directory and those above it; return the directories in which one was made.

    `mode` is less the umask. A directory that is there already stays as it is.
    """
    try:
        system.mkdir(directory, mode)
    except FileExistsError:  # another recorder was quicker
        return []
    except FileNotFoundError:
        changed = make_directories(system, directory.parent, mode)
        with contextlib.suppress(FileExistsError):
            system.mkdir(directory, mode)
        return [*changed, directory.parent]
    return [directory.parent]


@contextlib.contextmanager
def removed_on_failure(path: Path, system: System) -> Iterator[None]:
    """Remove a file if the block does not end well, also by Ctrl-C; ignore errors of that."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):
            system.unlink(path)
        raise


def _write(
    path: Path,
    blocks: Iterable[bytes],
    system: System,
    mode: int,
    *,
    durable: bool = True,
    parents: bool = True,
) -> list[Path]:
    flags = os.O_WRONLY | os.O_TRUNC
    fd, changed = open_or_create(system, path, flags, mode, parents=parents)
    try:
        for block in blocks:
            write_all(fd, block, system)
        if durable:
            system.fsync(fd)
    finally:
        system.close(fd)
    return changed


def write_all(fd: int, data: bytes, system: System) -> None:
    """Write all bytes to a descriptor, by as many calls as that takes."""
    written = 0
    while written < len(data):
        written += system.write(fd, memoryview(data)[written:])


def _mode_of(path: Path) -> int:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return _ANY_MODE
