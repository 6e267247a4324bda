"""The file of each run: `ROOT/.runs/STARTED-PID.json`, replaced at every heartbeat.

Beside it lies STARTED-PID.lock. The run holds a lock on that, which the kernel
releases when the process dies: this, and never a pid, says whether a run
lives. What the bytes mean is not known here, nothing is synced, and no file is
removed but one with a name that is given here.
"""

from __future__ import annotations

import dataclasses
import fcntl
import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.files import reported
from chatlog.archive.segment import FILE_MODE, System, open_file, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIRECTORY: Final = ".runs"
_FILE: Final = r"(?a)\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-\d{1,10}\.json"
_KEPT: Final = 10
_MOST: Final = 50


def run_name(started: str, pid: int) -> str:
    """Name a run after a time of the form of `Event.time` and its process; names sort by time."""
    return f"{started.replace(':', '')}-{pid}"


class RunFile:
    """The file of one run, which lives for others until `close` or the end of the process.

    Every failure is a TranscriptError; it never concerns a transcript, so that
    the run may go on.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        *,
        system: System = System(),  # noqa: B008 - immutable
        mode: int = FILE_MODE,
    ) -> None:
        self.path = root / DIRECTORY / f"{name}.json"
        self._system = system
        self._mode = mode
        lock = _lock_of(self.path)
        self._fd = open_file(lock, system=system, mode=mode)
        try:
            with reported(lock, doing="lock"):
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            self.close()
            raise

    def write(self, data: bytes) -> None:
        """Replace the content of the file atomically: readers see the old or the new."""
        replace_unsynced(self.path, data, system=self._system, mode=self._mode)

    def free(self) -> int:
        """Return how many bytes this user may still write to the disk that the file is on."""
        with reported(self.path, doing="ask for the room of"):
            disk = os.fstatvfs(self._fd)
        return disk.f_bavail * disk.f_frsize

    def close(self) -> None:
        """Release the lock: the run is over."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def replace_unsynced(path: Path, data: bytes, *, system: System, mode: int) -> None:
    """Replace a small file as `replace_file` does, but let a power cut take it.

    For what is written again in a moment: to sync it would wake the disk each time.
    """
    replace_file(path, data, system=dataclasses.replace(system, fsync=_let_be), mode=mode)


def _let_be(_fd: int) -> None:
    pass


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


class Run(NamedTuple):
    """The file of a run, and its content."""

    path: Path
    data: bytes


def read_runs(root: Path) -> list[Run]:
    """Read the files of all runs, the newest first; none where nothing was ever recorded."""
    directory = root / DIRECTORY
    with reported(directory, doing="read"):
        try:
            paths = [path for path in directory.iterdir() if re.fullmatch(_FILE, path.name)]
        except FileNotFoundError:
            return []
    found = [_read(path) for path in sorted(paths, reverse=True)]
    return [run for run in found if run is not None]


def _read(path: Path) -> Run | None:
    with reported(path, doing="read"):
        try:
            return Run(path, path.read_bytes())
        except FileNotFoundError:  # pruned since it was listed
            return None


def is_alive(path: Path) -> bool:
    """Say whether the run of a file still lives, from any process and without disturbing it."""
    lock = _lock_of(path)
    with reported(lock, doing="read"):
        try:
            fd = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            # Shared, so that two who ask at once do not take each other for the run.
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
    return False


def prune(
    root: Path, is_over: Callable[[bytes], bool], *, keep: int = _KEPT, most: int = _MOST
) -> None:
    """Remove the files of old runs: of those that said that they ended all but the newest.

    What a run that died left is kept while it is among the newest `most` of
    all, as it bounds when that run heard its last. Living runs are never touched.
    """
    runs = read_runs(root)
    over = [run for run in runs if is_over(run.data)]
    for path in {run.path for run in (*over[keep:], *runs[most:])}:
        if not is_alive(path):
            _remove(path)


def _remove(path: Path) -> None:
    with reported(path, doing="remove"):
        for each in (*path.parent.glob(f".{path.name}.*"), path, _lock_of(path)):
            each.unlink(missing_ok=True)
