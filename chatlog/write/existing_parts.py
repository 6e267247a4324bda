"""The parts of a period that are on the disk, and the lines at their end."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from chatlog.archive.bounded_lines import LONGEST_LINE
from chatlog.archive.compression import DamagedError, compression_of
from chatlog.archive.files import OddFileError, blocks_of, reported
from chatlog.archive.layout import SegmentName, parse_segment

if TYPE_CHECKING:
    from pathlib import Path


def parts_in(directory: Path, period: str, suffix: str, of_class: str) -> list[SegmentName]:
    """Return the parts of a period in one format and of one class, in order, sealed or not."""
    series = period, suffix, of_class
    return sorted(name for name in _names_in(directory, f"{period}_") if name.series == series)


def _names_in(directory: Path, beginning: str) -> list[SegmentName]:
    """Return the names of segments with this beginning, in any order."""
    with reported(directory, doing="read"):
        try:
            filenames = os.listdir(directory)  # noqa: PTH208 -- years of names
        except FileNotFoundError:
            return []
    names = [parse_segment(name) for name in filenames if name.startswith(beginning)]
    return [name for name in names if name]


class PartNames:
    """The names of the parts in some directories, each of which is listed once.

    It is for a writer that begins a part for each of many days: listing the directory again for
    each day would take longer than writing. `note` adds each new part. Another process
    may begin parts meanwhile: if it took a name first, `look_again` has the directory listed.
    """

    def __init__(self) -> None:
        self._last: dict[Path, dict[tuple[str, str, str], SegmentName]] = {}

    def last(self, directory: Path, period: str, suffix: str, of_class: str) -> SegmentName | None:
        """Return the last part of a period in one format and of one class."""
        if directory not in self._last:
            self._last[directory] = {}
            for name in sorted(_names_in(directory, "")):
                self.note(directory, name)
        return self._last[directory].get((period, suffix, of_class))

    def note(self, directory: Path, name: SegmentName) -> None:
        """Add a part, which is the last one of its series."""
        self._last.setdefault(directory, {})[name.series] = name

    def look_again(self, directory: Path) -> None:
        """Forget the names in a directory."""
        self._last.pop(directory, None)


def last_lines(directory: Path, parts: list[SegmentName], size: int) -> bytes:
    """Return the lines of the last parts: more than `size` bytes, or all that there are."""
    lines = b""
    for part in reversed(parts):
        if len(lines) > size:
            break
        lines = lines_in(directory / str(part), size + 1, part.compression) + lines
    return lines


def lines_in(path: Path, most: int, compression: str = "") -> bytes:
    """Return the last whole lines of a file: `most` bytes and a little more, or all that it has.

    Nothing if it is gone, damaged or no regular file. The first line may lack its beginning.
    """
    kept: deque[bytes] = deque()
    size = 0
    try:
        for block in compression_of(compression).decompressed(blocks_of(path, missing_ok=True)):
            kept.append(block)
            size += len(block)
            while size - len(kept[0]) > most + LONGEST_LINE:  # the last line may be torn
                size -= len(kept.popleft())
    except (DamagedError, OddFileError):
        return b""
    data = b"".join(kept)
    return data[: data.rfind(b"\n") + 1]


def without_overlap(there: bytes, lines: bytes) -> bytes:
    """Return lines without the first ones with which the lines that are there end."""
    there, lines = b"\n" + there, b"\n" + lines
    last = there[there.rfind(b"\n", 0, -1) :]
    cut = lines.rfind(last)
    while cut >= 0:
        end = cut + len(last)
        shorter = len(there) > 1 and lines[:end].endswith(there)
        if there.endswith(lines[:end]) or shorter:
            return lines[end:]
        cut = lines.rfind(last, 0, end - 1)
    return lines[1:]
