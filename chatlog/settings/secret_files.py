"""Files that options and keys name: secrets in a first line, PEM keys, keys of channels.

No error shows a byte of their content.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chatlog.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_SECRET: Final = 4096
"""Bytes that a secret, with its line's end, must not exceed."""


def text_of(path: Path, option: str) -> str:
    """Read a small file that an option names."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise UsageError(f"{option} {path} cannot be read: {why}") from error


def first_line(path: Path, option: str) -> str:
    """Read a secret from the first line of a file that an option names."""
    try:
        return secret_in(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{option} {path} cannot be read: {error.strerror}") from error
    except UsageError as error:
        raise UsageError(f"{option} {path}: {error}") from error


def secret_in(data: bytes) -> str:
    """Return the first line of a file, a secret; raise UsageError if it is none."""
    first = data.split(b"\n", 1)[0].removesuffix(b"\r")
    try:
        text = first.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("the first line of that file is not UTF-8") from None
    if not text or len(first) >= LONGEST_SECRET:
        raise UsageError("the first line of that file is to be the secret, and is not")
    if re.search("[\0\r]", text):
        raise UsageError("a line break or NUL cannot be sent to a server")
    return text
