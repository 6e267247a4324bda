"""Verifying an archive: is every segment whole, in its place, and as it was sealed.

Nothing here writes and nothing asks for the time. Whatever is found is said
with its place; nothing that is found keeps the rest from being looked at.
"""

from __future__ import annotations

import hashlib
import re
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive import manifest
from chatlog.archive.compression import compression_of
from chatlog.archive.entry_lines import Damaged, Later, LineReader
from chatlog.archive.files import OddFileError, blocks_of, reported, sha256_of, size_of
from chatlog.archive.inventory import ASIDE, SUMS, Inventory
from chatlog.archive.layout import parse_segment
from chatlog.archive.manifest_entries import SealedContent
from chatlog.archive.networks import NAME as NETWORK
from chatlog.archive.networks import read_casemapping
from chatlog.archive.rooms import NAME as ROOMS
from chatlog.archive.rooms import read_rooms
from chatlog.archive.targets import spelled
from chatlog.archive.version import NAME as FORMAT
from chatlog.archive.version import LaterVersionError, expect_known_version
from chatlog.coverage import ledger
from chatlog.coverage.checkpoint import is_whole
from chatlog.coverage.entries import CheckpointEntry
from chatlog.errors import TranscriptError
from chatlog.event import SERVER
from chatlog.upkeep.findings import Checked, Finding
from chatlog.upkeep.folding import is_as_folded
from chatlog.upkeep.verify_lines import Judge, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.archive.layout import SegmentName

_SHOWN: Final = 10
_OF_THE_ROOT: Final = {
    FORMAT,
    "EXPORTS",
    "OPTOUT",
    "SITEKEY",
    ".channels.json",
    ".exports",
    ".invitations.json",
    ".lock",
    ".pipe",
    ".takeover",
    ".ship",
    ".witnesses",
    ".runs",
    ".spools",
    ".sts.json",
}
_OF_A_TARGET: Final = {manifest.NAME, SUMS, ledger.NAME}
_HALF_REPLACED: Final = re.compile(r"\.(SHA256SUMS|network\.json|\.rooms\.json|FORMAT)\.[0-9]+")


def version_findings(root: Path) -> list[Finding]:
    """Return a finding if FORMAT is there and states no version.

    Raise LaterVersionError if it states one that this chatlog does not know.
    """
    try:
        expect_known_version(root)
    except LaterVersionError:
        raise
    except TranscriptError as error:
        return [Finding(FORMAT, 0, str(error))]
    return []


class Verifier:
    """A check of an archive, target by target; `checked` counts the files and lines it read.

    `advance` is called with how many more bytes of segments were read.
    """

    def __init__(self, root: Path, advance: Callable[[int], None]) -> None:
        self.checked = Checked()
        self._root = root
        self._advance = advance

    def around(self) -> Iterator[Finding]:
        """Yield the findings in the root, and among each network's own files."""
        yield from self._trying(self._root, self._around_networks)

    def _around_networks(self) -> Iterator[Finding]:
        for item in sorted(self._root.iterdir()):
            if item.is_dir() and not item.name.startswith("."):
                yield from self._trying(item, partial(self._in_network, item))
            elif item.name not in _OF_THE_ROOT:
                yield self._unknown_around(item)

    def _in_network(self, directory: Path) -> Iterator[Finding]:
        for item in sorted(directory.iterdir()):
            if not item.is_dir() and item.name not in (NETWORK, ROOMS):
                yield self._unknown_around(item)
        yield from self._trying(directory / ROOMS, partial(self._rooms, directory))
        try:
            known = read_casemapping(self._root, spelled(directory.name))
        except TranscriptError as error:
            yield self._found(directory / NETWORK, str(error))
        else:
            others = [item for item in directory.iterdir() if item.is_dir() and item.name != SERVER]
            if known is None and others:
                yield self._found(directory / NETWORK, "it is missing: names cannot be told apart")

    def _rooms(self, directory: Path) -> Iterator[Finding]:
        try:
            read_rooms(directory)
        except TranscriptError as error:
            yield self._found(directory / ROOMS, str(error))

    def target(self, directory: Path, *, held: bool) -> Iterator[Finding]:
        """Look at everything of one target; `held` is one that a recorder writes to now."""
        self.checked.targets.append(self._relative(directory))
        yield from self._trying(directory, partial(self._target, directory, held=held))

    def _target(self, directory: Path, *, held: bool) -> Iterator[Finding]:
        manifest_path = directory / manifest.NAME
        yield from self._trying(manifest_path, partial(self._manifest, directory, held=held))
        yield from self._ledger(directory)
        inventory = Inventory(directory)
        for path in inventory.odd_files():
            yield self._found(path, str(OddFileError(path)))
        yield from self._sums(inventory)
        leftovers = self._leftovers(inventory)
        yield from self._files(inventory, leftovers)
        half_done = {name[1 : -len(ASIDE)] for name in leftovers if name.endswith(ASIDE)}
        for name in sorted(inventory.sealed.keys() - set(inventory.names) - half_done):
            yield self._found(inventory.path(name), "it was sealed, and is gone")
        for segment in inventory.segments:
            if str(segment) in leftovers or str(segment) in half_done:
                continue
            path = inventory.path(segment)
            check = self._sealed if str(segment) in inventory.sealed else self._open
            yield from self._trying(path, partial(check, inventory, segment, held))
            self.checked.segments += 1

    def _trying(self, path: Path, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
        """Yield the findings of a look, and one if its file cannot be read."""
        try:
            with reported(path, doing="read"):
                yield from look()
        except TranscriptError as error:
            yield self._found(path, str(error))

    # -- what the manifest and the sums say --------------------------------------------

    def _manifest(self, directory: Path, *, held: bool) -> Iterator[Finding]:
        path = directory / manifest.NAME
        if size_of(path) is None:
            return
        number, lines = 0, LineReader(path)
        previous: str | None = ""
        for number, line in enumerate(lines, 1):
            yield from self._manifest_line(path, number, line, previous)
            # After a line that is too long to be read, nothing is known of the chain.
            previous = None if line is None else hashlib.sha256(line + b"\n").hexdigest()
        if lines.rest != b"" and not held:
            length = "too many" if lines.rest is None else len(lines.rest)
            reason = f"{length} bytes at its end are no whole entry"
            yield self._found(path, reason, number + 1, repairable=True)
        self.checked.heads[self._relative(directory)] = previous or ""

    def _manifest_line(
        self, path: Path, number: int, line: bytes | None, previous: str | None
    ) -> Iterator[Finding]:
        entry = manifest.decode(number, line)
        if line is None or isinstance(entry, Damaged):
            reason = entry.reason if isinstance(entry, Damaged) else ""
            yield self._found(path, f"no entry: {reason}", number)
            return
        self.checked.later += isinstance(entry, Later)
        if previous is not None and manifest.previous_of(line) != previous:
            reason = "it does not follow from the line before it: one was altered or taken out"
            yield self._found(path, reason, number)

    def _ledger(self, directory: Path) -> Iterator[Finding]:
        path, damaged = directory / ledger.NAME, 0
        for line in ledger.each(directory):
            self.checked.later += isinstance(line, Later)
            if isinstance(line, CheckpointEntry) and not is_whole(line):
                reason = f"the checkpoint of {line.since} to {line.until} is damaged"
                yield self._found(path, reason)
            if isinstance(line, Damaged):
                damaged += 1
                if damaged <= _SHOWN:
                    yield self._found(path, f"no entry: {line.reason}", line.line)
        if damaged > _SHOWN:
            yield self._found(path, f"and {damaged - _SHOWN} more lines")
        if not is_as_folded(directory):
            yield self._found(path, "altered: it does not begin as it was folded")

    def _sums(self, inventory: Inventory) -> Iterator[Finding]:
        if inventory.written_sums() != inventory.sums():
            path = inventory.directory / SUMS
            yield self._found(path, "it is not what the manifest says", repairable=True)

    # -- which files there are -----------------------------------------------------------

    def _files(self, inventory: Inventory, leftovers: dict[str, str]) -> Iterator[Finding]:
        for name in sorted(set(inventory.names).difference(inventory.odd)):
            path = inventory.path(name)
            if name in leftovers:
                yield self._found(path, leftovers[name], repairable=True)
            elif name.startswith(".") and name.endswith(ASIDE):
                yield self._found(
                    path, "left over from sealing that came to nothing", repairable=True
                )
            elif parse_segment(name) is None and name not in _OF_A_TARGET:
                yield self._unknown(path)

    def _leftovers(self, inventory: Inventory) -> dict[str, str]:
        """Return the reason for each file that a seal or a removal has left over, by its name."""
        told = {
            (name, entry.sha256): "left over from its removal"
            for name, entry in inventory.removed.items()
        }
        for final, entry in inventory.sealed.items():
            aside = f".{final}{ASIDE}"
            told[aside, entry.sha256] = f"left over from sealing: it is to be {final}"
            if size_of(inventory.path(final)) == entry.bytes:
                for part in entry.parts:
                    if part.segment != final:
                        reason = f"left over from sealing: it is in {final}"
                        told[part.segment, part.sha256] = reason
        present = set(inventory.names).difference(inventory.odd)
        return {
            name: what
            for (name, sha256), what in told.items()
            if name in present and sha256_of(inventory.path(name)) == sha256
        }

    def _unknown(self, path: Path) -> Finding:
        if _HALF_REPLACED.fullmatch(path.name):
            return self._found(path, "left over from a crash", repairable=True)
        return self._found(path, "unknown file: chatlog did not write it")

    def _unknown_around(self, path: Path) -> Finding:
        # A repair holds the lock of a target; a recorder may be writing this one now.
        finding = self._unknown(path)
        if not finding.repairable:
            return finding
        return self._found(path, f"{finding.reason}; remove it when no recorder runs")

    # -- segments ------------------------------------------------------------------------

    def _sealed(self, inventory: Inventory, segment: SegmentName, held: bool) -> Iterator[Finding]:  # noqa: ARG002, FBT001 - as `_open`
        """Compare a sealed segment with its entry, and read it to its end."""
        path, entry = inventory.path(segment), inventory.sealed[str(segment)]
        digest, size = hashlib.sha256(), size_of(path)
        way = compression_of(segment.compression)
        reading = Reading(self._blocks(path, digest.update), way.decompressed)
        yield from self._lines(inventory, segment, reading)
        if size != entry.bytes:
            yield self._found(path, f"altered: {size} bytes, sealed were {entry.bytes}")
        elif digest.hexdigest() != entry.sha256 and not reading.damage:
            yield self._found(path, "altered: its SHA-256 is not the one that was sealed")
        if reading.damage:
            yield self._found(path, f"damaged: {reading.damage}", reading.number + 1)
        found = SealedContent(reading.sha256, reading.bytes, reading.number)
        for what, read in msgspec.structs.asdict(found).items():
            sealed = getattr(entry.content, what)
            if read != sealed and not reading.damage:
                reason = f"altered: its content's {what} is {read}, sealed {sealed}"
                yield self._found(path, reason)

    def _open(self, inventory: Inventory, segment: SegmentName, held: bool) -> Iterator[Finding]:  # noqa: FBT001 - called as `_sealed`
        """Look at a segment that is not sealed: each line, and how it ends."""
        path = inventory.path(segment)
        if segment.compression:
            yield self._found(path, "no manifest entry says what it is: it cannot be told whole")
        way = compression_of(segment.compression)
        reading = Reading(self._blocks(path), way.decompressed)
        yield from self._lines(inventory, segment, reading)
        if reading.damage:
            yield self._found(path, f"damaged: {reading.damage}", reading.number + 1)
        if reading.rest_bytes and not held:
            zeros = reading.rest_is_zeros
            what = "zero bytes, as a power cut leaves them" if zeros else "bytes of a torn line"
            reason = f"{reading.rest_bytes} {what} at its end"
            mendable = not segment.compression
            yield self._found(path, reason, reading.number + 1, repairable=mendable)

    def _blocks(
        self, path: Path, note: Callable[[bytes], object] = lambda _block: None
    ) -> Iterator[bytes]:
        for block in blocks_of(path):
            note(block)
            self.checked.bytes += len(block)
            self._advance(len(block))
            yield block

    def _lines(
        self, inventory: Inventory, segment: SegmentName, reading: Reading
    ) -> Iterator[Finding]:
        judge = Judge(inventory, segment)
        shown = 0
        for line in reading.lines():
            if reason := judge.reason(line):
                shown += 1
                if shown <= _SHOWN:
                    yield self._found(inventory.path(segment), reason, reading.number)
        self.checked.lines += reading.number
        if shown > _SHOWN:
            yield self._found(inventory.path(segment), f"and {shown - _SHOWN} more lines")

    def _found(
        self, path: Path, reason: str, line: int = 0, *, repairable: bool = False
    ) -> Finding:
        return Finding(self._relative(path), line, reason, repairable)

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self._root))


def digest_of(heads: dict[str, str]) -> str:
    """Make one SHA-256 of the heads of all targets, in order of their paths."""
    lines = (f"{head}  {path}\n" for path, head in sorted(heads.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
