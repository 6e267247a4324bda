"""Tending an archive: mending, sealing and removing the segments that are due.

It never asks for the time. Whoever records a target tells which segments it
may still write to; for those that nobody records, the locks tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatlog.archive import manifest
from chatlog.archive.files import OddFileError, size_of
from chatlog.archive.inventory import Inventory
from chatlog.archive.targets import Targets
from chatlog.coverage import ledger
from chatlog.errors import TranscriptError
from chatlog.event import parse_time, shifted
from chatlog.upkeep import retention
from chatlog.upkeep.folding import fold, is_due
from chatlog.upkeep.holding import ELSEWHERE, Holding
from chatlog.upkeep.keeping import Keeping
from chatlog.upkeep.mending import mend
from chatlog.upkeep.merging import last_change
from chatlog.upkeep.sealing import Sealer, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from chatlog.archive.layout import SegmentName
    from chatlog.archive.locks import Locks
    from chatlog.archive.storage import Storage
    from chatlog.archive.system import System
    from chatlog.upkeep.retention import Retention

DEEDS: Final = ("sealed", "removed", "folded", "mended")
"""The deeds of tending, in the order in which they are shown."""
_GRACE: Final = 600_000
_CLOCK_SLACK: Final = 86_400_000


@dataclass
class Tended:
    """The result of tending: paths of segments and ledgers by deed, busy targets, and errors.

    `whole` has the targets that were tended to their end.
    """

    sealed: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)
    folded: list[Path] = field(default_factory=list)
    mended: list[Path] = field(default_factory=list)
    whole: list[Path] = field(default_factory=list)
    busy: list[Path] = field(default_factory=list)
    failed: list[TranscriptError] = field(default_factory=list)

    def paths(self, deed: str) -> list[Path]:
        """Return the files to which one of `DEEDS` was done."""
        deeds = {"sealed": self.sealed, "removed": self.removed, "folded": self.folded}
        return {**deeds, "mended": self.mended}[deed]


def tender_of(storage: Storage, system: System, locks: Locks) -> Tender:
    """Return the tender for an archive with these settings."""
    return Tender(
        storage.root,
        Sealer(system, locks, storage.compress, storage.file_mode),
        retention.Retention(Keeping(storage.root, storage.keeping), storage.keep_bytes),
        storage.rotate_size,
    )


@dataclass(frozen=True, slots=True)
class Tender:
    """Tend the targets of an archive.

    `rotate_size` is the size at which its segments end before their period
    does. A target that somebody else records is only rid of what is over.
    """

    root: Path
    sealer: Sealer
    retention: Retention
    rotate_size: int | None = None

    def tend(
        self, directories: Iterable[Path], holding: Callable[[Path], Holding], now: str
    ) -> Iterator[Tended]:
        """Tend one target after the other; yield the result so far after each."""
        done = Tended()
        for directory in directories:
            try:
                with self.sealer.locks.sealing(directory) as ours:
                    if ours:
                        self._tend(directory, holding(directory), now, done)
                    (done.whole if ours else done.busy).append(directory)
            except TranscriptError as error:
                done.failed.append(error)
            except StoppedError:
                done.busy.append(directory)
            yield done

    def foresee(
        self, directories: Iterable[Path], holding: Callable[[Path], Holding], now: str
    ) -> Iterator[Tended]:
        """Yield the result that `tend` would have, after each target, and change nothing."""
        done = Tended()
        for directory in directories:
            try:
                self._foresee(directory, holding(directory), now, done)
            except TranscriptError as error:
                done.failed.append(error)
            yield done

    def _foresee(self, directory: Path, held: Holding, now: str, done: Tended) -> None:
        inventory = Inventory(directory)
        going = retention.due(self.retention, inventory, held, now)
        if not held.elsewhere:
            groups = self._due(inventory, held.active, now)
            paths = [inventory.path(segment) for group in groups for segment in group]
            done.sealed += [path for path in paths if path not in going]
            done.folded += [directory / ledger.NAME] if is_due(directory, now) else []
        done.removed += going

    def repair(self, directory: Path) -> list[Path]:
        """Repair a target without losing data; return the mended files.

        Cuts torn ends and keeps them in events of their own, and goes on with
        what sealing or a removal left half done, unless the manifest is damaged.
        Nobody may record the target.
        """
        sealer, mended = self.sealer, []
        with sealer.locks.sealing(directory) as ours:
            if not ours:
                raise TranscriptError(f"another chatlog tends {directory} now; try again")
            if self._mend_manifest(directory):
                mended.append(directory / manifest.NAME)
            inventory = Inventory(directory)
            if not inventory.damaged:  # else SHA256SUMS has digests that are nowhere else
                sealer.finish(inventory)
            mended += self._mended(Inventory(directory), frozenset())
        return mended

    def _mend_manifest(self, directory: Path) -> bool:
        if not manifest.is_torn(directory):
            return False
        with self.sealer.locks.appending(directory):
            return manifest.mend(self.sealer.system, directory, self.sealer.mode)

    def _mended(self, inventory: Inventory, active: AbstractSet[Path]) -> list[Path]:
        """Mend segments that a crash tore; return their paths."""
        system, mode = self.sealer.system, self.sealer.mode
        return [
            inventory.path(segment)
            for segment in _closed(inventory, active)
            if mend(inventory, segment, system=system, mode=mode)
        ]

    def tend_held(
        self,
        directories: Collection[Path],
        active: AbstractSet[Path],
        now: str,
        is_over: Callable[[], bool],
    ) -> Tended:
        """Tend targets that this process records until `is_over`; return the result.

        If the run ends while a segment is sealed, the segment stays as it was.
        """
        ours, held = Holding(active=active), frozenset(directories)
        tender = replace(self, sealer=replace(self.sealer, is_over=is_over))
        tender = tender.bounded(lambda path: ours if path in held else ELSEWHERE, now)
        done = Tended()
        for done in tender.tend(directories, lambda _: ours, now):  # noqa: B007 - the last counts
            if is_over():
                break
        return done

    def fold_held(self, directories: Iterable[Path], now: str) -> Tended:
        """Compact the ledgers that are due of targets that this process records, and no more.

        For the end of a batch, which is too short for a round: of a long ledger one
        piece at a time.
        """
        done = Tended()
        for directory in directories:
            try:
                with self.sealer.locks.sealing(directory) as ours:
                    if ours:
                        folded = fold(directory, self.sealer, now, blocks=1)
                        done.folded += filter(None, [folded])
            except TranscriptError as error:
                done.failed.append(error)
        return done

    def finish_left(self, directories: Iterable[Path], is_late: Callable[[], bool]) -> Tended:
        """Finish seals and removals that killed runs began, in targets that this process records.

        For a run that ended before its first round; stop if `is_late`. Nothing is sealed.
        """
        done = Tended()
        for directory in directories:
            if is_late():
                break
            try:
                with self.sealer.locks.sealing(directory) as ours:
                    if ours:
                        self._mend_manifest(directory)
                        inventory = Inventory(directory)
                        _expect_whole_manifest(inventory)
                        self.sealer.finish(inventory)
            except TranscriptError as error:
                done.failed.append(error)
        return done

    def bounded(self, holding: Callable[[Path], Holding], now: str) -> Tender:
        """Return the tender with the retention that keeps the archive within its size."""
        if self.retention.keep_bytes is None:
            return self
        bound = retention.bound(self.retention, self.all(), holding, now)
        return replace(self, retention=bound)

    def all(self) -> list[Path]:
        """List the directories of all targets of the archive."""
        return [Path(target.path) for target in Targets(self.root).all()]

    def _tend(self, directory: Path, holding: Holding, now: str, done: Tended) -> None:
        self._mend_manifest(directory)
        inventory = Inventory(directory)
        done.failed += [OddFileError(path) for path in inventory.odd_files()]
        _expect_sound_clock(inventory, now)
        _expect_whole_manifest(inventory)
        self.sealer.finish(inventory)
        if not holding.elsewhere:
            inventory = Inventory(directory)
            done.mended += self._mended(inventory, holding.active)
            for group in self._due(inventory, holding.active, now):
                name = self.sealer.seal(inventory, group, now)
                done.sealed.append(directory / name)
            done.folded += filter(None, [fold(directory, self.sealer, now)])
        done.removed += retention.apply(self.retention, directory, holding, self.sealer, now)

    def _due(
        self, inventory: Inventory, active: AbstractSet[Path], now: str
    ) -> Iterator[list[SegmentName]]:
        """Yield the segments that are to be sealed, those of a period and class together."""
        quiet = shifted(now, -_GRACE)
        due = [
            segment
            for segment in _closed(inventory, active)
            if (_is_over(inventory, segment, quiet) or self._is_full(inventory, segment))
        ]
        for _, same in groupby(due, key=lambda segment: segment.series):
            group = list(same)
            if group[0].format.is_merged and not self._any_full(inventory, group):
                yield group
            else:
                yield from ([segment] for segment in group)

    def _any_full(self, inventory: Inventory, group: list[SegmentName]) -> bool:
        return any(self._is_full(inventory, segment) for segment in group)

    def _is_full(self, inventory: Inventory, segment: SegmentName) -> bool:
        """Return whether a segment ended because of its size."""
        later = any(
            other.part > segment.part
            for other in inventory.segments
            if other.series == segment.series
        )
        size = size_of(inventory.path(segment)) or 0
        return later and self.rotate_size is not None and size * 2 > self.rotate_size


def _closed(inventory: Inventory, active: AbstractSet[Path]) -> list[SegmentName]:
    """Return the unsealed segments without a writer, sorted by period, format and class."""
    plain = [
        segment
        for segment in inventory.segments
        if not segment.compression
        and str(segment) not in inventory.sealed
        and inventory.path(segment) not in active
    ]
    return sorted(plain, key=lambda segment: (*segment.series, segment.part))


def _is_over(inventory: Inventory, segment: SegmentName, quiet: str) -> bool:
    """Return whether a period is over, and its file was not changed for a while."""
    changed = last_change(inventory.path(segment))
    return inventory.period(segment).is_over(quiet) and changed <= quiet


def _expect_whole_manifest(inventory: Inventory) -> None:
    # What was sealed and is not known to be would be sealed again as it is now.
    if inventory.damaged:
        raise TranscriptError(
            f"{inventory.directory / manifest.NAME} is damaged; see `chatlog verify`,"
            " and nothing is sealed or removed there before it is restored"
        )


def _expect_sound_clock(inventory: Inventory, now: str) -> None:
    if inventory.last_time and parse_time(now) < parse_time(inventory.last_time) - _CLOCK_SLACK:
        raise TranscriptError(
            f"the clock says {now}, but {inventory.directory} was tended at"
            f" {inventory.last_time}; set the clock right, and nothing is sealed or removed before"
        )
