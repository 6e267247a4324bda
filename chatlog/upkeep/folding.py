"""Folding: the compaction of a target's ledger, on the record and safe from crashes.

The new ledger is written aside and synced; the manifest names the digest of the old one;
only then the new one takes its name, in one step, so that a reader finds the one or the
other. Recorders open the ledger anew for each entry. One that appends meanwhile is not
overtaken: the ledger is then left as it is, and folded another time.
"""

from __future__ import annotations

import hashlib
import os
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive import manifest
from chatlog.archive.files import opened, state_of
from chatlog.archive.inventory import ASIDE
from chatlog.archive.manifest_entries import FoldedEntry
from chatlog.archive.system import move, remove, removed_on_failure, write_aside
from chatlog.coverage import ledger
from chatlog.coverage.compaction import LEAST, compacted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from chatlog.upkeep.sealing import Sealer

DUE: Final = 128 * 1024
"""How many bytes of plain entries make a ledger due: about three hundred batches."""
_CHECKPOINT: Final = b'{"entry":"checkpoint",'
_BLOCK: Final = 8 * 1024 * 1024
"""How many bytes are folded at once: a ledger of any length takes some 100 MB of memory."""


def is_due(directory: Path, now: str) -> bool:
    """Return whether the ledger of a target is due and can be compacted; change nothing."""
    with opened(str(directory / ledger.NAME)) as fd:
        return fd is not None and _head(fd, now, DUE, LEAST, blocks=1) is not None


def fold(
    directory: Path,
    sealer: Sealer,
    now: str,
    *,
    blocks: int | None = None,
    due: int = DUE,
    least: int = LEAST,
) -> Path | None:
    """Compact the ledger of a target if that is due; return its path if it was.

    `blocks` is the number of pieces of 8 MiB to compact, None for all; the rest
    stays as it is until the next time. The caller holds the target's seal lock. A
    crash at any point leaves the old ledger or the new one, and perhaps a file
    aside, which sealing removes.
    """
    path, aside = directory / ledger.NAME, directory / f".{ledger.NAME}{ASIDE}"
    state = state_of(str(path))
    with opened(str(path)) as fd:
        head = None if fd is None else _head(fd, now, due, least, blocks=blocks)
        if fd is None or head is None:
            return None
        new = _Digested(sealer.until_over(chain([head.data], _blocks_from(fd, head.read))))
        with removed_on_failure(aside, sealer.system):
            write_aside(aside, new, system=sealer.system, mode=sealer.mode)
            old = _Digested(sealer.until_over(_blocks_from(fd, 0)))
            for _ in old:
                pass
    entry = FoldedEntry(
        file=ledger.NAME,
        sha256=old.sha256,
        bytes=old.bytes,
        into=new.sha256,
        into_bytes=new.bytes,
        at=now,
    )
    with sealer.locks.appending(directory):
        if state_of(str(path)) == state:
            manifest.append(sealer.system, directory, entry, sealer.mode)
            move(aside, path, system=sealer.system)
            return path
    remove([aside], system=sealer.system)
    return None


class _Head(NamedTuple):
    """The compacted beginning of a ledger, and how many bytes of the original it stands for."""

    data: bytes
    read: int


def _head(fd: int, now: str, due: int, least: int, *, blocks: int | None) -> _Head | None:
    """Return the beginning of a ledger after compaction, None if it stays as it is.

    What cannot be compacted is tried again with the next block, up to two blocks.
    """
    size = os.fstat(fd).st_size
    if size < due or os.pread(fd, 1, size - 1) != b"\n":  # a torn end is cut by the next append
        return None
    data, unfinished, read, is_changed = b"", b"", 0, False
    for number, block in enumerate(_blocks_from(fd, 0), 1):
        whole, newline, unfinished = (unfinished + block).rpartition(b"\n")
        data, read = data + whole + newline, read + len(block)
        if _plain(data) >= due:
            result = compacted(ledger.raw_lines(data), now, least=least)
            data, is_changed = (data, is_changed) if result is None else (result, True)
        if number == blocks or _plain(data) + len(unfinished) > 2 * _BLOCK:
            break
    return _Head(data, read - len(unfinished)) if is_changed else None


def _plain(data: bytes) -> int:
    """Return how many bytes of lines are no checkpoints."""
    lines = data.splitlines(keepends=True)
    return sum(len(line) for line in lines if not line.startswith(_CHECKPOINT))


def is_as_folded(directory: Path) -> bool:
    """Return whether the ledger of a target begins with the bytes that its last folding left.

    After a crash it may still be as it was before that. True if it was never folded.
    """
    entry = _last_folded(directory)
    while entry is not None and not _begins_as(directory / ledger.NAME, entry):
        before, entry = entry, _last_folded(directory)
        if entry == before:  # else it was folded again while it was read
            return False
    return True


def _last_folded(directory: Path) -> FoldedEntry | None:
    lines = manifest.read(directory)
    return next((line for line in reversed(lines) if isinstance(line, FoldedEntry)), None)


def _begins_as(path: Path, entry: FoldedEntry) -> bool:
    wanted = {(entry.into, entry.into_bytes), (entry.sha256, entry.bytes)}
    with opened(str(path)) as fd:
        return fd is not None and any(sha256 == _digest_of(fd, length) for sha256, length in wanted)


def _digest_of(fd: int, length: int) -> str:
    """Return the SHA-256 of the first bytes of a file, "" if it is shorter."""
    digest = hashlib.sha256()
    for block in _blocks_from(fd, 0):
        digest.update(block[:length])
        length -= min(length, len(block))
    return digest.hexdigest() if not length else ""


def _blocks_from(fd: int, place: int) -> Iterator[bytes]:
    """Yield the bytes of a file from a place on."""
    while block := os.pread(fd, _BLOCK, place):
        place += len(block)
        yield block


class _Digested:
    """Blocks of bytes that are counted and digested while they are iterated over."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.bytes = 0
        self._blocks = blocks
        self._digest = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        """Yield each block."""
        for block in self._blocks:
            self.bytes += len(block)
            self._digest.update(block)
            yield block

    @property
    def sha256(self) -> str:
        """The SHA-256 of the blocks so far, in hexadecimal."""
        return self._digest.hexdigest()
