"""Matching: the lines that two witnesses both have, in one block of each.

Pure. Two lines are the same if their msgids are equal; if one of them has no msgid, if their
keys are equal and their stamps agree. Each line stands for one line of the other witness: a
text that was said twice stays there twice. Lines of two equal clocks that agree to the
millisecond are the same before all others.

**Returning lines.** A record into which a witness was merged before meets that witness again.
First, each line that it brought is itself, by the stamp that its witness gave it, however clocks
stand now. Then, each of its other lines was some line of the record when it was merged, and is
so again: one that is near, whatever stands around it by now. So no merge depends on what another
one has added.

Nearly all lines of two witnesses of one server are **identical**: equal idents and equal stamps.
They are matched by operations on whole columns, and only the rest is looked at line by line.

**Anchors.** A key that both blocks have once is the same line even if one witness was late,
as long as anchors do not cross. Between two anchors, the delays of both bound the delay of
the lines there; and a line cannot lie before the anchor that its own witness saw before it. So
a stamp of a whole minute still tells an early "yes" from a late one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from itertools import compress, islice
from operator import itemgetter, lt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from chatlog.alignment.clocks import MOST_JITTER, ClockRelation, jitter_of, unique_pairs
from chatlog.alignment.identical import identical_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from chatlog.alignment.columns import Columns

_LOOKED_AT: Final = 64  # equal lines near each other; of more, a line is rather there twice
_FEWEST: Final = 8  # anchors that correct a clock
_ASSUMED: Final = 250  # milliseconds
_MINUTE: Final = 60_000
Lateness = tuple[int, int]
"""Milliseconds by which stamps of a second witness are later, at least and at most."""

_in_first: Final = itemgetter(0)
_in_second: Final = itemgetter(1)


class Block(NamedTuple):
    """Lines of one witness, the grain of their stamps, and the function that returns a key.

    Two lines with different keys are never the same line, unless their msgids are equal. If
    the lines have several grains, `grain` is the coarsest of them, and `grain_of` returns that of
    a line from its value and its mark.
    """

    lines: Columns
    grain: int
    key_of: Callable[[Any], Hashable]
    grain_of: Callable[[Any, Any], int] | None = None


class Returning(NamedTuple):
    """The tests by which lines of the second witness are known to have been merged before.

    The origin of a line is the witness that heard it, and that witness's stamp. `brought` returns
    the origin of a line of the first witness, None if it comes from no other one; `origin` returns
    that of a line of the second. `is_settled` returns whether lines of the first with this mark
    were there before, `was_merged` whether a line of the second was merged into them. `lateness`
    is for lines of stretches that have not changed since their merge. It returns the bounds, in
    milliseconds, by which the line's stamp was later than that of its equal in the first witness;
    None for other lines. `reach` is the largest of these bounds.
    """

    brought: Callable[[Any], Hashable]
    origin: Callable[[Any], Hashable]
    is_settled: Callable[[Any], bool]
    was_merged: Callable[[Any], bool]
    lateness: Callable[[Any], Lateness | None]
    reach: int = 0


class BlockMatches(NamedTuple):
    """The same lines of two blocks.

    `of_second` has for each line of the second block the position of the same line in the
    first, -1 if there is none; `of_first` has the reverse. `clock` is the second's as these
    lines show it. `lateness` has the bounds by which stamps of the second are later, over
    the lines that are not identical. `again` are the positions of lines of the second
    that were merged before, and whose line in the first matches another one now.
    """

    of_second: list[int]
    of_first: list[int]
    clock: ClockRelation
    lateness: Lateness
    again: frozenset[int] = frozenset()


def match(
    first: Block, second: Block, clock: ClockRelation, returning: Returning | None = None
) -> BlockMatches:
    """Return which lines of the second block the first has as well."""
    matcher = _Matcher(first, second, clock)
    matcher.match_identical()
    is_open = [at < 0 for at in matcher.found]
    matcher.match_msgids()
    if returning is not None:
        matcher.match_origins(returning)
    matcher.match_equal_stamps()
    matcher.match_anchors()
    matcher.match_equal_keys()
    again = frozenset[int]()
    if returning is not None:
        matcher.match_returning(returning)
        again = matcher.again(returning)
    lateness = matcher.lateness(is_open)
    return BlockMatches(matcher.found, matcher.partners, matcher.clock, lateness, again)


class _Side:
    """One of two blocks: its columns, and the keys that were asked for so far."""

    def __init__(self, block: Block) -> None:
        self.times, self.idents = block.lines.times, block.lines.idents
        self.msgids, self.values = block.lines.msgids, block.lines.values
        self.marks = block.lines.marks
        self.grain = block.grain
        self._key_of = block.key_of
        self._grain_of = block.grain_of
        self._keys: dict[int, Hashable] = {}

    def grain_at(self, at: int) -> int:
        """Return the grain of the stamp of a line."""
        if self._grain_of is None:
            return self.grain
        return self._grain_of(self.values[at], self.marks[at])

    def key(self, at: int) -> Hashable:
        """Return the key of a line."""
        ident = self.idents[at]
        if isinstance(ident, tuple):
            key: Hashable = ident[0]
            return key
        if at not in self._keys:
            self._keys[at] = self._key_of(self.values[at])
        return self._keys[at]


class _EqualLines:
    """Lines of one witness that have one key, by their stamps; lines are struck out, at no cost.

    Clocks step back, so the stamps are not in the order of the positions.
    """

    def __init__(self, positions: Iterable[int], times: Sequence[int]) -> None:
        self._positions = sorted(positions, key=times.__getitem__)
        self._times = [times[at] for at in self._positions]
        self._are_in_order = all(map(lt, self._positions, islice(self._positions, 1, None)))
        # The number of the first line from each on that is not struck out.
        self._next = [*range(len(self._positions) + 1)]

    def between(self, begin: int, end: int) -> Iterable[tuple[int, int]]:
        """Return positions and numbers of the first lines of a stretch of time, in their order."""
        found = islice(self._from(begin, end), _LOOKED_AT)
        return found if self._are_in_order else sorted(found)

    def _from(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        times = self._times
        number = self._after(bisect_left(times, begin))
        while number < len(times) and times[number] < end:
            yield self._positions[number], number
            number = self._after(number + 1)

    def strike(self, number: int) -> None:
        """Strike out a line."""
        self._next[number] = number + 1

    def _after(self, number: int) -> int:
        """Return the first number that is not struck out, from one on."""
        after = self._next
        while after[number] != number:
            after[number] = after[after[number]]
            number = after[number]
        return number


class _Anchors:
    """The anchors of two blocks, in the order of both, and the delay of each."""

    def __init__(
        self,
        first: _Side,
        second: _Side,
        chain: Sequence[tuple[int, int]],
        delays: Sequence[int],
    ) -> None:
        self._first, self._second = first, second
        self._here = [here for here, _ in chain]
        self._there = [there for _, there in chain]
        self._delays = delays

    def delays_around(self, there: int) -> tuple[int, int]:
        """Return the least and the most delay of the anchors around a line, and of none."""
        at = bisect_left(self._there, there)
        near = self._delays[max(0, at - 1) : at + 1]
        return min(0, *near, 0), max(0, *near, 0)

    def is_between(self, here: int, there: int, jitter: int) -> bool:
        """Return whether a line of each block may be one, as the anchors around them lie.

        An anchor that lies on different sides of the two was said at the same moment: else
        the two are not the same line.
        """
        low, high = bisect_left(self._here, here), bisect_left(self._there, there)
        if low == high:
            return True
        # The anchors between: before one of the two lines, and behind the other.
        begin, end = min(low, high), max(low, high)
        times, others = self._first.times, self._second.times
        slack, other_slack = self._first.grain + jitter, self._second.grain + jitter
        return all(
            abs(times[self._here[at]] - times[here]) <= slack
            and abs(others[self._there[at]] - others[there]) <= other_slack
            for at in (begin, end - 1)
        )


class _Matcher:
    """The matching of two blocks: `found` and `partners` are `of_second` and `of_first` so far."""

    def __init__(self, first: Block, second: Block, clock: ClockRelation) -> None:
        self._blocks = first.lines, second.lines
        self._first, self._second = _Side(first), _Side(second)
        self.partners = [-1] * len(first.lines)
        self.found = [-1] * len(second.lines)
        self.clock = clock
        self._anchors: _Anchors | None = None
        self._brought_by: int | None = None  # the offset by which lines were brought
        self._are_identical = True  # the lines that have a match
        self._open_lines: tuple[Sequence[int], Sequence[int]] | None = None

    def _open(self) -> tuple[list[int], list[int]]:
        """Return the positions of the lines of both blocks that have no match yet.

        None of either, if one of the blocks has none.
        """
        if self._open_lines is None:
            self._open_lines = range(len(self.partners)), range(len(self.found))
        if -1 not in self.found or -1 not in self.partners:
            self._open_lines = (), ()
        heres, theres = self._open_lines
        found = (
            [here for here in heres if self.partners[here] < 0],
            [there for there in theres if self.found[there] < 0],
        )
        self._open_lines = found
        return found

    @property
    def _tells_equal_stamps(self) -> bool:
        """Whether both clocks are equal and tell milliseconds."""
        return not self.clock.offset and self._first.grain == self._second.grain == 1

    def match_identical(self) -> None:
        """Match equal idents with equal stamps, in their order, if both tell milliseconds."""
        if not self._tells_equal_stamps:
            return
        for here, there, count in identical_runs(self._blocks[0], self._blocks[1]):
            self.found[there : there + count] = range(here, here + count)
            self.partners[here : here + count] = range(there, there + count)
        first, second = self._first, self._second
        heres, theres = self._open()
        pairs: list[Hashable] = [(first.times[at], first.idents[at]) for at in heres]
        others: list[Hashable] = [(second.times[at], second.idents[at]) for at in theres]
        for here, there in _equal_in_order(heres, pairs, theres, others):
            self.found[there] = here
            self.partners[here] = there

    def match_msgids(self) -> None:
        """Match the lines with equal msgids."""
        heres, theres = self._open()
        msgids, others = self._first.msgids, self._second.msgids
        at = {msgids[here]: here for here in heres if msgids[here]}
        if not at:
            return
        for there in theres:
            here = at.get(others[there])
            if here is not None and self.partners[here] < 0:
                self._match(here, there)

    def match_origins(self, returning: Returning) -> None:
        """Match equal keys of equal origins, in their order: the lines that the second brought."""
        first, second = self._first, self._second
        heres, theres = self._open()
        origins = {here: returning.brought(first.values[here]) for here in heres}
        others = {there: returning.origin(second.values[there]) for there in theres}
        wanted = {*origins.values()} & {*others.values()} - {None}
        if not wanted:
            return
        heres = [here for here in heres if origins[here] in wanted]
        theres = [there for there in theres if others[there] in wanted]
        self._match_in_order(
            heres,
            [(origins[at], first.key(at)) for at in heres],
            theres,
            [(others[at], second.key(at)) for at in theres],
        )
        apart = sorted(
            second.times[at] - first.times[self.found[at]] for at in theres if self.found[at] >= 0
        )
        if apart:
            self._brought_by = apart[len(apart) // 2]

    def match_equal_stamps(self) -> None:
        """Match equal keys with equal stamps, in their order, if both tell milliseconds.

        Among lines of minutes, those that tell seconds are matched in the same way.
        """
        first, second = self._first, self._second
        is_mixed = not self.clock.offset and max(first.grain, second.grain) >= _MINUTE
        if not (self._tells_equal_stamps or is_mixed):
            return
        heres, theres = self._open()
        if is_mixed:
            heres = [here for here in heres if first.grain_at(here) < _MINUTE]
            theres = [there for there in theres if second.grain_at(there) < _MINUTE]
        stamps = {second.times[there] for there in theres}
        heres = [here for here in heres if first.times[here] in stamps]
        stamps = {first.times[at] for at in heres}
        theres = [there for there in theres if second.times[there] in stamps]
        self._match_in_order(
            heres,
            [(first.times[at], first.key(at)) for at in heres],
            theres,
            [(second.times[at], second.key(at)) for at in theres],
        )

    def match_anchors(self) -> None:
        """Match the keys that both have once and that do not cross; correct the clock by them."""
        near = [*self._near_pairs()]
        if self._are_identical and not near:  # as nearly always
            self._correct_clock([0] * (len(self.found) - self.found.count(-1)))
            return
        pairs = self._pairs()
        chain = _longest_rising(sorted([*pairs, *near], key=_in_second) if near else pairs)
        delays = self._delays(chain)
        if self._correct_clock(delays):
            delays = self._delays(chain)
        if any(delays):
            chain = self._supported(chain, delays)
            delays = self._delays(chain)
        for here, there in chain if near else ():
            self._match(here, there)
        self._anchors = _Anchors(self._first, self._second, chain, delays)

    def _pairs(self) -> list[tuple[int, int]]:
        """Return the lines that have a match, in the order of the second block."""
        return [(here, there) for there, here in enumerate(self.found) if here >= 0]

    def _known_anchors(self) -> _Anchors:
        """Return the anchors, made now if all lines that have a match are identical."""
        if self._anchors is None:
            chain = _longest_rising(self._pairs())
            self._anchors = _Anchors(self._first, self._second, chain, [0] * len(chain))
        return self._anchors

    def _near_pairs(self) -> Iterator[tuple[int, int]]:
        """Yield the lines that have no match yet, whose key both have once, within reach.

        Lines whose ident both have once are told first: that costs no key.
        """
        heres, theres = self._open()
        if not heres:
            return
        first, second = self._first, self._second
        alike = unique_pairs(
            [first.idents[at] for at in heres], [second.idents[at] for at in theres]
        )
        yield from self._within_reach(heres, theres, alike)
        some, others = {at for at, _ in alike}, {other for _, other in alike}
        heres = [here for at, here in enumerate(heres) if at not in some]
        theres = [there for at, there in enumerate(theres) if at not in others]
        if heres and theres:
            keys, other_keys = [*map(first.key, heres)], [*map(second.key, theres)]
            yield from self._within_reach(heres, theres, unique_pairs(keys, other_keys))

    def _within_reach(
        self, heres: Sequence[int], theres: Sequence[int], pairs: Iterable[tuple[int, int]]
    ) -> Iterator[tuple[int, int]]:
        """Yield the pairs that may be one line each; `heres` and `theres` are their positions."""
        lag = self.clock.lag
        for at, other in pairs:
            here, there = heres[at], theres[other]
            if self._may_be_one(here, there) and abs(self._delay(here, there)) <= lag:
                yield here, there

    def _supported(
        self, chain: Sequence[tuple[int, int]], delays: Sequence[int]
    ) -> list[tuple[int, int]]:
        """Return the anchors that agree with the clock, or with a neighbour that is as late.

        One word that is very late alone was rather said twice, and heard by one witness each time.
        A network may hold up a single packet for some seconds.
        """
        delays = [0, *delays, 0]
        return [
            each
            for each, before, delay, after in zip(
                chain, delays, delays[1:], delays[2:], strict=False
            )
            if abs(delay) <= MOST_JITTER
            or max(delay * before, delay * after) > 0
            or self.found[each[1]] == each[0]
        ]

    def match_equal_keys(self) -> None:
        """Match equal keys in their order: first those whose stamps agree, then those near."""
        first, second = self._first, self._second
        heres, theres = self._open()
        wanted = {*map(second.key, theres)}
        rest: defaultdict[Hashable, list[int]] = defaultdict(list)
        for here in heres:
            if (key := first.key(here)) in wanted:
                rest[key].append(here)
        if not rest:
            return
        anchors = self._known_anchors()
        equal = {key: _EqualLines(lines, first.times) for key, lines in rest.items()}
        for jitter in (0, self._word_jitter):
            for there in theres:
                if self.found[there] < 0 and (lines := equal.get(second.key(there))):
                    self._match_first(lines, there, jitter, anchors)

    def lateness(self, was_open: Sequence[bool]) -> Lateness:
        """Return the bounds by which stamps of the second are later, of lines that were open."""
        times, others = self._first.times, self._second.times
        late = [
            others[at] - times[self.found[at]]
            for at in compress(range(len(self.found)), was_open)
            if self.found[at] >= 0
        ]
        return min(late, default=0), max(late, default=0)

    def match_returning(self, returning: Returning) -> None:
        """Match equal keys within reach, if one was merged and the other was there before."""
        first, second = self._first, self._second
        heres, theres = self._open()
        theres = [there for there in theres if returning.was_merged(second.values[there])]
        if not theres:
            return
        wanted = {*map(second.key, theres)}
        rest: defaultdict[Hashable, deque[int]] = defaultdict(deque)
        for here in sorted(heres, key=first.times.__getitem__):
            if returning.is_settled(first.marks[here]) and (key := first.key(here)) in wanted:
                rest[key].append(here)
        clock = self.clock
        if self._brought_by is not None:
            self.clock = clock._replace(offset=self._brought_by)
        for there in sorted(theres, key=second.times.__getitem__):
            self._match_in_reach(rest[second.key(there)], there)
        self.clock = clock

    def again(self, returning: Returning) -> frozenset[int]:
        """Return the positions of lines that were merged, with an equal line in reach.

        That line stands for another one of the second by now: two logs that were merged one by
        one are one witness if they are merged together.
        """
        first, second = self._first, self._second
        theres = [at for at, here in enumerate(self.found) if here < 0]
        late = {there: returning.lateness(second.values[there]) for there in theres}
        theres = [there for there in theres if late[there] is not None]
        if not theres:
            return frozenset()
        wanted = {*map(second.key, theres)}
        times: defaultdict[Hashable, list[int]] = defaultdict(list)
        for here, mark in enumerate(first.marks):
            if returning.is_settled(mark) and (key := first.key(here)) in wanted:
                times[key].append(first.times[here])
        for each in times.values():
            each.sort()
        reach = self.clock.lag + first.grain + second.grain
        found = []
        for there in theres:
            least, most = late[there] or (0, 0)
            time = second.times[there]
            near = times[second.key(there)]
            at = bisect_left(near, time - most - reach)
            if at < len(near) and near[at] <= time - least + reach:
                found.append(there)
        return frozenset(found)

    def _match_in_reach(self, lines: deque[int], there: int) -> None:
        """Match a line with the first one in reach, and strike out those that are too early.

        So of lines by time as many as possible have a match.
        """
        lag = self.clock.lag
        while lines and self._delay(lines[0], there) > lag:
            lines.popleft()
        for at, here in enumerate(islice(lines, _LOOKED_AT)):
            if abs(self._delay(here, there)) <= lag and self._may_be_one(here, there):
                self._match(here, there)
                del lines[at]
                return

    @property
    def _word_jitter(self) -> int:
        """How far the stamps of one word may lie apart that both have more than once.

        Less than of a sentence, unless enough lines tell: a "yes" that each witness alone
        heard, some seconds apart, was said twice.
        """
        return (
            self.clock.jitter if self.clock.pairs >= _FEWEST else min(_ASSUMED, self.clock.jitter)
        )

    def _match_first(self, lines: _EqualLines, there: int, jitter: int, anchors: _Anchors) -> None:
        """Match a line with the first of those that may be it, and strike that one out."""
        least, most = anchors.delays_around(there) if jitter else (0, 0)
        times = self._first.times
        time = self._second.times[there] - self.clock.offset
        begin = time - self._first.grain - most - jitter + 1
        end = time + self._second.grain_at(there) + jitter - least
        early = begin + self._first.grain
        for here, number in lines.between(begin, end):
            if times[here] + self._first.grain_at(here) < early:
                continue
            if self._may_be_one(here, there) and anchors.is_between(here, there, self._word_jitter):
                self._match(here, there)
                lines.strike(number)
                break

    def _match_in_order(
        self,
        heres: Sequence[int],
        pairs: list[Hashable],
        theres: Sequence[int],
        others: list[Hashable],
    ) -> None:
        """Match the lines of both with equal pairs in their order, unless they have two msgids."""
        for here, there in _equal_in_order(heres, pairs, theres, others):
            if self._may_be_one(here, there):
                self._match(here, there)

    def _match(self, here: int, there: int) -> None:
        self.found[there] = here
        self.partners[here] = there
        self._are_identical = False

    def _may_be_one(self, here: int, there: int) -> bool:
        """Return whether two lines do not have two msgids."""
        return not (self._first.msgids[here] and self._second.msgids[there])

    def _delay(self, here: int, there: int) -> int:
        """Return by how much the second stamp is late beyond the grains; negative if early."""
        time = self._first.times[here]
        other = self._second.times[there] - self.clock.offset
        if other == time:
            return 0
        if other > time:
            return max(0, other - time - self._first.grain_at(here) + 1)
        return min(0, other + self._second.grain_at(there) - time - 1)

    def _delays(self, chain: Sequence[tuple[int, int]]) -> list[int]:
        """Return the delay of each pair of a chain, 0 if the stamps agree."""
        times, others, offset = self._first.times, self._second.times, self.clock.offset
        if not offset and [times[here] for here, _ in chain] == [others[at] for _, at in chain]:
            return [0] * len(chain)  # as of nearly all witnesses of one server
        return [
            0 if times[here] == others[there] - offset else self._delay(here, there)
            for here, there in chain
        ]

    def _correct_clock(self, delays: Sequence[int]) -> bool:
        """Follow a clock that drifts, by the delay of most anchors; return whether it did."""
        if len(delays) < _FEWEST:
            return False
        usual = sorted(delays)[len(delays) // 2]
        offset = self.clock.offset + usual
        # Without a delay, some lines tell as much as all of them.
        some = delays if any(delays) else delays[:_FEWEST]
        jitter = jitter_of(abs(each - usual) for each in some)
        pairs = self.clock.pairs + len(delays)
        self.clock = ClockRelation(offset, jitter, pairs, self.clock.lag)
        return bool(usual)


def _equal_in_order(
    heres: Sequence[int], pairs: list[Hashable], theres: Sequence[int], others: list[Hashable]
) -> Iterator[tuple[int, int]]:
    """Yield positions with equal pairs: of several ones the first on both sides, and so on."""
    at = dict(zip(_distinct(pairs), heres, strict=True))
    for there, pair in zip(theres, _distinct(others), strict=True):
        if (here := at.get(pair)) is not None:
            yield here, there


def _distinct(pairs: list[Hashable]) -> list[Hashable]:
    """Return the pairs, of those that are there again each with a number."""
    if len(set(pairs)) < len(pairs):
        before: defaultdict[Hashable, int] = defaultdict(int)
        for at, pair in enumerate(pairs):
            if count := before[pair]:
                pairs[at] = pair, count
            before[pair] = count + 1
    return pairs


def _longest_rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest chain of pairs that rises on both sides; they rise in the second.

    See https://en.wikipedia.org/wiki/Patience_sorting
    """
    if all(map(lt, map(_in_first, pairs), map(_in_first, islice(pairs, 1, None)))):
        return [*pairs]  # as nearly all chains are
    ends: list[int] = []  # the least position in the first block that ends a chain so long
    chains: list[int] = []
    before: list[int] = []
    for number, (here, _) in enumerate(pairs):
        at = bisect_left(ends, here)
        before.append(chains[at - 1] if at else -1)
        if at == len(ends):
            ends.append(here)
            chains.append(number)
        else:
            ends[at], chains[at] = here, number
    return list(_followed_back(pairs, chains[-1] if chains else -1, before))[::-1]


def _followed_back(
    pairs: Sequence[tuple[int, int]], number: int, before: Sequence[int]
) -> Iterator[tuple[int, int]]:
    while number >= 0:
        yield pairs[number]
        number = before[number]
