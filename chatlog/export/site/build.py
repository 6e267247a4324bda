"""The making of a site: changed months are rendered, and only new bytes are written.

All pages of a channel's month are rendered together, by a process for each core. Their lines
lie aside until the days of all months are known, then pages are made with links to their
neighbours. What an interrupted run leaves is written by the next one.
"""

from __future__ import annotations

import secrets
import shutil
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog import __version__
from chatlog.archive.system import FILE_MODE, System, replace_file
from chatlog.archive.targets import spelled
from chatlog.casemapping import CHANTYPES
from chatlog.errors import TranscriptError
from chatlog.export.output_files import exported
from chatlog.export.run import Exported
from chatlog.export.site.anchors import KEY_BYTES
from chatlog.export.site.month_pages import GapOfChannel, MonthWork, RenderedDay
from chatlog.export.site.overviews import Overviews
from chatlog.export.site.search_index import PeriodIndex, load, period_of_day
from chatlog.export.site.settings import SiteChannel, safe_directory
from chatlog.export.site.site_days import (
    BuiltChannel,
    BuiltDay,
    BuiltMonth,
    bounds_of,
    months_of,
)
from chatlog.export.site.templates import OWN, Pages
from chatlog.formats import jsonl
from chatlog.read.catalog import Catalog
from chatlog.report.gaps import Unreadable, hearings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chatlog.archive.targets import Target
    from chatlog.export.site.settings import SiteSettings
    from chatlog.export.site.site_days import MonthOfChannel
    from chatlog.read.reader import Reader

KEY: Final = "SITEKEY"
"""The file of the key of anchors, in the archive."""

_Heard = tuple[tuple[GapOfChannel, ...], tuple[tuple[str, str], ...]]
"""The gaps of a channel, and the stretches that are recorded."""

_DAY_FILES: Final = ("html", "txt", jsonl.SUFFIX)


class _State(msgspec.Struct):
    channels: dict[str, BuiltChannel] = {}


class SiteFiles:
    """The files of a site: each is replaced at once, and only by other bytes."""

    def __init__(self, root: Path, result: Exported) -> None:
        self.root = root
        self._result = result
        self._made: set[Path] = set()

    def put(self, path: str, data: bytes) -> None:
        """Write a file of the site if its bytes are new."""
        place = self.root / path
        self._result.size += len(data)
        with exported(place):
            try:
                if place.read_bytes() == data:
                    self._result.unchanged += 1
                    return
            except FileNotFoundError:
                pass
            if place.parent not in self._made:
                place.parent.mkdir(parents=True, exist_ok=True)
                self._made.add(place.parent)
            temporary = place.with_name(f".{place.name}.part")
            temporary.write_bytes(data)
            temporary.replace(place)
        self._result.written += 1

    def remove(self, path: str) -> None:
        """Remove a file of the site."""
        with exported(self.root / path), suppress(FileNotFoundError):
            (self.root / path).unlink()
            self._result.removed += 1


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
        self._pages = Pages(settings.templates, site=settings)
        self._state = _read_state(state)
        self._options = _options(settings)
        self._terms: dict[str, set[str]] = {}

    def build(self, workers: int, advance: Callable[[int], None]) -> Exported:
        """Build the pages that have changed; call `advance` with the bytes of segments done.

        Raise TranscriptError if the archive cannot be read or the site not written, UsageError
        if a template is wrong or a library is missing.
        """
        key = _key_of(self._root)
        aside = self._files.root / ".building"
        shutil.rmtree(aside, ignore_errors=True)
        channels = self._channels()
        try:
            built = self._render(channels, key, aside, workers, advance)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        self._remove_stale(built)
        self._state = _State(built)
        overviews = Overviews(self._files, self._pages, self._settings)
        overviews.write([(self._channel(each), each) for each in built.values()])
        self._keep_state()
        self.result.lines = sum(
            day.summary.events
            for each in built.values()
            for month in each.months.values()
            for day in month.days.values()
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

    def _channel(self, built: BuiltChannel) -> SiteChannel:
        return SiteChannel(
            built.network, built.name, safe_directory(built.network), safe_directory(built.name)
        )

    def _gaps(self, targets: list[Target]) -> dict[str, _Heard]:
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

    # -- rendering ---------------------------------------------------------------------

    def _render(
        self,
        channels: list[tuple[Target, list[MonthOfChannel]]],
        key: bytes,
        aside: Path,
        workers: int,
        advance: Callable[[int], None],
    ) -> dict[str, BuiltChannel]:
        """Render the months that have changed; return all channels as they are built now."""
        gaps = self._gaps([target for target, _ in channels])
        plans = [
            self._plan(target, months, gaps.get(target.path, ((), ())), aside)
            for target, months in channels
        ]
        while due := [(plan, month) for plan in plans for month in plan.due()]:
            works = [plan.work(month) for plan, month in due]
            for (plan, month), days in zip(
                due, _rendered(works, workers, self._settings, key), strict=True
            ):
                plan.take(month, days)
                advance(plan.size_of(month))
        for plan in plans:
            self._write(plan)
        built = {f"{each.found.network}/{each.found.name}": each.found for each in plans}
        built = {
            name: each
            for name, each in built.items()
            if any(month.days for month in each.months.values())
        }
        self._write_search(built)
        return built

    def _plan(
        self,
        target: Target,
        months: list[MonthOfChannel],
        heard: _Heard,
        aside: Path,
    ) -> _ChannelPlan:
        network, name = spelled(target.network), spelled(target.name)
        known = self._state.channels.get(f"{network}/{name}") or BuiltChannel(network, name)
        channel = self._channel(known)
        return _ChannelPlan(
            channel,
            known,
            pages=self._files.root / channel.path,
            aside=aside / channel.path,
            months=months,
            heard=heard,
            options=self._options,
        )

    def _write(self, plan: _ChannelPlan) -> None:
        """Write the pages of the days that were rendered."""
        channel, found = plan.channel, plan.found
        days = [day for month in sorted(found.months) for day in found.months[month].days]
        places = {day: number for number, day in enumerate(days)}
        for rendered in plan.rendered:
            self._write_day(channel, rendered, days, places[rendered.day], plan.aside)
            self._terms[f"{channel.path}/{rendered.day}"] = rendered.terms
        for day in plan.gone:
            for suffix in _DAY_FILES:
                self._files.remove(f"{channel.path}/{day}.{suffix}")
            self._terms[f"{channel.path}/{day}"] = set()

    def _write_day(
        self, channel: SiteChannel, rendered: RenderedDay, days: list[str], at: int, aside: Path
    ) -> None:
        day = rendered.day
        start, end = bounds_of(day, self._settings.tz)
        stem = f"{channel.path}/{day}"
        page = self._pages.render(
            "day.html",
            root="../../",
            path=f"{stem}.html",
            channel=channel,
            day=day,
            start=start,
            end=end,
            said=rendered.summary.said,
            previous=days[at - 1] if at else "",
            following=days[at + 1] if at + 1 < len(days) else "",
            newest=days[-1],
            lines=Path(rendered.lines).read_text(encoding="utf-8"),
        )
        self._files.put(f"{stem}.html", page)
        for suffix in _DAY_FILES[1:]:
            self._files.put(f"{stem}.{suffix}", (aside / f"{day}.{suffix}").read_bytes())

    # -- the search --------------------------------------------------------------------

    def _write_search(self, built: dict[str, BuiltChannel]) -> None:
        """Write the shards of the periods of which a page has changed."""
        days = [
            (f"{self._channel(each).path}/{day}", day)
            for each in built.values()
            for month in each.months.values()
            for day in month.days
        ]
        newest = max((day for _, day in days), default="")
        periods: dict[str, set[str]] = {}
        for page, day in days:
            periods.setdefault(period_of_day(day, newest), set()).add(page)
        for period, pages in sorted(periods.items()):
            self._write_period(period, pages, newest)
        self._remove_periods(set(periods))

    def _write_period(self, period: str, pages: set[str], newest: str) -> None:
        changed = {
            page: terms
            for page, terms in self._terms.items()
            if period_of_day(page.rpartition("/")[2], newest) == period
        }
        index = load(self._files.root, period)
        if index is None:
            index = PeriodIndex(period)
            for part in self._parts_of(period):
                index.add(part)
        elif not changed and index.pages == pages:
            return
        for page, terms in changed.items():
            index.put(page, terms)
        for page in index.pages - pages:
            index.put(page, set())
        stem = f"search/{period}/"
        former = {path.name for path in (self._files.root / stem).glob("*.js")}
        for path, data in index.files():
            self._files.put(path, data)
            former.discard(path.rpartition("/")[2])
        for name in former:
            self._files.remove(stem + name)

    def _parts_of(self, year: str) -> Iterator[PeriodIndex]:
        """Yield the months of a year that is over, as they are there."""
        for number in range(1, 13):
            if (part := load(self._files.root, f"{year}-{number:02d}")) is not None:
                yield part

    def _remove_periods(self, present: set[str]) -> None:
        directory = self._files.root / "search"
        for path in directory.iterdir() if directory.is_dir() else ():
            if path.is_dir() and path.name not in present:
                for each in path.glob("*.js"):
                    self._files.remove(f"search/{path.name}/{each.name}")
                with suppress(OSError):
                    path.rmdir()

    # -- what was built ----------------------------------------------------------------

    def _remove_stale(self, built: dict[str, BuiltChannel]) -> None:
        for name, each in self._state.channels.items():
            present = built.get(name)
            channel = self._channel(each)
            for key, month in each.months.items():
                if present is None or key not in present.months:
                    for day in month.days:
                        for suffix in _DAY_FILES:
                            self._files.remove(f"{channel.path}/{day}.{suffix}")
            if present is None:
                for page in ("index.html", "stats.html", "people.html", "feed.xml"):
                    self._files.remove(f"{channel.path}/{page}")

    def _keep_state(self) -> None:
        if self._state_path is not None:
            data = msgspec.json.encode(self._state)
            replace_file(self._state_path, data, system=System(), durable=False)


class _ChannelPlan:
    """The work on one channel: `rendered` and `gone` are the days that change, `found` all."""

    def __init__(
        self,
        channel: SiteChannel,
        known: BuiltChannel,
        *,
        pages: Path,
        aside: Path,
        months: list[MonthOfChannel],
        heard: _Heard,
        options: str,
    ) -> None:
        self.channel = channel
        self.found = BuiltChannel(known.network, known.name)
        self.rendered: list[RenderedDay] = []
        self.gone: list[str] = []
        self.aside = aside
        self._known = known
        self._pages = pages
        self._months = {each.month: each for each in months}
        self._gaps, self._recorded = heard
        self._signatures = {
            each.month: each.signature(options, self._gaps_in(each.month)) for each in months
        }
        self._done: set[str] = set()
        self._begun = False

    def _gaps_in(self, month: str) -> Iterator[tuple[str, str]]:
        for gap in self._gaps:
            if gap.since[:7] <= month <= gap.until[:7]:
                yield gap.since, gap.until

    def due(self) -> list[str]:
        """Return the months that are to be rendered now: those that have changed.

        When these are done, those beside them are due of which a day has a new neighbour.
        """
        if self._begun:
            return self._beside()
        self._begun = True
        changed = [month for month in self._months if self._is_changed(month)]
        for month in self._months.keys() - changed:
            self.found.months[month] = self._known.months[month]
        self.gone += [
            day
            for month, built in self._known.months.items()
            if month not in self._months
            for day in built.days
        ]
        return changed

    def work(self, month: str) -> MonthWork:
        """Return the work on a month."""
        return MonthWork(self._months[month], self._pages, self.aside, self._gaps, self._recorded)

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
        )
        former = self._known.months.get(month)
        if former is not None:
            self.gone += [day for day in former.days if day not in self.found.months[month].days]

    def _is_changed(self, month: str) -> bool:
        known = self._known.months.get(month)
        if known is None or known.signature != self._signatures[month]:
            return True
        return any(not (self._pages / f"{day}.html").is_file() for day in known.days)

    def _beside(self) -> list[str]:
        before, now = _neighbours(self._known), _neighbours(self.found)
        return sorted(
            {
                day[:7]
                for day, beside in now.items()
                if before.get(day) != beside and day[:7] not in self._done
            }
        )


def _neighbours(channel: BuiltChannel) -> dict[str, tuple[str, str, str]]:
    """Return the day before and after each day, and the newest if it is none beside it."""
    days = [day for month in sorted(channel.months) for day in channel.months[month].days]
    beside = zip(["", *days], days, [*days[1:], ""], strict=False)
    return {day: (before, after, "") for before, day, after in beside}


# -- processes ---------------------------------------------------------------------

_works: Sequence[MonthWork] = ()
"""The work of all processes, which know it as they are forked."""


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us


def _run_month(number: int, settings: SiteSettings, key: bytes) -> list[RenderedDay]:
    return [*_works[number].run(settings, key)]


def _rendered(
    works: Sequence[MonthWork], workers: int, settings: SiteSettings, key: bytes
) -> Iterator[list[RenderedDay]]:
    """Yield the days of each month, rendered by several processes if there are several cores."""
    global _works  # noqa: PLW0603 - for the processes that are forked next
    workers = min(workers, len(works))
    if workers < 2:  # noqa: PLR2004
        yield from ([*work.run(settings, key)] for work in works)
        return
    _works = works
    pool = ProcessPoolExecutor(workers, get_context("fork"), initializer=_begin_worker)
    try:
        run = partial(_run_month, settings=settings, key=key)
        yield from pool.map(run, range(len(works)))
    except BaseException:
        for process in pool._processes.values():  # noqa: SLF001 - it has no other way to end them
            process.terminate()
        raise
    finally:
        _works = ()
        pool.shutdown(cancel_futures=True)


# -- what is kept in the archive ---------------------------------------------------


def _options(settings: SiteSettings) -> str:
    """Return all settings that decide the bytes of pages, and the templates."""
    told = [__version__, repr(msgspec.structs.replace(settings, tz=None)), settings.zone]
    for directory in (OWN, settings.templates):
        found = sorted(directory.glob("*")) if directory is not None else []
        told += [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in found]
    return "\n".join(told)


def _key_of(root: Path) -> bytes:
    """Return the key of anchors, which is made by the first site of an archive."""
    path = root / KEY
    with suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == KEY_BYTES:
            return key
        raise TranscriptError(f"{path} is damaged; restore it, or remove it for new anchors")
    key = secrets.token_bytes(KEY_BYTES)
    replace_file(path, key, system=System(), mode=FILE_MODE & ~0o077)
    return key


def _read_state(path: Path | None) -> _State:
    """Return the channels as they were built, none if no file tells: all is built anew then."""
    if path is None:
        return _State()
    with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode(path.read_bytes(), type=_State)
    return _State()
