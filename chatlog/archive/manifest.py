"""What happened to the segments of one target: MANIFEST, append-only JSON lines.

Each entry's `previous` is the SHA-256 of the whole line before it, newline
included, so that no entry can be altered or taken out unnoticed; the first
one's is empty. Entries are never rewritten.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.archive.files import reported
from chatlog.archive.syncing import appending_to
from chatlog.archive.system import FILE_MODE, System

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.archive.segment import Segment
    from chatlog.archive.syncing import Exposed

NAME: Final = "MANIFEST"


class Entries(list[dict[str, Any]]):
    """The entries in the order of writing, and how many lines were no entry."""

    damaged: int = 0


def read(directory: Path) -> Entries:
    """Read a target's manifest; where there is none, there are no entries."""
    entries = Entries()
    for line in _lines(directory / NAME):
        try:
            entries.append(msgspec.json.decode(line, type=dict[str, Any]))
        except (msgspec.DecodeError, UnicodeDecodeError):
            entries.damaged += 1
    return entries


def _lines(path: Path) -> list[bytes]:
    with reported(path, doing="read"):
        try:
            *lines, rest = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return []
    return [*lines, rest] if rest else lines


def mentions(directory: Path, segment: str) -> bool:
    """Say whether a segment is named at all: quickly, as years of entries take long to read."""
    path = directory / NAME
    with reported(path, doing="read"):
        try:
            return msgspec.json.encode({"segment": segment})[1:-1] in path.read_bytes()
        except FileNotFoundError:
            return False


def append(
    system: System,
    directory: Path,
    entry: dict[str, Any],
    mode: int = FILE_MODE,
    *,
    exposed: Exposed | None = None,
) -> None:
    """Add an entry, chained to the last one, and sync it, or leave that to `exposed`.

    What a crash left of an unfinished entry is kept in one of its own. Nobody
    else may append at the same time: see `Locks.appending`.
    """
    with appending_to(directory / NAME, system=system, mode=mode, exposed=exposed) as manifest:
        _keep_torn(manifest)
        _append_chained(manifest, entry)


def is_torn(directory: Path) -> bool:
    """Say whether a manifest does not end with a whole line."""
    path = directory / NAME
    with reported(path, doing="read"):
        try:
            return path.read_bytes()[-1:] not in {b"", b"\n"}
        except FileNotFoundError:
            return False


def mend(system: System, directory: Path, mode: int = FILE_MODE) -> bool:
    """Keep what a crash left of an unfinished entry in one of its own; say whether there was any.

    Nobody else may append at the same time: see `Locks.appending`.
    """
    with appending_to(directory / NAME, system=system, mode=mode) as manifest:
        return _keep_torn(manifest)


def _keep_torn(manifest: Segment) -> bool:
    if not (manifest.torn or manifest.zeros):
        return False
    torn = base64.b64encode(manifest.torn).decode("ascii")
    _append_chained(manifest, {"entry": "recovered", "raw": torn})
    return True


def _append_chained(manifest: Segment, entry: dict[str, Any]) -> None:
    last = manifest.last_line()
    previous = hashlib.sha256(last).hexdigest() if last else ""
    manifest.write(msgspec.json.encode({**entry, "previous": previous}) + b"\n")
