"""The plan of one channel of a site: its months that are to be rendered, and the result."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

from chatlog.export.site.month_pages import GapOfChannel, MonthsWork
from chatlog.export.site.site_days import (
    BuiltChannel,
    BuiltDay,
    BuiltMonth,
    bounds_of_month,
    is_bounded,
)
from chatlog.export.site.site_files import size_of_file
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from chatlog.export.site.day_pages import RenderedDay
    from chatlog.export.site.month_pages import RenderedMonths
    from chatlog.export.site.settings import SiteChannel, SiteSettings
    from chatlog.export.site.site_days import MonthOfChannel
    from chatlog.export.site.site_withholding import SiteWithholding
    from chatlog.read.reader import Reader

Heard: TypeAlias = "tuple[tuple[GapOfChannel, ...], tuple[tuple[str, str], ...]]"
"""The gaps of a channel, and the stretches that are recorded."""


DAY_FILES: Final = ("html", "txt", jsonl.SUFFIX)
"""The endings of the files of a day."""


class ChannelPlan:
    """The work on one channel: `found` is the channel now, `waiting` are days without a page.

    `terms` has the place of the terms of each page that was made. `root` is the directory of the
    site.

    `options` stands for all settings that decide the bytes of pages. `is_lost` tells whether a
    month is to be made again though it has not changed.
    """

    def __init__(
        self,
        channel: SiteChannel,
        known: BuiltChannel,
        *,
        root: Path,
        months: Sequence[MonthOfChannel],
        heard: Heard,
        options: str,
        settings: SiteSettings,
        withholding: SiteWithholding,
        reader: Reader,
        is_lost: Callable[[str], bool],
    ) -> None:
        self.channel = channel
        self.found = BuiltChannel(known.network, known.name)
        self.waiting: list[RenderedDay] = []
        self.terms: dict[str, str] = {}
        self._known = known
        self._root = root
        self._reader = reader
        self._months = {each.month: each for each in months}
        self.heard = heard
        self._gaps, self._recorded = heard
        self._tz = settings.tz
        self._withholding = withholding
        self._is_lost = is_lost
        told = f"{options}\n{withholding.told}"
        self._signatures = {
            each.month: each.signature(told, self._heard_in(each.month), settings.until)
            for each in months
        }
        self._done: set[str] = set()

    def _heard_in(self, month: str) -> Iterator[tuple[str, ...]]:
        """Yield the gaps of a month, and the stretches of the month that are recorded."""
        low, high = bounds_of_month(month, self._tz)
        gaps = (
            (gap.since, min(gap.until, high) if gap.is_open else gap.until, gap.cause)
            for gap in self._gaps
        )
        for since, until, *cause in chain(gaps, self._recorded):
            if since < high and until > low:
                begin, end = (since, until) if cause else (max(since, low), min(until, high))
                yield begin, end, *cause

    def changed(self) -> list[str]:
        """Return the months that have changed, which are rendered first."""
        changed = [month for month in self._months if self._is_changed(month)]
        for month in self._months.keys() - changed:
            self.found.months[month] = self._known.months[month]
        return changed

    def beside(self) -> list[str]:
        """Return the months beside those that were rendered, of which a day has a new neighbour."""
        before, now = _neighbours(self._known), _neighbours(self.found)
        return sorted(
            {
                day[:7]
                for day, beside in now.items()
                if before.get(day) != beside and day[:7] not in self._done
            }
        )

    def works(self, months: Sequence[str]) -> list[MonthsWork]:
        """Return the work on months; those that share a segment without a period are one work."""
        found = [self._months[month] for month in sorted(months)]
        alone = [each for each in found if all(map(is_bounded, each.sources))]
        shared = [each for each in found if each not in alone]
        return [self._work(*some) for some in [*((each,) for each in alone), shared] if some]

    def _work(self, *months: MonthOfChannel) -> MonthsWork:
        return MonthsWork(
            self.channel,
            months,
            self._root,
            self._gaps,
            self._recorded,
            self._withholding,
            self._reader,
        )

    def take(self, work: MonthsWork, made: RenderedMonths) -> None:
        """Take the rendered days of months."""
        for month in work.months:
            self._done.add(month.month)
            self.found.months[month.month] = BuiltMonth(
                self._signatures[month.month], {}, month.signature(), month.survey
            )
        for each in made.days:
            self.found.months[each.day[:7]].days[each.day] = BuiltDay(
                each.summary, each.heard, each.last, each.sizes
            )
            self.terms[f"{self.channel.path}/{each.day}"] = made.terms
        self.waiting += [each for each in made.days if each.lines]

    def take_page(self, rendered: RenderedDay) -> None:
        """Take the page of a day that waited."""
        self.found.months[rendered.day[:7]].days[rendered.day].sizes = rendered.sizes

    def _is_changed(self, month: str) -> bool:
        known = self._known.months.get(month)
        if known is None or known.signature != self._signatures[month] or self._is_lost(month):
            return True
        return not all(self._is_there(day, built) for day, built in known.days.items())

    def _is_there(self, day: str, built: BuiltDay) -> bool:
        """Return whether the files of a day are as they were written, by their sizes."""
        stem = f"{self._root}/{self.channel.path}/{day}"
        sizes = (size_of_file(f"{stem}.{suffix}") for suffix in DAY_FILES)
        return tuple(sizes) == built.sizes


def _neighbours(channel: BuiltChannel) -> dict[str, tuple[str, str]]:
    """Return the day before and the day after each day, "" for none."""
    days = [*channel.days()]
    beside = zip(["", *days], days, [*days[1:], ""], strict=False)
    return {day: (before, after) for before, day, after in beside}
