"""Cursors: the position of a reader in an archive, kept in a file for the next reader.

A cursor counts the bytes read of each segment, not a time: lines that are
fetched or sealed later are found whole, and no line that was read comes again.
Digests of the lines of live segments tell those lines from others after they
were merged.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.archive.files import reported
from chatlog.errors import TranscriptError
from chatlog.read.positions import DIGEST, Positions, Read
from chatlog.read.segment_reader import digests_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.read.reader import Entry, Reader

_VERSION: Final = 1
_LONGEST: Final = 64 * 1024 * 1024  # digests of some five million lines that are not sealed yet
_SLACK: Final = 64 * 1024
_OTHER_FILE: Final = "name another file with --cursor"


class _Step(NamedTuple):
    """The position in a segment; `more` digests follow the first `digests` bytes of known ones."""

    position: int
    last_time: str
    sealed: bool
    digests: int
    more: bytes


class _Line(msgspec.Struct, omit_defaults=True):
    """One line of the file: the segments of each target that changed, None for one that is gone.

    `done` are digests of single events behind the position that were handled. Beside
    targets they are all of them, else some more.
    """

    version: int
    targets: dict[str, dict[str, _Step | None]]
    done: bytes = b""


_Kept = tuple[int, str, bool, int, bytes]
"""A mark of the position that the file holds: its step, and the last digest."""


class Cursor:
    """The cursor of a reader in a file.

    Each piece that was read adds a line to it; from time to time it is
    replaced as a whole. A file that cannot be read or written is a
    TranscriptError. So is a file that is no cursor, which is left as it is.
    A new file gets `mode`, less the umask; None is that of the file before, or of any program's.
    """

    def __init__(self, reader: Reader, path: str, mode: int | None = None) -> None:
        self._reader = reader
        self._mode = mode
        self._path = path
        self._positions: Positions = {}  # as far as the reader does not know better
        self._kept: dict[str, dict[str, _Kept]] = {}
        self._done = b""  # digests of events behind the kept position
        self._due_again: Counter[bytes] = Counter()  # the same events, until each is met again
        self._is_there = False
        self._size = self._limit = 0  # what the file has, and may have before it is written anew
        reader.remember()

    def restore(self) -> bool:
        """Move the reader to the kept position; return whether there was one."""
        data = self._content()
        if data is None:
            return False
        lines = data.split(b"\n")[:-1]  # a kill may have cut off the last one
        try:
            for line in lines:
                self._take(msgspec.json.decode(line, type=_Line))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._foreign() from error
        if data and not lines:
            raise self._foreign()
        self._kept = {place: _kept(each) for place, each in self._positions.items()}
        self._due_again.update(_cut(self._done))
        self._reader.restore(self._positions)
        self._is_there = bool(lines)
        return self._is_there

    def _content(self) -> bytes | None:
        with reported(self._path, doing="read", advice=_OTHER_FILE):
            try:
                mode = os.stat(self._path).st_mode  # noqa: PTH116 - as below
                if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # a device may have no end
                    raise TranscriptError(f"{self._path} is no file; name one with --cursor")
                with open(self._path, "rb") as file:  # noqa: PTH123 - reading starts without pathlib
                    return self._bounded(file.read(_LONGEST + 1))
            except FileNotFoundError:
                return None

    def _bounded(self, data: bytes) -> bytes:
        if len(data) > _LONGEST:
            raise self._foreign()
        return data

    def _take(self, line: _Line) -> None:
        if line.version != _VERSION:
            raise TranscriptError(f"{self._path} is of a later version of chatlog")
        if len(line.done) % DIGEST:
            raise self._foreign()
        self._done = line.done if line.targets else self._done + line.done
        for place, steps in line.targets.items():
            known = self._positions.setdefault(place, {})
            for name, step in steps.items():
                if step is None:
                    known.pop(name, None)
                else:
                    before = known[name].digests[: step.digests] if name in known else b""
                    if len(before) != step.digests or step.position < 0:
                        raise self._foreign()
                    known[name] = Read(*step[:3], bytes(before) + step.more)

    def _foreign(self) -> TranscriptError:
        return TranscriptError(
            f"{self._path} is no cursor of chatlog; name another file, or remove it"
        )

    def keep(self, *, at_end: bool = False) -> None:
        """Write the position of the reader to the file; `at_end` if there was no more to read.

        The events that a run before noted are behind the position until the reader has
        met them, or is at its end.
        """
        positions = self._reader.positions()
        self._positions.update(positions)
        steps = {
            place: changed
            for place, reads in positions.items()
            if (changed := _changed(self._kept.get(place, {}), reads))
        }
        if not steps and self._is_there:
            return
        if at_end:
            self._due_again.clear()
        self._done = b"".join(self._due_again.elements())
        with reported(self._path, advice=_OTHER_FILE):
            self._write(steps)
        self._is_there = True
        self._kept.update((place, _kept(self._positions[place])) for place in steps)

    def note(self, entries: Sequence[Entry]) -> None:
        """Write that single events behind the kept position were handled, before `keep` is due.

        Before the first `keep` there is no position, and nothing is written.
        """
        if not self._is_there:
            return
        done = digests_of([entry.json for entry in entries])
        self._done += done
        with reported(self._path, advice=_OTHER_FILE):
            self._write_line(_encoded({}, done))

    def was_done(self, entry: Entry) -> bool:
        """Return whether a run before noted an event; each note counts for one event."""
        if not self._due_again:
            return False
        digest = digests_of([entry.json])
        due = self._due_again.pop(digest, 0)
        if due > 1:
            self._due_again[digest] = due - 1
        return due > 0

    def _write(self, steps: dict[str, dict[str, _Step | None]]) -> None:
        self._write_line(_encoded(steps, self._done))

    def _write_line(self, line: bytes) -> None:
        if self._size + len(line) > self._limit or not self._append(line):
            steps = {place: _changed({}, reads) for place, reads in self._positions.items()}
            whole = _encoded(steps, self._done)
            self._replace(whole)
            self._size, self._limit = len(whole), 2 * len(whole) + _SLACK

    def _append(self, line: bytes) -> bool:
        """Append a line; return False if another program removed the file or wrote to it."""
        try:
            with open(self._path, "r+b") as file:  # noqa: PTH123 - as above
                if file.seek(0, os.SEEK_END) != self._size:
                    return False
                file.write(line)
        except FileNotFoundError:
            return False
        self._size += len(line)
        return True

    def _replace(self, data: bytes) -> None:
        from pathlib import Path

        from chatlog.archive.system import replace_file

        # A directory that is missing was mistyped, and is not made.
        replace_file(Path(self._path), data, mode=self._mode, parents=False, advice=_OTHER_FILE)


def _encoded(steps: dict[str, dict[str, _Step | None]], done: bytes = b"") -> bytes:
    return msgspec.json.encode(_Line(_VERSION, steps, done)) + b"\n"


def _cut(digests: bytes) -> list[bytes]:
    return [digests[at : at + DIGEST] for at in range(0, len(digests), DIGEST)]


def _kept(reads: dict[str, Read]) -> dict[str, _Kept]:
    return {name: _mark(read) for name, read in reads.items()}


def _mark(read: Read) -> _Kept:
    return (
        read.position,
        read.last_time,
        read.sealed,
        len(read.digests),
        bytes(read.digests[-DIGEST:]),
    )


def _changed(kept: dict[str, _Kept], reads: dict[str, Read]) -> dict[str, _Step | None]:
    """Return the segments of a target whose position differs from the kept one."""
    changed: dict[str, _Step | None] = {name: None for name in kept if name not in reads}
    for name, read in reads.items():
        before = kept.get(name)
        if before != _mark(read):
            begin = _unchanged(before, read)
            changed[name] = _Step(
                read.position, read.last_time, read.sealed, begin, bytes(read.digests[begin:])
            )
    return changed


def _unchanged(kept: _Kept | None, read: Read) -> int:
    """Return how many bytes of the digests the file holds already."""
    if kept is None:
        return 0
    *_, length, last = kept
    goes_on = length <= len(read.digests) and read.digests[:length].endswith(last)
    return length if goes_on else 0
