"""The spool directories of an archive: `ROOT/.spools`, each as a JSON string on a line.

A run that was killed while its disk was full leaves lines in its spool
directory. The next run finds them here, whatever its own settings are.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.files import beginning_of
from chatlog.archive.system import replace_file
from chatlog.errors import TranscriptError
from chatlog.write.spool import Belonging, left_in

if TYPE_CHECKING:
    from chatlog.archive.storage import Storage
    from chatlog.archive.system import System

NAME: Final = ".spools"
_MOST: Final = 16  # directories, the last used ones
_READ: Final = 64 * 1024  # bytes: sixteen of the longest paths


class LeftSpool(NamedTuple):
    """The spool file of an earlier run: its directory, and where its lines belong."""

    directory: Path
    belonging: Belonging


def left_behind(storage: Storage, *, system: System) -> list[LeftSpool]:
    """Return the spool files that earlier runs of an archive left, and note our directory.

    A directory that is gone or cannot be read is passed over, but for ours,
    which is a TranscriptError. If `.spools` cannot be written, only runs with
    the same directory will find what this one leaves.
    """
    ours = storage.spool_dir.absolute() if storage.spool_dir else None
    known = _known(storage.root)
    if ours is not None and ours not in known[-1:]:
        others = [each for each in known if each != ours]
        with suppress(TranscriptError):
            _write(storage, [*others, ours][-_MOST:], system)
    left = [LeftSpool(ours, each) for each in left_in(ours, storage.root)] if ours else []
    for directory in known:
        if directory != ours:
            with suppress(TranscriptError):
                left += [LeftSpool(directory, each) for each in left_in(directory, storage.root)]
    return left


def _known(root: Path) -> list[Path]:
    found = []
    for line in (beginning_of(root / NAME, _READ) or b"").splitlines():
        with suppress(ValueError, RecursionError):
            # Of the standard library, as it takes halves of surrogate pairs: paths may have them.
            if isinstance(directory := json.loads(line), str):
                found.append(Path(directory))
    return found


def _write(storage: Storage, directories: list[Path], system: System) -> None:
    lines = "".join(f"{json.dumps(str(each))}\n" for each in directories).encode()
    replace_file(storage.root / NAME, lines, system=system, mode=storage.file_mode)
