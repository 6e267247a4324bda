"""The lines of one target as they were said, by the order in which each recorder heard them. Pure.

Without times and ids of the server, each recorder stamps a line by its own clock, and late by
seconds if its machine hung. Such stamps cannot tell equal words apart. The order can: all hear one
server, so while two recorders are in a channel, both have the same lines one after another. The
record of each begins with its own coming, which the others see as a JOIN.

Where two records contradict each other, as those of recorders on two servers may, the likeliest
order counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final

from chatlog.alignment.clocks import MOST_JITTER, MOST_LAG
from chatlog.bus.likely_order import MISSED, USUAL, LikelyLine, cost_of_one, position_of_first
from chatlog.bus.rows import Rows
from chatlog.event import EventType

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from chatlog.alignment.words import Words
    from chatlog.bus.rows import HeardLine, SharedRow

_COMPARED: Final = 24  # lines by which one order is told from others
_REORDERED: Final = 1_000
"""The milliseconds by which two servers may deliver lines in another order."""
_FEWEST: Final = 8  # lines that show a usual delay
_MOST_DELAYS: Final = 63
_GOING: Final = frozenset({EventType.PART, EventType.QUIT})
_COMING_AND_GOING: Final = frozenset({EventType.JOIN, *_GOING})
_SHARED: Final = 3  # lines of two records by which their clocks can be compared


class Conversation:
    """The last lines of one target in their order, and the place that each recorder came to."""

    def __init__(self) -> None:
        self._rows = Rows()
        self._places: dict[str, SharedRow] = {}
        self._origins: defaultdict[Hashable, deque[SharedRow]] = defaultdict(deque)
        self._delays: defaultdict[str, deque[int]] = defaultdict(_no_delays)
        self._comings: dict[str, SharedRow] = {}
        self._came_at: dict[str, int] = {}  # by the stamp of each recorder itself
        self._went_at: dict[tuple[str, str], int] = {}  # a nick, by the stamp of a recorder
        self._before_coming: dict[str, SharedRow] = {}  # until it hears more than others come
        self._lines: Counter[str] = Counter()

    def add_known(self, line: HeardLine, recorder: str) -> None:
        """Add a line of the archive behind all others; `recorder` brought it."""
        row = self._rows.put(line, self._rows.end)
        self._hear(row, line, recorder)
        self._origins[line.origin].append(row)

    def recall(self, recorder: str, lines: Sequence[HeardLine]) -> None:
        """Find the place of a recorder by its last lines, all of which have a row."""
        for at in range(len(lines)):
            self._take(recorder, lines, at)

    def add(self, recorder: str, lines: Sequence[HeardLine]) -> list[SharedRow | None]:
        """Take the next lines of a recorder; return the row of each new one, and else None.

        The time of a new row lies between those of its neighbours.
        """
        return [
            None if self._take(recorder, lines, at) else self._new_row(recorder, lines, at)
            for at in range(len(lines))
        ]

    def drop_before(self, time: int) -> None:
        """Drop the rows before a moment, and forget who brought the others."""
        self._origins.clear()
        dropped = {*self._rows.drop_before(time)}
        self._comings = {name: row for name, row in self._comings.items() if row not in dropped}
        self._went_at = {seen: at for seen, at in self._went_at.items() if at >= time}
        for places in (self._places, self._before_coming):
            for recorder, place in places.items():
                if place in dropped:
                    places[recorder] = self._rows.end

    def strangers(self, arriving: Mapping[str, Sequence[object]]) -> list[str]:
        """Return the arriving recorders of which no line was found among those of others so far.

        Only those are told that may share lines enough to compare clocks.
        """
        counts = self._lines + Counter({name: len(some) for name, some in arriving.items()})
        enough = {name for name, count in counts.items() if count >= _SHARED}
        return [
            name
            for name in arriving
            if name in enough and enough - {name} and not self._delays[name]
        ]

    def _hear(self, row: SharedRow, line: HeardLine, recorder: str) -> None:
        if not (line.is_join or line.is_own):
            self._before_coming.pop(recorder, None)
        if line.is_coming:
            self._comings[recorder], self._came_at[recorder] = row, line.time
        if line.key[0] in _GOING:
            self._went_at[recorder, line.key[1]] = line.time
        row.hear(recorder, begins=line.is_coming)
        self._lines[recorder] += 1

    def _take(self, recorder: str, lines: Sequence[HeardLine], at: int) -> bool:
        """Return whether a line has a row, which the recorder has heard now."""
        line = lines[at]
        if line.is_coming:
            place = self._places.get(recorder, self._rows.end)
            self._before_coming.setdefault(recorder, place)
            self._came_at[recorder] = line.time
        if (row := self._brought(lines, at)) is not None:
            self._places[recorder] = row
        elif (row := self._found(recorder, lines, at)) is not None:
            self._move(recorder, row, line)
        else:
            return False
        if row.heard - {recorder}:
            self._delays[recorder].append(line.time - row.time)
        self._hear(row, line, recorder)
        return True

    def _move(self, recorder: str, row: SharedRow, line: HeardLine) -> None:
        """Move the place of a recorder to a row, unless it heard this one in another order."""
        if line.is_join and not line.is_coming and row.came:
            self._come_before(row, recorder)
        is_next = recorder not in self._places or row is self._next(recorder, line)
        if is_next or line.is_coming or row.came:
            self._places[recorder] = row

    def _come_before(self, row: SharedRow, recorder: str) -> None:
        """Put the coming of a recorder before that of another one, which it has seen.

        Stamps may tell otherwise: of two that come at once, one hears it later.
        """
        coming = self._comings.get(recorder)
        if coming is not None and coming.heard == {recorder} and recorder in self._before_coming:
            self._rows.move(coming, row)

    def _new_row(self, recorder: str, lines: Sequence[HeardLine], at: int) -> SharedRow:
        """Return the row of a new line."""
        row = self._rows.put(lines[at], self._gap(recorder, lines, at))
        self._rows.date(row)
        begins = not self._lines[recorder]  # with a line in the middle, as others may be lost
        self._hear(row, lines[at], recorder)
        if begins:
            row.hear(recorder, begins=True)
        self._places[recorder] = row
        return row

    def _brought(self, lines: Sequence[HeardLine], at: int) -> SharedRow | None:
        """Return the row that the recorder itself has brought, None if it has not.

        Of equal lines of one moment, the last ones have these rows: others may have brought the
        first.
        """
        line = lines[at]
        rows = self._origins.get(line.origin)
        if not rows:
            return None
        same = takewhile(lambda each: each.time == line.time, islice(lines, at, None))
        left = sum(each.origin == line.origin for each in same)
        return rows.popleft() if len(rows) >= left else None

    # -- the row of a line -----------------------------------------------------------

    def _found(self, recorder: str, lines: Sequence[HeardLine], at: int) -> SharedRow | None:
        """Return the row of a line, None if it has none so far."""
        line = lines[at]
        if line.is_own and not line.is_part:
            return None
        following = self._next(recorder, line) if recorder in self._places else None
        if following is not None and not line.is_coming and _is_same(following, line):
            return following
        found = self._of_a_recorder(recorder, lines, at)
        if found is not None or line.is_coming or line.is_own:
            return found
        if recorder not in self._places:
            return self._beginning(recorder, lines, at)
        return self._likeliest(recorder, lines, at)

    def _of_a_recorder(
        self, recorder: str, lines: Sequence[HeardLine], at: int
    ) -> SharedRow | None:
        """Return the row of the coming or parting of a recorder, None if there is none."""
        if lines[at].is_join:
            return self._coming(recorder, lines, at)
        if lines[at].is_part:
            return self._parting(recorder, lines[at])
        return None

    def _coming(self, recorder: str, lines: Sequence[HeardLine], at: int) -> SharedRow | None:
        """Return the nearest row of the same coming of a recorder, None if there is none.

        It lies before the place of the recorder only if that one was put too late.
        """
        line = lines[at]
        later = [each.time for each in lines[at + 1 :] if each.key == line.key]
        place = self._places.get(recorder, self._rows.end)
        ahead = {*self._rows.behind(self._before_coming.get(recorder, place))}
        seen = self._seen_coming(recorder, lines, at) if line.is_coming else None
        beyond = set() if seen is None else {*self._rows.behind(seen)}
        rows = (
            row
            for row in self._rows.like(line, recorder, MOST_JITTER)
            if (line.is_coming or row.came)
            and row not in beyond
            and (row in ahead or abs(row.time - line.time) <= USUAL)
            and all(abs(row.time - time) > abs(row.time - line.time) for time in later)
        )
        nearest = min(rows, key=lambda row: abs(row.time - line.time), default=None)
        return nearest if nearest is not None else self._late_coming(recorder, lines, at)

    def _late_coming(self, recorder: str, lines: Sequence[HeardLine], at: int) -> SharedRow | None:
        """Return the row of a coming that one of two recorders heard late, None if there is none.

        A recorder that joins hundreds of channels at once hears of some of them after seconds. It
        has not gone meanwhile.
        """
        line, place = lines[at], self._places.get(recorder, self._rows.end)
        near = [
            row
            for row in self._rows.behind(place)
            if recorder not in row.heard
            and abs(row.time - line.time) <= MOST_LAG
            and _is_of_same_nick(row.key, line.key)
        ]
        past = [row for row in near if line.is_coming and row.time <= line.time]
        if past and past[-1].key == line.key:
            return past[-1]
        future = [row for row in near if row.time > line.time] if line.is_coming else near
        row = next((row for row in future if line.is_coming or row.came), None)
        if row is None or row.key != line.key or self._came_between(recorder, line, row):
            return None
        later = [each for each in lines[at + 1 :] if _is_of_same_nick(each.key, line.key)]
        apart = abs(line.time - row.time)
        is_another = any(
            each.time < row.time or (each.key == line.key and abs(each.time - row.time) <= apart)
            for each in later
        )
        return None if is_another else row

    def _came_between(self, recorder: str, line: HeardLine, row: SharedRow) -> bool:
        """Return whether one who saw a coming came many seconds after an equal row: it saw another.

        So it did if it saw the same nick go in between.
        """
        if row.key != line.key:
            return False
        early, late = sorted((line.time, row.time))
        times = (
            [self._came_at.get(each, early) for each in row.heard]
            if line.is_coming
            else [
                self._came_at.get(recorder, early),
                self._went_at.get((recorder, line.key[1]), early),
            ]
        )
        return any(early + MOST_JITTER < time <= late for time in times)

    def _parting(self, recorder: str, line: HeardLine) -> SharedRow | None:
        """Return the nearest row of the same parting of a recorder, None if there is none."""
        rows = self._rows.like(line, recorder, MOST_JITTER)
        mine = (row for row in rows if line.is_own or row.is_own)
        return min(mine, key=lambda row: abs(row.time - line.time), default=None)

    def _beginning(self, recorder: str, lines: Sequence[HeardLine], at: int) -> SharedRow | None:
        """Return the row with which the lines from one on fit best, None if none is near."""
        rows = self._rows.like(lines[at], recorder, MOST_JITTER)
        compared = _of_one_stay(lines, at)
        return min(rows, key=lambda row: self._misfit(row, compared), default=None)

    def _misfit(self, row: SharedRow, lines: Sequence[HeardLine]) -> int:
        """Return the cost of lines that are those of the rows from one on, one by one."""
        rows = (each for each in self._rows.behind(row.before) if not each.is_own)
        return sum(
            cost_of_one(line.time - other.time)
            if (other := next(rows, None)) is not None and other.key == line.key
            else MISSED
            for line in lines
        )

    def _likeliest(self, recorder: str, lines: Sequence[HeardLine], at: int) -> SharedRow | None:
        """Return the row that a line has in the likeliest order, None if it is new."""
        line = lines[at]
        rows = [*islice(self._later(recorder, line), _COMPARED)]
        if not rows:
            return self._passed(recorder, line)
        late = self._usual_delay(recorder)
        position = position_of_first(
            [LikelyLine(each.time - late, each.key) for each in _of_one_stay(lines, at)],
            [LikelyLine(row.time, row.key, row.begins_records) for row in rows],
        )
        if position is not None:
            for row in rows[:position]:
                row.pass_over(recorder)
            return rows[position]
        if (passed := self._passed(recorder, line)) is not None or rows[0].begins_records:
            return passed
        near = (row for row in rows if row.key == line.key)
        return next((row for row in near if abs(row.time - line.time + late) <= _REORDERED), None)

    def _passed(self, recorder: str, line: HeardLine) -> SharedRow | None:
        """Return the row of a line that comes later than others that were said after it."""
        rows = self._rows.like(line, recorder, _REORDERED)
        return next((row for row in rows if recorder in row.passed), None)

    def _usual_delay(self, recorder: str) -> int:
        """Return by how many milliseconds most stamps of a recorder are late."""
        delays = sorted(self._delays[recorder])
        usual = delays[len(delays) // 2] if len(delays) >= _FEWEST else 0
        near = sum(abs(each - usual) <= USUAL for each in delays)
        return usual if 2 * near > len(delays) else 0

    def _next(self, recorder: str, line: HeardLine) -> SharedRow | None:
        """Return the next row that a recorder must have heard, None at the end."""
        return next(self._unheard(recorder, line), None)

    def _unheard(self, recorder: str, line: HeardLine) -> Iterator[SharedRow]:
        """Yield the rows that a recorder must hear from a line on, in their order."""
        for row in self._rows.behind(self._places.get(recorder, self._rows.end)):
            is_settled = recorder in row.heard or recorder in row.passed
            if not (row.is_own or is_settled or row.time < line.time - MOST_LAG):
                yield row

    def _later(self, recorder: str, line: HeardLine) -> Iterator[SharedRow]:
        """Yield the unheard rows from a line on, without earlier comings of the nick that comes."""
        for row in self._unheard(recorder, line):
            if not (line.is_join and self._came_between(recorder, line, row)):
                yield row

    # -- the place of a new line -----------------------------------------------------

    def _gap(self, recorder: str, lines: Sequence[HeardLine], at: int) -> SharedRow:
        """Return the row before which a new line of a recorder stands."""
        line = lines[at]
        if line.is_coming:
            seen = self._seen_coming(recorder, lines, at)
            return seen if seen is not None else self._gap_by_time(recorder, line)
        if recorder in self._places:
            return next(self._later(recorder, line), self._rows.end)
        return self._gap_by_time(recorder, line)

    def _seen_coming(self, recorder: str, lines: Sequence[HeardLine], at: int) -> SharedRow | None:
        """Return the row of the first recorder that came when this one was already there."""
        stay = takewhile(lambda number: not lines[number].is_coming, range(at + 1, len(lines)))
        seen = (self._coming(recorder, lines, number) for number in stay if lines[number].is_join)
        return next((row for row in seen if row is not None), None)

    def _gap_by_time(self, recorder: str, line: HeardLine) -> SharedRow:
        """Return the row before which a line stands by its stamp.

        One recorder comes only between the stays of others that have not seen it come.
        """
        place = self._places.get(recorder, self._rows.end)
        found = self._rows.end
        for row in self._rows.from_last():
            if row is place or row.time <= line.time:
                break
            if not line.is_coming or (row.begins_records and not row.is_own):
                found = row
        return found


def _is_of_same_nick(key: Words, join: Words) -> bool:
    """Return whether one who comes goes or comes by another line."""
    kind, nick = key[:2]
    return kind in _COMING_AND_GOING and nick == join[1]


def _is_same(row: SharedRow, line: HeardLine) -> bool:
    """Return whether a line is the next row without a doubt."""
    return row.key == line.key and abs(row.time - line.time) <= USUAL


def _of_one_stay(lines: Sequence[HeardLine], at: int) -> list[HeardLine]:
    """Return some lines from one on until the next coming of the recorder, without its own."""
    stay = takewhile(lambda each: not each.is_coming, islice(lines, at, at + _COMPARED))
    return [each for each in stay if not each.is_own]


def _no_delays() -> deque[int]:
    return deque(maxlen=_MOST_DELAYS)
