"""Backups as text: the snapshot that was made, and the room that it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.formats.visible import printable
from chatlog.formats.wording import many, size

if TYPE_CHECKING:
    from chatlog.upkeep.backup import Backup


def backup_line(done: Backup, *, dry_run: bool) -> str:
    """Return one line: the path, the files that were copied, and those that are unchanged."""
    verb = "would be copied" if dry_run else "copied"
    parts = [
        f"{many(done.copied_files, 'file')} {verb} ({size(done.copied_bytes)})",
        f"{done.linked_files:,} unchanged ({size(done.linked_bytes)})",
    ]
    if done.unknown:
        parts.append(f"{many(len(done.unknown), 'unknown file')} left out")
    if done.removed:
        parts.append(f"{many(len(done.removed), 'old snapshot')} removed")
    return f"{printable(str(done.path))}: {', '.join(parts)}"
