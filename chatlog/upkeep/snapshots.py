"""The snapshots of an archive in one directory: `2026-11-27T03-00-00Z`, …, and `latest`.

A snapshot has its name once it is whole and synced. `latest` is a link to the newest one.
Until then it is made in `.partial`; one that is removed is `.removed` meanwhile. So whatever
has the name of a snapshot is one, wherever a process was killed. `.chatlog-backup` is locked
by whoever makes a snapshot, and tells the directory from any other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatlog.archive.system import sync_directory
from chatlog.archive.version import NAME as FORMAT
from chatlog.errors import HeldError, UsageError
from chatlog.event import format_time, parse_time
from chatlog.upkeep.snapshot_files import refused, remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.archive.system import TreeSystem

LATEST: Final = "latest"
PARTIAL: Final = ".partial"
LOCK: Final = ".chatlog-backup"
_REMOVED: Final = ".removed"
_NAME: Final = re.compile(r"(?a)(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d)Z")
_OF_A_NEW_DISK: Final = {"lost+found"}
_MODE: Final = 0o750


class Snapshots:
    """The directory of the snapshots of an archive."""

    def __init__(self, directory: Path, system: TreeSystem) -> None:
        self.directory = directory
        self._system = system

    @property
    def partial(self) -> Path:
        """The directory in which a snapshot is made."""
        return self.directory / PARTIAL

    def names(self) -> list[str]:
        """Return the names of the snapshots, the oldest first."""
        with refused(self.directory):
            try:
                there = [each.name for each in self.directory.iterdir() if _is_snapshot(each)]
            except FileNotFoundError:
                return []
        return sorted(there)

    def newest(self) -> Path | None:
        """Return the path of the newest snapshot, None if there is none."""
        names = self.names()
        return self.directory / names[-1] if names else None

    def expect_place(self, archive: Path) -> None:
        """Raise UsageError unless snapshots of an archive can lie in the directory.

        It may be missing or empty, or have snapshots already.
        """
        there, root = Path(os.path.realpath(self.directory)), Path(os.path.realpath(archive))
        with refused(self.directory):
            self._expect_place(there, root)

    def _expect_place(self, there: Path, root: Path) -> None:
        if there == root or root in there.parents:
            raise UsageError(f"{self.directory} is in the archive itself; name a directory outside")
        if there.exists() and not there.is_dir():
            raise UsageError(f"{self.directory} is not a directory; name another one")
        if not there.parent.is_dir():
            raise UsageError(f"{there.parent} is not there; mount or make it first")
        names = {each.name for each in there.iterdir()} if there.exists() else set()
        if LOCK in names and there in root.parents:
            raise UsageError(f"{root} is one of the snapshots in {self.directory}")
        if FORMAT in names:
            raise UsageError(f"{self.directory} is an archive itself; name another directory")
        if LOCK not in names and not names <= _OF_A_NEW_DISK:
            raise UsageError(
                f"{self.directory} is not empty and no backup; name a new or an empty directory"
            )

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Lock the directory against other backups; make it if it is missing."""
        with refused(self.directory):
            with contextlib.suppress(FileExistsError):
                self._system.mkdir(self.directory, _MODE)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            fd = self._system.open(self.directory / LOCK, flags, 0o640)
        try:
            with refused(self.directory / LOCK):
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise HeldError(
                        f"another backup to {self.directory} is running; try again later"
                    ) from None
            self._finish_removals()
            yield
        finally:
            with refused(self.directory / LOCK):
                self._system.close(fd)

    def next_name(self, now: str) -> str:
        """Return the name of a snapshot of now; it sorts after all others.

        If the clock was set back, it is the second after that of the newest one.
        """
        moment = parse_time(now)
        if names := self.names():
            last = _NAME.fullmatch(names[-1])
            assert last is not None  # noqa: S101 - `names` has only such
            with contextlib.suppress(ValueError):  # a day that there cannot be
                before = parse_time("{}:{}:{}.000Z".format(*last.groups()))
                moment = max(moment, before + 1000)
        return f"{format_time(moment)[:19].replace(':', '-')}Z"

    def add(self, name: str) -> bool:
        """Give the snapshot that is made its name; return whether `latest` leads to it."""
        with refused(self.directory / name):
            self._system.replace(self.partial, self.directory / name)
            sync_directory(self._system, self.directory)
        link = self.directory / f".{LATEST}"
        try:
            with contextlib.suppress(FileNotFoundError):
                self._system.unlink(link)
            self._system.symlink(name, link)
            self._system.replace(link, self.directory / LATEST)
            sync_directory(self._system, self.directory)
        except OSError:  # a disk without symbolic links, or a directory in its way
            return False
        return True

    def keep(self, most: int) -> list[str]:
        """Remove the oldest snapshots until `most` are left; return the names of those removed."""
        gone = self.names()[:-most]
        for name in gone:
            with refused(self.directory / name):
                self._system.replace(self.directory / name, self.directory / f"{_REMOVED}-{name}")
        self._finish_removals()
        return gone

    def _finish_removals(self) -> None:
        with refused(self.directory):
            for each in sorted(self.directory.glob(f"{_REMOVED}-*")):
                remove_tree(each, self._system)


def _is_snapshot(path: Path) -> bool:
    is_named = _NAME.fullmatch(path.name) is not None
    return is_named and path.is_dir() and not path.is_symlink()
