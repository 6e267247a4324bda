"""The days of a site's channels: which segments hold each, and whether they have changed."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from chatlog.archive.layout import Rotate, period_of
from chatlog.export.site.day_lines import DaySummary  # noqa: TC001 - msgspec reads it
from chatlog.export.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from chatlog.read.segment_reader import SegmentReader


class BuiltDay(msgspec.Struct):
    """A day of the site: its numbers, and the share of the day that was heard, if known."""

    summary: DaySummary
    heard: float | None = None
    last: str = ""


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
        begin, end = max(source.start, "1988"), min(source.end, "9999")
        month, last = _month(begin, tz), _month(end, tz)
        while month <= last:
            found.setdefault(month, []).append(source)
            if source.end[:4] >= "9999" or len(source.start) < 4:  # noqa: PLR2004
                break
            month = _after(month)
    return [MonthOfChannel(month, found[month]) for month in sorted(found)]


def _month(time: str, tz: tzinfo) -> str:
    return day_of(time, tz)[:7]


def _after(month: str) -> str:
    """Return the month after a month."""
    year, number = int(month[:4]), int(month[5:7])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def day_of(time: str, tz: tzinfo) -> str:
    """Return the local day of a time."""
    return time[:10] if tz is UTC else period_of(time, Rotate.DAILY, tz).name


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
