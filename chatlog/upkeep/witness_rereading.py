"""The second reading of an archive, for lines of a witness that were merged into it before.

An alignment sees some thousand lines of each witness at once. In a long record that runs
backwards, a line and its equal in the archive may be farther apart. And a message of several
lines has no equal line if the archive has it as a whole and the witness line by line, or the
reverse.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from chatlog.event import format_time, parse_time, shifted

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from chatlog.alignment.matching import Lateness
    from chatlog.alignment.sequences import AlignedLines
    from chatlog.event import Event
    from chatlog.upkeep.witness import LineKeys, WitnessRecord

_MOST: Final = 256
"""The lines of a person that are compared with one message. If there are more, the message is
taken for one of them: it was there, and a wrong guess would add it once more."""

_EPOCH: Final = format_time(0)
_Said = list[tuple[int, str]]  # stamps and texts
_Within = tuple[int, int]  # the first and the last stamp


class Rereading:
    """The second reading of an archive for lines that have no equal line near by.

    `known` is the record of the archive. `lateness` returns how much later than that of its
    equal line the stamp of a line was, None if the line was not merged before or if its stretch
    has changed since. `slack` is how many milliseconds farther apart two equal lines may be now.
    """

    def __init__(
        self,
        known: WitnessRecord,
        keys: LineKeys,
        lateness: Callable[[Event], Lateness | None],
        slack: int,
    ) -> None:
        self._known = known
        self._keys = keys
        self._lateness = lateness
        self._slack = slack

    def again(self, found: AlignedLines, known: AbstractSet[int]) -> Iterator[int]:
        """Yield the positions of further lines of the second witness that were merged before.

        `known` are those of lines that need no look. The segments of the archive around all
        others of unchanged stretches are read. Kept of them are the stamps of equal lines, and
        the texts of messages of several lines.
        """
        if not self._known.merges:
            return
        events, ranges = found.second.values, self._ranges(found, known)
        if not ranges:
            return  # as nearly always
        lines = _KnownLines(self._keys, (events[there] for there in ranges))
        begin = min(low for low, _ in ranges.values())
        end = max(high for _, high in ranges.values())
        for event in self._known.events_within(shifted(_EPOCH, begin), shifted(_EPOCH, end)):
            lines.add(event)
        lines.sort()
        for there, within in ranges.items():
            if lines.have(events[there], within):
                yield there

    def _ranges(self, found: AlignedLines, known: AbstractSet[int]) -> Mapping[int, _Within]:
        """Return the stamps that the equal line of each line of an unchanged stretch may have.

        Only of lines that the second witness alone has.
        """
        events, times = found.second.values, found.second.times
        ranges = {}
        for here, first, count in found.runs:
            for there in range(first, first + count) if here < 0 else ():
                late = None if there in known else self._lateness(events[there])
                if late is not None:
                    least, most = late
                    time = times[there]
                    ranges[there] = time - most - self._slack, time - least + self._slack
        return ranges


class _KnownLines:
    """Lines of the archive that may be some lines of a witness: by their keys, and by people."""

    def __init__(self, keys: LineKeys, wanted: Iterable[Event]) -> None:
        self._keys = keys
        self._stamps: dict[Hashable, list[int]] = {}
        self._whole: set[Hashable] = set()  # who said a message that the witness has as a whole
        self._said: defaultdict[Hashable, _Said] = defaultdict(list)
        for event in wanted:
            self._stamps[keys.of(event)] = []
            if "\n" in event.text:
                self._whole.add(_speaker(event))

    def add(self, event: Event) -> None:
        """Add a line of the archive, unless it cannot be one of those."""
        if (stamps := self._stamps.get(self._keys.of(event))) is not None:
            stamps.append(parse_time(event.time))
        if "\n" in event.text or (event.text and _speaker(event) in self._whole):
            self._said[_speaker(event)].append((parse_time(event.time), event.text))

    def sort(self) -> None:
        """Sort the lines by time. `have` needs that, and no line is added later."""
        for stamps in self._stamps.values():
            stamps.sort()
        for said in self._said.values():
            said.sort()

    def have(self, event: Event, within: _Within) -> bool:
        """Return whether a line of a witness is known: by its key, or as a message or its part."""
        stamps = self._stamps[self._keys.of(event)]
        at = bisect_left(stamps, within[0])
        if at < len(stamps) and stamps[at] <= within[1]:
            return True
        said = self._said.get(_speaker(event))
        return said is not None and _are_one(event.text, said, within)


def _are_one(text: str, said: _Said, within: _Within) -> bool:
    """Return whether a text is a part of a message that the person said, or made of such lines.

    A line that was too long for one message may have been sent in several: then it begins with
    one of them.
    """
    low, high = bisect_left(said, (within[0], "")), bisect_left(said, (within[1] + 1, ""))
    if high - low > _MOST:
        return True
    near = [each for _, each in said[low:high]]
    if "\n" in text:
        return all(not line or line.startswith((*near,)) for line in text.split("\n"))
    return text != "" and any(text in each.replace("\n", "") for each in near if "\n" in each)


def _speaker(event: Event) -> Hashable:
    return event.type, event.nick
