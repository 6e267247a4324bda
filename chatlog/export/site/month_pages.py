"""The work on months of a channel: their days are read, rendered and written."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - msgspec reads it
from typing import TYPE_CHECKING

import msgspec

from chatlog.event import parse_time
from chatlog.export.run import Exported
from chatlog.export.site.anchors import anchors_in
from chatlog.export.site.day_lines import DayGap, DayRenderer
from chatlog.export.site.day_pages import DayPages, RenderedDay
from chatlog.export.site.month_events import days_of
from chatlog.export.site.site_days import bounds_of, day_of
from chatlog.export.site.site_files import SiteFiles, content_of
from chatlog.export.site.talk_lines import clock_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.export.site.anchors import Former
    from chatlog.export.site.day_form import DayForms
    from chatlog.export.site.settings import SiteChannel, SiteSettings
    from chatlog.export.site.site_days import MonthOfChannel
    from chatlog.export.site.site_withholding import SiteWithholding
    from chatlog.read.damaged_lines import Told
    from chatlog.read.reader import Reader


class GapOfChannel(msgspec.Struct, frozen=True):
    """A stretch in which a channel was not heard, and why.

    An open one has not ended: `until` is then the time of this run of the export.
    """

    since: str
    until: str
    cause: str
    is_open: bool = False


class RenderedMonths(msgspec.Struct):
    """The rendered days of some months, in order.

    `terms` is the place of the terms of all days, `result` counts the files that were written,
    `damaged` has the places of lines that could not be read.
    """

    days: list[RenderedDay]
    terms: str
    result: Exported
    damaged: Told


class MonthsWork(msgspec.Struct, frozen=True):
    """The work on a month of a channel, or on several that one segment holds.

    `root` is the directory of the site. `withholding` decides which events are shown. `reader`
    knows the casemappings, and counts the lines that cannot be read.
    """

    channel: SiteChannel
    months: tuple[MonthOfChannel, ...]
    root: Path
    gaps: tuple[GapOfChannel, ...]
    recorded: tuple[tuple[str, str], ...]
    withholding: SiteWithholding
    reader: Reader

    def size(self) -> int:
        """Return the bytes of the segments of the months."""
        return sum(source.size() for month in self.months for source in month.sources)

    def run(self, settings: SiteSettings, key: bytes, forms: DayForms) -> RenderedMonths:
        """Write the text and the JSON of each day that has lines, and its page.

        The pages of the first and of the last day wait: a month beside may be rendered too.
        """
        result = Exported()
        writer = DayPages(SiteFiles(self.root, result), forms, self.channel, settings)
        days = [*self._rendered(writer, settings, key)]
        terms = writer.end(self.months[0].month)
        return RenderedMonths(days, terms, result, self.reader.damaged.told)

    def _rendered(
        self, writer: DayPages, settings: SiteSettings, key: bytes
    ) -> Iterator[RenderedDay]:
        """Yield each day that has lines."""
        renderers: dict[str, DayRenderer] = {}
        until = settings.until
        for day, events in days_of(self.months, settings.tz, self.reader):
            old = [each for each in events if each.time < until] if until else events
            shown, origins = self.withholding.shown(old)
            if not shown:
                continue
            month = day[:7]
            if month not in renderers:  # no links between months: they may be made in other runs
                renderers = {month: DayRenderer(key, settings.tz, self.withholding.redacted)}
            gaps = self._gaps_of(day, settings)
            lines = renderers[month].render(day, shown, gaps, self._former(day), origins)
            rendered = RenderedDay(day, lines.summary, shown[-1].time, self._heard(day, settings))
            writer.add(rendered, lines, shown)
            yield rendered

    def _former(self, day: str) -> Former:
        """Return the anchors of the page that is there."""
        page = content_of(f"{self.root}/{self.channel.path}/{day}.html")
        return {} if page is None else anchors_in(page)

    def _gaps_of(self, day: str, settings: SiteSettings) -> Iterable[DayGap]:
        begin, end = bounds_of(day, settings.tz)
        end = min(end, settings.until or end)
        for gap in self.gaps:
            if gap.since < end and gap.until > begin:
                # Its end may not be shown yet.
                is_open = gap.is_open or bool(settings.until and gap.until > settings.until)
                shown = msgspec.structs.replace(gap, is_open=is_open)
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
    """Return a gap in words: not heard, from when to when, and why.

    Those of an open gap do not change with each run.
    """
    first, begin = day_of(gap.since, settings.tz), clock_of(gap.since, settings.tz)
    cause = f" ({gap.cause})" if gap.cause else ""
    if gap.is_open:
        return f"Not heard since {first} {begin}{cause}"
    last, end = day_of(gap.until, settings.tz), clock_of(gap.until, settings.tz)
    until = end if first == last else f"{last} {end}"
    return f"Not heard from {first} {begin} to {until}{cause}"
