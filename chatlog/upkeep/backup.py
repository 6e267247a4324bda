"""The backup of an archive while it is recorded: one more snapshot, which is an archive itself.

The order is what makes it safe. The status of each run comes first: it bounds the intervals
that are open. Then each target comes, its ledger before its lines (`target_snapshot`); then the
names of the networks, and FORMAT last, as a later version may have been needed meanwhile. All
is synced before the snapshot gets its name. Nothing in the archive is locked or written to.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.files import beginning_of
from chatlog.archive.inventory import SUMS
from chatlog.archive.networks import NAME as NETWORK
from chatlog.archive.rooms import NAME as ROOMS
from chatlog.archive.targets import Targets, scan
from chatlog.archive.version import NAME as FORMAT
from chatlog.errors import TranscriptError
from chatlog.upkeep.snapshot_files import DestinationError, SnapshotFiles
from chatlog.upkeep.target_snapshot import ChangedError, take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.archive.system import TreeSystem
    from chatlog.upkeep.snapshots import Snapshots
    from chatlog.upkeep.target_snapshot import TargetState

_OF_A_NETWORK: Final = (NETWORK, ROOMS)
_RUNS: Final = ".runs"
_MEMORIES: Final = (
    *(".channels.json", ".invitations.json", ".sts.json", ".spools"),
    *("OPTOUT", "SITEKEY"),
)
"""The small files that one run leaves for the next, the list of people who opted out, and the
key of anchors and pseudonyms."""
_LEFT_OUT: Final = {
    ".lock",
    _RUNS,
    ".pipe",
    ".takeover",
    ".ship",
    ".witnesses",
    "EXPORTS",
    ".exports",
}
_LONGEST: Final = 64 * 1024 * 1024
_TRIES: Final = 8
_PAUSE: Final = 0.05  # seconds, and twice as long before each further try


class Backup(NamedTuple):
    """A snapshot that was made, or would be: its path, its files, and those left out.

    `linked_files` are those that the snapshot before has as well. `unknown` are files that chatlog
    did not write, which are left out. `problems` are those of the archive, `failed` the
    targets that could not be copied; if none could, no snapshot is made. `removed` has the names
    of the old snapshots that went.
    """

    path: Path
    targets: int
    copied_files: int
    copied_bytes: int
    linked_files: int
    linked_bytes: int
    unknown: list[Path]
    problems: list[str]
    failed: list[TranscriptError]
    is_made: bool = True
    has_latest: bool = True
    removed: tuple[str, ...] = ()


def back_up(
    root: Path,
    snapshots: Snapshots,
    system: TreeSystem | None,
    now: str,
    *,
    keep: int | None = None,
    advance: Callable[[int], None] = lambda _bytes: None,
) -> Backup:
    """Make a snapshot of an archive; without a system, foresee it and write nothing.

    `keep` is the number of snapshots to keep, None for all; none is removed if something could
    not be copied. `advance` is called with each number of further bytes. Raise HeldError if another
    backup is running, DestinationError if the disk refuses; the earlier snapshots stay.
    """
    if system is None:
        name = snapshots.next_name(now)
        return _Run(root, snapshots, None, advance).copy(snapshots.directory / name)
    with snapshots.held():
        name = snapshots.next_name(now)
        done = _Run(root, snapshots, system, advance).copy(snapshots.directory / name)
        if done.failed and len(done.failed) >= done.targets:
            return done._replace(is_made=False)
        done = done._replace(has_latest=snapshots.add(name))
        if keep is not None and not done.failed:
            done = done._replace(removed=tuple(snapshots.keep(keep)))
    return done


class _Run:
    """One run of a backup."""

    def __init__(
        self,
        root: Path,
        snapshots: Snapshots,
        system: TreeSystem | None,
        advance: Callable[[int], None],
    ) -> None:
        self._root = root
        self._files = SnapshotFiles(snapshots.partial, snapshots.newest(), system, advance)
        self._unknown: list[Path] = []
        self._problems: list[str] = []
        self._failed: list[TranscriptError] = []

    def copy(self, path: Path) -> Backup:
        """Copy everything, and sync it."""
        self._copy_small(Path(_RUNS), self._run_files())
        targets = Targets(self._root)
        directories = [Path(target.path) for target in targets.all()]
        self._failed += targets.refused.values()
        for directory in directories:
            try:
                self._copy_target(directory)
            except DestinationError:
                raise
            except TranscriptError as error:  # one target hides no other
                self._files.drop_others(_relative(directory), ())
                self._failed.append(error)
        for network in sorted({directory.parent for directory in directories}):
            self._copy_small(Path(network.name), _OF_A_NETWORK)
            self._note_unknown(network, {*_OF_A_NETWORK})
        self._copy_small(Path(), _MEMORIES)
        self._copy_small(Path(), [FORMAT])
        self._note_unknown(self._root, {*_MEMORIES, *_LEFT_OUT, FORMAT})
        self._files.finish()
        return self._result(path, len(directories) + len(targets.refused))

    def _run_files(self) -> list[str]:
        items = scan(str(self._root / _RUNS))
        return [item.name for item in items if item.name.endswith(".json")]

    def _copy_small(self, place: Path, names: Iterable[str]) -> None:
        """Copy files that are only ever replaced as a whole; those that are missing are none."""
        for name in names:
            try:
                data = beginning_of(self._root / place / name, _LONGEST)
            except TranscriptError as error:
                self._failed.append(error)
                continue
            if data is not None:
                self._files.place_bytes(str(place / name), data)

    def _copy_target(self, directory: Path) -> None:
        """Copy a target in a state of one moment; once more if it changed meanwhile."""
        state = None
        for number in range(_TRIES):
            try:
                state = take(directory)
                self._place(state)
                state.expect_unchanged()
                break
            except ChangedError:
                if number == _TRIES - 1:
                    raise
                time.sleep(_PAUSE * 2**number)
        if state is not None:
            self._problems += state.problems
            self._unknown += [directory / name for name in state.unknown]

    def _place(self, state: TargetState) -> None:
        directory = _relative(state.directory)
        self._files.drop_others(directory, {SUMS, *(piece.name for piece in state.pieces)})
        for piece in state.pieces:
            self._files.place(directory, piece)
        if state.sums:
            self._files.place_bytes(f"{directory}/{SUMS}", state.sums)

    def _note_unknown(self, directory: Path, known: set[str]) -> None:
        """Note the names beside the directories of an archive that chatlog did not write."""
        for item in scan(str(directory)):
            is_part = item.is_dir() and not item.name.startswith(".")
            if not is_part and item.name not in known:
                self._unknown.append(directory / item.name)

    def _result(self, path: Path, targets: int) -> Backup:
        placed = self._files.placed.values()
        copied = [each.size for each in placed if not each.is_linked]
        linked = [each.size for each in placed if each.is_linked]
        return Backup(
            path=path,
            targets=targets,
            copied_files=len(copied),
            copied_bytes=sum(copied),
            linked_files=len(linked),
            linked_bytes=sum(linked),
            unknown=self._unknown,
            problems=[*self._problems, *self._files.problems],
            failed=self._failed,
        )


def _relative(directory: Path) -> str:
    """Return the directory of a target as the root of its archive sees it."""
    return f"{directory.parent.name}/{directory.name}"
