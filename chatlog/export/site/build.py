"""The making of a site: changed months are rendered, and only new bytes are written.

All pages of a channel's month are rendered and written together, by a process for each core.
The lines of its first and last day lie aside until the days of all months are known, as a page
has links to its neighbours. What an interrupted run leaves is written by the next one.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from chatlog.archive.targets import spelled
from chatlog.casemapping import CHANTYPES
from chatlog.export.archive_key import key_of
from chatlog.export.run import Exported
from chatlog.export.site.channel_plan import DAY_FILES, ChannelPlan, Heard
from chatlog.export.site.day_form import DayForms
from chatlog.export.site.day_pages import DayPages
from chatlog.export.site.month_pages import GapOfChannel
from chatlog.export.site.overviews import PAGES_OF_CHANNEL, Overviews
from chatlog.export.site.processes import results_of
from chatlog.export.site.search_files import SearchFiles
from chatlog.export.site.search_index import YEAR
from chatlog.export.site.settings import SiteChannel, channel_key, safe_directory
from chatlog.export.site.site_days import BuiltChannel, months_of
from chatlog.export.site.site_files import SiteFiles
from chatlog.export.site.site_state import SiteState, options_of, read_state
from chatlog.export.site.site_withholding import site_withholding, survey_months
from chatlog.export.site.templates import Pages
from chatlog.read.catalog import Catalog
from chatlog.report.gaps import Unreadable, hearings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chatlog.archive.targets import Target
    from chatlog.export.site.month_pages import MonthsWork, RenderedMonths
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
        self._search = SearchFiles(directory, self.result)
        self._pages = Pages(settings.templates, site=settings)
        self._forms = DayForms(self._pages)
        self._state = read_state(state)
        self._options = options_of(settings)
        self._terms: dict[str, str] = {}
        self._written: set[str] = set()
        self._heard: dict[SiteChannel, Heard] = {}

    def build(self, workers: int, advance: Callable[[int], None]) -> Exported:
        """Build the pages that have changed; call `advance` with the bytes of segments done.

        Raise TranscriptError if the archive cannot be read or the site not written, UsageError
        if a template is wrong or a library is missing.
        """
        self._files.begin()
        lost = self._search.lost(self._state.search)
        self._state.unfinished = sorted({*self._state.unfinished, *lost})
        try:
            built = self._render(workers, advance)
            self._remove_stale(built)
            if damaged := self._write_search(built, workers):  # by somebody: all pages tell
                self._state.unfinished = damaged
                built = self._render(workers, advance)
                self._write_search(built, workers)
            overviews = Overviews(self._files, self._pages, self._settings)
            overviews.write([(_channel(each), each) for each in built.values()], self._heard)
            self._count_kept(built)
        finally:
            self._files.end()
        SiteState(built, search=self._state.search).keep(self._state_path)
        self.result.lines = sum(
            day.summary.events for each in built.values() for day in each.days().values()
        )
        return self.result

    def size(self) -> int:
        """Return the bytes of all segments, for a bar."""
        return sum(
            source.size()
            for _, months in self._channels
            for month in months
            for source in month.sources
        )

    # -- what there is -----------------------------------------------------------------

    @cached_property
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
                tuple(
                    GapOfChannel(gap.start.time, gap.end, gap.cause, is_open=gap.end >= self._now)
                    for gap in missed
                ),
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

    def _render(self, workers: int, advance: Callable[[int], None]) -> dict[str, BuiltChannel]:
        """Render the months that have changed; return all channels as they are built now."""
        plans = self._plans(workers)
        self._heard = {plan.channel: plan.heard for plan in plans}
        for due_of in (ChannelPlan.changed, ChannelPlan.beside):
            due = [(plan, work) for plan in plans for work in plan.works(due_of(plan))]
            made = self._rendered([work for _, work in due], workers)
            for (plan, work), months in zip(due, made, strict=True):
                plan.take(work, months)
                self.result.add(months.result)
                self._reader.damaged.take_up(months.damaged)
                advance(work.size())
        for plan in plans:
            self._write_waiting(plan)
            self._terms |= plan.terms
        found = (plan.found for plan in plans)
        return {channel_key(each.network, each.name): each for each in found if each.days()}

    def _plans(self, workers: int) -> list[ChannelPlan]:
        channels = self._channels
        gaps = self._gaps([target for target, _ in channels])
        survey_months(((self._known(target), months) for target, months in channels), workers)
        withholding = site_withholding(self._settings.withheld, self._reader, channels)
        return [
            self._plan(target, months, gaps.get(target.path, ((), ())), withholding)
            for target, months in channels
        ]

    def _rendered(self, works: Sequence[MonthsWork], workers: int) -> Iterator[RenderedMonths]:
        key = key_of(self._root)
        if works:
            self._forms.load()

        def render(number: int) -> RenderedMonths:
            return works[number].run(self._settings, key, self._forms)

        return results_of(render, len(works), workers)

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
            root=self._files.root,
            months=months,
            heard=heard,
            options=self._options,
            settings=self._settings,
            withholding=withholding,
            reader=self._reader,
            is_lost=self._is_lost,
        )

    def _write_waiting(self, plan: ChannelPlan) -> None:
        """Write the pages of days whose neighbours are in other months."""
        pages = DayPages(self._files, self._forms, plan.channel, self._settings)
        days = ["", *plan.found.days(), ""]
        places = {day: number for number, day in enumerate(days)} if plan.waiting else {}
        for each in plan.waiting:
            at = places[each.day]
            lines = Path(each.lines).read_text(encoding="utf-8")
            pages.write_page(each, lines, days[at - 1], days[at + 1])
            plan.take_page(each)

    def _remove_stale(self, built: Mapping[str, BuiltChannel]) -> None:
        """Remove the pages of days and channels that are no more."""
        for name, former in self._state.channels.items():
            path = _channel(former).path
            days = built[name].days() if name in built else {}
            for day in former.days().keys() - days.keys():
                self._terms[f"{path}/{day}"] = ""
                for suffix in DAY_FILES:
                    self._files.remove(f"{path}/{day}.{suffix}")
            if name not in built:
                for page in PAGES_OF_CHANNEL:
                    self._files.remove(f"{path}/{page}")

    def _count_kept(self, built: Mapping[str, BuiltChannel]) -> None:
        """Count the files of days and of the search that this run had no reason to make."""
        kept = [
            day.sizes
            for each in built.values()
            for name, day in each.days().items()
            if f"{_channel(each).path}/{name}" not in self._terms
        ]
        search = self._state.search
        for sizes in (*kept, *(search[each].values() for each in search.keys() - self._written)):
            self.result.unchanged += len(sizes)
            self.result.size += sum(sizes)

    def _write_search(self, built: Mapping[str, BuiltChannel], workers: int) -> list[str]:
        """Write the search of periods of which a page has changed; return damaged periods.

        A run that is killed here leaves periods that nobody can trust: the next one knows them.
        """
        pages = [f"{_channel(each).path}/{day}" for each in built.values() for day in each.days()]
        due, anew = self._search.due(pages, self._terms), self._state.unfinished
        known = self._state.search
        if due:
            unfinished = sorted({*due, *anew})
            SiteState(self._state.channels, unfinished, known).keep(self._state_path)
        written = self._search.write(pages, self._terms, due, anew, workers)
        self._written |= {each.period for each in written}
        names = {_channel(each).path: each.name for each in built.values()}
        sizes = {**known, **{each.period: each.sizes for each in written}}
        shown = self._search.write_periods(pages, names)
        self._state.search = {period: sizes[period] for period in shown}
        return [each.period for each in written if not each.sizes]


def _channel(built: BuiltChannel) -> SiteChannel:
    return SiteChannel(
        built.network, built.name, safe_directory(built.network), safe_directory(built.name)
    )
