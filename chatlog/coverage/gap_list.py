"""All gaps of a target: those of plain entries, and those of checkpoints, decoded when needed.

Pure. A year of batches has half a million gaps, of which a reader mostly needs a few:
those near some time, or those that history may still fill. A checkpoint counts its gaps,
so that a reader passes over one that has none of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, overload

import msgspec
from msgspec.structs import replace

from chatlog.coverage.gap import Gap, GapState, counted, new_gap, parted
from chatlog.coverage.interval_fold import DAMAGED, Bound
from chatlog.coverage.pieces import Pieces

if TYPE_CHECKING:
    from chatlog.coverage.checkpoint import RawGap
    from chatlog.coverage.entries import CheckpointEntry, CoveredEntry, Piece


class FoldedGaps:
    """The gaps of a checkpoint.

    `is_touched` means that history of its time was told behind it: then `parts` are
    its gaps before history, to be parted with all others. Damaged columns claim
    nothing: they are one open gap.
    """

    def __init__(self, entry: CheckpointEntry, *, is_touched: bool = False) -> None:
        self.entry = entry
        self._is_touched = is_touched

    def parts(self) -> list[Gap | FoldedGaps]:
        """Return this checkpoint as a whole, or its gaps before history if it is touched."""
        return [*self._raw().gaps] if self._is_touched else [self]

    def eager_pieces(self) -> list[Piece]:
        """Return the history of a touched checkpoint; none of another one."""
        return self._raw().pieces if self._is_touched else []

    def gaps(self) -> list[Gap]:
        """Return the gaps as history left them."""
        raw = self._raw()
        pieces = Pieces(raw.pieces)
        parts = [part for gap in raw.gaps for part in parted(gap, pieces)]
        return counted(parts, pieces.covered())

    def covered(self) -> list[CoveredEntry]:
        """Return the fetches, none of a touched checkpoint: those are told with all others."""
        return [] if self._is_touched else Pieces(self._raw().pieces).covered()

    def is_near(self, low: str, high: str) -> bool:
        """Return whether its time overlaps or touches that between two moments."""
        return self.entry.since <= high and low <= self.entry.until

    def _raw(self) -> _Raw:
        from chatlog.coverage.checkpoint import decoded

        try:
            found = decoded(self.entry)
        except (ValueError, OverflowError):
            since, until = Bound(self.entry.since), self.entry.until
            return _Raw([new_gap(since, until, DAMAGED)], [])
        return _Raw([_gap_of(gap) for gap in found.gaps], found.pieces)


class _Raw(msgspec.Struct, frozen=True):
    gaps: list[Gap]
    pieces: list[Piece]


def _gap_of(raw: RawGap) -> Gap:
    start = Bound(raw.start, raw.msgid)
    return replace(new_gap(start, raw.end, raw.cause, planned=raw.planned), why=raw.why)


class _Choice(msgspec.Struct, frozen=True):
    """A choice of gaps: whether a gap belongs to it, and how many of a checkpoint do at most."""

    takes: Callable[[Gap], bool]
    count: Callable[[CheckpointEntry], int]


def is_wanting(gap: Gap) -> bool:
    """Return whether history may still fill a gap."""
    return gap.state in (GapState.OPEN, GapState.PLANNED)


_ALL: Final = _Choice(lambda _gap: True, lambda _entry: 1)
_OPEN: Final = _Choice(lambda gap: gap.state is GapState.OPEN, lambda entry: entry.open)
_WANTING: Final = _Choice(is_wanting, lambda entry: entry.wanting)
_UNASKED: Final = _Choice(lambda gap: is_wanting(gap) and not gap.why, lambda entry: entry.unasked)


class Gaps(Sequence[Gap]):
    """Gaps in the order of the ledger, decoded anew each time that they are iterated over."""

    def __init__(
        self, items: Iterable[list[Gap] | FoldedGaps] = (), choice: _Choice = _ALL
    ) -> None:
        self._items = list(items)
        self._choice = choice

    def open(self) -> Gaps:
        """Return the open ones."""
        return Gaps(self._items, _OPEN)

    def wanting(self) -> Gaps:
        """Return those that history may still fill."""
        return Gaps(self._items, _WANTING)

    def unasked(self) -> Gaps:
        """Return those that history may still fill and for which no reason is given."""
        return Gaps(self._items, _UNASKED)

    def near(self, low: str, high: str) -> Gaps:
        """Return these without checkpoints that lie outside the time between two moments."""
        items = (each for each in self._items if isinstance(each, list) or each.is_near(low, high))
        return Gaps(items, self._choice)

    def folded_near(self, low: str, high: str) -> Iterator[FoldedGaps]:
        """Yield the checkpoints that overlap or touch the time between two moments."""
        return (
            each for each in self._items if isinstance(each, FoldedGaps) and each.is_near(low, high)
        )

    def __iter__(self) -> Iterator[Gap]:
        """Yield each gap, one checkpoint after the other."""
        takes, count = self._choice.takes, self._choice.count
        for item in self._items:
            if isinstance(item, list):
                yield from filter(takes, item)
            elif count(item.entry):
                yield from filter(takes, item.gaps())

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        """Return whether there is one."""
        return any(True for _ in self)

    @overload
    def __getitem__(self, index: int) -> Gap: ...

    @overload
    def __getitem__(self, index: slice) -> list[Gap]: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Return the gap of an index, or several."""
        return list(self)[index]

    def __eq__(self, other: object) -> bool:
        """Return whether these are the same gaps as those of another sequence."""
        return list(self) == list(other) if isinstance(other, list | Gaps) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as a list
