"""The events of a reader that match a query and are shown, each once."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from chatlog.read.segment_reader import digests_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.query.noise import Shown
    from chatlog.query.predicates import Names
    from chatlog.query.selection import Query
    from chatlog.read.reader import Entry

_RACING: Final = 1000  # events that may come while the last matches are searched


class Matching:
    """Selects the matches of a query among new events, None for all; of these only `shown` ones.

    Events that came while the last matches were searched may be among those as well:
    what was given to `found` does not match again until `settled`.
    """

    def __init__(self, query: Query | None, shown: Shown | None, names: Names) -> None:
        self._query = query
        self._shown = shown
        self._names = names
        self._found: deque[bytes] = deque(maxlen=_RACING)

    def found(self, entries: Iterable[Entry]) -> None:
        """Remember the last of the matches that a search found."""
        self._found += (digests_of([entry.json]) for entry in entries)

    def settled(self) -> None:
        """Forget the found matches, once all events that came during the search were read."""
        self._found.clear()

    def __call__(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return the matches among some events, in their order."""
        query, shown, names = self._query, self._shown, self._names
        return [
            each
            for each in entries
            if (shown is None or shown.holds(each.event))
            and (query is None or query.holds(each.event, names))
            and not self._was_found(each)
        ]

    def _was_found(self, entry: Entry) -> bool:
        if not self._found:
            return False
        digest = digests_of([entry.json])
        if digest not in self._found:
            return False
        self._found.remove(digest)
        return True
