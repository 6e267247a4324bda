"""The making of a site: changed months are rendered, and only new bytes are written.

All pages of a channel's month are rendered together, by a process for each core. Their lines
lie aside until the days of all months are known, then pages are made with links to their
neighbours. What an interrupted run leaves is written by the next one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from chatlog.archive.targets import spelled
from chatlog.casemapping import CHANTYPES
from chatlog.export.archive_key import key_of
from chatlog.export.run import Exported
from chatlog.export.site.channel_plan import DAY_FILES, ChannelPlan, Heard
from chatlog.export.site.month_pages import GapOfChannel
from chatlog.export.site.month_processes import rendered_months
from chatlog.export.site.overviews import PAGES_OF_CHANNEL, Overviews
from chatlog.export.site.search_files import SearchFiles
from chatlog.export.site.search_index import YEAR
from chatlog.export.site.settings import SiteChannel, channel_key, safe_directory
from chatlog.export.site.site_days import BuiltChannel, bounds_of, months_of
from chatlog.export.site.site_files import SiteFiles
from chatlog.export.site.site_state import SiteState, options_of, read_state
from chatlog.export.site.site_withholding import site_withholding, survey_months
from chatlog.export.site.templates import Pages
from chatlog.read.catalog import Catalog
from chatlog.report.gaps import Unreadable, hearings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from chatlog.archive.targets import Target
    from chatlog.export.site.month_pages import RenderedDay
    from chatlog.export.site.settings import SiteSettings
    from chatlog.export.site.site_days import MonthOfChannel
    from chatlog.export.site.site_withholding import SiteWithholding
    from chatlog.read.reader import Reader


class Site:
    """A site of the channels of an archive, which a reader selects, in a directory.

    Only channels are shown: no queries, and nothing that belongs to none.
    """

    def __init__(
        self, reader: Reader, directory: Path, settings: SiteSettings, now: str, state: Path | None
    ) -> None:
        self.result = Exported()
        self._reader = reader
        self._root = Path(reader.selected.root)
        self._settings = settings
        self._now = now
        self._state_path = state
        self._files = SiteFiles(directory, self.result)
        self._search = SearchFiles(self._files)
        self._pages = Pages(settings.templates, site=settings)
        self._state = read_state(state)
        self._options = options_of(settings)
        self._terms: dict[str, set[str]] = {}

    def build(self, workers: int, advance: Callable[[int], None]) -> Exported:
        """Build the pages that have changed; call `advance` with the bytes of segments done.

        Raise TranscriptError if the archive cannot be read or the site not written, UsageError
        if a template is wrong or a library is missing.
        """
        channels = self._channels()
        self._files.begin()
        try:
            built = self._render(channels, workers, advance)
            self._remove_stale(built)
            if damaged := self._write_search(built):  # by somebody else: its pages tell what it had
                self._state.unfinished = sorted(damaged)
                built = self._render(channels, workers, advance)
                self._write_search(built)
            overviews = Overviews(self._files, self._pages, self._settings)
            overviews.write([(_channel(each), each) for each in built.values()])
            self._count_kept(built)
        finally:
            self._files.end()
        SiteState(built).keep(self._state_path)
        self.result.lines = sum(
            day.summary.events for each in built.values() for day in each.days().values()
        )
        return self.result

    def size(self) -> int:
        """Return the bytes of all segments, for a bar."""
        return sum(
            source.size()
            for _, months in self._channels()
            for month in months
            for source in month.sources
        )

    # -- what there is -----------------------------------------------------------------

    def _channels(self) -> list[tuple[Target, list[MonthOfChannel]]]:
        catalog = Catalog(self._reader.damaged)
        return [
            (target, months_of(catalog.of(target), self._settings.tz))
            for target in self._reader.targets()
            if spelled(target.name).startswith(tuple(CHANTYPES))
        ]

    def _gaps(self, targets: list[Target]) -> dict[str, Heard]:
        """Return the gaps and the recorded stretches of targets, by their paths."""
        unreadable = Unreadable(lambda *_: None, lambda _: None, lambda *_: None)
        return {
            target.path: (
                tuple(GapOfChannel(gap.start.time, gap.end, gap.cause) for gap in missed),
                tuple((each.since, each.until) for each in recorded),
            )
            for target, recorded, missed in hearings(
                self._root, targets, self._now, unreadable=unreadable
            )
        }

    def _is_lost(self, month: str) -> bool:
        """Return whether the search may lack words of a month that was built."""
        places = month, month[:YEAR]
        if any(place in self._state.unfinished for place in places):
            return True
        return not any(map(self._search.is_there, places))

    # -- rendering ---------------------------------------------------------------------

    def _render(
        self,
        channels: Sequence[tuple[Target, list[MonthOfChannel]]],
        workers: int,
        advance: Callable[[int], None],
    ) -> dict[str, BuiltChannel]:
        """Render the months that have changed; return all channels as they are built now."""
        key = key_of(self._root)
        gaps = self._gaps([target for target, _ in channels])
        for target, months in channels:
            survey_months(self._known(target), months)
        withholding = site_withholding(self._settings.withheld, self._reader, channels)
        plans = [
            self._plan(target, months, gaps.get(target.path, ((), ())), withholding)
            for target, months in channels
        ]
        for due_of in (ChannelPlan.changed, ChannelPlan.beside):
            due = [(plan, month) for plan in plans for month in due_of(plan)]
            works = [plan.work(month) for plan, month in due]
            made = rendered_months(works, workers, self._settings, key)
            for (plan, month), days in zip(due, made, strict=True):
                plan.take(month, days)
                advance(plan.size_of(month))
        for plan in plans:
            self._write(plan)
        found = (plan.found for plan in plans)
        return {channel_key(each.network, each.name): each for each in found if each.days()}

    def _known(self, target: Target) -> BuiltChannel:
        """Return a channel as it was built, without months if it was not."""
        network, name = spelled(target.network), spelled(target.name)
        return self._state.channels.get(channel_key(network, name)) or BuiltChannel(network, name)

    def _plan(
        self,
        target: Target,
        months: list[MonthOfChannel],
        heard: Heard,
        withholding: SiteWithholding,
    ) -> ChannelPlan:
        known = self._known(target)
        channel = _channel(known)
        return ChannelPlan(
            channel,
            known,
            pages=self._files.root / channel.path,
            aside=self._files.aside / channel.path,
            months=months,
            heard=heard,
            options=self._options,
            settings=self._settings,
            withholding=withholding,
            is_lost=self._is_lost,
        )

    def _write(self, plan: ChannelPlan) -> None:
        """Write the pages of the days that were rendered."""
        days = [*plan.found.days()]
        places = {day: number for number, day in enumerate(days)}
        for rendered in plan.rendered:
            self._write_day(plan, rendered, days, places[rendered.day])
            self._terms[f"{plan.channel.path}/{rendered.day}"] = rendered.terms

    def _write_day(
        self, plan: ChannelPlan, rendered: RenderedDay, days: Sequence[str], at: int
    ) -> None:
        day = rendered.day
        start, end = bounds_of(day, self._settings.tz)
        stem = f"{plan.channel.path}/{day}"
        page = self._pages.render(
            "day.html",
            root="../../",
            path=f"{stem}.html",
            channel=plan.channel,
            day=day,
            start=start,
            end=end,
            said=rendered.summary.said,
            previous=days[at - 1] if at else "",
            following=days[at + 1] if at + 1 < len(days) else "",
            lines=Path(rendered.lines).read_text(encoding="utf-8"),
        )
        self._files.put(f"{stem}.html", page)
        for suffix in DAY_FILES[1:]:
            self._files.put(f"{stem}.{suffix}", (plan.aside / f"{day}.{suffix}").read_bytes())

    def _remove_stale(self, built: Mapping[str, BuiltChannel]) -> None:
        """Remove the pages of days and channels that are no more."""
        for name, former in self._state.channels.items():
            path = _channel(former).path
            days = built[name].days() if name in built else {}
            for day in former.days().keys() - days.keys():
                self._terms[f"{path}/{day}"] = set()
                for suffix in DAY_FILES:
                    self._files.remove(f"{path}/{day}.{suffix}")
            if name not in built:
                for page in PAGES_OF_CHANNEL:
                    self._files.remove(f"{path}/{page}")

    def _count_kept(self, built: Mapping[str, BuiltChannel]) -> None:
        """Count the files of days and of the search that this run had no reason to make."""
        for each in built.values():
            for day in each.days():
                for suffix in DAY_FILES:
                    self._files.count_kept(f"{_channel(each).path}/{day}.{suffix}")
        for path in self._search.paths():
            self._files.count_kept(path)

    def _write_search(self, built: Mapping[str, BuiltChannel]) -> set[str]:
        """Write the search of periods of which a page has changed; return damaged periods.

        A run that is killed here leaves periods that nobody can trust: the next one knows them.
        """
        pages = [f"{_channel(each).path}/{day}" for each in built.values() for day in each.days()]
        due, anew = self._search.due(pages, self._terms), self._state.unfinished
        if due:
            SiteState(self._state.channels, sorted({*due, *anew})).keep(self._state_path)
        damaged = self._search.write(pages, self._terms, due, anew)
        names = {_channel(each).path: each.name for each in built.values()}
        self._search.write_periods(pages, names)
        return damaged


def _channel(built: BuiltChannel) -> SiteChannel:
    return SiteChannel(
        built.network, built.name, safe_directory(built.network), safe_directory(built.name)
    )
