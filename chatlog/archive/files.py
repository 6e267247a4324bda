"""File operations that several packages share: open, measure, read in blocks, digest.

Nothing here writes: `system` and `segment` own every call that changes an archive.
An OSError becomes a TranscriptError that names the file.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CAREFULLY: Final = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
# A link; a socket, or a pipe without a reader.
_ODD: Final = frozenset({errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP})
_BLOCK: Final = 256 * 1024
_WRITABLE: Final = "make it writable for this user, or record elsewhere with --archive"
_READABLE: Final = "make it readable for this user, or name another archive with --archive"
_ROOM: Final = "make room there, or record elsewhere with --archive"
_LOOKS: Final = frozenset({"read", "look at"})
_LIMITS: Final = {
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "the system has too many open files; close some",
}
_WRITING: Final = {
    **_LIMITS,
    errno.EACCES: _WRITABLE,
    errno.EPERM: _WRITABLE,
    errno.EROFS: _WRITABLE,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "raise the limit of file sizes (ulimit -f), or say --rotate-size",
    errno.ENOTDIR: "something that is no directory is in its way; move that, or use --archive",
}
_READING: Final = {**_LIMITS, errno.EACCES: _READABLE, errno.EPERM: _READABLE}
_NOT_WRITTEN: Final = "check that disk, or record elsewhere with --archive"
_GONE: Final = os.strerror(errno.ENOENT)
_NOT_READ: Final = "check that disk, or name another archive with --archive"


class reported:  # noqa: N801 - it reads as a function, and is one call less than a generator
    """A context in which an OSError becomes a TranscriptError.

    The message has the file, the reason and the next step. `doing` is its verb. `advice`
    replaces the next step, which otherwise follows from the verb and the errno.
    """

    __slots__ = ("_advice", "_doing", "_path")

    def __init__(self, path: str | Path, *, doing: str = "write", advice: str = "") -> None:
        self._path = path
        self._doing = doing
        self._advice = advice

    def __enter__(self) -> None:
        """Begin; there is nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Raise the TranscriptError for an OSError; let any other error pass."""
        if isinstance(error, OSError):
            raise transcript_error(self._path, error, self._doing, self._advice) from error


def transcript_error(
    path: str | Path, error: OSError, doing: str = "write", advice: str = ""
) -> TranscriptError:
    """Return the TranscriptError that `reported` raises for an OSError."""
    known, otherwise = (_READING, _NOT_READ) if doing in _LOOKS else (_WRITING, _NOT_WRITTEN)
    step = advice or known.get(error.errno or 0, otherwise)
    return TranscriptError(f"cannot {doing} {path}: {error.strerror or error}; {step}")


class OddFileError(TranscriptError):
    """A name in an archive that is no regular file: a link, a pipe, a socket, a device."""

    def __init__(self, path: str | Path, doing: str = "read") -> None:
        told = f"{path} is" if doing == "read" else f"cannot {doing} {path}: it is"
        super().__init__(f"{told} not a regular file; move it away")


def open_regular(
    path: str | Path,
    flags: int,
    mode: int = 0,
    *,
    open_: Callable[[Any, int, int], int] | None = None,
) -> int:
    """Open a regular file; raise OddFileError for anything else, IsADirectoryError for that.

    A link is not followed, as it may lead out of the archive, and a pipe is not
    waited for. The directories above may be links. Every file of an archive is
    opened here.
    """
    return _open_regular(path, flags, mode, open_ or os.open)[0]


def open_with_size(path: str) -> tuple[int, int] | None:
    """Open a regular file for reading as `open_regular` does, with its length in bytes.

    Return None if it is gone; raise TranscriptError if it cannot be opened. No more
    than two system calls.
    """
    try:
        return _open_regular(path, os.O_RDONLY, 0, os.open)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise transcript_error(path, error, doing="read") from error


def _open_regular(
    path: str | Path, flags: int, mode: int, open_: Callable[[Any, int, int], int]
) -> tuple[int, int]:
    """Return a descriptor and the length of a regular file."""
    doing = "write" if flags & (os.O_WRONLY | os.O_RDWR) else "read"
    try:
        fd = open_(path, flags | _CAREFULLY, mode)
    except OSError as error:
        if error.errno in _ODD:
            raise OddFileError(path, doing) from error
        raise
    state = os.fstat(fd)
    kind = state.st_mode
    if stat.S_ISREG(kind):
        return fd, state.st_size
    os.close(fd)
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OddFileError(path, doing)


@contextmanager
def opened(path: str) -> Iterator[int | None]:
    """Open a regular file for reading; yield None if it is gone."""
    with reported(path, doing="read"):
        try:
            fd = open_regular(path, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            yield None
            return
        try:
            yield fd
        finally:
            os.close(fd)


def size_of(path: str | Path) -> int | None:
    """Return the length of a file in bytes; None if it is gone."""
    with reported(path, doing="read"):
        try:
            return os.lstat(path).st_size
        except FileNotFoundError:
            return None


def state_of(path: str) -> tuple[int, int, int] | None:
    """Return the inode, size and mtime (ns) of a file; None if it is gone."""
    with reported(path, doing="read"):
        try:
            state = os.lstat(path)
        except FileNotFoundError:
            return None
    return state.st_ino, state.st_size, state.st_mtime_ns


def blocks_of(path: str | Path, *, missing_ok: bool = False) -> Iterator[bytes]:
    """Yield the bytes of a file in blocks; none of one that is gone, if that is no error."""
    with opened(str(path)) as fd:
        if fd is None and not missing_ok:
            raise transcript_error(path, FileNotFoundError(errno.ENOENT, _GONE), doing="read")
        while fd is not None and (block := os.read(fd, _BLOCK)):
            yield block


def beginning_of(path: str | Path, most: int) -> bytes | None:
    """Return the first bytes of a small file, at most `most`; None if it is gone."""
    with opened(str(path)) as fd:
        return None if fd is None else os.pread(fd, most, 0)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    import hashlib

    digest = hashlib.sha256()
    for block in blocks_of(path):
        digest.update(block)
    return digest.hexdigest()
