"""Files that options and keys name: secrets in a first line, PEM keys, keys of channels.

No error shows a byte of their content.
"""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING, Final

from chatlog.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_SECRET: Final = 4096
"""Bytes that a secret, with its line's end, must not exceed."""


_BY_OTHERS: Final = 0o044
_PRIVATE_KEY: Final = b"PRIVATE KEY-----"
_LONGEST_PEM: Final = 1024 * 1024


def exposed(path: Path, *, pem: bool = False) -> list[str]:
    """Return a warning if others can read a file that holds a secret.

    Of a file that is `pem`, only a private key is one. A file that cannot be read
    gives no warning: it has its own error.
    """
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) and readable_by_others(mode)):  # a pipe is read only once
            return []
        if pem:
            with path.open("rb") as stream:
                is_secret = _PRIVATE_KEY in stream.read(_LONGEST_PEM)
            return [warning(path)] if is_secret else []
    except (OSError, ValueError):
        return []
    return [warning(path)]


def readable_by_others(mode: int) -> bool:
    """Return whether a mode lets others than its owner read a file."""
    return bool(mode & _BY_OTHERS)


def warning(path: Path) -> str:
    """Return the warning that others can read a file that holds a secret."""
    return f"{path} holds a secret and others can read it; say: chmod 600 {path}"


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
        raise UsageError(
            "the first line of that file is not UTF-8; save the file as UTF-8"
        ) from None
    if not text or len(first) >= LONGEST_SECRET:
        raise UsageError(
            "the first line of that file is empty or too long; write the secret into it"
        )
    if re.search("[\0\r]", text):
        raise UsageError("a line break or NUL cannot be sent to a server; leave it out")
    return text
