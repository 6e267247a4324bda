"""The files of the search in a site: those of a period change with the pages of the period."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from chatlog.export.run import Exported
from chatlog.export.site.processes import results_of
from chatlog.export.site.search_index import (
    DIRECTORY,
    PAGES_NAME,
    YEAR,
    PeriodIndex,
    load,
    pages_path,
    period_of_day,
    periods_file,
)
from chatlog.export.site.site_files import SiteFiles, size_of_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    Sizes = Mapping[str, Mapping[str, int]]
    """The sizes of the files of each period, by their names."""


class WrittenPeriod(msgspec.Struct):
    """A period that was written: the sizes of its files by their names, and their numbers.

    There are no files if those of before are damaged.
    """

    period: str
    sizes: dict[str, int]
    result: Exported


class SearchFiles:
    """The files of the search in a site.

    What a period has is read from its files, so that pages need not be made again. A year that
    is over takes the pages of its months, whose files go.
    """

    def __init__(self, root: Path, result: Exported) -> None:
        self._root = root
        self._result = result
        self._files = SiteFiles(root, result)

    def is_there(self, period: str) -> bool:
        """Return whether a period has files."""
        return (self._root / pages_path(period)).is_file()

    def lost(self, known: Sizes) -> list[str]:
        """Return the periods of which a file is not there, or not as it was written."""
        directory = f"{self._root}/{DIRECTORY}"
        return [
            period
            for period, sizes in known.items()
            if any(size_of_file(f"{directory}/{period}/{name}") != sizes[name] for name in sizes)
        ]

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
        changed: Mapping[str, str],
        due: Sequence[str],
        anew: Collection[str],
        workers: int,
    ) -> list[WrittenPeriod]:
        """Write the files of the periods that are due.

        `changed` has the place of the terms of each page that was made, "" for one that was
        removed. The files of periods of `anew` are not read: all their pages are in `changed`. A
        damaged period stays as it is, as its pages are to be made again.
        """
        newest = _newest(pages)
        present, made = _by_period(pages, newest), _by_period(changed, newest)

        def write(number: int) -> WrittenPeriod:
            period = due[number]
            index = self._read(period, anew)
            if index is None:
                return WrittenPeriod(period, {}, Exported())
            _take(index, {page: changed[page] for page in made.get(period, ())})
            for page in index.pages - present[period]:
                index.put(page, b"")
            return _put(self._root, index)

        written = [*results_of(write, len(due), workers)]
        for each in written:
            self._result.add(each.result)
        if all(each.sizes for each in written):
            self._remove_others(present)
        return written

    def write_periods(self, pages: Collection[str], names: Mapping[str, str]) -> Collection[str]:
        """Write the list of periods and return them.

        `names` has the name of each channel by its directory.
        """
        directory = self._root / DIRECTORY
        shards = {
            period: [
                int(path.stem, 16)
                for path in (directory / period).glob("*.js")
                if path.name != PAGES_NAME
            ]
            for period in _by_period(pages, _newest(pages))
        }
        self._files.put(*periods_file(shards, names))
        return shards.keys()

    def _read(self, period: str, anew: Collection[str]) -> PeriodIndex | None:
        """Return a period as files have it: its own, those of its months, or those of its year."""
        found = PeriodIndex(period)
        for each in self._places_of(period):
            if each in anew:
                continue
            part = load(self._root, each)
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

    def _remove_others(self, present: Collection[str]) -> None:
        directory = self._root / DIRECTORY
        for path in sorted(directory.iterdir()) if directory.is_dir() else ():
            if path.is_dir() and path.name not in present:
                _remove(self._files, path.name, {each.name for each in path.glob("*.js")})


def _take(index: PeriodIndex, changed: Mapping[str, str]) -> None:
    """Take the terms of pages, of which the places are given, into an index."""
    known: dict[str, dict[str, bytes]] = {"": {}}
    for page, place in changed.items():
        if place not in known:
            written = Path(place).read_bytes()
            known[place] = msgspec.msgpack.decode(written, type=dict[str, bytes])
        index.put(page, known[place].get(page.rpartition("/")[2], b""))


def _put(root: Path, index: PeriodIndex) -> WrittenPeriod:
    """Write the files of a period; the list of its pages is the last one."""
    written = WrittenPeriod(index.period, {}, Exported())
    files = SiteFiles(root, written.result)
    former = {path.name for path in (root / DIRECTORY / index.period).glob("*.js")}
    for path, data in index.files():
        files.put(path, data)
        written.sizes[path.rpartition("/")[2]] = len(data)
    _remove(files, index.period, former - written.sizes.keys())
    return written


def _remove(files: SiteFiles, period: str, names: Collection[str]) -> None:
    for name in sorted(names, reverse=True):  # the list of pages goes before the shards
        files.remove(f"{DIRECTORY}/{period}/{name}")


def _by_period(pages: Collection[str], newest: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for page in pages:
        found.setdefault(period_of_day(page.rpartition("/")[2], newest), set()).add(page)
    return found


def _newest(pages: Collection[str]) -> str:
    return max((page.rpartition("/")[2] for page in pages), default="")
