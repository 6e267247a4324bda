"""Run files: the status of each run in `ROOT/.runs/STARTED-PID.json`, replaced at every heartbeat.

Beside it lies STARTED-PID.lock. The run holds a lock on that, which the kernel
releases when the process dies: this lock, and never a pid, tells whether a run
lives. `status` knows the meaning of the bytes. Nothing is synced: a status is
written again in a moment, and a sync would wake the disk each time. Only files
whose names are given here are removed.
"""

from __future__ import annotations

import fcntl
import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.files import reported
from chatlog.archive.system import FILE_MODE, System, open_file, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIRECTORY: Final = ".runs"
_FILE: Final = r"(?a)\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-\d{1,10}\.json"
_KEPT: Final = 10
_MOST: Final = 50
_NOT_KNOWN: Final = "the run goes on, but `chatlog status` will not know how it is"


def run_name(started: str, pid: int) -> str:
    """Return the name of a run; names sort by `started`, a time in the form of `Event.time`."""
    return f"{started.replace(':', '')}-{pid}"


class RunFile:
    """The status file of one run, locked until `close` or the end of the process.

    Every failure is a TranscriptError. None concerns a transcript, so that the
    run may go on.
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
        """Replace the content: every reader finds the old or the new."""
        replace_file(
            self.path,
            data,
            system=self._system,
            mode=self._mode,
            durable=False,
            advice=_NOT_KNOWN,
        )

    def free(self) -> int:
        """Return the room on the file's disk for this user, in bytes."""
        with reported(self.path, doing="ask for the room of"):
            disk = os.fstatvfs(self._fd)
        return disk.f_bavail * disk.f_frsize

    def close(self) -> None:
        """Release the lock: the run is over."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock")


class Run(NamedTuple):
    """The path and the content of a run file."""

    path: Path
    data: bytes


def read_runs(root: Path) -> list[Run]:
    """Return the files of all runs, the newest first; none if nothing was ever recorded."""
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
    """Return whether the run of a file still lives; any process may ask, and disturbs nothing."""
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
    """Remove the files of old runs: those whose end is in their status, but for the newest `keep`.

    The file of a run that died stays while it is among the newest `most` of
    all, as it bounds the coverage of that run. The files of living runs stay.
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
