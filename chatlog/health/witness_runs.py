"""The runs of other machines whose archives are collected into one: `ROOT/.witnesses/WITNESS`.

Their statuses lie in `.runs` there, as those of an archive's own runs do. The collector holds the
locks of those that go on: if it ends, nobody knows of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.archive.files import reported

if TYPE_CHECKING:
    from pathlib import Path

WITNESSES: Final = ".witnesses"
"""The directory in an archive with what is known of recorders elsewhere."""


def witness_roots(root: Path) -> list[Path]:
    """Return the directories of the recorders whose lines are collected into an archive."""
    directory = root / WITNESSES
    with reported(directory, doing="read"):
        try:
            return sorted(each for each in directory.iterdir() if each.is_dir())
        except FileNotFoundError:
            return []
