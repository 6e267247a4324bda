"""The events of the months of a channel, day by day and in order of time."""

from __future__ import annotations

from bisect import bisect_left
from contextlib import suppress
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from chatlog.archive.layout import Rotate, period_of
from chatlog.export.line_blocks import LineBlock, in_time
from chatlog.export.reading import GoneError, QueryReader
from chatlog.export.site.site_days import (
    bounds_of,
    bounds_of_month,
    day_after,
    days_within,
    is_bounded,
)
from chatlog.query.selection import Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from chatlog.event import Event
    from chatlog.export.line_blocks import Read
    from chatlog.export.site.site_days import MonthOfChannel
    from chatlog.query.predicates import Names
    from chatlog.read.segment_reader import SegmentReader

_by_time: Final = attrgetter("time")


def days_of(
    months: Sequence[MonthOfChannel], tz: tzinfo, names: Names
) -> Iterator[tuple[str, list[Event]]]:
    """Yield the local days of months that have events, in order, and the events of each.

    Segments of an hour or a day are read day by day, longer ones by the month. A segment without
    a period is read once or twice for all months, in bounded memory. `names` are the casemappings.
    """
    reader = QueryReader(Query(), names, whole=True)

    def read(source: SegmentReader) -> Iterator[LineBlock]:
        with suppress(GoneError):  # another run finds the lines where they are then
            yield from reader.read(source)

    if all(is_bounded(source) for month in months for source in month.sources):
        for month in months:
            yield from _days_of_month(month, tz, read)
    else:
        wanted = {month.month for month in months}
        sources = {source.path: source for month in months for source in month.sources}
        for day, events in _days_in(in_time([*sources.values()], read), tz):
            if day[:7] in wanted:
                yield day, events


def _days_of_month(
    month: MonthOfChannel, tz: tzinfo, read: Read
) -> Iterator[tuple[str, list[Event]]]:
    daily: dict[str, list[SegmentReader]] = {}
    for source in month.sources:
        first, last = days_within(source, tz)
        if last > day_after(first):
            events = _events(month.sources, *bounds_of_month(month.month, tz), read)
            yield from _days_in([LineBlock(events)], tz)
            return
        for day in {first, last}:
            daily.setdefault(day, []).append(source)
    for day in sorted(day for day in daily if day[:7] == month.month):
        if events := _events(daily[day], *bounds_of(day, tz), read):
            yield day, events


def _days_in(some: Iterable[LineBlock], tz: tzinfo) -> Iterator[tuple[str, list[Event]]]:
    """Yield the days of lines that are in order."""
    name, end = "", ""
    waiting: list[Event] = []
    for lines in some:
        at = 0
        while at < len(lines):
            if lines.records[at].time >= end:
                if waiting:
                    yield name, waiting
                day = period_of(lines.records[at].time, Rotate.DAILY, tz)
                name, end, waiting = day.name, day.end, []
            until = bisect_left(lines.records, end, lo=at, key=_by_time)
            waiting += lines.events[at:until]
            at = until
    if waiting:
        yield name, waiting


def _events(sources: Iterable[SegmentReader], low: str, high: str, read: Read) -> list[Event]:
    """Return the events of `[low, high)` in order of time, stably."""
    found: list[Event] = []
    for source in sources:
        is_inside = low <= source.start and source.end <= high
        for lines in read(source):
            events = lines.events
            found += events if is_inside else [each for each in events if low <= each.time < high]
    found.sort(key=_by_time)
    return found
