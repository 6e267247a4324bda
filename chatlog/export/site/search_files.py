"""The files of the search in a site: those of a period change with the pages of the period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.export.site.search_index import (
    DIRECTORY,
    PAGES_NAME,
    YEAR,
    PeriodIndex,
    listed_shards,
    load,
    period_of_day,
    periods_file,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from chatlog.export.site.site_files import SiteFiles


class SearchFiles:
    """The files of the search in a site.

    What a period has is read from its files, so that pages need not be made again. A year that
    is over takes the pages of its months, whose files go.
    """

    def __init__(self, files: SiteFiles) -> None:
        self._files = files
        self._listed = listed_shards(files.root)

    def is_there(self, period: str) -> bool:
        """Return whether a period has files: its list of pages, and the shards it was made with."""
        directory = self._files.root / DIRECTORY / period
        if not (directory / PAGES_NAME).is_file():
            return False
        return all((directory / name).is_file() for name in self._listed.get(period, ()))

    def paths(self) -> Iterator[str]:
        """Yield the paths of all files of periods, below the site."""
        directory = self._files.root / DIRECTORY
        for path in directory.glob("*/*.js"):
            yield f"{DIRECTORY}/{path.parent.name}/{path.name}"

    def due(self, pages: Collection[str], changed: Collection[str]) -> list[str]:
        """Return the periods whose files are to be written.

        `pages` are all pages of the site, `changed` those that were made or removed.
        """
        newest = _newest(pages)
        due = _by_period(changed, newest)
        present = _by_period(pages, newest)
        return sorted(each for each in present if each in due or not self.is_there(each))

    def write(
        self,
        pages: Collection[str],
        changed: Mapping[str, set[str]],
        due: Collection[str],
        anew: Collection[str],
    ) -> set[str]:
        """Write the files of the periods that are due; return those that are damaged.

        `changed` has the terms of the pages that were made, none for those that were removed.
        The files of periods of `anew` are not read: all their pages are in `changed`. A damaged
        period stays as it is, as its pages are to be made again.
        """
        newest = _newest(pages)
        present, made = _by_period(pages, newest), _by_period(changed, newest)
        damaged = set()
        for period in due:
            index = self._read(period, anew)
            if index is None:
                damaged.add(period)
                continue
            for page in made.get(period, ()):
                index.put(page, changed[page])
            for page in index.pages - present[period]:
                index.put(page, set())
            self._put(index)
        if not damaged:
            self._remove_others(present)
        return damaged

    def write_periods(self, pages: Collection[str], names: Mapping[str, str]) -> None:
        """Write the list of periods; `names` has the name of each channel by its directory."""
        directory = self._files.root / DIRECTORY
        shards = {
            period: [
                int(path.stem, 16)
                for path in (directory / period).glob("*.js")
                if path.name != PAGES_NAME
            ]
            for period in _by_period(pages, _newest(pages))
        }
        self._files.put(*periods_file(shards, names))

    def _read(self, period: str, anew: Collection[str]) -> PeriodIndex | None:
        """Return a period as files have it: its own, those of its months, or those of its year."""
        found = PeriodIndex(period)
        for each in self._places_of(period):
            if each in anew:
                continue
            part = load(self._files.root, each)
            if part is None:
                return None
            found.add(part)
        return found

    def _places_of(self, period: str) -> Iterator[str]:
        if self.is_there(period):
            yield period
        elif len(period) == YEAR:
            months = (f"{period}-{number:02d}" for number in range(1, 13))
            yield from filter(self.is_there, months)
        elif self.is_there(period[:YEAR]):
            yield period[:YEAR]

    def _put(self, index: PeriodIndex) -> None:
        """Write the files of a period; the list of its pages is the last one."""
        directory = self._files.root / DIRECTORY / index.period
        self._listed.pop(index.period, None)
        former = {path.name for path in directory.glob("*.js")}
        for path, data in index.files():
            self._files.put(path, data)
            former.discard(path.rpartition("/")[2])
        self._remove(index.period, former)

    def _remove_others(self, present: Collection[str]) -> None:
        directory = self._files.root / DIRECTORY
        for path in sorted(directory.iterdir()) if directory.is_dir() else ():
            if path.is_dir() and path.name not in present:
                self._remove(path.name, {each.name for each in path.glob("*.js")})

    def _remove(self, period: str, names: Collection[str]) -> None:
        for name in sorted(names, reverse=True):  # the list of pages goes before the shards
            self._files.remove(f"{DIRECTORY}/{period}/{name}")


def _by_period(pages: Collection[str], newest: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for page in pages:
        found.setdefault(period_of_day(page.rpartition("/")[2], newest), set()).add(page)
    return found


def _newest(pages: Collection[str]) -> str:
    return max((page.rpartition("/")[2] for page in pages), default="")
