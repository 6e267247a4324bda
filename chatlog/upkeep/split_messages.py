"""Messages of several lines that one witness has as a whole and another one line by line.

Pure. Who does not ask for `draft/multiline` is sent the lines one by one, without those that are
empty; the first has the msgid. The whole message stands for its lines.
See https://ircv3.net/specs/extensions/multiline#fallback
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chatlog.alignment.columns import Columns
    from chatlog.alignment.sequences import AlignedLines, Run
    from chatlog.event import Event

_APART: Final = 5_000
"""Milliseconds between the stamps of a message and of its lines."""

_MOST: Final = 256  # lines of a person that are looked at for one message


class SplitMessage(NamedTuple):
    """A message that one witness has as a whole, and its lines as the other has them.

    `side` is 0 if the first witness has the whole, at position `whole`, and 1 if the second has.
    `parts` are the positions of those lines that only the other has.
    """

    side: int
    whole: int
    parts: Sequence[int]


def split_messages(found: AlignedLines, offset: int) -> Iterator[SplitMessage]:
    """Yield the messages that one of two witnesses has as a whole and the other line by line.

    `offset` is that of the second witness's clock.
    """
    for side in (0, 1):
        wholes = [*_wholes(found, side)]
        if not wholes:
            continue
        columns, others = (found.first, found.second)[:: 1 - 2 * side]
        lines = _Lines(others, _alone(found.runs, 1 - side))
        for at, rest in wholes:
            time = columns.times[at] + (offset if side == 0 else -offset)
            if parts := lines.take(columns.values[at], rest, time):
                yield SplitMessage(side, at, parts)


def partner_of(runs: Sequence[Run], there: int) -> int:
    """Return the position of a line of the second witness in the first, -1 if it has none."""
    rows = (run for run in runs if run[0] >= 0 and run[1] <= there < run[1] + run[2])
    return next((run[0] + there - run[1] for run in rows if run[1] >= 0), -1)


def _alone(runs: Sequence[Run], side: int) -> Iterator[int]:
    """Yield the positions of the lines that only one witness has."""
    for run in runs:
        if run[1 - side] < 0:
            yield from range(run[side], run[side] + run[2])


def _wholes(found: AlignedLines, side: int) -> Iterator[tuple[int, str]]:
    """Yield the positions of messages of several lines, and their texts without the newlines.

    If the first line has the msgid, and so the row of the message, the others follow it in the
    other witness's order: then the text is that behind it.
    """
    columns, others = (found.first, found.second)[:: 1 - 2 * side]
    for at in _alone(found.runs, side):
        if "\n" in columns.values[at].text:
            yield at, columns.values[at].text.replace("\n", "")
    ends = {run[1 - side] + run[2]: run for run in found.runs if run[0] >= 0 and run[1] >= 0}
    for run in found.runs:
        before = ends.get(run[1 - side]) if run[side] < 0 else None
        if before is not None:
            at, other = (before[each] + before[2] - 1 for each in (side, 1 - side))
            text, first = columns.values[at].text, others.values[other].text
            if text != first and text.startswith(first) and "\n" in text:
                yield at, text[len(first) :].replace("\n", "")


class _Lines:
    """Lines that only one witness has, by those who said them; each is taken once."""

    def __init__(self, columns: Columns, positions: Iterator[int]) -> None:
        self._times, self._values = columns.times, columns.values
        self._by_nick: Mapping[tuple[str, str], list[int]] = defaultdict(list)
        for at in positions:
            event = columns.values[at]
            self._by_nick[event.type, event.nick].append(at)

    def take(self, whole: Event, rest: str, time: int) -> list[int]:
        """Return the positions of the lines that make up a text; none if there are no such."""
        lines = self._by_nick.get((whole.type, whole.nick), [])
        begin = bisect_left(lines, time - _APART, key=self._times.__getitem__)
        for start in range(begin, min(len(lines), begin + _MOST)):
            if self._times[lines[start]] > time + _APART:
                break
            if count := self._count(lines[start : start + _MOST], rest):
                parts = lines[start : start + count]
                del lines[start : start + count]
                return parts
        return []

    def _count(self, lines: Sequence[int], rest: str) -> int:
        """Return how many of the first lines make up a text, 0 if they do not."""
        for count, at in enumerate(lines, 1):
            text = self._values[at].text
            if not text or not rest.startswith(text):
                return 0
            rest = rest[len(text) :]
            if not rest:
                return count
        return 0
