"""The key of an archive for anchors of a site, and for pseudonyms."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from chatlog.archive.system import FILE_MODE, System, replace_file
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from pathlib import Path

NAME: Final = "SITEKEY"
"""The file of the key, in the archive."""

KEY_BYTES: Final = 32


def key_of(root: Path) -> bytes:
    """Return the key of an archive, which is made when it is first asked for.

    Raise TranscriptError if it is damaged, or cannot be read or written.
    """
    path = root / NAME
    with suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        raise TranscriptError(
            f"{path} is damaged; restore it, or remove it for new anchors and pseudonyms"
        )
    key = secrets.token_bytes(KEY_BYTES)
    replace_file(path, key, system=System(), mode=FILE_MODE & ~0o077)
    return key
