"""The pieces of gaps that history gave, or did not give, and how many lines each brought.

Pure. A piece is an entry of the ledger: `covered`, `unfillable` or `asked`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from chatlog.coverage.entries import CoveredEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatlog.coverage.entries import Piece


class Pieces:
    """The pieces of a ledger, to be found by the stretches that they overlap."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = [each for each in pieces if each.since < each.until]
        self._by_since = sorted(
            range(len(self._pieces)), key=lambda number: self._pieces[number].since
        )
        ordered = [self._pieces[number] for number in self._by_since]
        self._sinces = [each.since for each in ordered]
        self._reached = list(accumulate((each.until for each in ordered), max))

    def overlapping(self, since: str, until: str) -> list[Piece]:
        """Return the pieces that overlap `[since, until)`, in the order of writing."""
        found = []
        place = bisect_left(self._sinces, until)
        while place > 0 and self._reached[place - 1] > since:
            place -= 1
            number = self._by_since[place]
            if self._pieces[number].until > since:
                found.append(number)
        return [self._pieces[number] for number in sorted(found)]

    def covered(self) -> list[CoveredEntry]:
        """Return the pieces that history brought, each fetch once.

        A long fetch tells its progress again and again, from the same `since`:
        the entry that reaches further with no fewer lines takes the place of
        those before it.
        """
        found: dict[tuple[str, str, str], list[CoveredEntry]] = {}
        for piece in self._pieces:
            if isinstance(piece, CoveredEntry):
                same = found.setdefault((piece.since, piece.via, piece.kinds), [])
                same[:] = [each for each in same if not _goes_on(each, piece)]
                same.append(piece)
        return [piece for same in found.values() for piece in same]


def _goes_on(before: CoveredEntry, piece: CoveredEntry) -> bool:
    return before.until <= piece.until and before.lines <= piece.lines


def lines_in(stretches: Sequence[tuple[str, str]], covered: Iterable[CoveredEntry]) -> list[int]:
    """Return how many lines were fetched for each stretch `[since, until)`.

    The lines of a piece count once: in the earliest stretch that it overlaps.
    """
    counts = [0] * len(stretches)
    order = [number for number, (since, until) in enumerate(stretches) if since < until]
    order.sort(key=lambda number: stretches[number])
    reached = list(accumulate((stretches[number][1] for number in order), max))
    for piece in covered:
        place = bisect_right(reached, piece.since)
        if place < len(order) and stretches[order[place]][0] < piece.until:
            counts[order[place]] += piece.lines
    return counts
