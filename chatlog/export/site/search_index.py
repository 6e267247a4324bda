"""The search index of a site: for each period, which pages have which term.

A period is a month, or a year that is over. Its terms lie in shards, small scripts of which a
page loads the few that a query needs; a script works from `file:` too. `search.js` reads them.
A page has the number of its day in the period times the number of channels, plus that of its
channel: so a new day changes no number of another page, and a shard changes with its words.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from chatlog.export.site.search_terms import PREFIX, packed, shard_of, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

DIRECTORY: Final = "search"
YEAR: Final = len("2026")
"""The characters of a year, as a period."""
MONTH: Final = len("2026-11")
"""The characters of a month, as a period."""
_SHARDS: Final = {YEAR: 256, MONTH: 64}
PAGES_NAME: Final = "pages.js"
"""The file of a period's channels, beside its shards."""
_PERIODS_NAME: Final = "periods.js"
_CALL: Final = re.compile(rb"^[A-Z]+\((.*)\);\n$", re.DOTALL)


def period_of_day(day: str, newest: str) -> str:
    """Return the period of a day: its month, or its year if that was over by the newest day."""
    return day[:MONTH] if day[:YEAR] == newest[:YEAR] else day[:YEAR]


def pages_path(period: str) -> str:
    """Return the path, below the site, of the list of a period's channels."""
    return f"{DIRECTORY}/{period}/{PAGES_NAME}"


class _Numbers:
    """The numbers of the pages of a period, which has these channels."""

    def __init__(self, period: str, channels: Sequence[str]) -> None:
        self._channels = channels
        self._ranks = {channel: number for number, channel in enumerate(channels)}
        self._begin = date.fromisoformat(f"{period}-01-01"[: len("2026-11-01")]).toordinal()

    def of(self, page: str) -> int:
        """Return the number of a page."""
        channel, _, day = page.rpartition("/")
        days = date.fromisoformat(day).toordinal() - self._begin
        return days * len(self._channels) + self._ranks[channel]

    def page(self, number: int) -> str:
        """Return the page of a number."""
        days, rank = divmod(number, len(self._channels))
        return f"{self._channels[rank]}/{date.fromordinal(self._begin + days)}"


class PeriodIndex:
    """The terms of the pages of one period."""

    def __init__(self, period: str) -> None:
        self.period = period
        self._pages: dict[str, bytes] = {}  # sets of texts would take ten times as much memory

    def put(self, page: str, terms: bytes) -> None:
        """Set the terms of a page, as lines in UTF-8; none removes it."""
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

    def _by_terms(self, numbers: _Numbers) -> dict[bytes, list[int]]:
        """Return the numbers of the pages that have each term, rising."""
        found: defaultdict[bytes, list[int]] = defaultdict(list)
        for number, page in sorted((numbers.of(page), page) for page in self._pages):
            for its_numbers in map(found.__getitem__, self._pages[page].split(b"\n")):
                its_numbers.append(number)
        return found

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the path below the site and the content of each file, the list of pages last."""
        count = _SHARDS[len(self.period)]
        channels = sorted({page.rpartition("/")[0] for page in self._pages})
        shards: list[dict[str, list[int]]] = [{} for _ in range(count)]
        for octets, numbers in self._by_terms(_Numbers(self.period, channels)).items():
            term = octets.decode()
            shards[shard_of(term[:PREFIX], count)][term] = numbers
        for number, shard in enumerate(shards):
            if shard:
                terms = {term: packed(shard[term]) for term in sorted(shard)}
                path = f"{DIRECTORY}/{self.period}/{number:x}.js"
                yield path, _script("SHARD", self.period, number, terms)
        yield pages_path(self.period), _script("PAGES", self.period, channels)


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
    found: defaultdict[int, set[str]] = defaultdict(set)
    index = PeriodIndex(period)
    try:
        numbers = _Numbers(period, _arguments(directory / PAGES_NAME)[1])
        for path in sorted(directory.glob("*.js")):
            if path.name != PAGES_NAME:
                for term, packed_numbers in _arguments(path)[2].items():
                    for number in unpacked(packed_numbers):
                        found[number].add(term)
        for number, terms in found.items():
            index.put(numbers.page(number), "\n".join(terms).encode())
    except (OSError, ValueError, LookupError, AttributeError, TypeError, ArithmeticError):
        return None
    return index


def _arguments(path: Path) -> list[Any]:
    found = _CALL.match(path.read_bytes())
    if found is None:
        raise ValueError(path.name)
    arguments: list[Any] = json.loads(b"[" + found[1] + b"]")
    return arguments


def periods_file(
    shards: Mapping[str, Iterable[int]], places: Mapping[str, str]
) -> tuple[str, bytes]:
    """Return the path and the content of the list of periods, newest first.

    `shards` has the numbers of the shards that each period has, `places` the name of each
    channel by its directory. A browser complains about a script that is not there, so the list
    tells: as a hexadecimal number whose bit N is that of shard N.
    """
    newest = sorted(shards, reverse=True)
    told = [
        [each, _SHARDS[len(each)], format(sum(1 << number for number in shards[each]), "x")]
        for each in newest
    ]
    return f"{DIRECTORY}/{_PERIODS_NAME}", _script("PERIODS", told, dict(sorted(places.items())))
