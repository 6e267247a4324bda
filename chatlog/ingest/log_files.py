"""The files of logs: found below paths, and opened through any compression.

Nothing is passed over in silence: what is no regular file is yielded with the reason, and so is
an archive, whose lines are merged and not imported.
"""

from __future__ import annotations

import bz2
import errno
import lzma
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.archive.compression import DamagedError, compression_of
from chatlog.archive.files import reported
from chatlog.archive.version import NAME as VERSION_FILE
from chatlog.archive.version import read_version
from chatlog.errors import TranscriptError
from chatlog.formats.dialects.log_lines import decoded
from chatlog.formats.wording import many
from chatlog.ingest.staging import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_BLOCK: Final = 256 * 1024
_MAGIC: Final = 6
_AT_ONCE: Final = 1024 * 1024
_MOST_FOLD: Final = 250
"""A file whose contents are so many times its size, beyond `_HARMLESS`, is a trap."""
_HARMLESS: Final = 1 << 30
_EXPORTS: Final = ".exports"
ADVICE: Final = "name a file, or a directory, that is there and that this user may read"
_MOST_MEMORY: Final = 128 * 1024 * 1024
"""The bytes of memory that an xz file may ask for: `xz -9` asks for half of them."""


class LogFile(msgspec.Struct, frozen=True):
    """A file that may be a log: its path as it was named or found, and its size in bytes."""

    path: str
    size: int

    def name_in(self, encoding: str) -> str:
        """Return the absolute path as text: names that are no UTF-8 are read as lines are."""
        path = os.fsencode(os.path.abspath(self.path))  # noqa: PTH100 - a text
        return "/".join(decoded(each, encoding)[0] for each in path.split(b"/"))


class PassedOver(msgspec.Struct, frozen=True):
    """A path that is no log, and the reason."""

    path: str
    why: str


def find_logs(paths: Iterable[str]) -> Iterator[LogFile | PassedOver]:
    """Yield all files below some paths, in order of their names, and the paths passed over.

    A path may itself be a link; links below it are not followed. A file that two paths lead
    to is yielded once.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        for found in _below(path):
            if isinstance(found, LogFile):
                state = os.stat(found.path)  # noqa: PTH116 - as they are listed
                if (state.st_dev, state.st_ino) in seen:
                    continue
                seen.add((state.st_dev, state.st_ino))
            yield found


def _below(path: str) -> Iterator[LogFile | PassedOver]:
    with reported(path, doing="read", advice=ADVICE):
        state = os.stat(path)  # noqa: PTH116 - a path of the user may be a link
    if not stat.S_ISDIR(state.st_mode):
        yield _file(path, state)
        return
    waiting = [path]
    while waiting:
        directory = waiting.pop()
        try:
            with os.scandir(directory) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield PassedOver(directory, _why_unread(directory, error, "listed"))
            continue
        if why := _why_no_logs(directory, entries):
            yield PassedOver(directory, why)
            continue
        deeper = []
        for entry in entries:
            try:
                state = entry.stat(follow_symlinks=False)
            except OSError as error:
                yield PassedOver(entry.path, _why_unread(entry.path, error, "read"))
                continue
            if stat.S_ISDIR(state.st_mode):
                deeper.append(entry.path)
            else:
                yield _file(entry.path, state)
        waiting += reversed(deeper)


def _why_unread(path: str, error: OSError, done: str) -> str:
    """Return why a path, and all below it, is passed over."""
    if error.errno == errno.ENAMETOOLONG:
        depth = many(path.count("/"), "directory", "directories")
        return f"too deep, below {depth}; move it up, to import what is there"
    return f"cannot be {done}: {error.strerror}"


def _why_no_logs(directory: str, entries: Iterable[os.DirEntry[str]]) -> str:
    """Return why a directory with these entries holds no logs, "" if it may.

    The lines of an archive have a witness, a coverage and ids, which a merge keeps.
    """
    name = os.path.basename(directory)  # noqa: PTH119 - a text
    if name.startswith(PREFIX):
        return "the stage of an import that is running or was killed"
    if name == _EXPORTS:
        return "chatlog's memory of its exports"
    if VERSION_FILE in {entry.name for entry in entries}:
        with suppress(TranscriptError):  # another file of that name
            if read_version(directory) is not None:
                return "an archive of chatlog; take its lines over with `chatlog merge`"
    return ""


_ODD: Final = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _file(path: str, state: os.stat_result) -> LogFile | PassedOver:
    kind = stat.S_IFMT(state.st_mode)
    if kind == stat.S_IFREG:
        return LogFile(path, state.st_size)
    return PassedOver(path, f"{_ODD.get(kind, 'something else')}, not a regular file")


# -- contents ----------------------------------------------------------------------


class LogContents:
    """The decompressed bytes of one log, in blocks.

    `read` is how many bytes of the file itself were read so far. A file that grows meanwhile is
    read to the end of its last whole line, and `grew` is true. The file is opened once.
    """

    def __init__(self, file: LogFile) -> None:
        self.read = 0
        self.grew = False
        self.was_read_on = False
        self.file = file
        self._kept: list[bytes] = []
        self._first = 0
        self._rest = self._opened()
        self._damage: DamagedError | None = None

    def beginning(self, most: int) -> bytes:
        """Return the first bytes of the log, as `blocks` yields them once more.

        Errors are those of `blocks`, but a damaged log is an error only if not one byte can be
        read.
        """
        size = 0
        try:
            while size < most and (block := next(self._rest, None)) is not None:
                self._kept.append(block)
                size += len(block)
        except DamagedError as error:
            if not size:
                raise
            self._damage = error
        beginning = b"".join(self._kept)[:most]
        self._first = beginning.rfind(b"\n") + 1
        return beginning

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes of the log; the whole lines of its beginning are the first block.

        The bytes behind the beginning are yielded once: then `was_read_on` is true. Raise
        TranscriptError if the file cannot be read, DamagedError if it is compressed and
        damaged, or is a trap: its contents are hundreds of times its size.
        """
        kept = b"".join(self._kept)
        yield from filter(None, (kept[: self._first], kept[self._first :]))
        if self._damage is not None:
            raise self._damage
        self.was_read_on = True
        yield from self._rest

    def _opened(self) -> Iterator[bytes]:
        """Open the file and yield its bytes, once."""
        with reported(self.file.path, doing="read", advice=ADVICE):
            fd = os.open(self.file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
            size = self._expect_regular(file.fileno())
            raw = self._raw(file, size)
            first = next(raw, b"")
            decompressed = _decompressor(first)
            blocks = _joined(first, raw)
            if decompressed is not None:
                yield from self._bounded(decompressed(blocks))
            else:
                yield from self._whole_lines(blocks, file.fileno(), size)

    def _expect_regular(self, fd: int) -> int:
        state = os.fstat(fd)
        if not stat.S_ISREG(state.st_mode):
            raise TranscriptError(f"{self.file.path} is not a regular file; name another")
        return state.st_size

    def _raw(self, file: Any, size: int) -> Iterator[bytes]:
        """Yield the bytes that the file had when it was opened."""
        while self.read < size:
            with reported(self.file.path, doing="read", advice=ADVICE):
                block = file.read(min(_BLOCK, size - self.read))
            if not block:
                return  # cut meanwhile
            self.read += len(block)
            yield block

    def _bounded(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        made = 0
        for block in blocks:
            made += len(block)
            if made > _HARMLESS and made > self.file.size * _MOST_FOLD:
                raise DamagedError(f"its contents are more than {_MOST_FOLD} times its size")
            yield block

    def _whole_lines(self, blocks: Iterator[bytes], fd: int, size: int) -> Iterator[bytes]:
        """Yield blocks, without the unfinished last line of a file that grows."""
        last = next(blocks, b"")
        for block in blocks:
            yield last
            last = block
        self.grew = os.fstat(fd).st_size > size
        yield last[: last.rfind(b"\n") + 1] if self.grew else last


def until_damage(blocks: Iterable[bytes], tell: Callable[[DamagedError], None]) -> Iterator[bytes]:
    """Yield the whole lines before the damage of a log, which is told once, at the end.

    The line that is damaged would be taken for another one. Longer lines than any are not held.
    """
    rest = b""
    try:
        for block in blocks:
            data = rest + block
            end = len(data) if len(data) > _AT_ONCE else data.rfind(b"\n") + 1
            if end:
                yield data[:end]
            rest = data[end:]
    except DamagedError as error:
        tell(error)
        return
    if rest:
        yield rest


def _joined(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _unpacked(new: Callable[[], Any], broken: type[Exception]) -> Any:
    """Return a decompressor of streams of one kind, one after another in a file."""

    def decompressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
        stream = new()
        is_whole = False
        try:
            for block in blocks:
                rest = block
                while rest:
                    if stream.eof:
                        stream = new()
                    yield stream.decompress(rest, _AT_ONCE)
                    while not (stream.eof or stream.needs_input):
                        yield stream.decompress(b"", _AT_ONCE)
                    rest = stream.unused_data
                    is_whole = stream.eof
        except (broken, OSError, EOFError) as error:
            raise DamagedError(f"damaged ({error})") from error
        if not is_whole:
            raise DamagedError("it ends too early")

    return decompressed


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=_MOST_MEMORY)


_KINDS: Final = (
    (b"\x1f\x8b", lambda: compression_of("gz").decompressed),
    (b"\x28\xb5\x2f\xfd", lambda: compression_of("zst").decompressed),
    (b"\xfd7zXZ\x00", lambda: _unpacked(_xz, lzma.LZMAError)),
    (b"BZh", lambda: _unpacked(bz2.BZ2Decompressor, ValueError)),
)
"""The first bytes of compressed files: suffixes lie."""


def _decompressor(first: bytes) -> Callable[[Iterable[bytes]], Iterator[bytes]] | None:
    """Return how a file with these first bytes is decompressed, None if it is not compressed."""
    kind: Any = next((kind for magic, kind in _KINDS if first.startswith(magic)), None)
    return kind() if kind is not None else None
