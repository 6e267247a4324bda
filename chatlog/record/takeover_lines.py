"""The spooled lines of a target that its transcript lacks: a comparison of two sequences.

The old recorder has written the conversation until it left. The spool of the new one has it from
its join on. A line that both have is written once; a line that was said twice stays there twice.

Without times and ids of the server, each recorder stamps a line by its own clock, some milliseconds
apart. Such stamps cannot pair equal words, but their order can: both hear one server, so the
transcript since the join of the new recorder is the beginning of its spool.
"""

from __future__ import annotations

import time
from collections import Counter
from itertools import islice, repeat
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.alignment.clocks import MOST_LAG, ClockRelation
from chatlog.alignment.columns import Columns
from chatlog.alignment.sequences import Sequences
from chatlog.alignment.words import OF_ONE_RECORDER, is_told_by_server
from chatlog.archive.targets import Target
from chatlog.event import RECORDERS_OWN, SERVER, TO_THE_SECOND, EventType, format_time, parse_time
from chatlog.read.catalog import Catalog
from chatlog.read.damaged_lines import DamagedLines
from chatlog.upkeep.witness import LineKeys, WitnessRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from pathlib import Path

    from chatlog.archive.locks import Locks
    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.write.takeover_spool import SpooledEvents

_SEAL_EVERY: Final = 0.05
_SEAL_TRIES: Final = 200
_AT_ONCE: Final = 500  # events
_JOINS: Final = frozenset({EventType.JOIN, EventType.JOINED})
_UNSEEN: Final = 5_000
"""The milliseconds before our first line that are compared if the other one did not see us join."""
_REORDERED: Final = 1_000
"""The milliseconds by which two servers may deliver lines in another order."""
_JITTER: Final = 250
_USUAL: Final = ClockRelation(jitter=_JITTER, lag=_JITTER)
"""The clock of the other recorder: ours, or that of the server."""
_HUNG: Final = ClockRelation(jitter=_JITTER)
"""The clock of two recorders of which one hung for a while: many lines in a row are late."""


class Missing(NamedTuple):
    """The spooled lines that a transcript lacks, by their numbers in order.

    Both have the line of the number `last`. Lines with greater numbers came after a line of the
    transcript whose time is `time`.
    """

    numbers: Sequence[int] = ()
    last: int = -1
    time: str = ""


class _Join(NamedTuple):
    """The line of a record by which the other recorder saw us join."""

    time: int
    place: int


def missing_lines(
    directory: Path, spooled: SpooledEvents, count: int, casemapping: Casemapping, locks: Locks
) -> Missing:
    """Return which of the first `count` spooled events a transcript lacks.

    For any thread. Lines that each recorder has for itself, such as `names` and all of
    `@server`, are lacking unless they were put in before. Sealing would rename segments while
    they are read, so this waits for its end, 10 s at most. Raise TranscriptError if the spool or
    the transcript cannot be read.
    """
    for _ in range(_SEAL_TRIES):
        with locks.sealing(directory) as nobody_else_is:
            if nobody_else_is:
                return _Comparison(directory, spooled, count, casemapping).missing()
        time.sleep(_SEAL_EVERY)
    return _Comparison(directory, spooled, count, casemapping).missing()


class _Comparison:
    """The comparison of the first spooled lines of a target with its transcript.

    Lines that each recorder has for itself are told apart by their second: the same ones were
    put in before a crash.
    """

    def __init__(
        self, directory: Path, spooled: SpooledEvents, count: int, casemapping: Casemapping
    ) -> None:
        self._spooled, self._count = spooled, count
        target = Target(directory.parent.name, directory.name, str(directory))
        segments = Catalog(DamagedLines()).of(target) if count else []
        if count:
            self._first, last = spooled.read([0, count - 1])
            self._came = parse_time(self._first.time)
            since = format_time(max(0, self._came - MOST_LAG))
            until = format_time(parse_time(last.time) + MOST_LAG)
            segments = [each for each in segments if each.end > since and each.start <= until]
        self._record = WitnessRecord(segments, DamagedLines())
        self._keys = LineKeys([self._record], casemapping)

    def missing(self) -> Missing:
        """Return the lines that the transcript lacks.

        If the transcript seems to have lines that the spool lacks, a second comparison allows that
        one recorder hung and stamped many lines late. Otherwise equal words that lie apart were
        said twice: before the new recorder came, and after the old one left.
        """
        if not self._count:
            return Missing()
        join = self._seen_joining()
        if join is not None and (found := self._by_order(join)) is not None:
            return found
        begin = self._came - _UNSEEN if join is None else join.time - _REORDERED
        came = self._came if join is None else join.time
        missing, is_explained = self._compared(begin, came, _USUAL)
        if not is_explained:
            missing, _ = self._compared(begin, came, _HUNG)
        return missing

    def _by_order(self, join: _Join) -> Missing | None:
        """Return the missing lines by their order alone, None if the order leaves it open.

        The order leaves it open if a line has a time or an id of the server, if one recorder
        missed a line between others, or if two servers delivered lines in different orders.
        """
        own: Counter[Hashable] = Counter()
        said = ((at, each) for at, each in self._spooled_events() if not _is_own(each))
        last, latest = 0, join.time
        for stamp, event in self._record_from(join):
            if _is_own(event):
                own[self._key_of(event)] += 1
                continue
            at, ours = next(said, (0, None))
            if ours is None:
                break
            if (
                is_told_by_server(event)
                or is_told_by_server(ours)
                or self._key_of(event) != self._key_of(ours)
            ):
                return None
            last, latest = at, max(latest, stamp)
        return None if is_told_by_server(self._first) else self._behind(last, latest, own)

    def _behind(self, last: int, latest: int, own: Counter[Hashable]) -> Missing:
        """Return the lines behind the `last` that both have, and the own ones that are not in.

        `own` are those of the transcript; the first line of the spool is the join.
        """
        numbers = []
        for at, event in islice(self._spooled_events(), 1, None):
            if not _is_own(event):
                if at > last:
                    numbers.append(at)
            elif own[key := self._key_of(event)]:
                own[key] -= 1
            else:
                numbers.append(at)
        return Missing(numbers, last, format_time(latest))

    def _compared(self, begin: int, came: int, clock: ClockRelation) -> tuple[Missing, bool]:
        """Return the missing lines, and whether we have all that the transcript has since we came.

        The transcript is read from `begin` on.
        """
        sequences = Sequences(self._record.grain, 1, self._key_of, clock)
        missing: list[int] = []
        last, latest = -1, 0
        is_explained = True
        for lines in sequences.aligned(self._of_record(begin), self._of_spool()):
            for here, there, length in lines.runs:
                if here < 0:
                    missing += lines.second.marks[there : there + length]
                elif there >= 0:
                    last = max(last, lines.second.marks[there + length - 1])
                    latest = max(latest, *lines.first.times[here : here + length], 0)
                elif is_explained:
                    alone = lines.first.part(here, here + length)
                    is_explained = all(
                        time < came or _is_own(event)
                        for time, event in zip(alone.times, alone.values, strict=True)
                    )
        return Missing(sorted(missing), last, format_time(latest)), is_explained

    def _key_of(self, event: Event) -> Hashable:
        """Return the key of an event, which two recorders of one line have in common."""
        key = self._keys.of(event)
        is_apart = event.target == SERVER or event.type in OF_ONE_RECORDER
        return (key, event.time[:TO_THE_SECOND]) if is_apart else key

    def _seen_joining(self) -> _Join | None:
        """Return the line by which the other recorder saw us join, None if it did not.

        The nearest one counts: earlier hand-overs have left such lines, too.
        """
        if self._first.type != EventType.JOINED:
            return None
        key = self._key_of(self._first)
        joins = [
            _Join(stamp, place)
            for place, (stamp, event) in enumerate(self._record_events())
            if abs(stamp - self._came) <= MOST_LAG
            and event.type in _JOINS
            and self._key_of(event) == key
        ]
        return min(joins, key=lambda join: abs(join.time - self._came), default=None)

    def _record_events(self) -> Iterator[tuple[int, Event]]:
        """Yield the stamps and the events of the transcript, in its order."""
        for block, stamps in self._record.stamped_blocks():
            yield from zip(stamps, block.events, strict=True)

    def _record_from(self, join: _Join) -> Iterator[tuple[int, Event]]:
        """Yield the stamps and the events behind a line of the transcript, in its order."""
        return islice(self._record_events(), join.place + 1, None)

    def _spooled_events(self) -> Iterator[tuple[int, Event]]:
        """Yield the spooled events with their numbers."""
        return enumerate(self._spooled.read(range(self._count)))

    def _of_record(self, begin: int) -> Iterator[Columns]:
        """Yield the lines of the transcript from a moment on, some at once."""
        for block, stamps in self._record.stamped_blocks():
            near = [at for at, time in enumerate(stamps) if time >= begin]
            if near:
                events = [block.events[at] for at in near]
                yield self._columns([stamps[at] for at in near], events, near)

    def _of_spool(self) -> Iterator[Columns]:
        """Yield the spooled lines, some at once; their marks are their numbers."""
        for begin in range(0, self._count, _AT_ONCE):
            numbers = [*range(begin, min(self._count, begin + _AT_ONCE))]
            events = [*self._spooled.read(numbers)]
            yield self._columns([parse_time(event.time) for event in events], events, numbers)

    def _columns(self, times: list[int], events: list[Event], marks: list[int]) -> Columns:
        idents: list[Hashable] = [(self._key_of(event), event.msgid) for event in events]
        msgids = [event.msgid for event in events]
        return Columns(times, idents, msgids, events, [None] * len(events), marks)


def _is_own(event: Event) -> bool:
    """Return whether an event tells of the recorder that wrote it."""
    return event.target == SERVER or event.type in RECORDERS_OWN or event.type in OF_ONE_RECORDER


def write_spooled(
    spooled: SpooledEvents,
    missing: Missing,
    write: Callable[[Sequence[Event]], None],
    flush: Callable[[], object],
) -> Iterator[None]:
    """Write and flush missing events; yield after each five hundred.

    One that came after a line of the transcript gets no earlier time than that: the two clocks
    that stamped them are some milliseconds apart, and readers go by the time. Raise
    TranscriptError if the spool is damaged.
    """
    events = map(_placed, spooled.read(missing.numbers), missing.numbers, repeat(missing))
    while some := list(islice(events, _AT_ONCE)):
        write(some)
        flush()
        yield


def _placed(event: Event, number: int, missing: Missing) -> Event:
    """Return an event with the time at which it stands in the transcript.

    The time of the server stays. So does the time of the recorder's own lines, by which a later
    run knows them again.
    """
    if (
        number < missing.last
        or event.time >= missing.time
        or _is_own(event)
        or is_told_by_server(event)
    ):
        return event
    return msgspec.structs.replace(event, time=missing.time)
