"""The version of an archive's format, as `ROOT/FORMAT` states it.

The first line is `chatlog archive, version N`; a reader ignores further lines,
which a later version may add. An archive without the file has version 1, which
chatlog wrote before it knew the file. It has version 2 once classes of events have
segments of their own. Nothing here writes: see `version_file`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chatlog import __version__
from chatlog.archive.files import OddFileError, beginning_of
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "FORMAT"
VERSION: Final = 2
"""The latest version that this chatlog reads."""
FIRST: Final = 1
"""The version that a new archive has, so that earlier versions can read it."""
WITH_CLASSES: Final = 2
"""The version of an archive in which classes of events have segments of their own."""
CONTENT: Final = b"chatlog archive, version %d\n" % FIRST

# Without its newline a number may be the beginning of another.
_FIRST_LINE: Final = re.compile(rb"chatlog archive, version ([1-9][0-9]{0,8})\n")
_MOST: Final = 4096


class LaterVersionError(TranscriptError):
    """An archive of a version that only a later chatlog knows."""


def read_version(root: str | Path) -> int | None:
    """Return the version that FORMAT states; None if there is no such file.

    One open of one small file. Raise TranscriptError if it cannot be read,
    states no version, or is no regular file: a link is not followed and a pipe
    not waited for.
    """
    path = f"{root}/{NAME}"
    try:
        content = beginning_of(path, _MOST)
    except TranscriptError as error:
        if isinstance(error.__cause__, IsADirectoryError):
            raise OddFileError(path) from error
        raise
    if content is None:
        return None
    first = _FIRST_LINE.match(content)
    if first is None:
        raise TranscriptError(
            f"{path} states no version; restore it, or remove it"
            f" if no chatlog later than {__version__} ever wrote to this archive"
        )
    return int(first[1])


def expect_known_version(root: str | Path) -> int | None:
    """Return the version that FORMAT states, as `read_version` does.

    Raise LaterVersionError if this chatlog does not know it.
    """
    version = read_version(root)
    if version is not None and version > VERSION:
        raise LaterVersionError(
            f"{root} has format version {version}, and chatlog {__version__}"
            f" knows none later than {VERSION}; upgrade chatlog"
        )
    return version
