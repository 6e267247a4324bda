"""Exports as text: the files that were written, and those that are unchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.formats.visible import printable
from chatlog.formats.wording import many, size

if TYPE_CHECKING:
    from chatlog.export.run import Exported


def export_line(done: Exported, dest: str) -> str:
    """Return one line: the destination, its lines, and the number of files of each fate."""
    files = [f"{many(done.written, 'file')} written"]
    if done.unchanged:
        files.append(f"{done.unchanged:,} unchanged")
    if done.removed:
        files.append(f"{done.removed:,} removed")
    return f"{printable(dest)}: {many(done.lines, 'line')}, {size(done.size)}; {', '.join(files)}"
