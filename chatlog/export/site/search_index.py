"""The search index of a site: for each period, which pages have which term.

A period is a month, or a year that is over. Its terms lie in shards, small scripts of which a
page loads the few that a query needs; a script works from `file:` too. `search.js` reads them.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from chatlog.export.site.search_terms import PREFIX, packed, shard_of, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

DIRECTORY: Final = "search"
_MONTH: Final = len("2026-11")
_SHARDS: Final = {len("2026"): 256, _MONTH: 64}
_CALL: Final = re.compile(rb"^[A-Z]+\((.*)\);\n$", re.DOTALL)


def period_of_day(day: str, newest: str) -> str:
    """Return the period of a day: its month, or its year if that was over by the newest day."""
    return day[:_MONTH] if day[:4] == newest[:4] else day[:4]


class PeriodIndex:
    """The terms of the pages of one period."""

    def __init__(self, period: str) -> None:
        self.period = period
        self._pages: dict[str, set[str]] = {}

    def put(self, page: str, terms: set[str]) -> None:
        """Set the terms of a page; none removes it."""
        if terms:
            self._pages[page] = terms
        else:
            self._pages.pop(page, None)

    def add(self, other: PeriodIndex) -> None:
        """Take the pages of another period, which is part of this one."""
        self._pages |= other._pages

    @property
    def pages(self) -> set[str]:
        """The pages that have terms."""
        return set(self._pages)

    def _by_terms(self, pages: Sequence[str]) -> dict[str, list[int]]:
        """Return the numbers of the pages that have each term."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for number, page in enumerate(pages):
            for term in self._pages[page]:
                found[term].append(number)
        return found

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the path below the site and the content of each file."""
        count = _SHARDS[len(self.period)]
        pages = sorted(self._pages, key=_newest_last)
        shards: list[dict[str, list[int]]] = [{} for _ in range(count)]
        for term, numbers in self._by_terms(pages).items():
            shards[shard_of(term[:PREFIX], count)][term] = numbers
        stem = f"{DIRECTORY}/{self.period}"
        yield f"{stem}/pages.js", _script("PAGES", self.period, pages)
        for number, shard in enumerate(shards):
            if shard:
                terms = {term: packed(shard[term]) for term in sorted(shard)}
                yield f"{stem}/{number:x}.js", _script("SHARD", self.period, number, terms)


def _newest_last(page: str) -> tuple[str, str]:
    return page.rpartition("/")[2], page


def _script(function: str, *arguments: object) -> bytes:
    """Return a script that calls a function with JSON, which is JavaScript too."""
    made = ",".join(
        json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in arguments
    )
    safe = made.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("<", "\\u003c")
    return f"{function}({safe});\n".encode("utf-8", "replace")


def load(site: Path, period: str) -> PeriodIndex | None:
    """Return the index of a period as its files have it, None if one is missing or damaged."""
    directory = site / DIRECTORY / period
    index = PeriodIndex(period)
    try:
        pages = _arguments(directory / "pages.js")[1]
        terms: list[set[str]] = [set() for _ in pages]
        for path in sorted(directory.glob("*.js")):
            if path.name != "pages.js":
                for term, numbers in _arguments(path)[2].items():
                    for number in unpacked(numbers):
                        terms[number].add(term)
    except (OSError, ValueError, LookupError, AttributeError, TypeError):
        return None
    for page, found in zip(pages, terms, strict=True):
        index.put(page, found)
    return index


def _arguments(path: Path) -> list[Any]:
    found = _CALL.match(path.read_bytes())
    if found is None:
        raise ValueError(path.name)
    arguments: list[Any] = json.loads(b"[" + found[1] + b"]")
    return arguments


def periods_file(periods: Iterable[str], places: Mapping[str, str]) -> tuple[str, bytes]:
    """Return the path and the content of the list of periods, newest first.

    `places` has the name of each channel by its directory.
    """
    newest = sorted(periods, key=lambda each: (each[:4], each), reverse=True)
    told = [[each, _SHARDS[len(each)]] for each in newest]
    return f"{DIRECTORY}/periods.js", _script("PERIODS", told, dict(sorted(places.items())))
