"""The record of a target's segments: MANIFEST, append-only JSON lines that are chained.

Each entry's `previous` is the SHA-256 of the whole line before it, newline
included, so that no entry can be altered or taken out unnoticed; the first
one's is empty. Entries are never rewritten; those of a later version stay in
the chain, and claim nothing. `manifest_entries` has all kinds.
"""

from __future__ import annotations

import base64
import hashlib
import os
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.entry_lines import Damaged, EntryLines, EntryReader, Later, LineReader
from chatlog.archive.files import opened
from chatlog.archive.manifest_entries import ManifestEntry, TornEntry
from chatlog.archive.syncing import appending_to
from chatlog.archive.system import FILE_MODE, System

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.archive.segment import Segment
    from chatlog.archive.syncing import Exposed

NAME: Final = "MANIFEST"

ManifestLine = ManifestEntry | Damaged | Later[ManifestEntry]
"""A line of a manifest: an entry, damage, or an entry of a later version."""

ManifestLines = EntryLines[ManifestEntry]
"""All lines of a manifest in the order of writing."""

_READER: Final = EntryReader[ManifestEntry](ManifestEntry)


class _Link(msgspec.Struct):
    """The part of an entry of any version that chains it."""

    previous: str | None = None


_link: Final = msgspec.json.Decoder(_Link)


def read(directory: Path) -> ManifestLines:
    """Read a target's manifest; where there is none, there are no lines.

    A last line without its newline is damage, unless it is a whole entry.
    """
    return _READER.read(directory / NAME, with_rest=True)


def decode(number: int, line: bytes | None) -> ManifestLine:
    """Decode the line of a number, without its newline; None is one that is too long."""
    return _READER.decode(number, line)


def previous_of(line: bytes) -> str | None:
    """Return the link of a line to the one before it; None if it has none."""
    try:
        return _link.decode(line).previous
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def mentions(directory: Path, segment: str) -> bool:
    """Return whether a segment is named at all: quickly, as years of entries take long to read."""
    name = msgspec.json.encode({"segment": segment})[1:-1]
    return any(line is None or name in line for line in LineReader(directory / NAME))


def append(
    system: System,
    directory: Path,
    entry: ManifestEntry,
    mode: int = FILE_MODE,
    *,
    exposed: Exposed | None = None,
) -> None:
    """Add an entry, chained to the last one, and sync it, or leave that to `exposed`.

    An unfinished entry that a crash left is kept in one of its own. Nobody else
    may append at the same time: see `Locks.appending`.
    """
    with appending_to(directory / NAME, system=system, mode=mode, exposed=exposed) as manifest:
        _keep_torn(manifest)
        _append_chained(manifest, entry)


def is_torn(directory: Path) -> bool:
    """Return whether a manifest does not end with a whole line."""
    with opened(str(directory / NAME)) as fd:
        if fd is None or not (size := os.fstat(fd).st_size):
            return False
        return os.pread(fd, 1, size - 1) != b"\n"


def mend(system: System, directory: Path, mode: int = FILE_MODE) -> bool:
    """Keep an unfinished entry that a crash left in one of its own; return whether there was one.

    Nobody else may append at the same time: see `Locks.appending`.
    """
    with appending_to(directory / NAME, system=system, mode=mode) as manifest:
        return _keep_torn(manifest)


def _keep_torn(manifest: Segment) -> bool:
    if not (manifest.torn or manifest.zeros):
        return manifest.was_closed
    torn = base64.b64encode(manifest.torn).decode("ascii")
    _append_chained(manifest, TornEntry(raw=torn))
    return True


def _append_chained(manifest: Segment, entry: ManifestEntry) -> None:
    last = manifest.last_line()
    previous = hashlib.sha256(last).hexdigest() if last else ""
    chained = msgspec.structs.replace(entry, previous=previous)
    manifest.write(msgspec.json.encode(chained) + b"\n")
