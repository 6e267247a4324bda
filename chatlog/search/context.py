"""Matches with the events around them in the same channel.

Only the segments in which something was found are read again, and perhaps
their neighbours; of what is not near, no line is taken apart.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import deque
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from chatlog.errors import UsageError
from chatlog.formats import jsonl
from chatlog.query.selection import Query
from chatlog.read.lines import all_lines
from chatlog.search.external_sort import TimedLine, in_order
from chatlog.search.search import Hit, timed, unwatched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.archive.targets import Target
    from chatlog.query.noise import Shown
    from chatlog.read.reader import Reader
    from chatlog.read.segment_reader import SegmentReader
    from chatlog.search.search import Advance, Search

MOST: Final = 200_000
"""So many matches are shown with what stands around them; they take some 100 MB."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""The bytes that the lines of those matches may have together."""
_MUCH: Final = f"{MOST_BYTES >> 20} MiB of events match"
_AT_ONCE: Final = 1000


class Context:
    """Matches among the events before and after them.

    `islands` yields lists of events that follow one another; those of one
    channel do not overlap. `most` limits how many matches there are, and only `shown`
    events, None for all, stand around them. The matches are
    in memory all at once, so more than `MOST`, or `MOST_BYTES`, are a UsageError.
    """

    def __init__(
        self,
        search: Search,
        before: int,
        after: int,
        *,
        most: int | None = None,
        shown: Shown | None = None,
    ) -> None:
        self._search = search
        self._before = before
        self._after = after
        self._most = most
        self._shown = shown

    def islands(self, advance: Advance = unwatched) -> Iterator[list[Hit]]:
        """Yield the islands in the order of their first matches.

        `advance` is that of `Search.hits`.
        """
        by_target: dict[Target, list[Hit]] = {}
        size = 0
        for number, hit in enumerate(islice(self._search.hits(advance), self._most)):
            size += len(hit.line)
            if number == MOST or size > MOST_BYTES:
                matches = f"{MOST:,} events match" if number == MOST else _MUCH
                raise UsageError(
                    f"more than {matches}, too many to show with context;"
                    " narrow the query, or limit the matches with -m"
                )
            by_target.setdefault(hit.target, []).append(hit)
        return heapq.merge(
            *(self._of(target, hits) for target, hits in by_target.items()),
            key=lambda island: island[0].time,
        )

    def _of(self, target: Target, hits: list[Hit]) -> Iterator[list[Hit]]:
        """Walk through the events near each match, before and behind it."""
        waiting = deque(hits)
        recent: deque[Hit] = deque(maxlen=self._before)
        island: list[Hit] = []
        following = 0
        near = _Near(self._search.reader, self._before, self._after, self._shown)
        for line in near.lines(target, hits):
            if line is None:
                if island:
                    yield island
                island, following = [], 0
                recent.clear()
                continue
            while waiting and line.time > waiting[0].time:  # it went, or is elsewhere by now
                yield [waiting.popleft()]
            if waiting and line == waiting[0][1:]:
                island += [*recent, waiting.popleft()]
                recent.clear()
                following = self._after
            elif following:
                island.append(Hit(target, *line))
                following -= 1
            else:
                if island and len(recent) == self._before:
                    yield island
                    island = []
                recent.append(Hit(target, *line))
        if island:
            yield island
        yield from ([hit] for hit in waiting)


class _Near:
    """The `shown` events of a target near its matches, None for all, in order of time."""

    def __init__(self, reader: Reader, before: int, after: int, shown: Shown | None) -> None:
        self._reader = reader
        self._before = before
        self._after = after
        self._shown = shown
        self._query = Query().showing(shown)

    def lines(self, target: Target, hits: list[Hit]) -> Iterator[TimedLine | None]:
        """Yield them, and None wherever others may stand between."""
        groups = self._groups(target)
        found = {number: _of_group(group, hits) for number, group in enumerate(groups)}
        last = -1
        for number in sorted(self._wanted(groups, [each for each in found if found[each]])):
            if number != last + 1:
                yield None
            yield from self._near(groups[number], {hit.line for hit in found[number]})
            last = number

    def _groups(self, target: Target) -> list[list[SegmentReader]]:
        """List a target's segments, those together whose times overlap."""
        groups: list[list[SegmentReader]] = []
        end = ""
        for segment in self._reader.segments(Query()):
            source = segment.source
            if segment.target != target:
                continue
            if groups and source.start < end:
                groups[-1].append(source)
            else:
                groups.append([source])
            end = max(end, source.end)
        return groups

    def _wanted(self, groups: list[list[SegmentReader]], found: list[int]) -> set[int]:
        """Take the groups in which something was found, and enough around them."""
        known = set(found)
        for number in list(known):
            before, after = range(number - 1, -1, -1), range(number + 1, len(groups))
            found += self._enough(groups, before, self._before, known)
            found += self._enough(groups, after, self._after, known)
        return set(found)

    def _enough(
        self, groups: list[list[SegmentReader]], numbers: range, count: int, known: set[int]
    ) -> list[int]:
        """Return the neighbouring segments that hold `count` events, up to known ones."""
        taken: list[int] = []
        for number in numbers:
            if count <= 0 or number in known:
                break
            taken.append(number)
            count -= sum(1 for _ in islice(self._every(groups[number]), count))
        return taken

    def _every(self, group: list[SegmentReader]) -> Iterator[TimedLine]:
        for source in group:
            with self._counting_once(source):
                for entry in source.matching(self._query, all_lines, self._reader.names):
                    yield timed(entry)

    @contextmanager
    def _counting_once(self, source: SegmentReader) -> Iterator[None]:
        """Count damage only once if it was found before."""
        damaged = self._reader.damaged
        before = damaged.pop(source.path, 0)
        try:
            yield
        finally:
            if most := max(before, damaged.pop(source.path, 0)):
                damaged[source.path] = most

    def _near(self, group: list[SegmentReader], wanted: set[bytes]) -> Iterator[TimedLine | None]:
        if len(group) == 1 and group[0].format.is_json:
            near = self._at_once(group[0], wanted)
            if near is not None:
                return iter(near)
        return self._one_by_one(group, wanted)

    def _at_once(self, source: SegmentReader, wanted: set[bytes]) -> list[TimedLine | None] | None:
        """Take a segment of which every line is ours and in order; None where it is not so."""
        window = _Window(self._before, self._after)
        near: list[bytes | None] = []
        last = b""
        for block in source.blocks():
            lines = block.split(b"\n")[:-1]
            times = [line[jsonl.TIME] for line in lines]
            if times != sorted(times) or times[0] < last or not _are_ours(block, len(lines)):
                return None
            last = times[-1]
            lines = [line for line in lines if self._is_shown(line)]
            near += window.take(lines, [n for n, line in enumerate(lines) if line in wanted])
        near += window.end()
        try:
            return [line if line is None else _checked(line) for line in near]
        except ValueError:
            return None

    def _is_shown(self, line: bytes) -> bool:
        """Return whether a line is shown; most types tell that without decoding it."""
        shown = self._shown
        if shown is None or shown.takes_all(jsonl.type_of(line)):
            return True
        try:
            return shown.holds(jsonl.decode(line))
        except ValueError:
            return True  # damage, which is counted where it is near a match

    def _one_by_one(
        self, group: list[SegmentReader], wanted: set[bytes]
    ) -> Iterator[TimedLine | None]:
        window = _Window(self._before, self._after)
        ordered = in_order(self._every(group))
        while lines := list(islice(ordered, _AT_ONCE)):
            yield from window.take(
                lines, [n for n, each in enumerate(lines) if each.line in wanted]
            )
        yield from window.end()


def _of_group(group: list[SegmentReader], hits: list[Hit]) -> list[Hit]:
    """List the hits of a group, of those that are in order of time."""
    start, end = group[0].start, max(source.end for source in group)
    low = bisect_left(hits, start, key=_time_of)
    return hits[low : bisect_left(hits, end, low, key=_time_of)]


def _time_of(hit: Hit) -> str:
    return hit.time


def _are_ours(block: bytes, lines: int) -> bool:
    return block.startswith(jsonl.HEAD) and block.count(b"\n" + jsonl.HEAD) == lines - 1


def _checked(line: bytes) -> TimedLine:
    return TimedLine(jsonl.decode(line).time, line)


class _Window:
    """Lines within some distance of certain ones, and None for each stretch between.

    The first and the last ones are always among them, as the events before and
    behind may need them.
    """

    def __init__(self, before: int, after: int) -> None:
        self._before = before
        self._after = after
        self._recent: deque[Any] = deque(maxlen=before)
        self._taken = 0  # how many lines came
        self._given = 0  # up to which they were given
        self._reach = after  # up to which they are to be

    def take(self, lines: Sequence[Any], wanted: Iterable[int]) -> Iterator[Any]:
        """Take the next lines, of which some are wanted; yield those that are near by now."""
        begin, end = self._taken, self._taken + len(lines)
        known = [*self._recent, *lines]
        first = begin - len(self._recent)
        spans = [(begin, self._reach)]
        spans += [(begin + each - self._before, begin + each + self._after + 1) for each in wanted]
        for low, high in spans:
            low, high = max(low, self._given, first), min(high, end)  # noqa: PLW2901 - cut down
            if low < high:
                if low > self._given:
                    yield None
                yield from known[low - first : high - first]
                self._given = high
        self._reach = max(span[1] for span in spans)
        self._recent.extend(lines)
        self._taken = end

    def end(self) -> Iterator[Any]:
        """Yield the last ones."""
        low = max(self._given, self._taken - len(self._recent))
        if low > self._given:
            yield None
        if low < self._taken:
            yield from list(self._recent)[low - self._taken :]
        if not self._before and self._given < self._taken:
            yield None
