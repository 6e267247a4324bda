"""An append-only file of whole lines: a segment, a manifest, a ledger, a spool file.

It knows bytes and lines, not their meaning. Every call that changes a file goes
through the `System` that it is handed; whole files are the business of `system`.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.bounded_lines import LONGEST_LINE
from chatlog.archive.entry_lines import LONGEST
from chatlog.archive.files import open_regular, reported, transcript_error
from chatlog.archive.system import FILE_MODE, open_or_create, sync_directory
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from pathlib import Path

    from chatlog.archive.system import System

_BLOCK: Final = 64 * 1024


class Unsynced(NamedTuple):
    """Written bytes and new names that a power cut could still take.

    `identity` is device and inode of the file that was written to, wherever its
    name leads now; `size` is its length in bytes.
    """

    path: Path
    identity: tuple[int, int]
    size: int
    directories: tuple[Path, ...] = ()


class AsLeft(NamedTuple):
    """A file at rest as its writer closed it: device and inode, and its length in bytes."""

    identity: tuple[int, int]
    size: int


class NameTakenError(TranscriptError):
    """A name that another process gave to a file of its own."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} was created by another process meanwhile; run this again")


class Segment:
    """One append-only file; at rest it ends with a whole line.

    Opening creates the file and the directories above it if they are missing. One that
    `is_new` is created here, or NameTakenError raised: no two processes create the same.
    A last line without its newline is cut off, and `torn` holds its bytes;
    `zeros` counts the zero bytes behind it, as a power cut leaves them. One that is
    longer than any line that chatlog writes is no torn line: it gets its newline, so
    that readers count it as damage, and `was_closed` is true. A file that is still `as_left`
    is not searched for a torn line: that would read its last 64 KiB twice. Every failure is a
    TranscriptError. A killed process loses nothing that was
    written. A power cut loses nothing that `unsynced` returned, once `sync` has
    returned for it.
    """

    def __init__(
        self,
        path: Path,
        *,
        system: System,
        mode: int = FILE_MODE,
        as_left: AsLeft | None = None,
        is_new: bool = False,
    ) -> None:
        self.path = path
        self._system = system
        self._ragged = False  # bytes after `size` wait for their truncation
        self._dirty = False
        self._end = 0  # of the file, as this writer left it
        self.was_closed = False
        flags = os.O_RDWR | os.O_APPEND | (os.O_EXCL if is_new else 0)
        with reported(path):
            try:
                self._fd, self._changed = open_or_create(system, path, flags, mode)
            except FileExistsError as error:
                raise NameTakenError(path) from error
            try:
                state = os.fstat(self._fd)
                self.identity = state.st_dev, state.st_ino
                self.size = state.st_size
                if as_left == (self.identity, self.size):
                    self.torn, self.zeros, self._end = b"", 0, self.size
                else:
                    self.torn, self.zeros = self._cut_torn_line()
            except OSError:
                system.close(self._fd)
                raise
        if not self.size:
            self._changed.append(path.parent)

    def _cut_torn_line(self) -> tuple[bytes, int]:
        end = _end_before_zeros(self._fd, self.size)
        start, zeros = line_start(self._fd, end), self.size - end
        if end - start > LONGEST_LINE:
            self.was_closed = self._dirty = True
            self.size += self._system.write(self._fd, b"\n")
            self._end = self.size
            return b"", 0
        self.size = start
        torn = os.pread(self._fd, end - self.size, self.size)
        self._end = end + zeros
        if torn or zeros:
            self._cut()
        return torn, zeros

    def is_as_left(self) -> bool:
        """Return whether the file ends where this writer left it.

        It does not if another program appended to it or cut it. A write would
        then continue the line of somebody else, or the stump of one of ours.
        """
        # Half the cost of fstat. An append goes to the end wherever this leaves the offset.
        return os.lseek(self._fd, 0, os.SEEK_END) == self._end

    def take_up(self) -> None:
        """Continue at the present end of the file, after cutting a line without a newline.

        `torn` and `zeros` hold that line, as after opening.
        """
        with reported(self.path):
            self.size = os.fstat(self._fd).st_size
            self.torn, self.zeros = self._cut_torn_line()

    def last_line(self) -> bytes:
        """Return the last line with its newline; empty if there is none, or if it is too long.

        The bound is that of `entry_lines`, as MANIFEST has the longest lines.
        """
        with reported(self.path, doing="read"):
            start = line_start(self._fd, self.size - 1)
            length = self.size - start
            return os.pread(self._fd, length, start) if length <= LONGEST + 1 else b""

    def first_line(self) -> bytes:
        """Return the first line with its newline; empty if there is none, or if it is too long."""
        with reported(self.path, doing="read"):
            line, newline, _ = os.pread(self._fd, min(self.size, LONGEST_LINE), 0).partition(b"\n")
            return line + newline if newline else b""

    def lines_from(self, start: int, most: int | None = None) -> bytes:
        """Return the whole lines behind `start`, also if the file has lost its name.

        They are those in the next `most` bytes, None for all.
        """
        length = max(0, self.size - start)
        with reported(self.path, doing="read"):
            # Ending where another program cut it, or at the first byte that one appended.
            data = os.pread(self._fd, length if most is None else min(most, length), start)
        return data[: data.rfind(b"\n") + 1]

    def write(self, data: bytes) -> None:
        """Append whole lines.

        On failure the lines that were written whole stay, `size` is where they
        end, and the bytes behind them are cut off, if need be by the next write.
        """
        written = 0
        try:
            if self._ragged:
                self._cut()
            self._dirty = True
            written = self._system.write(self._fd, data)
            while written < len(data):
                written += self._system.write(self._fd, memoryview(data)[written:])
        except OSError as error:
            self._end += written
            self.size += data.rfind(b"\n", 0, written) + 1
            self._ragged = True
            with contextlib.suppress(OSError):
                self._cut()
            raise transcript_error(self.path, error) from error
        self.size += written
        self._end = self.size

    def _cut(self) -> None:
        self._system.ftruncate(self._fd, self.size)
        self._end = self.size
        self._ragged = False
        self._dirty = True

    def unsynced(self) -> Unsynced | None:
        """Return the bytes and names that are not synced yet, once; None if all are."""
        if not self._dirty and not self._changed:
            return None
        self._dirty, changed, self._changed = False, tuple(self._changed), []
        return Unsynced(self.path, self.identity, self.size, changed)

    def is_in_place(self) -> bool:
        """Return whether its name still leads to this file."""
        with reported(self.path, doing="look at"):
            return _identity(self.path) == self.identity

    def is_nameless(self) -> bool:
        """Return whether the file has no name left, so that closing it would lose its lines."""
        with reported(self.path, doing="look at"):
            return os.fstat(self._fd).st_nlink == 0

    @property
    def as_left(self) -> AsLeft | None:
        """The file as it is when it is closed now; None if it does not end with a whole line."""
        return AsLeft(self.identity, self.size) if self.size == self._end else None

    def close(self) -> None:
        """Close the file, synced or not."""
        with reported(self.path):
            self._system.close(self._fd)


def sync(item: Unsynced, *, system: System) -> bool:
    """Sync a file and its new names; return False if the name leads elsewhere now.

    The file is opened by its name, so that its writer may have closed it. Any
    thread may call this.
    """
    return sync_file(item, system=system) and all(
        sync_names(item, each, system=system) for each in item.directories
    )


def sync_file(item: Unsynced, *, system: System) -> bool:
    """Sync the bytes of a file; return False if the name leads elsewhere now."""
    with reported(item.path, doing="sync"):
        try:
            if _identity(item.path) != item.identity:
                return False
            fd = open_regular(item.path, os.O_RDONLY, open_=system.open)
        except (FileNotFoundError, NotADirectoryError):  # gone since it was looked at
            return False
        try:
            system.fsync(fd)
        finally:
            system.close(fd)
    return True


def sync_names(item: Unsynced, directory: Path, *, system: System) -> bool:
    """Sync the names in a directory of a file; return False if the directory is gone."""
    with reported(item.path, doing="sync"):
        try:
            sync_directory(system, directory)
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True


def is_there(item: Unsynced) -> bool:
    """Return whether a file is where it was written; sync nothing."""
    with reported(item.path, doing="look at"):
        return _identity(item.path) == item.identity


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        state = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return state.st_dev, state.st_ino


def line_start(fd: int, end: int) -> int:
    """Return where the line begins in which a place of a file is: behind the newline before it."""
    while end > 0:
        start = max(0, end - _BLOCK)
        newline = os.pread(fd, end - start, start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _end_before_zeros(fd: int, end: int) -> int:
    while end > 0:
        start = max(0, end - _BLOCK)
        kept = os.pread(fd, end - start, start).rstrip(b"\0")
        if kept:
            return start + len(kept)
        end = start
    return 0
