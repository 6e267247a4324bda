"""The pages about days: the list of channels, calendars, statistics, people, feeds, the search."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from chatlog.export.site.calendar_table import WHOLE, DayNumbers, months_of
from chatlog.export.site.charts import bars
from chatlog.export.site.markup import linked
from chatlog.export.site.settings import channel_key
from chatlog.export.site.templates import asset
from chatlog.export.site.unheard_days import unheard_days

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from chatlog.export.site.channel_plan import Heard
    from chatlog.export.site.settings import SiteChannel, SiteSettings
    from chatlog.export.site.site_days import BuiltChannel, BuiltDay
    from chatlog.export.site.templates import Pages

_WEEKDAYS: Final = (
    *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
_ASSETS: Final = ("icon.svg", "style.css", "site.js", "search.js")
PAGES_OF_CHANNEL: Final = (*("index.html", "newest.html", "stats.html", "people.html", "feed.xml"),)
"""The pages of a channel beside its days."""

_TOP: Final = 30
_MOST_PEOPLE: Final = 1000
_IN_FEED: Final = 14
_MOST_MONTHS: Final = 600


class _Files(Protocol):
    def put(self, path: str, data: bytes) -> None: ...
    def remove(self, path: str) -> None: ...


class _Person(msgspec.Struct):
    nick: str
    said: int
    first: str
    last: str


class ChannelRow(msgspec.Struct, frozen=True):
    """A row of the list of channels."""

    channel: SiteChannel
    newest: str
    days: int
    said: int


class FeedEntry(msgspec.Struct, frozen=True):
    """An entry of a feed: a day, the time of its last event, and its numbers."""

    day: str
    updated: str
    said: int
    people: int


class Overviews:
    """The pages about the days of all channels."""

    def __init__(self, files: _Files, pages: Pages, settings: SiteSettings) -> None:
        self._files = files
        self._pages = pages
        self._settings = settings

    def write(
        self,
        channels: Sequence[tuple[SiteChannel, BuiltChannel]],
        heard: Mapping[SiteChannel, Heard],
    ) -> None:
        """Write all pages; those whose bytes are the same stay as they are."""
        rows = []
        for channel, built in channels:
            if days := built.days():
                rows.append(self._channel(channel, days, heard[channel]))
        rows.sort(key=lambda row: (row.channel.network, row.channel.name))
        self._page("index.html", "index.html", root="", channels=rows, channel=None)
        self._page("search.html", "search.html", root="", channel=None)
        for name in _ASSETS:
            self._files.put(name, asset(name, self._settings.templates))
        self._page("robots.txt", "robots.txt")
        self._write_sitemap(rows, channels)

    def _page(self, path: str, template: str, **values: Any) -> None:
        self._files.put(path, self._pages.render(template, path=path, **values))

    def _write_sitemap(
        self, rows: Sequence[ChannelRow], channels: Sequence[tuple[SiteChannel, BuiltChannel]]
    ) -> None:
        if not self._settings.url or self._settings.noindex:
            self._files.remove("sitemap.xml")
            return
        paths = ["index.html", *(f"{row.channel.path}/index.html" for row in rows)]
        for channel, built in channels:
            paths += [f"{channel.path}/{day}.html" for day in built.days()]
        self._page("sitemap.xml", "sitemap.xml", paths=paths)

    def _channel(self, channel: SiteChannel, days: dict[str, BuiltDay], heard: Heard) -> ChannelRow:
        """Write the pages about one channel."""
        names = [*days]
        said = sum(day.summary.said for day in days.values())
        topic = next(
            (day.summary.topic for day in reversed(days.values()) if day.summary.topic), ""
        )
        numbers = {name: DayNumbers(day.summary.said, day.heard) for name, day in days.items()}
        numbers = {**self._unheard(names, heard), **numbers}
        shared = {"root": "../../", "channel": channel, "newest": names[-1]}
        self._page(
            f"{channel.path}/index.html",
            "channel.html",
            months=months_of(numbers),
            weekdays=_WEEKDAYS,
            topic=topic,
            text=linked(self._settings.texts.get(channel_key(channel.network, channel.name), "")),
            **shared,
        )
        self._page(f"{channel.path}/newest.html", "newest.html", **shared)
        ranked = _ranked(days)
        self._stats(channel, days, ranked, shared)
        self._people(channel, ranked, shared)
        self._feed(channel, days)
        return ChannelRow(channel, names[-1], len(names), said)

    def _unheard(self, days: Sequence[str], heard: Heard) -> dict[str, DayNumbers]:
        """Return the numbers of the days that were not heard between days that have pages."""
        if _months_between(days[0], days[-1]) >= _MOST_MONTHS:
            return {}
        settings = self._settings
        found = unheard_days(heard, days[0], days[-1], settings.tz, settings.until)
        return {
            day: DayNumbers(0, share, has_page=False)
            for day, share in found.items()
            if share < WHOLE
        }

    def _stats(
        self,
        channel: SiteChannel,
        days: dict[str, BuiltDay],
        ranked: Sequence[_Person],
        shared: dict[str, Any],
    ) -> None:
        by_month: Counter[str] = Counter()
        by_hour = [0] * 24
        for name, day in days.items():
            by_month[name[:7]] += day.summary.said
            for hour, count in enumerate(day.summary.hours):
                by_hour[hour] += count
        months = _months_shown(by_month)
        values = [by_month[month] for month in months]
        hours = [f"{hour:02d}" for hour in range(24)]
        self._page(
            f"{channel.path}/stats.html",
            "stats.html",
            said=sum(values),
            days=len(days),
            oldest=next(iter(days)),
            by_month=bars(values, months, "Lines by month"),
            by_hour=bars(by_hour, hours, "Lines by hour"),
            top=[(person.nick, person.said) for person in ranked[:_TOP]],
            **shared,
        )

    def _people(
        self, channel: SiteChannel, ranked: Sequence[_Person], shared: dict[str, Any]
    ) -> None:
        self._page(
            f"{channel.path}/people.html",
            "people.html",
            people=ranked[:_MOST_PEOPLE],
            more=max(0, len(ranked) - _MOST_PEOPLE),
            **shared,
        )

    def _feed(self, channel: SiteChannel, days: dict[str, BuiltDay]) -> None:
        path = f"{channel.path}/feed.xml"
        if not self._settings.url:  # a feed needs addresses that are whole
            self._files.remove(path)
            return
        newest = sorted(days, reverse=True)[:_IN_FEED]
        entries = [
            FeedEntry(
                name, days[name].last, days[name].summary.said, len(days[name].summary.by_nick())
            )
            for name in newest
        ]
        self._page(path, "feed.xml", channel=channel, entries=entries)


def _months_shown(months: Collection[str]) -> list[str]:
    """Return all months from the first one to the last one, in order.

    Where that is more than `_MOST_MONTHS`, as a wrong clock can make it, only those given.
    """
    first = min(months)
    count = _months_between(first, max(months)) + 1
    if count > _MOST_MONTHS:
        return sorted(months)
    begin = _month_number(first)
    return [f"{each // 12:04d}-{each % 12 + 1:02d}" for each in range(begin, begin + count)]


def _months_between(first: str, last: str) -> int:
    return _month_number(last) - _month_number(first)


def _month_number(day: str) -> int:
    return int(day[:4]) * 12 + int(day[5:7]) - 1


def _ranked(days: dict[str, BuiltDay]) -> list[_Person]:
    """Return the people of some days, those who said most first."""
    found: dict[str, _Person] = {}
    for name, day in days.items():
        for nick, said in day.summary.by_nick().items():
            person = found.get(nick)
            if person is None:
                person = found[nick] = _Person(nick, 0, name, name)
            person.said += said
            person.last = name
    return sorted(found.values(), key=lambda person: (-person.said, person.nick))
