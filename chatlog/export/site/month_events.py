"""The events of the months of a channel, day by day and in order of time."""

from __future__ import annotations

from bisect import bisect_left
from contextlib import suppress
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from chatlog.archive.layout import Rotate, period_of
from chatlog.export.line_blocks import in_time
from chatlog.export.reading import GoneError, QueryReader
from chatlog.query.selection import Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from chatlog.event import Event
    from chatlog.export.line_blocks import LineBlock
    from chatlog.export.site.site_days import MonthOfChannel
    from chatlog.read.reader import Reader
    from chatlog.read.segment_reader import SegmentReader

_by_time: Final = attrgetter("time")


def days_of(
    months: Sequence[MonthOfChannel], tz: tzinfo, reader: Reader
) -> Iterator[tuple[str, list[Event]]]:
    """Yield the local days of months that have events, in order, and the events of each.

    Each segment is read once, or twice if it is long, in bounded memory. The reader counts the
    lines that cannot be read.
    """
    lines = QueryReader(Query(), reader.names, whole=True)

    def read(source: SegmentReader) -> Iterator[LineBlock]:
        reader.damaged.pop(source.path, None)  # a second look meets the same lines
        with suppress(GoneError):  # another run finds the lines where they are then
            yield from lines.read(source)

    wanted = {month.month for month in months}
    sources = {source.path: source for month in months for source in month.sources}
    for day, events in _days_in(in_time([*sources.values()], read), tz):
        if day[:7] in wanted:
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
