"""The days of one month of a channel: read, rendered, and laid aside until their pages are made."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import parse_time
from chatlog.export.site.anchors import anchors_in
from chatlog.export.site.day_lines import DayGap, DayRenderer, DaySummary
from chatlog.export.site.site_days import bounds_of, bounds_of_month, day_of, is_bounded
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from chatlog.event import Event
    from chatlog.export.site.anchors import Former
    from chatlog.export.site.settings import SiteSettings
    from chatlog.export.site.site_days import MonthOfChannel
    from chatlog.export.site.site_withholding import SiteWithholding
    from chatlog.read.segment_reader import SegmentReader

_by_time: Final = attrgetter("time")


class GapOfChannel(msgspec.Struct, frozen=True):
    """A stretch in which a channel was not heard, and why."""

    since: str
    until: str
    cause: str


class RenderedDay(msgspec.Struct):
    """A rendered day; its lines lie in a file of their own until the page is made."""

    day: str
    lines: str
    summary: DaySummary
    terms: set[str]
    last: str
    heard: float | None


class MonthWork(msgspec.Struct, frozen=True):
    """The work on one month: where its lines come from, and where its pages go.

    `pages` is the directory of the channel's pages, `aside` that of lines that wait. `withholding`
    decides which events are shown.
    """

    month: MonthOfChannel
    pages: Path
    aside: Path
    gaps: tuple[GapOfChannel, ...]
    recorded: tuple[tuple[str, str], ...]
    withholding: SiteWithholding

    def run(self, settings: SiteSettings, key: bytes) -> Iterator[RenderedDay]:
        """Yield each day that has lines or gaps; write its text, its JSON, and its lines aside."""

        def local(time: str) -> str:
            return local_clock(time, settings)

        renderer = DayRenderer(key, local, self.withholding.redacted)
        until = settings.until
        for day, events in self._days(settings):
            old = [each for each in events if each.time < until] if until else events
            shown, origins = self.withholding.shown(old)
            if not shown:
                continue
            gaps = self._gaps_of(day, settings)
            lines = renderer.render(day, shown, gaps, self._former(day), origins)
            self.aside.mkdir(parents=True, exist_ok=True)
            place = self.aside / f"{day}.lines"
            place.write_bytes(lines.html.encode("utf-8", "replace"))
            (self.aside / f"{day}.txt").write_bytes(lines.text.encode("utf-8", "replace"))
            (self.aside / f"{day}.{jsonl.SUFFIX}").write_bytes(jsonl.encode(shown))
            heard = self._heard(day, settings)
            yield RenderedDay(day, str(place), lines.summary, lines.terms, shown[-1].time, heard)

    def _days(self, settings: SiteSettings) -> Iterator[tuple[str, list[Event]]]:
        """Yield the events of each day in order of time; a month at once if segments are long."""
        tz, month = settings.tz, self.month.month
        daily: dict[str, list[SegmentReader]] = {}
        for source in self.month.sources:
            if not is_bounded(source):
                break
            first, last = day_of(source.start, tz), day_of(source.end, tz)
            if last > _later(first):
                break
            for day in {first, last}:
                daily.setdefault(day, []).append(source)
        else:
            for day in sorted(day for day in daily if day[:7] == month):
                if events := _events(daily[day], *bounds_of(day, tz)):
                    yield day, events
            return
        events = _events(self.month.sources, *bounds_of_month(month, tz))
        for day, some in groupby(events, key=lambda event: day_of(event.time, tz)):
            yield day, [*some]

    def _former(self, day: str) -> Former:
        """Return the anchors of the page that is there."""
        try:
            return anchors_in((self.pages / f"{day}.html").read_bytes())
        except OSError:
            return {}

    def _gaps_of(self, day: str, settings: SiteSettings) -> Iterable[DayGap]:
        begin, end = bounds_of(day, settings.tz)
        end = min(end, settings.until or end)
        for gap in self.gaps:
            if gap.since < end and gap.until > begin:
                shown = msgspec.structs.replace(
                    gap, until=min(gap.until, settings.until or gap.until)
                )
                yield DayGap(max(gap.since, begin), gap_texts(shown, settings))

    def _heard(self, day: str, settings: SiteSettings) -> float | None:
        """Return the share of a day that was heard, None if no ledger tells."""
        begin, end = (_milliseconds(each) for each in bounds_of(day, settings.tz))
        recorded = _overlap(((since, until) for since, until in self.recorded), begin, end)
        if not recorded:
            return None
        missed = _overlap(((gap.since, gap.until) for gap in self.gaps), begin, end)
        return max(0.0, 1 - missed / recorded)


def _milliseconds(time: str) -> int:
    return parse_time(time)


def _overlap(stretches: Iterable[tuple[str, str]], begin: int, end: int) -> int:
    total = 0
    for since, until in stretches:
        low, high = max(begin, _milliseconds(since)), min(end, _milliseconds(until))
        total += max(0, high - low)
    return total


def gap_texts(gap: GapOfChannel, settings: SiteSettings) -> str:
    """Return a gap in words: not heard, from when to when, and why."""
    first, last = day_of(gap.since, settings.tz), day_of(gap.until, settings.tz)
    begin, end = local_clock(gap.since, settings), local_clock(gap.until, settings)
    until = end if first == last else f"{last} {end}"
    cause = f" ({gap.cause})" if gap.cause else ""
    return f"Not heard from {first} {begin} to {until}{cause}"


def local_clock(time: str, settings: SiteSettings) -> str:
    """Return the local `HH:MM` of a time."""
    if settings.tz is UTC:
        return time[11:16]
    moment = datetime.fromisoformat(f"{time[:16]}:00+00:00")
    return f"{moment.astimezone(settings.tz):%H:%M}"


def _events(sources: Iterable[SegmentReader], low: str, high: str) -> list[Event]:
    """Return the events of `[low, high)` in order of time, stably."""
    found = [
        event
        for source in sources
        for event in chain.from_iterable(block.events for block in source.decoded_blocks())
        if low <= event.time < high
    ]
    found.sort(key=_by_time)
    return found


def _later(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
