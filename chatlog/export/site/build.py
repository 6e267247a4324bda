"""The making of a site: only what has changed is rendered, and only new bytes are written.

All pages of a channel's month are rendered together, by a process for each core. Their lines
lie aside until the days of all months are known, then pages are made with links to their
neighbours. What an interrupted run leaves is written by the next one.
"""

from __future__ import annotations

import secrets
import shutil
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog import __version__
from chatlog.archive.system import FILE_MODE, System, replace_file
from chatlog.archive.targets import spelled
from chatlog.casemapping import CHANTYPES
from chatlog.coverage.gap import GapState
from chatlog.errors import TranscriptError
from chatlog.export.output_files import exported
from chatlog.export.site.month_pages import KEY_BYTES, GapOfChannel, MonthWork, RenderedDay
from chatlog.export.site.overviews import Overviews
from chatlog.export.site.search_index import PeriodIndex, load, period_of_day
from chatlog.export.site.settings import Channel, safe_directory
from chatlog.export.site.site_days import (
    BuiltChannel,
    BuiltDay,
    BuiltMonth,
    bounds_of,
    months_of,
)
from chatlog.export.site.templates import OWN, Pages, safe
from chatlog.read.catalog import Catalog
from chatlog.report.gaps import Unreadable, coverages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatlog.archive.targets import Target
    from chatlog.export.site.settings import SiteSettings
    from chatlog.export.site.site_days import MonthOfChannel
    from chatlog.read.reader import Reader

KEY: Final = "SITEKEY"
"""The file of the key of anchors, in the archive."""

_DAY_FILES: Final = ("html", "txt", "jsonl")


class SiteResult(msgspec.Struct):
    """The files that were written, left as they were, and removed; the channels and lines."""

    written: int = 0
    unchanged: int = 0
    removed: int = 0
    channels: int = 0
    lines: int = 0


class _State(msgspec.Struct):
    channels: dict[str, BuiltChannel] = {}


class SiteFiles:
    """The files of a site: each is replaced at once, and only by other bytes."""

    def __init__(self, root: Path, result: SiteResult) -> None:
        self.root = root
        self._result = result
        self._made: set[Path] = set()

    def put(self, path: str, data: bytes) -> None:
        """Write a file of the site if its bytes are new."""
        place = self.root / path
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
        """Remove a file of the site that is no longer of it."""
        with exported(self.root / path), suppress(FileNotFoundError):
            (self.root / path).unlink()
            self._result.removed += 1


class Site:
    """A site of the channels of an archive, which a reader selects, in a directory.

    Only channels are shown: no queries, and nothing that belongs to none.
    """

    def __init__(
        self, reader: Reader, directory: Path, settings: SiteSettings, now: str, state: Path
    ) -> None:
        self.result = SiteResult()
        self._reader = reader
        self._root = Path(reader.selected.root)
        self._settings = settings
        self._now = now
        self._state_path = state
        self._files = SiteFiles(directory, self.result)
        self._pages = Pages(settings.templates, site=settings)
        self._state = _read_state(state)
        self._options = _options(settings)

    def build(self, workers: int, advance: Callable[[int], None]) -> SiteResult:
        """Build what has changed; call `advance` with the bytes of segments that are done.

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
        self.result.channels = len(built)
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

    def _channel(self, built: BuiltChannel) -> Channel:
        return Channel(
            built.network, built.name, safe_directory(built.network), safe_directory(built.name)
        )

    def _gaps(
        self, targets: list[Target]
    ) -> dict[str, tuple[tuple[GapOfChannel, ...], tuple[tuple[str, str], ...]]]:
        """Return the gaps and the recorded stretches of targets, by their paths."""
        unreadable = Unreadable(lambda *_: None, lambda _: None, lambda *_: None)
        found = {}
        for target, coverage in coverages(self._root, targets, self._now, unreadable=unreadable):
            gaps = tuple(
                GapOfChannel(gap.start.time, gap.end, gap.cause)
                for gap in coverage.gaps
                if gap.state is not GapState.FILLED
            )
            recorded = tuple((each.since, each.until) for each in coverage.recorded)
            found[target.path] = gaps, recorded
        return found

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
        built: dict[str, BuiltChannel] = {}
        with _pool(workers, self._settings, key) as run:
            for target, months in channels:
                network, name = spelled(target.network), spelled(target.name)
                known = self._state.channels.get(f"{network}/{name}") or BuiltChannel(network, name)
                channel = self._channel(known)
                work = _ChannelWork(
                    channel, known, self._files.root / channel.path, aside / channel.path
                )
                found = work.render(months, gaps.get(target.path, ((), ())), self._options, run)
                self._write(channel, work, found, advance)
                built[f"{network}/{name}"] = found
                advance(sum(source.size() for month in months for source in month.sources))
        self._write_search(built)
        return {name: each for name, each in built.items() if any(each.months.values())}

    def _write(
        self,
        channel: Channel,
        work: _ChannelWork,
        found: BuiltChannel,
        _advance: Callable[[int], None],
    ) -> None:
        """Write the pages of the days that were rendered."""
        days = [day for month in sorted(found.months) for day in found.months[month].days]
        places = {day: number for number, day in enumerate(days)}
        for rendered in work.rendered:
            at = places[rendered.day]
            self._write_day(channel, rendered, days, at, work.aside)
        for day in work.gone:
            for suffix in _DAY_FILES:
                self._files.remove(f"{channel.path}/{day}.{suffix}")
        self._terms.update(
            {f"{channel.path}/{rendered.day}": rendered.terms for rendered in work.rendered}
        )
        self._terms.update({f"{channel.path}/{day}": set() for day in work.gone})

    @property
    def _terms(self) -> dict[str, set[str]]:
        if not hasattr(self, "_changed_terms"):
            self._changed_terms: dict[str, set[str]] = {}
        return self._changed_terms

    def _write_day(
        self, channel: Channel, rendered: RenderedDay, days: list[str], at: int, aside: Path
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
            lines=safe(Path(rendered.lines).read_text(encoding="utf-8")),
        )
        self._files.put(f"{stem}.html", page)
        for suffix in ("txt", "jsonl"):
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
        self._periods = sorted(periods)

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
        replace_file(
            self._state_path, msgspec.json.encode(self._state), system=System(), durable=False
        )


class _ChannelWork:
    """The work on one channel: `rendered` and `gone` are the days that change."""

    def __init__(self, channel: Channel, known: BuiltChannel, pages: Path, aside: Path) -> None:
        self.rendered: list[RenderedDay] = []
        self.gone: list[str] = []
        self.aside = aside
        self._channel = channel
        self._known = known
        self._pages = pages

    def render(
        self,
        months: list[MonthOfChannel],
        heard: tuple[tuple[GapOfChannel, ...], tuple[tuple[str, str], ...]],
        options: str,
        run: Callable[[list[MonthWork]], Iterator[list[RenderedDay]]],
    ) -> BuiltChannel:
        """Render what has changed, and the months beside it if their neighbours are new."""
        gaps, recorded = heard
        signatures = {
            each.month: each.signature(
                options,
                (
                    (gap.since, gap.until)
                    for gap in gaps
                    if gap.since[:7] <= each.month <= gap.until[:7]
                ),
            )
            for each in months
        }
        by_name = {each.month: each for each in months}
        found = BuiltChannel(self._known.network, self._known.name)
        due = [name for name in signatures if self._is_changed(name, signatures[name])]
        for name in signatures.keys() - due:
            found.months[name] = self._known.months[name]
        while due:
            works = [
                MonthWork(by_name[name], self._pages, self.aside, gaps, recorded) for name in due
            ]
            for name, days in zip(due, run(works), strict=True):
                self._take(found, name, signatures[name], days)
            due = self._beside(found, {*due, *(each.day[:7] for each in self.rendered)})
        return found

    def _is_changed(self, name: str, signature: str) -> bool:
        known = self._known.months.get(name)
        if known is None or known.signature != signature:
            return True
        return any(not (self._pages / f"{day}.html").is_file() for day in known.days)

    def _take(
        self, found: BuiltChannel, name: str, signature: str, days: list[RenderedDay]
    ) -> None:
        self.rendered += days
        found.months[name] = BuiltMonth(
            signature,
            {each.day: BuiltDay(each.summary, each.heard, each.last) for each in days},
        )
        former = self._known.months.get(name)
        if former is not None:
            self.gone += [day for day in former.days if day not in found.months[name].days]

    def _beside(self, found: BuiltChannel, done: set[str]) -> list[str]:
        """Return the months that were not rendered, of which a day has a new neighbour."""
        before, now = _neighbours(self._known), _neighbours(found)
        return sorted(
            {
                day[:7]
                for day, beside in now.items()
                if before.get(day) != beside and day[:7] not in done
            }
        )


def _neighbours(channel: BuiltChannel) -> dict[str, tuple[str, str, str]]:
    """Return the day before and after each day, and the newest if it is none beside it."""
    days = [day for month in sorted(channel.months) for day in channel.months[month].days]
    beside = zip(["", *days], days, [*days[1:], ""], strict=False)
    return {day: (before, after, "") for before, day, after in beside}


# -- processes ---------------------------------------------------------------------

_work: tuple[SiteSettings, bytes] | None = None


def _begin_worker(settings: SiteSettings, key: bytes) -> None:
    global _work  # noqa: PLW0603 - of this process
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    _work = settings, key


def _run_month(work: MonthWork) -> list[RenderedDay]:
    assert _work is not None  # noqa: S101 - every worker begins so
    return [*work.run(*_work)]


@contextmanager
def _pool(
    workers: int, settings: SiteSettings, key: bytes
) -> Iterator[Callable[[list[MonthWork]], Iterator[list[RenderedDay]]]]:
    """Yield a function that renders months, by several processes if there are several cores."""
    if workers < 2:  # noqa: PLR2004
        yield lambda works: ([*work.run(settings, key)] for work in works)
        return
    pool = ProcessPoolExecutor(
        workers, get_context("fork"), initializer=_begin_worker, initargs=(settings, key)
    )
    try:
        yield lambda works: pool.map(_run_month, works)
    except BaseException:
        for process in pool._processes.values():  # noqa: SLF001 - it has no other way to end them
            process.terminate()
        raise
    finally:
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


def _read_state(path: Path) -> _State:
    """Return what was built, nothing if no file tells: then everything is built anew."""
    with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return msgspec.json.decode(path.read_bytes(), type=_State)
    return _State()
