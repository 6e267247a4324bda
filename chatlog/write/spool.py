"""The backlog: lines that wait for a disk that refuses them, in memory or in a spool file.

A spool file is one line of JSON that says where its lines belong, and then
whole lines. Beside it a `.done` file holds the position up to which they were
written there. Both are removed when all lines are. After a killed process the
next run takes up the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import beginning_of, opened, reported, size_of
from chatlog.archive.segment import Segment
from chatlog.archive.system import System, remove
from chatlog.errors import TranscriptError
from chatlog.event import CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatlog.archive.syncing import Exposed

logger = logging.getLogger(__name__)

_ENDING: Final = ".spool"
_LONGEST: Final = 64 * 1024  # of the first line, and of the end of a `.done` file
_AT_ONCE: Final = 1024 * 1024


class Belonging(msgspec.Struct, frozen=True, omit_defaults=True):
    """The parts to which the lines of a spool file belong; paths are those of `path_name`.

    `of_class` is their class, "" for parts of any: so says an earlier version.
    """

    root: str
    directory: str
    network: str
    target: str
    history: bool
    period: str
    suffix: str
    of_class: str = ""


class Backlog:
    """Lines that wait, in order, in memory."""

    def __init__(self) -> None:
        self._front = b""
        self._data = bytearray()

    @property
    def size(self) -> int:
        """How many bytes wait."""
        return len(self._front) + len(self._data)

    @property
    def lines(self) -> int:
        """How many lines wait."""
        return self._front.count(b"\n") + self._data.count(b"\n")

    def append(self, lines: bytes) -> None:
        """Add lines behind all others."""
        self._data += lines

    def prepend(self, lines: bytes) -> None:
        """Add lines before all others."""
        self._front = lines + self._front

    def take(self) -> bytes:
        """Return and remove the next lines: up to 1 MiB, or one that is longer."""
        if self._front:
            front, self._front = self._front, b""
            return front
        return self._take_behind()

    def _take_behind(self) -> bytes:
        length = _whole(self._data)
        taken = bytes(self._data[:length])
        del self._data[:length]
        return taken

    def settle(self) -> None:
        """Note that all lines that were taken are written where they belong."""

    def go_on(self) -> bytes:
        """Take up the lines of an earlier run; return the bytes of a line that it left torn."""
        return b""

    def close(self) -> None:
        """Close the file, if there is one."""


class SpoolFile(Backlog):
    """Lines that wait, in order, in a file, and so outlive a killed process.

    If that disk refuses them too, they wait in memory. Lines that were taken
    and not settled are taken again after a crash.
    """

    def __init__(
        self, directory: Path, belonging: Belonging, *, system: System, exposed: Exposed
    ) -> None:
        super().__init__()
        self._belonging = belonging
        self._path = directory / f"{_name(belonging)}{_ENDING}"
        self._system = system
        self._exposed = exposed
        self._file: Segment | None = None
        self._position = 0
        self._in_file = 0

    @property
    def size(self) -> int:
        """How many bytes wait."""
        return super().size + self._unread

    @property
    def lines(self) -> int:
        """How many lines wait."""
        return super().lines + self._in_file

    @property
    def _unread(self) -> int:
        return self._file.size - self._position if self._file else 0

    def go_on(self) -> bytes:
        """Take up the lines of an earlier run; return the bytes of a line that it left torn."""
        file = self._open()
        settled = _settled(self._done)
        if self._position < settled <= file.size:  # else it is of another file
            self._position = settled
        self._in_file = _lines_behind(file, self._position)
        return file.torn

    def append(self, lines: bytes) -> None:
        """Add lines behind all others, in the file unless its disk refuses them."""
        if not lines:
            return
        if self._data:
            super().append(lines)
            return
        kept = len(lines)
        try:
            file = self._open()
            before = file.size
            try:
                file.write(lines)
            finally:
                kept = file.size - before
                self._exposed.add(file.unsynced())
        except TranscriptError:
            kept = kept if self._file else 0
            super().append(lines[kept:])
        self._in_file += lines.count(b"\n", 0, kept)

    def _take_behind(self) -> bytes:
        if self._file is None or not self._unread:
            return super()._take_behind()
        data = self._file.lines_from(self._position, 4 * _AT_ONCE)
        taken = data[: _whole(data)]
        self._position += len(taken)
        self._in_file -= taken.count(b"\n")
        return taken

    def settle(self) -> None:
        """Note that all lines that were taken are written where they belong."""
        if self._file is None:
            return
        if self._unread:
            done = Segment(self._done, system=self._system)
            try:
                done.write(b"%d\n" % self._position)
            finally:
                done.close()
        else:
            self.close()
            remove([self._path, self._done], system=self._system)

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        self._position = 0
        if file is not None:
            file.close()

    @property
    def _done(self) -> Path:
        return self._path.with_suffix(".done")

    def _open(self) -> Segment:
        if self._file is not None:
            return self._file
        file = Segment(self._path, system=self._system)
        head = msgspec.json.encode(self._belonging) + b"\n"
        if not file.size:
            self._begin(file, head)
        self._file, self._position = file, len(head)
        return file

    def _begin(self, file: Segment, head: bytes) -> None:
        try:
            remove([self._done], system=self._system)  # of an older one of this name
            file.write(head)
        except TranscriptError:
            file.close()
            with contextlib.suppress(TranscriptError):
                remove([self._path], system=self._system)
            raise


def _lines_behind(file: Segment, position: int) -> int:
    count = 0
    while lines := file.lines_from(position, _AT_ONCE):
        count += lines.count(b"\n")
        position += len(lines)
    return count


def _whole(data: bytes | bytearray) -> int:
    return data.rfind(b"\n", 0, _AT_ONCE) + 1 or data.find(b"\n") + 1


def _name(belonging: Belonging) -> str:
    return hashlib.sha256(msgspec.json.encode(belonging)).hexdigest()[:32]


def _settled(path: Path) -> int:
    end = (size_of(path) or 0) - _LONGEST
    with opened(str(path)) as fd:
        lines = b"" if fd is None else os.pread(fd, _LONGEST, max(end, 0))
    last = lines.rpartition(b"\n")[0].rpartition(b"\n")[2]
    return int(last) if re.fullmatch(rb"[0-9]{1,18}", last) else 0


def path_name(path: Path) -> str:
    """Return a path in the form of a `Belonging`.

    It is absolute, as archives of one relative path may share a spool directory. Bytes
    that are not UTF-8 are escaped.
    """
    return os.fsencode(os.path.abspath(path)).decode(errors="backslashreplace")  # noqa: PTH100 - `..` goes


def left_in(directory: Path, root: Path) -> Iterator[Belonging]:
    """Yield the belonging of each file that earlier runs left in a spool directory.

    A file that is odd, or whose first line is damaged, stays as it is: a warning names it.
    """
    with reported(directory, doing="read"):
        paths = sorted(directory.glob(f"*{_ENDING}")) if directory.is_dir() else []
    for path in paths:
        try:
            belonging = _head(path)
        except TranscriptError as error:
            logger.warning("%s; its lines are not written", error)
            continue
        # Earlier versions wrote the path as it was typed.
        if belonging is not None and belonging.root in {path_name(root), str(root)}:
            yield belonging


def _head(path: Path) -> Belonging | None:
    """Return the belonging that a spool file states; None if the file is empty or gone.

    Raise TranscriptError if it is no regular file, or if its first line was altered.
    """
    content = beginning_of(path, _LONGEST)
    if not content:  # of a run that was killed before it wrote a line
        return None
    try:
        said: Belonging | None = msgspec.json.decode(content.partition(b"\n")[0], type=Belonging)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = None
    if said is None or path.name != f"{_name(said)}{_ENDING}" or not _is_of_target(said):
        raise TranscriptError(f"{path} does not state where its lines belong; move it away")
    return said


def _is_of_target(belonging: Belonging) -> bool:
    """Return whether a directory is that of a target in the archive: ROOT/NETWORK/TARGET."""
    if belonging.of_class and belonging.of_class not in CLASSES:
        return False
    try:
        steps = PurePath(belonging.directory).relative_to(belonging.root).parts
    except ValueError:
        return False
    return len(steps) == 2 and ".." not in steps  # noqa: PLR2004 - as above
