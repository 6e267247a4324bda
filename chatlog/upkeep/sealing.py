"""Sealing: parts that get no more lines become one file, checked, compressed and recorded.

The order is what makes it safe: the sealed file is written aside, synced and
read back; the manifest names it and its parts; then it gets its name; only
then the parts go. Whatever stops this at any point, `Sealer.finish` goes on
from what the manifest says.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.archive import manifest
from chatlog.archive.compression import COMPRESSIONS, DamagedError
from chatlog.archive.files import blocks_of, sha256_of, size_of
from chatlog.archive.inventory import ASIDE, SUMS, Inventory
from chatlog.archive.manifest_entries import SealedContent, SealedEntry, SealedPart
from chatlog.archive.segment import sync
from chatlog.archive.syncing import Exposed
from chatlog.archive.system import (
    FILE_MODE,
    move,
    remove,
    removed_on_failure,
    replace_file,
    write_aside,
)
from chatlog.errors import TranscriptError
from chatlog.upkeep.merging import Tally, arrival_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.archive.layout import SegmentName
    from chatlog.archive.locks import Locks
    from chatlog.archive.manifest_entries import ManifestEntry
    from chatlog.archive.system import System
    from chatlog.formats.format import Format

_SUMS_ASIDE: Final = f".{SUMS}."


class StoppedError(Exception):
    """The end of a run while it seals or folds; the target stays as it was before."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals the segments of an archive; the caller holds the target's seal lock.

    `compression` is a name of `COMPRESSIONS`. Every failure is a
    TranscriptError and loses nothing: before the manifest's entry the parts
    are as they were, after it the sealed file is there to take their place.
    `is_over` is asked for each block, in any thread: if it is true before the entry,
    StoppedError is raised, and the file aside is removed.
    """

    system: System
    locks: Locks
    compression: str = "gzip"
    mode: int = FILE_MODE
    is_over: Callable[[], bool] = bool

    def until_over(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield blocks; raise StoppedError if the run is over."""
        for block in blocks:
            if self.is_over():
                raise StoppedError
            yield block

    def seal(self, inventory: Inventory, group: list[SegmentName], now: str) -> str:
        """Seal plain segments of one period and format into one; return its name."""
        way = COMPRESSIONS[self.compression]
        final = str(replace(group[-1], compression=way.suffix))
        if len(group) == 1 and not way.suffix:
            entry = self._as_it_is(inventory, group[0], now)
        else:
            entry = self._made_aside(inventory, group, final, now)
        self.record(inventory.directory, entry)
        self.finish(Inventory(inventory.directory))
        return final

    def _as_it_is(self, inventory: Inventory, segment: SegmentName, now: str) -> SealedEntry:
        part = _read(inventory.path(segment))
        tally = Tally(segment.format)
        for _ in tally.counted(lines_of([inventory.path(segment)], segment.format)):
            pass
        if tally.sha256 != part.sha256:
            raise _changed(inventory.path(segment))
        received = arrival_of(tally, [inventory.path(segment)])
        return _entry(part, tally, [part], received, now)

    def _made_aside(
        self, inventory: Inventory, group: list[SegmentName], final: str, now: str
    ) -> SealedEntry:
        paths = [inventory.path(segment) for segment in group]
        parts = [_read(path) for path in paths]
        aside = inventory.directory / f".{final}{ASIDE}"
        # The manifest does not name it yet, so that nobody needs it after a failure.
        with removed_on_failure(aside, self.system):
            tally = self._write_aside(aside, paths, group[0].format)
            if tally.bytes != sum(part.bytes for part in parts) or _sizes(paths) != tally.bytes:
                raise _changed(paths[0])
            sealed = SealedPart(final, sha256_of(aside), size_of(aside) or 0)
            received = arrival_of(tally, paths)
            return _entry(sealed, tally, parts, received, now)

    def _write_aside(self, aside: Path, paths: list[Path], made_in: Format) -> Tally:
        """Write the lines of parts compressed, and read them back; return their tally."""
        way, tally = COMPRESSIONS[self.compression], Tally(made_in)
        blocks = way.compressed(self.until_over(tally.counted(lines_of(paths, made_in))))
        write_aside(aside, blocks, system=self.system, mode=self.mode)
        _compare(aside, self.until_over(way.decompressed(blocks_of(aside))), tally)
        return tally

    def record(self, directory: Path, *entries: ManifestEntry) -> None:
        """Add entries to a target's manifest, and sync them together."""
        exposed = Exposed()
        with self.locks.appending(directory):
            for entry in entries:
                manifest.append(self.system, directory, entry, self.mode, exposed=exposed)
        for item in exposed.take():
            if not sync(item, system=self.system):
                raise TranscriptError(f"{item.path} was taken away while it was written")

    def finish(self, inventory: Inventory) -> None:
        """Finish a seal or a removal that stopped half-way, by the entries of the manifest.

        Nothing is removed whose bytes are not those that the manifest names.
        """
        self._finish_asides(inventory)
        leftovers = [*_leftover_parts(inventory), *_leftover_removed(inventory)]
        asides = [inventory.path(name) for name in inventory.names if name.startswith(_SUMS_ASIDE)]
        self.write_sums(inventory)
        remove([*leftovers, *asides], system=self.system)

    def _finish_asides(self, inventory: Inventory) -> None:
        for name in inventory.names:
            if name.startswith(".") and name.endswith(ASIDE):
                aside, final = inventory.path(name), name[1 : -len(ASIDE)]
                entry = inventory.sealed.get(final)
                if entry is not None and sha256_of(aside) == entry.sha256:
                    move(aside, inventory.path(final), system=self.system)
                else:
                    remove([aside], system=self.system)

    def write_sums(self, inventory: Inventory) -> None:
        """Write SHA256SUMS anew if the manifest has other sealed segments."""
        path, sums = inventory.directory / SUMS, inventory.sums()
        if sums == inventory.written_sums():
            return
        if sums:
            replace_file(path, sums, system=self.system, mode=self.mode)
        else:
            remove([path], system=self.system)


def _entry(
    sealed: SealedPart, tally: Tally, parts: Iterable[SealedPart], received: str, now: str
) -> SealedEntry:
    return SealedEntry(
        segment=sealed.segment,
        sha256=sealed.sha256,
        bytes=sealed.bytes,
        content=SealedContent(tally.sha256, tally.bytes, tally.lines),
        first=tally.first,
        last=tally.last,
        received=received,
        parts=tuple(parts),
        at=now,
    )


def _read(path: Path) -> SealedPart:
    digest, size = hashlib.sha256(), 0
    for block in blocks_of(path):
        digest.update(block)
        size += len(block)
    return SealedPart(path.name, digest.hexdigest(), size)


def _sizes(paths: list[Path]) -> int:
    return sum(size_of(path) or 0 for path in paths)


def _compare(path: Path, blocks: Iterable[bytes], tally: Tally) -> None:
    """Raise TranscriptError unless a sealed file reads back as the lines that went in."""
    digest = hashlib.sha256()
    try:
        for block in blocks:
            digest.update(block)
    except DamagedError as error:
        raise TranscriptError(f"{path} did not read back: {error}; check that disk") from error
    if digest.hexdigest() != tally.sha256:
        raise TranscriptError(f"{path} did not read back as it was written; check that disk")


def _changed(path: Path) -> TranscriptError:
    return TranscriptError(f"{path} was changed while it was sealed; it is left as it is")


def _leftover_parts(inventory: Inventory) -> Iterator[Path]:
    """Yield the parts whose lines are in a sealed file that is there."""
    present = set(inventory.names)
    for final, entry in inventory.sealed.items():
        left = [part for part in entry.parts if part.segment in present]
        left = [part for part in left if part.segment != final]
        if left and sha256_of_present(inventory.path(final)) == entry.sha256:
            for part in left:
                if sha256_of(inventory.path(part.segment)) == part.sha256:
                    yield inventory.path(part.segment)


def _leftover_removed(inventory: Inventory) -> Iterator[Path]:
    present = set(inventory.names)
    for name, entry in inventory.removed.items():
        if name in present and sha256_of(inventory.path(name)) == entry.sha256:
            yield inventory.path(name)


def sha256_of_present(path: Path) -> str:
    """Read a file and say its SHA-256, "" where it is gone."""
    return "" if size_of(path) is None else sha256_of(path)
