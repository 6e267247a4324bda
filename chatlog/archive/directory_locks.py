"""The locks of target directories: `flock` on the opened directory itself.

A recorder's byte range in `ROOT/.lock` is worth nothing once that file is
deleted, and two names that are linked to one directory have two byte ranges.
The directory is one, by whatever name, and its lock lasts as long as it does.
Each lock costs a descriptor. The kernel releases it when the process dies:
https://man7.org/linux/man-pages/man2/flock.2.html
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.descriptors import most_locked_directories

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# What is no directory cannot be written to either, which its first file tells.
_NOT_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})


class _Held(NamedTuple):
    """The descriptor of a locked directory, and its device and inode."""

    fd: int
    identity: tuple[int, int]


class DirectoryLocks:
    """The locks that one recorder holds on directories; not for use from several threads.

    A directory that cannot be locked counts as free: for want of descriptors, for
    its mode, or on a file system without such locks. Each such reason is logged once.
    """

    def __init__(self) -> None:
        self._held: dict[Path, _Held] = {}
        self._by_identity: dict[tuple[int, int], Path] = {}
        self._told: set[str] = set()

    def take(self, directory: Path) -> bool:
        """Lock a directory if it exists; return False if another recorder has locked it.

        To lock one twice is to lock it once. If another directory has its name by
        now, that one is locked, and the former one is released.
        """
        identity = _identity(directory)
        held = self._held.get(directory)
        if held is not None and held.identity == identity:
            return True
        self.release(directory)
        if identity is None:
            return True
        self._release_moved(identity)
        most = most_locked_directories()
        if len(self._held) >= most:
            limit = f"the limit of open files (ulimit -n) leaves descriptors for {most} directories"
            self._tell(directory, limit)
            return True
        return self._lock(directory)

    def has(self, directory: Path) -> bool:
        """Return whether we hold the directory that is there now, under this name alone."""
        held = self._held.get(directory)
        return (
            held is not None
            and held.identity == _identity(directory)
            and self._by_identity.get(held.identity) == directory
        )

    def _release_moved(self, identity: tuple[int, int]) -> None:
        former = self._by_identity.get(identity)
        if former is not None and _identity(former) != identity:
            self.release(former)

    def _lock(self, directory: Path) -> bool:
        try:
            fd = os.open(directory, _FLAGS)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                self._tell(directory, str(error.strerror))
            return True
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            if error.errno == errno.EWOULDBLOCK:
                return False
            self._tell(directory, str(error.strerror))
            return True
        state = os.fstat(fd)
        held = _Held(fd, (state.st_dev, state.st_ino))
        self._held[directory] = held
        self._by_identity[held.identity] = directory
        return True

    def _tell(self, directory: Path, reason: str) -> None:
        if reason not in self._told:
            self._told.add(reason)
            logger.warning(
                "%s is not locked itself, and so may be others: %s; as long as nobody deletes"
                " .lock, that alone keeps other recorders out",
                directory,
                reason,
            )

    def twin(self, directory: Path) -> Path | None:
        """Return the name under which we hold this directory, if that is another one."""
        identity = _identity(directory)
        other = self._by_identity.get(identity) if identity else None
        # One that was moved to this name is no twin: it has only one name.
        if other is None or other == directory or _identity(other) != identity:
            return None
        return other

    def is_held_elsewhere(self, directory: Path) -> bool:
        """Return whether another process has locked a directory; False if that cannot be known."""
        try:
            fd = os.open(directory, _FLAGS)
        except OSError:
            return False
        try:
            state = os.fstat(fd)
            if (state.st_dev, state.st_ino) in self._by_identity:
                return False
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno == errno.EWOULDBLOCK
        finally:
            os.close(fd)
        return False

    def release(self, directory: Path) -> None:
        """Release a directory, if it is locked."""
        held = self._held.pop(directory, None)
        if held is not None:
            del self._by_identity[held.identity]
            os.close(held.fd)

    def close(self) -> None:
        """Release every directory."""
        for directory in list(self._held):
            self.release(directory)


def _identity(directory: Path) -> tuple[int, int] | None:
    try:
        state = os.stat(directory)  # noqa: PTH116 - as for each opening of a segment
    except OSError:
        return None
    return state.st_dev, state.st_ino
