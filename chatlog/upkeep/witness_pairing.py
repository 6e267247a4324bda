"""The lines of the witnesses so far with those of another one: each line once, its best copy.

Pure. Nearly all lines come in runs that both have, and are taken over by operations on whole
columns. The way of a line is a mark that many lines share, and marks are made anew, not changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from chatlog.alignment.columns import Columns
from chatlog.upkeep.line_mark import LineMark
from chatlog.upkeep.merged_stamps import MergedStamps
from chatlog.upkeep.split_messages import partner_of, split_messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.alignment.sequences import AlignedLines, AlignmentTally
    from chatlog.event import Event
    from chatlog.upkeep.split_messages import SplitMessage


class _Marks(dict[LineMark, LineMark]):
    """For each mark the one that follows from it, made once: there are few."""

    def __init__(self, following: Callable[[LineMark], LineMark]) -> None:
        super().__init__()
        self._following = following

    def __missing__(self, mark: LineMark) -> LineMark:
        following = self[mark] = self._following(mark)
        return following

    def all(self, marks: list[LineMark]) -> list[LineMark]:
        """Return the marks that follow from some."""
        return [*map(self.__getitem__, marks)]


class WholeMessages:
    """Lines of two witnesses that are dropped, or replaced, by the number of one and a position.

    Dropped are the lines of a message that the other has as a whole, and those that were merged
    before. `replaced` has the copy that stays, and its mark.
    """

    def __init__(self) -> None:
        self.dropped: set[tuple[int, int]] = set()
        self.replaced: dict[tuple[int, int], tuple[Columns, LineMark]] = {}

    @property
    def dropped_of_second(self) -> set[int]:
        """The positions of the dropped lines of the second witness."""
        return {at for side, at in self.dropped if side == 1}

    def drop_second(self, positions: Iterable[int]) -> None:
        """Drop lines of the second witness."""
        self.dropped.update((1, at) for at in positions)

    def applied(self, lines: Columns, side: int, begin: int) -> Columns:
        """Return those lines of a witness that stay; `begin` is the position of the first."""
        if not self.dropped:  # as nearly always
            return lines
        for at in range(len(lines)):
            if (found := self.replaced.get((side, begin + at))) is not None:
                copy, lines.marks[at] = found
                lines.values[at], lines.texts[at] = copy.values[0], copy.texts[0]
                lines.idents[at] = copy.idents[0]
        return lines.at(at for at in range(len(lines)) if (side, begin + at) not in self.dropped)


class LinePairing:
    """The lines so far with those of another witness, which all have one `mark`.

    `known` is the number of the witness whose copies stay, -1 for none. `grain_of` returns the
    grain of a line, None if all tell milliseconds. `tally` takes how late lines are, too, that
    the alignment does not match.
    """

    def __init__(
        self,
        mark: LineMark,
        known: int,
        tally: AlignmentTally,
        grain_of: Callable[[Event, LineMark], int] | None = None,
    ) -> None:
        self._mark, self._known = mark, known
        self._tally = tally
        self._grain_of = grain_of
        self._stamps = MergedStamps(mark, known, tally, grain_of)
        own, others = (mark.owner,), tuple(range(mark.owner))
        self._of_both = _Marks(lambda old: replace(old, witnesses=old.witnesses + 1))
        self._taken = _Marks(lambda old: replace(self._of_both[old], owner=mark.owner))
        self._reordered = _Marks(lambda old: replace(old, is_reordered=True))
        self._lacked = {placed: _lacking(own, is_placed=placed) for placed in (False, True)}
        self._alone = {placed: _lacking(others, is_placed=placed) for placed in (False, True)}

    def joined(self, found: AlignedLines, offset: int, messages: WholeMessages) -> Columns:
        """Return aligned lines in their order, dated by the first witness's clock.

        `offset` is that of the other witness's clock. A line that this one alone has is dated
        between those that it heard before and behind it, if the first witness has them.
        """
        lines = Columns()
        stamps = self._stamps
        for (here, there, count), latest in zip(found.runs, stamps.begin(found), strict=True):
            if here < 0:
                some = found.second.part(there, there + count)
                some.times = stamps.of_other(some.times, offset, latest)
                some.marks = self._alone[found.is_placed].all(some.marks)
                some = messages.applied(some, 1, there)
            elif there < 0:
                some = found.first.part(here, here + count)
                stamps.note(some, are_of_both=False)
                some.marks = self._lacked[found.is_placed].all(some.marks)
                some = messages.applied(some, 0, here)
            else:
                some = found.first.part(here, here + count)
                others = found.second.part(there, there + count)
                taken = self._add_copies(some, others)
                finer = [(at, others.times[at] - offset, others.values[at]) for at in taken]
                stamps.refine(some, found.first, here, finer)
                stamps.note(some, are_of_both=True)
                if found.reordered:
                    self._mark_reordered(some.marks, found.reordered, here)
                some = messages.applied(some, 0, here)
            lines.extend(some)
        return lines

    def whole_messages(self, found: AlignedLines, offset: int) -> WholeMessages:
        """Return the whole messages of which the other witness has the lines, one each."""
        messages = WholeMessages()
        messages.dropped.update((1, at) for at in found.again)
        for split in split_messages(found, offset):
            self._tally.widen(_lateness(found, split))
            side, whole, parts = split
            if side == 0:
                mark = self._of_both[found.first.marks[whole]]
                messages.replaced[0, whole] = found.first.part(whole, whole + 1), mark
                messages.dropped.update((1, at) for at in parts)
                continue
            marks = [found.first.marks[at] for at in parts]
            if any(mark.owner == self._known for mark in marks):
                for at, mark in zip(parts, marks, strict=True):
                    copy = found.first.part(at, at + 1)
                    messages.replaced[0, at] = copy, self._of_both[mark]
                messages.dropped.add((1, whole))
                continue
            messages.dropped.update((0, at) for at in parts)
            copy = found.second.part(whole, whole + 1)
            partner = partner_of(found.runs, whole)
            place = (1, whole) if partner < 0 else (0, partner)
            messages.replaced[place] = copy, self._taken[marks[0]]
        return messages

    def _add_copies(self, lines: Columns, others: Columns) -> list[int]:
        """Take the better copy of each line, and each msgid that only the other witness has.

        Return the positions of the lines whose copy is the other's now.
        """
        if lines.msgids != others.msgids:
            msgids = zip(lines.msgids, others.msgids, strict=True)
            lines.msgids = [msgid or other for msgid, other in msgids]
        better = self._better(lines, others)
        before, lines.marks = lines.marks, self._of_both.all(lines.marks)
        for at in better:
            lines.values[at], lines.texts[at] = others.values[at], others.texts[at]
            lines.marks[at] = self._taken[before[at]]
        return better

    def _better(self, lines: Columns, others: Columns) -> list[int]:
        """Return the positions at which the copy of the other witness tells more."""
        if all(mark.owner == self._known for mark in {*lines.marks}):
            return []
        if lines.texts == others.texts and None not in lines.texts:
            return []
        pairs = [*zip(lines.values, others.values, strict=True)]
        some: Iterable[int] = range(len(pairs))
        is_equal = lines.idents == others.idents and {*map(type, lines.idents)} == {bytes}
        if is_equal and self._grain_of is None:
            # Only what stands before and behind those bytes may differ.
            some = [
                at
                for at, (one, other) in enumerate(pairs)
                if (not other.received) is not (not one.received)
                or (not other.via) is not (not one.via)
            ]
        return [
            at
            for at in some
            if lines.marks[at].owner != self._known
            and self._tells_more(others.values[at], lines.values[at], lines.marks[at])
        ]

    def _tells_more(self, other: Event, event: Event, mark: LineMark) -> bool:
        """Return whether the other witness's copy of a line tells more."""
        if self._grain_of is None:
            return _richness(other, 1) > _richness(event, 1)
        grain, other_grain = self._grain_of(event, mark), self._grain_of(other, self._mark)
        return _richness(other, other_grain) > _richness(event, grain)

    def _mark_reordered(self, marks: list[LineMark], reordered: set[int], begin: int) -> None:
        """Mark those of the lines that the other witness saw in another order."""
        for at, mark in enumerate(marks):
            if begin + at in reordered:
                marks[at] = self._reordered[mark]


def _lateness(found: AlignedLines, split: SplitMessage) -> list[int]:
    """Return by how much stamps of the second are later, for a message and each of its lines."""
    columns = found.first, found.second
    whole = columns[split.side].times[split.whole]
    parts = [columns[1 - split.side].times[at] for at in split.parts]
    return [whole - at if split.side else at - whole for at in parts]


def _lacking(numbers: tuple[int, ...], *, is_placed: bool) -> _Marks:
    """Return the marks of lines that witnesses of these numbers lack."""
    return _Marks(
        lambda old: replace(
            old,
            lacking=(*old.lacking, *numbers),
            is_by_clock=old.is_by_clock or not is_placed,
        )
    )


def _richness(event: Event, grain: int) -> tuple[bool | int, ...]:
    """Return numbers that are greater for a copy that tells more; `grain` is that of its stamp."""
    return (
        event.msgid != "",
        event.account != "",
        -grain,
        event.host != "",
        event.received != "",
        event.via == "",
    )
