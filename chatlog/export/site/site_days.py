"""The days of a site's channels: which segments hold each, and whether they have changed."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.layout import Rotate, period_of
from chatlog.event import EARLIEST, is_time, shifted
from chatlog.export.site.day_lines import DaySummary  # noqa: TC001 - msgspec reads it
from chatlog.export.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from chatlog.read.segment_reader import SegmentReader


_LATEST: Final = "9999"
_HOUR: Final = re.compile(rb'"time":"(\d{4}-\d\d-\d\dT\d\d)')


class BuiltDay(msgspec.Struct):
    """A day of the site: its numbers, and the share of the day that was heard, if known.

    `sizes` are those of its page, its text and its JSON.
    """

    summary: DaySummary
    heard: float | None = None
    last: str = ""
    sizes: tuple[int, int, int] = (0, 0, 0)


class BuiltMonth(msgspec.Struct):
    """A month of a channel as it was built, and the signature of all that it was made from.

    `survey` is that of its segments, whose signature alone is `surveyed`.
    """

    signature: str
    days: dict[str, BuiltDay] = {}
    surveyed: str = ""
    survey: Survey = msgspec.field(default_factory=Survey)


class BuiltChannel(msgspec.Struct):
    """A channel as it was built, by its months."""

    network: str
    name: str
    months: dict[str, BuiltMonth] = {}

    def days(self) -> dict[str, BuiltDay]:
        """Return all days, in order."""
        return {
            day: found
            for month in sorted(self.months)
            for day, found in self.months[month].days.items()
        }


class MonthOfChannel(msgspec.Struct):
    """A month of a channel in the archive, with the segments that may hold its lines."""

    month: str
    sources: list[SegmentReader]
    survey: Survey = msgspec.field(default_factory=Survey)

    def signature(
        self, options: str = "", heard: Iterable[tuple[str, ...]] = (), until: str = ""
    ) -> str:
        """Return the digest of everything that decides the bytes of its pages.

        `until` is the end of the events that are shown, "" for none.
        """
        digest = hashlib.blake2b(digest_size=16)
        if until and until[:7] <= _after(self.month):  # in any zone
            digest.update(until.encode())
        digest.update(options.encode("utf-8", "surrogatepass"))
        for stretch in heard:
            digest.update("\n".join(("", *stretch)).encode("utf-8", "surrogatepass"))
        for source in self.sources:
            digest.update(_state_of(source.path).encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def _state_of(path: str) -> str:
    try:
        state = os.stat(path)  # noqa: PTH116 - an archive has many thousands of segments
    except OSError:
        return f"{path} gone\n"
    return f"{path} {state.st_size} {state.st_mtime_ns} {state.st_ino}\n"


def months_of(sources: Iterable[SegmentReader], tz: tzinfo) -> list[MonthOfChannel]:
    """Return the months that segments may hold lines of, in order."""
    found: dict[str, list[SegmentReader]] = {}
    for source in sources:
        for month in _months_of(source, tz):
            found.setdefault(month, []).append(source)
    return [MonthOfChannel(month, found[month]) for month in sorted(found)]


def is_bounded(source: SegmentReader) -> bool:
    """Return whether a segment has a period: one of an archive that is never rotated has none."""
    return source.start >= EARLIEST and source.end < _LATEST


def _months_of(source: SegmentReader, tz: tzinfo) -> Iterator[str]:
    """Yield the months that a segment may hold lines of; its lines tell if it has no period."""
    if not is_bounded(source):
        yield from sorted({_month(time, tz) for time in _times_within(source)})
        return
    month, last = (day[:7] for day in days_within(source, tz))
    while month <= last:
        yield month
        month = _after(month)


def _times_within(source: SegmentReader) -> Iterator[str]:
    """Yield the beginning and the end of each hour in which a segment has lines."""
    hours: set[str] = set()
    for block in source.blocks() if source.format.is_json else ():
        hours.update(hour.decode() for hour in _HOUR.findall(block))
    if not source.format.is_json:
        hours = {event.time[:13] for each in source.decoded_blocks() for event in each.events}
    for hour in hours:
        if is_time(time := f"{hour}:00:00.000Z"):
            yield time
            yield f"{hour}:59:59.999Z"


def _month(time: str, tz: tzinfo) -> str:
    return day_of(time, tz)[:7]


def _after(month: str) -> str:
    """Return the month after a month."""
    year, number = int(month[:4]), int(month[5:7])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def day_of(time: str, tz: tzinfo) -> str:
    """Return the local day of a time."""
    return time[:10] if tz is UTC else period_of(time, Rotate.DAILY, tz).name


def days_within(source: SegmentReader, tz: tzinfo) -> tuple[str, str]:
    """Return the first and the last local day that a segment with a period may hold lines of."""
    return day_of(source.start, tz), day_of(shifted(source.end, -1), tz)


@lru_cache(4096)
def bounds_of(day: str, tz: tzinfo) -> tuple[str, str]:
    """Return the first moment of a local day, and that of the next one."""
    begin = datetime.fromisoformat(day).replace(tzinfo=tz)
    following = datetime.fromisoformat(day) + timedelta(days=1)
    return _text(begin), _text(following.replace(tzinfo=tz))


def bounds_of_month(month: str, tz: tzinfo) -> tuple[str, str]:
    """Return the first moment of a local month, and that of the next one."""
    return bounds_of(f"{month}-01", tz)[0], bounds_of(f"{_after(month)}-01", tz)[0]


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
