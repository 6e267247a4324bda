"""File operations that several packages share: open, look at, read in blocks, digest.

Nothing here writes: `segment` owns every system call that changes an archive.
An OSError becomes a TranscriptError that names the file.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK: Final = 256 * 1024
_WRITABLE: Final = "make it writable for this user, or record elsewhere with --output"
_ROOM: Final = "make room there, or record elsewhere with --output"
_ADVICE: Final = {
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EROFS: _WRITABLE,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "raise the limit of file sizes (ulimit -f), or say --rotate-size",
    errno.ENOTDIR: "something that is no directory is in its way; move that, or use --output",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "the system has too many open files; close some",
}
_OTHERWISE: Final = "check that disk, or record elsewhere with --output"


@contextmanager
def reported(path: Path, *, doing: str = "write") -> Iterator[None]:
    """Turn an OSError into a TranscriptError: the file, the reason, and the next step."""
    try:
        yield
    except OSError as error:
        raise transcript_error(path, error, doing) from error


def transcript_error(path: Path, error: OSError, doing: str = "write") -> TranscriptError:
    """Return the error that tells a person which file failed, why, and what to do."""
    advice = _ADVICE.get(error.errno or 0, _OTHERWISE)
    return TranscriptError(f"cannot {doing} {path}: {error.strerror or error}; {advice}")


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turn an OSError into a TranscriptError that names the file that could not be read."""
    try:
        yield
    except OSError as error:
        raise TranscriptError(
            f"cannot read {path}: {error.strerror or error};"
            " see that this user may read it, or say where the archive is with --output"
        ) from error


@contextmanager
def opened(path: str) -> Iterator[int | None]:
    """Open a file for reading; yield None if it is gone."""
    with reading(path):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            yield None
            return
        try:
            yield fd
        finally:
            os.close(fd)


def size_of(path: str | Path) -> int | None:
    """Return the length of a file in bytes; None if it is gone."""
    with reading(path):
        try:
            return os.stat(path).st_size  # noqa: PTH116 - asked often, and of many
        except FileNotFoundError:
            return None


def state_of(path: str) -> tuple[int, int, int] | None:
    """Return the inode, size and mtime (ns) of a file; None if it is gone."""
    with reading(path):
        try:
            state = os.stat(path)  # noqa: PTH116 - asked often
        except FileNotFoundError:
            return None
    return state.st_ino, state.st_size, state.st_mtime_ns


def blocks_of(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file in blocks."""
    with reported(path, doing="read"), path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            yield block


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    import hashlib  # noqa: PLC0415 - `tail` starts without it

    digest = hashlib.sha256()
    for block in blocks_of(path):
        digest.update(block)
    return digest.hexdigest()
