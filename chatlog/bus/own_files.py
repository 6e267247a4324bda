"""Directories for the files of the bus in an archive, and the locks that keep a second one out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from chatlog.archive.files import reported
from chatlog.archive.system import System, make_directories, open_file, try_lock
from chatlog.errors import HeldError, TranscriptError

if TYPE_CHECKING:
    from pathlib import Path


def own_directory(root: Path, name: str) -> Path:
    """Return a directory for files of the bus in an archive; it is made if it is missing."""
    path = root / name
    with reported(path):
        make_directories(System(), path)
    if not path.is_dir():
        raise TranscriptError(f"{path} is no directory; move it away")
    return path


def locked(directory: Path, system: System, refusal: str) -> int:
    """Return the descriptor of a lock in a directory; raise HeldError if another process has it.

    The kernel releases it when the process dies.
    """
    path = directory / "lock"
    fd = open_file(path, system=system)
    is_ours = False
    try:
        is_ours = try_lock(fd, path)
    finally:
        if not is_ours:
            os.close(fd)
    if not is_ours:
        raise HeldError(refusal)
    return fd
