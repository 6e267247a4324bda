"""The import of logs, round by round: files are read and staged, and the stage is merged.

Nothing reaches the archive before a round of files is staged; each target is then merged at
once. An import that was killed is done again: what it had brought is there already.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog import forked
from chatlog.archive.files import reported
from chatlog.archive.system import System, make_directories
from chatlog.ingest.daily_files import DailyFiles
from chatlog.ingest.log_files import PassedOver
from chatlog.ingest.log_reader import LogReader
from chatlog.ingest.staging import EVERY_TARGET, PREFIX, Stage
from chatlog.upkeep.witness import Witness
from chatlog.upkeep.witness_workers import MergesOfTargets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.archive.storage import Storage
    from chatlog.ingest.log_files import LogFile
    from chatlog.ingest.log_reader import ImportedLog, ReadLog
    from chatlog.ingest.options import ImportOptions
    from chatlog.upkeep.witness import TargetPlace
    from chatlog.upkeep.witness_merge import MergedTarget

    Progress = Callable[[str, int], None]
    """Takes what is being done in words, and the bytes of logs that are done."""

_LOCK: Final = "lock"
_AT_ONCE: Final = 128 * 1024
"""Bytes of files that are read as one task: each costs a message to and from a process."""
_MOST_FILES: Final = 64


class LogImport:
    """The import of files into an archive; without `writes`, the archive stays as it is.

    `logs` has the result of each file, `targets` that of each target, `passed_over` what was
    no file. `damaged` are the witnesses of the archive itself, with the damage that was met.
    """

    def __init__(
        self, options: ImportOptions, storage: Storage, at: str, *, writes: bool, workers: int
    ) -> None:
        self.logs: list[ImportedLog] = []
        self.passed_over: list[PassedOver] = []
        self.targets: dict[TargetPlace, MergedTarget] = {}
        self.known: list[Witness] = []
        self._storage = storage
        self._writes = writes
        self._workers = workers
        self._at = at
        self._options = options
        self._done = 0  # bytes
        self._daily = DailyFiles()

    def run(self, files: Sequence[LogFile | PassedOver], show: Progress) -> None:
        """Import files; raise TranscriptError if the stage or the archive cannot be written."""
        self.passed_over = [each for each in files if isinstance(each, PassedOver)]
        logs = [each for each in files if not isinstance(each, PassedOver)]
        with _stage_directory(self._storage.root if self._writes else None) as directory:
            read = chain.from_iterable(forked.in_order(self._read(logs, directory)))
            is_last, number = False, 0
            while not is_last:
                stage = Stage(directory / f"round{number}", self._storage.root)
                is_last = self._fill(stage, read, show)
                self._merge(stage, show)
                stage.remove()
                number += 1

    def _read(
        self, logs: Sequence[LogFile], directory: Path
    ) -> Iterator[tuple[int, list[ReadLog]]]:
        """Yield files that are read, by several processes, some at once, and their numbers."""
        ranges = [*tasks(logs)]

        @contextmanager
        def reading() -> Iterator[Callable[[int], list[ReadLog]]]:
            reader = LogReader(self._options, self._at)
            yield lambda number: [
                reader.read(logs[each], directory / f"log{each}") for each in ranges[number]
            ]

        return forked.results(reading, len(ranges), self._workers)

    def _fill(self, stage: Stage, read: Iterator[ReadLog], show: Progress) -> bool:
        """Stage files until the stage is full; return whether none is left."""
        for result, staged in read:
            self.logs.append(result)
            self._done += result.file.size
            if staged is not None:
                stage.add(self._daily.joined(staged), self._at)
            show(f"reading {result.file.path}", self._done)
            if stage.is_full:
                return False
        return True

    def _merge(self, stage: Stage, show: Progress) -> None:
        """Merge the stage into the archive."""
        witnesses = [*stage.witnesses()]
        if not witnesses:
            return
        known = Witness("", self._storage.root, EVERY_TARGET)
        self.known.append(known)
        storage = self._storage if self._writes else None
        merges = MergesOfTargets(known, witnesses, storage, self._at)
        for place, result in merges.results(self._workers):
            show(f"merging {place.network}/{place.target}", self._done)
            earlier = self.targets.get(place)
            self.targets[place] = result if earlier is None else _together(earlier, result)


def tasks(logs: Sequence[LogFile]) -> Iterator[range]:
    """Yield ranges of files that one process reads at once: one large one, or several small."""
    begin = size = 0
    for number, log in enumerate(logs):
        size += log.size
        if size >= _AT_ONCE or number - begin == _MOST_FILES - 1:
            yield range(begin, number + 1)
            begin, size = number + 1, 0
    if begin < len(logs):
        yield range(begin, len(logs))


def _together(earlier: MergedTarget, later: MergedTarget) -> MergedTarget:
    """Return the result of two rounds of one target."""
    return msgspec.structs.replace(
        later,
        known=earlier.known,
        added=earlier.added + later.added,
        left=earlier.left + later.left,
        shared=earlier.shared + later.shared,
        reordered=earlier.reordered + later.reordered,
        by_clock=earlier.by_clock + later.by_clock,
        conflicting=earlier.conflicting + later.conflicting,
        conflicts=earlier.conflicts + later.conflicts,
        error=earlier.error or later.error,
        is_held=earlier.is_held or later.is_held,
    )


@contextmanager
def _stage_directory(root: Path | None) -> Iterator[Path]:
    """Yield a directory for stages, in an archive or, if nothing is written, elsewhere.

    Those that killed imports left in the archive are removed first.
    """
    if root is not None:
        with reported(root):
            make_directories(System(), root)
        _remove_left(root)
    with reported(root or tempfile.gettempdir()):
        directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    try:
        with reported(directory), open(directory / _LOCK, "w", encoding="ascii") as lock:  # noqa: PTH123
            fcntl.flock(lock, fcntl.LOCK_EX)  # released if we are killed
            yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _remove_left(root: Path) -> None:
    """Remove the stages of imports that are no longer running."""
    for left in root.glob(f"{PREFIX}*"):
        with suppress(OSError), open(left / _LOCK, "rb") as lock:  # noqa: PTH123
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)


def size_of_all(files: Iterable[LogFile | PassedOver]) -> int:
    """Return the bytes of all files."""
    return sum(0 if isinstance(each, PassedOver) else each.size for each in files)
