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
    from collections.abc import Iterator

    from chatlog.query.noise import Shown
    from chatlog.read.reader import Reader


def last_matches(
    reader: Reader, query: Query | None, count: int | None, shown: Shown | None = None
) -> Iterator[Entry]:
    """Yield the last `count` matches in order of time, all for None; without a query all events.

    Only `shown` ones are matches. However many they are, about 16 MiB of them are in
    memory at once.
    """
    wanted = (query or Query()).showing(shown)
    if count is None:
        return (Entry.of_json(hit.line) for hit in Search(reader, wanted).hits())
    newest = Search(reader, wanted, newest_first=True).hits()
    last = (hit.line for hit in islice(newest, min(count, sys.maxsize)))
    return map(Entry.of_json, turned_round(last))
