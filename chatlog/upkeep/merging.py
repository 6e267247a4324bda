"""The lines of several parts merged by time, none left out and none altered.

Nothing here writes. The lines of a live part keep their order, even if times go
back. A part of history is sorted first, unless its lines would take more than
128 MiB of memory. A line that is longer than `LONGEST_LINE` passes in pieces.
"""

from __future__ import annotations

import hashlib
import heapq
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from chatlog.archive.bounded_lines import LONGEST_LINE
from chatlog.archive.files import opened, reported
from chatlog.errors import TranscriptError
from chatlog.event import is_time, shifted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.event import Event
    from chatlog.formats.format import Format

    TimeOf = Callable[[bytes], bytes]
    """Returns the time of a line; empty if the line is no event."""

_SORTED: Final = 128 * 1024 * 1024
_OVERHEAD: Final = 200  # bytes of the objects of a line
_BLOCK: Final = 256 * 1024
_RECEIVED: Final = b'","received":"'
_WITNESS: Final = b'","witness":"'
_EPOCH: Final = "1970-01-01T00:00:00.000Z"

_Timed = tuple[bytes, bytes]


class Tally:
    """Digest and counts of the lines that pass, and their times if lines of the format tell them.

    `received` is the latest moment of receipt by our clock, "" if none is told. `is_brought`
    means that a merge brought some of the lines: their receipts are by a witness's clock.
    """

    def __init__(self, made_in: Format) -> None:
        self._time_of = time_in(made_in)
        self._receipt_of = receipt_in(made_in)
        self.received = ""
        self.is_brought = False
        self.bytes = 0
        self.lines = 0
        self._digest = hashlib.sha256()
        self._first = b""
        self._last = b""

    @property
    def sha256(self) -> str:
        """The SHA-256 of all lines that passed."""
        return self._digest.hexdigest()

    @property
    def first(self) -> str:
        """The lowest time of all lines; "" if none has one."""
        return self._first.decode("ascii", "replace")

    @property
    def last(self) -> str:
        """The highest time of all lines; "" if none has one."""
        return self._last.decode("ascii", "replace")

    def counted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Yield lines in blocks, and count them."""
        block, is_whole = bytearray(), True
        for line in lines:
            begins, is_whole = is_whole, line.endswith(b"\n")
            block += line
            self.lines += is_whole
            if begins and is_whole:  # else it is a piece of a line that is too long
                self._note(line)
            if len(block) >= _BLOCK:
                yield self._passed(block)
        yield self._passed(block)

    def _note(self, line: bytes) -> None:
        if self._time_of is not None and (time := self._time_of(line)):
            self._first = min(self._first or time, time)
            self._last = max(self._last, time)
        if _WITNESS in line:
            self.is_brought = True
        elif self._receipt_of is not None:
            self._note_receipt(self._receipt_of(line))

    def _note_receipt(self, receipt: bytes) -> None:
        text = receipt.decode("ascii", "replace")
        if text > self.received and is_time(text):  # a damaged line may have any other
            self.received = text

    def _passed(self, block: bytearray) -> bytes:
        data = bytes(block)
        block.clear()
        self._digest.update(data)
        self.bytes += len(data)
        return data


def time_in(made_in: Format) -> TimeOf | None:
    """Return the function that tells the time of a line; None if a line alone does not tell."""
    decode = made_in.decode_line
    if decode is None:
        return None
    head, place = made_in.head, made_in.time

    def time_of(line: bytes) -> bytes:
        if head and line.startswith(head):
            return line[place]
        event = _event(decode, line)
        return event.time.encode() if event else b""

    return time_of


def receipt_in(made_in: Format) -> TimeOf | None:
    """Return the function that tells when a line was received; None if a line does not tell.

    A line without a server's time was received at its time.
    """
    decode = made_in.decode_line
    if decode is None:
        return None
    head, place = made_in.head, made_in.time

    def receipt_of(line: bytes) -> bytes:
        if made_in.is_json and line.startswith(head):
            begin = place.stop + len(_RECEIVED)
            is_told = line.startswith(_RECEIVED, place.stop)
            return line[begin : begin + place.stop - place.start] if is_told else line[place]
        event = _event(decode, line)
        return (event.received or event.time).encode() if event else b""

    return receipt_of


def last_receipt(path: Path, made_in: Format) -> str:
    """Return when the last line of a segment came into this archive, by our clock."""
    tally = Tally(made_in)
    if made_in.decode_line is not None:
        for _ in tally.counted(_lines(path)):
            pass
    return arrival_of(tally, [path])


def arrival_of(tally: Tally, paths: Iterable[Path]) -> str:
    """Return when the last of some lines came into this archive, by our clock.

    That is the last receipt; if no line tells one, or a merge brought some, the last change of the
    files counts too.
    """
    if tally.received and not tally.is_brought:
        return tally.received
    return max([tally.received, *map(last_change, paths)])


def last_change(path: Path) -> str:
    """Return when a file was changed last, within the years of events."""
    with reported(path, doing="look at"):
        return shifted(_EPOCH, int(path.stat().st_mtime * 1000))


def lines_of(paths: list[Path], made_in: Format) -> Iterator[bytes]:
    """Yield all lines of some parts with their newlines; several parts are merged by time.

    The lines of several parts must tell their times by themselves.
    """
    if len(paths) == 1:
        return _lines(paths[0])
    decode, time_of = made_in.decode_line, time_in(made_in)
    if decode is None or time_of is None:
        raise ValueError(f"parts in {made_in.name} cannot be merged")
    timed = [_timed(path, time_of, is_history=_is_history(path, decode)) for path in paths]
    return (line for _, line in heapq.merge(*timed, key=itemgetter(0)))


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file with their newlines, one that is too long in pieces."""
    with opened(str(path)) as fd:
        if fd is None:
            raise TranscriptError(f"{path} went while it was read; run this again")
        with open(fd, "rb", buffering=_BLOCK, closefd=False) as file:
            while line := file.readline(LONGEST_LINE + 1):
                yield line


def _timed(path: Path, time_of: TimeOf, *, is_history: bool) -> Iterator[_Timed]:
    if is_history and (lines := _in_memory(path, time_of)) is not None:
        return iter(sorted(lines, key=itemgetter(0)))
    return _in_order(path, time_of, keep=True)


def _in_memory(path: Path, time_of: TimeOf) -> list[_Timed] | None:
    """Return the lines of a file with their times; None if they take too much memory."""
    lines, size = [], 0
    for line in _in_order(path, time_of, keep=False):
        size += len(line[1]) + _OVERHEAD
        if size > _SORTED:
            return None
        lines.append(line)
    return lines


def _in_order(path: Path, time_of: TimeOf, *, keep: bool) -> Iterator[_Timed]:
    """Yield each line with its time, or with the highest so far to keep the order."""
    latest, begins = b"", True
    for line in _lines(path):
        is_whole = line.endswith(b"\n")
        time = time_of(line) if begins and is_whole else b""
        latest = max(latest, time) if keep else time or latest
        begins = is_whole
        yield latest, line


def _is_history(path: Path, decode: Callable[[bytes], Event]) -> bool:
    event = _event(decode, next(_lines(path), b""))
    return event is not None and bool(event.via)


def _event(decode: Callable[[bytes], Event], line: bytes) -> Event | None:
    try:
        return decode(line)
    except ValueError:
        return None
