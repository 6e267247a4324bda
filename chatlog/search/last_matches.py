"""The last matches of a query, or all matches, as entries of a reader."""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

from chatlog.query.selection import Query
from chatlog.read.segment_reader import Entry
from chatlog.search.external_sort import turned_round
from chatlog.search.search import Search

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from chatlog.query.noise import Shown
    from chatlog.read.reader import Reader
    from chatlog.search.search import Hit, HitsOf


def last_matches(
    reader: Reader,
    query: Query | None,
    count: int | None,
    shown: Shown | None = None,
    hits_of: HitsOf = Search.hits,
) -> Iterator[Entry]:
    """Yield the last `count` matches in order of time, all for None; without a query all events.

    Only `shown` ones are matches. However many they are, about 16 MiB of them are in
    memory at once. `hits_of` takes the hits of a search, and may show its progress.
    """
    wanted = (query or Query()).showing(shown)
    if count is None:
        return (Entry.of_json(hit.line) for hit in hits_of(Search(reader, wanted)))
    newest = hits_of(Search(reader, wanted, newest_first=True))
    return map(Entry.of_json, turned_round(_first_lines(newest, min(count, sys.maxsize))))


def _first_lines(hits: Generator[Hit, None, None], count: int) -> Iterator[bytes]:
    """Yield the lines of the first hits, and end the search then: its bar goes with it."""
    for hit in islice(hits, count):
        yield hit.line
    hits.close()
