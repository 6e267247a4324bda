"""The spool of a take-over: events of targets whose transcripts another recorder still holds.

`ROOT/.takeover/RUN.spool` has an event a line, in the order in which they came, and
`{"taken":[NETWORK,TARGET]}` once all events of a target are safe in its transcript. The run
that writes it holds a lock on the file, which the kernel releases when the process dies. What
such a run leaves is put into the transcripts by the next one.
"""

from __future__ import annotations

import logging
import os
from array import array
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import open_regular, opened, reported, size_of
from chatlog.archive.segment import Segment
from chatlog.archive.syncing import Exposed
from chatlog.archive.system import FILE_MODE, System, remove, try_lock
from chatlog.errors import TranscriptError
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from chatlog.event import Event

logger = logging.getLogger(__name__)

DIRECTORY: Final = ".takeover"
MOST: Final = 1024 * 1024 * 1024
"""The bytes that a spool may have: a take-over that waits for longer is given up."""

Place = tuple[str, str]
"""A network and a target, as the events spell them."""

_TAKEN: Final = b'{"taken":'
_AT_ONCE: Final = 4 * 1024 * 1024


class _Taken(msgspec.Struct):
    taken: Place


class _Placed(msgspec.Struct):
    network: str
    target: str


class SpooledEvents:
    """The events of one target in a spool, by their numbers from 0 on; any thread may read.

    More may come meanwhile. Memory holds twelve bytes of each.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets = array("q")
        self._lengths = array("i")

    def __len__(self) -> int:
        return len(self._lengths)

    def add(self, offset: int, length: int) -> None:
        """Add the place of an event behind all others."""
        self._offsets.append(offset)
        self._lengths.append(length)

    def read(self, numbers: Iterable[int]) -> Iterator[Event]:
        """Yield the events of some numbers; raise TranscriptError if the file is damaged."""
        with opened(str(self._path)) as fd:
            for number in numbers:
                offset, length = self._offsets[number], self._lengths[number]
                line = b"" if fd is None else os.pread(fd, length, offset)
                try:
                    event = jsonl.decode(line)
                except ValueError as error:
                    raise TranscriptError(f"{self._path} was altered: {error}") from error
                yield event


class TakeoverSpool:
    """The spool of one run; its file is made with the first event.

    What `append` returned from is in the kernel: a killed process does not lose it. `count` is
    the number of events of targets that are not taken.
    """

    def __init__(
        self, path: Path, *, system: System, mode: int = FILE_MODE, exposed: Exposed | None = None
    ) -> None:
        self.path = path
        self._system, self._mode = system, mode
        self._exposed = exposed if exposed is not None else Exposed()
        self._events: dict[Place, SpooledEvents] = {}
        self._file: Segment | None = None
        self._lock = -1

    @property
    def count(self) -> int:
        """The number of events that wait."""
        return sum(map(len, self._events.values()))

    @property
    def is_full(self) -> bool:
        """Whether the file has as many bytes as it may have."""
        return self._file is not None and self._file.size > MOST

    def places(self) -> list[Place]:
        """Return the targets of which events wait."""
        return list(self._events)

    def events_of(self, place: Place) -> SpooledEvents:
        """Return the events of a target that wait, which grow with each `append`."""
        if place not in self._events:
            self._events[place] = SpooledEvents(self.path)
        return self._events[place]

    def append(self, events: Sequence[Event]) -> None:
        """Write events, and hand the file to those who sync; raise TranscriptError."""
        lines = jsonl.encode(events)
        file = self._open()
        offset = file.size
        file.write(lines)
        self._exposed.add(file.unsynced())
        for event, line in zip(events, lines.split(b"\n"), strict=False):
            self.events_of((event.network, event.target)).add(offset, len(line))
            offset += len(line) + 1

    def note_taken(self, places: Iterable[Place]) -> None:
        """Note that the events of some targets are safe in their transcripts.

        The file is removed with the last of them.
        """
        gone = [place for place in places if self._events.pop(place, None) is not None]
        if not gone or self._file is None:
            return
        if self._events:
            self._file.write(b"".join(msgspec.json.encode(_Taken(each)) + b"\n" for each in gone))
            self._exposed.add(self._file.unsynced())
            return
        remove([self.path], system=self._system)
        self.close()

    def close(self) -> None:
        """Close the file and release its lock; the next run takes up the events that are left.

        Raise TranscriptError if a file could not be closed; its lock is released nevertheless.
        """
        file, self._file = self._file, None
        lock, self._lock = self._lock, -1
        try:
            if file is not None:
                file.close()
        finally:
            if lock >= 0:
                with reported(self.path):
                    self._system.close(lock)

    def _open(self) -> Segment:
        """Return the file, locked before the first line is in it."""
        if self._file is None:
            file = Segment(self.path, system=self._system, mode=self._mode)
            self._lock = _locked(self.path, self._system)
            if self._lock < 0:
                file.close()
                raise TranscriptError(f"another run has locked {self.path}; start again")
            self._file = file
        return self._file

    # -- what a run left -------------------------------------------------------------

    @classmethod
    def left(cls, path: Path, *, system: System) -> TakeoverSpool | None:
        """Return the spool that a dead run left; None if its run lives, or if it is empty."""
        if not size_of(path):  # a run locks its spool before it has a line
            return None
        spool = cls(path, system=system)
        spool._lock = _locked(path, system)
        if spool._lock < 0:
            return None
        try:
            spool._file = Segment(path, system=system)
            spool._read_places()
        except TranscriptError:
            spool.close()
            raise
        return spool

    def _read_places(self) -> None:
        assert self._file is not None  # noqa: S101 - the caller has opened it
        position = damaged = 0
        while lines := self._file.lines_from(position, _AT_ONCE):
            for line in lines.split(b"\n")[:-1]:
                damaged += not self._take_line(position, line)
                position += len(line) + 1
        if damaged:
            logger.warning("%s: %d lines are damaged, and are left out", self.path, damaged)

    def _take_line(self, position: int, line: bytes) -> bool:
        """Take a line of the file; return whether it is whole."""
        try:
            if line.startswith(_TAKEN):
                self._events.pop(msgspec.json.decode(line, type=_Taken).taken, None)
                return True
            jsonl.decode(line)
            placed = msgspec.json.decode(line, type=_Placed)
        except (ValueError, RecursionError):  # a MsgspecError is a ValueError
            return False
        self.events_of((placed.network, placed.target)).add(position, len(line))
        return True


def own_spool(
    root: Path, run: str, *, system: System, mode: int, exposed: Exposed
) -> TakeoverSpool:
    """Return the spool of a run."""
    path = root / DIRECTORY / f"{run or os.getpid()}.spool"
    return TakeoverSpool(path, system=system, mode=mode, exposed=exposed)


def left_spools(root: Path, *, system: System) -> list[TakeoverSpool]:
    """Return the spools that dead runs left in an archive, the oldest first.

    One that cannot be read stays, and a warning names it.
    """
    directory = root / DIRECTORY
    with reported(directory, doing="read"):
        paths = sorted(directory.glob("*.spool")) if directory.is_dir() else []
    found = []
    for path in paths:
        try:
            spool = TakeoverSpool.left(path, system=system)
        except TranscriptError as error:
            logger.warning("%s; its lines are not written", error)
            continue
        if spool is not None:
            found.append(spool)
    return found


def _locked(path: Path, system: System) -> int:
    """Return a descriptor that holds the lock of a spool; -1 if another process has it."""
    with reported(path, doing="lock"):
        fd = open_regular(path, os.O_RDONLY, open_=system.open)
    is_ours = False
    try:
        is_ours = try_lock(fd, path)
    finally:
        if not is_ours:
            system.close(fd)
    return fd if is_ours else -1
