"""The partition of an export: which lines go to one file.

Pure. Days, months and years are local ones of the export's zone. By size or by number of
lines, files follow one another, and each has at least one line.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.layout import Period, Rotate, period_named, period_of
from chatlog.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

DAY: Final = "day"
WEEK: Final = "week"
MONTH: Final = "month"
YEAR: Final = "year"
NONE: Final = "none"
GRAINS: Final = (DAY, WEEK, MONTH, YEAR, NONE)
"""The lengths of periods, the shortest first."""

_ROTATES: Final = {DAY: Rotate.DAILY, WEEK: Rotate.WEEKLY, MONTH: Rotate.MONTHLY}
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_LIMIT: Final = re.compile(r"(size|lines):([0-9]{1,15}(?:\.[0-9]{1,3})?) ?([kKMGT]?)[bB]?")
_DAYS: Final = {1: DAY, 2: DAY, 7: WEEK, 8: WEEK}
_LONGEST_MONTH: Final = 32


class Partition(msgspec.Struct, frozen=True):
    """A partition: by a period of `GRAINS`, or by the most bytes or lines of a file; 0 is any."""

    grain: str = NONE
    size: int = 0
    lines: int = 0

    def __str__(self) -> str:
        """Return the partition as `--partition` takes it."""
        if self.size:
            return f"size:{self.size}"
        return f"lines:{self.lines}" if self.lines else self.grain

    @property
    def token(self) -> str:
        """The token that a path needs, as files of one target differ in it alone; "" for none."""
        if self.size or self.lines:
            return "part"
        return {DAY: "date", MONTH: "month", YEAR: "year"}.get(self.grain, "")


def parse_partition(text: str) -> Partition:
    """Return the partition that a text names; raise UsageError if it names none."""
    if text in {DAY, MONTH, YEAR, NONE}:
        return Partition(text)
    match = _LIMIT.fullmatch(text)
    if match is not None:
        limit = int(float(match[2]) * _UNITS[match[3].upper()])
        if limit > 0:
            return Partition(size=limit) if match[1] == "size" else Partition(lines=limit)
    raise UsageError(f"{text!r} is no partition; say day, month, year, none, size:100MB or lines:N")


def period_at(time: str, grain: str, tz: tzinfo) -> Period:
    """Return the period of a length that holds a time."""
    if grain == NONE:
        return period_of(time, Rotate.NEVER, tz)
    if grain != YEAR:
        return period_of(time, _ROTATES[grain], tz)
    year = period_of(time, Rotate.MONTHLY, tz).name[:4]
    first, last = period_named(f"{year}-01", tz), period_named(f"{year}-12", tz)
    assert first is not None  # noqa: S101 - every year has both
    assert last is not None  # noqa: S101
    return Period(year, first.start, last.end)


def periods_in(since: str, until: str, grain: str, tz: tzinfo) -> Iterator[Period]:
    """Yield the periods of a length with times of `[since, until)`, the first one first."""
    period = period_at(since, grain, tz)
    while True:
        yield period
        if period.end >= until:
            return
        period = period_at(period.end, grain, tz)


def grain_of(start: str, end: str) -> str:
    """Return the shortest grain that is no shorter than a stretch, as of a segment."""
    if start.startswith("0001-01-01") or end.startswith("9999"):
        return NONE
    days = _day(end) - _day(start)
    if days in _DAYS or days == 0:
        return _DAYS.get(days, DAY)
    return MONTH if days <= _LONGEST_MONTH else NONE


def coarser(one: str, other: str) -> str:
    """Return the longer of two grains."""
    return max(one, other, key=GRAINS.index)


def _day(time: str) -> int:
    return date.fromisoformat(time[:10]).toordinal()
