"""The pieces of gaps that history gave, or did not give, and how many lines each brought.

Pure. A piece is an entry of the ledger: `covered`, `unfillable` or `asked`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from heapq import heappop, heappush
from itertools import accumulate
from typing import TYPE_CHECKING

import msgspec

from chatlog.coverage.entries import CoveredEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.coverage.entries import Piece


class DecidedPart(msgspec.Struct, frozen=True):
    """A stretch `[since, until)` and the piece that decides it; None if there is none."""

    since: str
    until: str
    piece: Piece | None


class Pieces:
    """The pieces of a ledger, and the deciding piece of each moment.

    History that was brought decides; of several pieces that brought it, and of
    several that did not, the last one written.
    """

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = [each for each in pieces if each.since < each.until]
        self._edges, self._deciding = _swept(self._pieces)

    def parts(self, since: str, until: str) -> Iterator[DecidedPart]:
        """Cut a stretch by the pieces that decide its moments; yield its parts in order."""
        begin, place = since, bisect_right(self._edges, since)
        while begin < until:
            reach = self._edges[place] if place < len(self._edges) else until
            end = min(reach, until)
            yield DecidedPart(begin, end, self._deciding[place - 1] if place else None)
            begin, place = end, place + 1

    def covered(self) -> list[CoveredEntry]:
        """Return the pieces that history brought, each fetch once.

        A long fetch tells its progress again and again, from the same `since`:
        the entry that reaches further with no fewer lines takes the place of
        those before it.
        """
        fetches: dict[tuple[str, str, str], list[CoveredEntry]] = {}
        for piece in self._pieces:
            if isinstance(piece, CoveredEntry):
                fetches.setdefault((piece.since, piece.via, piece.kinds), []).append(piece)
        return [piece for same in fetches.values() for piece in reversed([*_not_gone_on(same)])]


def _swept(pieces: Sequence[Piece]) -> tuple[list[str], list[Piece | None]]:
    """Return the moments at which another piece decides, and that piece from each on.

    A sweep over the beginnings and ends in order of time, O(n log n).
    """
    beginnings = sorted(range(len(pieces)), key=lambda number: pieces[number].since)
    moments = sorted({time for each in pieces for time in (each.since, each.until)})
    brought, others = _Latest(pieces), _Latest(pieces)
    edges: list[str] = []
    deciding: list[Piece | None] = []
    place = 0
    for moment in moments:
        while place < len(beginnings) and pieces[beginnings[place]].since == moment:
            number = beginnings[place]
            (brought if isinstance(pieces[number], CoveredEntry) else others).add(number)
            place += 1
        piece = brought.at(moment) or others.at(moment)
        if not deciding or deciding[-1] is not piece:
            edges.append(moment)
            deciding.append(piece)
    return edges, deciding


class _Latest:
    """The pieces that have begun and may not have ended, the last one written first."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self._begun: list[int] = []

    def add(self, number: int) -> None:
        """Add the piece of a number that begins now."""
        heappush(self._begun, -number)

    def at(self, moment: str) -> Piece | None:
        """Return the last piece written that has not ended; moments never go back."""
        while self._begun and self._pieces[-self._begun[0]].until <= moment:
            heappop(self._begun)
        return self._pieces[-self._begun[0]] if self._begun else None


def _not_gone_on(same: list[CoveredEntry]) -> Iterator[CoveredEntry]:
    """Yield the entries of one beginning that no later one goes on, from the last back.

    A later one goes on if it reaches as far with no fewer lines. So an entry
    stays if all later ones that reach as far have fewer lines: `reaches` and
    `lines` keep those that matter, the furthest last, which has the fewest.
    """
    reaches: list[str] = []
    lines: list[int] = []
    for piece in reversed(same):
        place = bisect_left(reaches, piece.until)
        if place < len(reaches) and lines[place] >= piece.lines:
            continue  # a later one takes its place, and that of all that it replaces
        yield piece
        low = place
        while low > 0 and lines[low - 1] <= piece.lines:
            low -= 1
        high = place + (place < len(reaches) and reaches[place] == piece.until)
        reaches[low:high], lines[low:high] = [piece.until], [piece.lines]


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
