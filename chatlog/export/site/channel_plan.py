"""The plan of one channel of a site: its months that are to be rendered, and the result."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

from chatlog.export.site.month_pages import GapOfChannel, MonthWork
from chatlog.export.site.site_days import BuiltChannel, BuiltDay, BuiltMonth, bounds_of_month
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from chatlog.export.site.month_pages import RenderedDay
    from chatlog.export.site.settings import SiteChannel, SiteSettings
    from chatlog.export.site.site_days import MonthOfChannel
    from chatlog.export.site.site_withholding import SiteWithholding

Heard: TypeAlias = "tuple[tuple[GapOfChannel, ...], tuple[tuple[str, str], ...]]"
"""The gaps of a channel, and the stretches that are recorded."""


DAY_FILES: Final = ("html", "txt", jsonl.SUFFIX)
"""The endings of the files of a day."""


class ChannelPlan:
    """The work on one channel: `rendered` are the days that were made, `found` is the channel now.

    `options` stands for all settings that decide the bytes of pages. `is_lost` tells whether a
    month is to be made again though it has not changed.
    """

    def __init__(
        self,
        channel: SiteChannel,
        known: BuiltChannel,
        *,
        pages: Path,
        aside: Path,
        months: Sequence[MonthOfChannel],
        heard: Heard,
        options: str,
        settings: SiteSettings,
        withholding: SiteWithholding,
        is_lost: Callable[[str], bool],
    ) -> None:
        self.channel = channel
        self.found = BuiltChannel(known.network, known.name)
        self.rendered: list[RenderedDay] = []
        self.aside = aside
        self._known = known
        self._pages = pages
        self._months = {each.month: each for each in months}
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
        gaps = ((gap.since, gap.until, gap.cause) for gap in self._gaps)
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

    def work(self, month: str) -> MonthWork:
        """Return the work on a month."""
        return MonthWork(
            self._months[month],
            self._pages,
            self.aside,
            self._gaps,
            self._recorded,
            self._withholding,
        )

    def size_of(self, month: str) -> int:
        """Return the bytes of the segments of a month."""
        return sum(source.size() for source in self._months[month].sources)

    def take(self, month: str, days: list[RenderedDay]) -> None:
        """Take the rendered days of a month."""
        self._done.add(month)
        self.rendered += days
        self.found.months[month] = BuiltMonth(
            self._signatures[month],
            {each.day: BuiltDay(each.summary, each.heard, each.last) for each in days},
            self._months[month].signature(),
            self._months[month].survey,
        )

    def _is_changed(self, month: str) -> bool:
        known = self._known.months.get(month)
        if known is None or known.signature != self._signatures[month] or self._is_lost(month):
            return True
        return any(
            not (self._pages / f"{day}.{suffix}").is_file()
            for day in known.days
            for suffix in DAY_FILES
        )


def _neighbours(channel: BuiltChannel) -> dict[str, tuple[str, str]]:
    """Return the day before and the day after each day, "" for none."""
    days = [*channel.days()]
    beside = zip(["", *days], days, [*days[1:], ""], strict=False)
    return {day: (before, after) for before, day, after in beside}
