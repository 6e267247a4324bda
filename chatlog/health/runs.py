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

from chatlog.archive.files import OddFileError, beginning_of, open_regular, reported
from chatlog.archive.system import FILE_MODE, System, open_file, replace_file
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DIRECTORY: Final = ".runs"
_NAME: Final = r"\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z-\d{1,10}"
_FILE: Final = re.compile(rf"(?a)(?P<half>\.)?(?P<run>{_NAME})\.(?(half)json\.\d+|(?:json|lock))")
"""A status, a lock, or a status that is being written."""
_KEPT: Final = 10
_LONGEST: Final = 8 * 1024 * 1024  # a status has some 300 bytes for each channel
_MOST: Final = 50
_STARTING: Final = 60.0
_NOT_KNOWN: Final = "the run goes on, but `chatlog status` will not know how it is"


def run_name(started: str, pid: int) -> str:
    """Return the name of a run; names sort by `started`, a time in the form of `Event.time`."""
    return f"{started.replace(':', '')}-{pid}"


def is_run_name(name: str) -> bool:
    """Return whether a name can be that of a run: `run_name` makes no other."""
    return re.fullmatch(f"(?a){_NAME}", name) is not None


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


def read_runs(root: Path, *, most: int = _MOST) -> list[Run]:
    """Return the newest `most` run files and those of all living runs, the newest first.

    None if nothing was ever recorded. Older files of dead runs wait for `prune`.
    """
    paths = [root / DIRECTORY / f"{name}.json" for name in _newest_first(_listed(root))]
    wanted = (path for number, path in enumerate(paths) if number < most or is_alive(path))
    found = [_read(path) for path in wanted]
    return [run for run in found if run is not None]


def read_run(root: Path, name: str) -> Run | None:
    """Return the file of the run of a name; None if there is none, or the name is of no run."""
    path = root / DIRECTORY / f"{name}.json"
    return _read(path) if _FILE.fullmatch(path.name) and path.stem == name else None


def _listed(root: Path) -> dict[str, list[Path]]:
    """Return the files of each run by its name, also those of a run without a status."""
    found: dict[str, list[Path]] = {}
    directory = root / DIRECTORY
    with reported(directory, doing="read"):
        try:
            names = os.listdir(directory)  # noqa: PTH208 - paths of thousands take long
        except FileNotFoundError:
            return {}
    for each in names:
        if parts := _FILE.fullmatch(each):
            found.setdefault(parts["run"], []).append(directory / each)
    return found


def _newest_first(listed: dict[str, list[Path]]) -> list[str]:
    """Return the names of the runs that have a status."""
    there = [name for name, paths in listed.items() if any(p.name == f"{name}.json" for p in paths)]
    return sorted(there, reverse=True)


def _read(path: Path) -> Run | None:
    try:
        data = beginning_of(path, _LONGEST)
    except TranscriptError as error:
        if not (isinstance(error, OddFileError) or isinstance(error.__cause__, IsADirectoryError)):
            raise
        data = b""  # which is no status, and so is reported
    return None if data is None else Run(path, data)  # it may be pruned since it was listed


def is_alive(path: Path) -> bool:
    """Return whether the run of a file still lives; any process may ask, and disturbs nothing."""
    lock = _lock_of(path)
    with reported(lock, doing="read"):
        try:
            fd = open_regular(lock, os.O_RDONLY)
        except (FileNotFoundError, IsADirectoryError, OddFileError):
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
    Locks and half-written files without a status go a minute after their last
    change. No more than `most` files are read.
    """
    listed = _listed(root)
    newest = _newest_first(listed)
    read = [_read(root / DIRECTORY / f"{name}.json") for name in newest[:most]]
    over = [run.path.stem for run in read if run is not None and is_over(run.data)]
    orphans = _settled(root, {name: listed[name] for name in listed.keys() - set(newest)})
    for name in {*over[keep:], *newest[most:], *orphans}:
        _remove(root / DIRECTORY / f"{name}.json", listed[name])


def _settled(root: Path, listed: dict[str, list[Path]]) -> list[str]:
    """Return the runs whose files changed long before the last change of their directory.

    A run that is just starting has a lock and no status yet.
    """
    changed = _mtime(root / DIRECTORY) if listed else 0.0
    return [
        name
        for name, paths in listed.items()
        if changed - max(map(_mtime, paths), default=0.0) > _STARTING
    ]


def _mtime(path: Path) -> float:
    with reported(path, doing="look at"):
        try:
            return path.lstat().st_mtime
        except FileNotFoundError:  # removed by another run
            return 0.0


def _remove(run: Path, paths: list[Path]) -> None:
    """Remove the files of a run unless it lives, the lock last."""
    if is_alive(run):
        return
    for path in sorted(paths, key=lambda path: path == _lock_of(run)):
        with reported(path, doing="remove"):
            path.unlink(missing_ok=True)
