"""The outbox of a shipper: the messages that are being published, numbered, in one file.

A batch is written here before it is published, and is published from here after a kill: so each
message keeps its number, whatever became of the archive meanwhile. The file is replaced as a
whole, and is of the batch before or of the next one.

    {"first": 1001, "cursor": [5120, 77], "read": [0, 1], "count": 2}
    chatlog.libera.#python<TAB>{"time": …}
    chatlog.$run<TAB>{"name": …}

A `+` before the subject is of a line that was shipped before.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import reported
from chatlog.archive.system import replace_file
from chatlog.bus.messages import BusMessage
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chatlog.archive.system import System

_TAIL: Final = 64 * 1024
_AGAIN: Final = b"+"


class FileMark(msgspec.Struct, frozen=True, array_like=True):
    """The content of a file that grows by lines: its whole lines in bytes, and a check of the last.

    A line that a kill cut off does not count.
    """

    size: int = 0
    check: int = 0


class _Head(msgspec.Struct, frozen=True):
    """The messages from `read[0]` to before `read[1]` are lines that the cursor leads to."""

    first: int
    cursor: FileMark
    read: tuple[int, int]
    count: int


class Outbox:
    """The file, and its content as it was read or written last.

    `first` is the number of the first of `messages`. `cursor` marks the cursor before the batch
    was taken; `read` tells which messages are the lines that it led to. A batch stays until the
    next one: published twice, it changes nothing.
    """

    def __init__(self, path: Path, system: System) -> None:
        self._path = path
        self._system = system
        self.first = 1
        self.cursor = FileMark()
        self.read = 0, 0
        self.messages: Sequence[BusMessage] = ()

    def load(self) -> None:
        """Read the file, if there is one; raise TranscriptError if it is damaged."""
        with reported(self._path, doing="read"):
            try:
                data = self._path.read_bytes()
            except FileNotFoundError:
                return
        head, *lines = data.split(b"\n")[:-1] or [b""]
        try:
            known = msgspec.json.decode(head, type=_Head)
            messages = [_message(line) for line in lines]
        except (msgspec.MsgspecError, ValueError) as error:
            raise self._damaged() from error
        if len(messages) != known.count or known.first < 1:
            raise self._damaged()
        self.first, self.cursor, self.read = known.first, known.cursor, known.read
        self.messages = messages

    def _damaged(self) -> TranscriptError:
        return TranscriptError(
            f"{self._path} is damaged; remove its directory, and all is shipped once more"
        )

    @property
    def next(self) -> int:
        """The number of the first message of the next batch."""
        return self.first + len(self.messages)

    def put(
        self, messages: Sequence[BusMessage], *, read: tuple[int, int], cursor: FileMark
    ) -> None:
        """Write the next batch, of which `read` tells the range of the cursor's lines."""
        first = self.next
        head = msgspec.json.encode(_Head(first, cursor, read, len(messages)))
        lines = [
            b"%s%s\t%s" % (_AGAIN * each.is_again, each.subject.encode(), each.data)
            for each in messages
        ]
        # Durable: numbers that went back after a power cut would be taken for repeated ones.
        replace_file(self._path, b"\n".join([head, *lines, b""]), system=self._system)
        self.first, self.messages, self.read, self.cursor = first, messages, read, cursor


def _message(line: bytes) -> BusMessage:
    subject, separator, data = line.partition(b"\t")
    if not separator:
        raise ValueError("no message")
    is_again = subject.startswith(_AGAIN)
    return BusMessage(subject.removeprefix(_AGAIN).decode(), data, is_again)


def mark_of(path: Path) -> FileMark:
    """Return the mark of a file, the same for none and for one without a whole line."""
    with reported(path, doing="read"):
        try:
            with path.open("rb") as file:
                end = file.seek(0, 2)
                begin = max(0, end - _TAIL)
                file.seek(begin)
                data = file.read(end - begin)
        except FileNotFoundError:
            return FileMark()
    whole = data.rfind(b"\n") + 1
    return FileMark(begin + whole, zlib.crc32(data[:whole])) if whole else FileMark()
