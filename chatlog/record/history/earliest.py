"""The earliest lines of a stretch of a transcript, in bounded memory."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.event import format_time, parse_time
from chatlog.record.history.playback import weight_compared

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.read.lookup import KnownLine

MAX_KNOWN: Final = 12 * 1024 * 1024
"""Estimated bytes of a transcript's lines that are compared with a playback at a time.

A playback that is longer is compared piece by piece.
"""


class EarliestLines(NamedTuple):
    """The earliest lines, in order of time; from `end` on others are left out, "" for none."""

    lines: list[KnownLine]
    end: str


def earliest(found: Iterable[KnownLine], most: int = MAX_KNOWN) -> EarliestLines:
    """Return the earliest of these lines, which come in any order, up to `most` bytes.

    Twice as much is in memory. Lines of one time that are too many for that are cut.
    """
    kept: list[KnownLine] = []
    size, end = 0, ""
    for line in found:
        if end and line.event.time >= end:
            continue
        kept.append(line)
        size += weight_compared(line.event)
        if size > 2 * most:
            kept, size, end = _cut(kept, most)
    kept.sort(key=_time)
    return EarliestLines(kept, end)


def _cut(lines: list[KnownLine], most: int) -> tuple[list[KnownLine], int, str]:
    """Return the earliest lines of `most` bytes, their size, and the time where they end."""
    lines.sort(key=_time)
    sizes = accumulate(weight_compared(line.event) for line in lines)
    number = next(position for position, size in enumerate(sizes) if size > most)
    end = _time(lines[number])
    if _time(lines[0]) == end:  # the next reading has to begin behind it
        return lines[:number], most, format_time(parse_time(end) + 1)
    kept = [line for line in lines[:number] if _time(line) < end]
    return kept, sum(weight_compared(line.event) for line in kept), end


def _time(line: KnownLine) -> str:
    return line.event.time
