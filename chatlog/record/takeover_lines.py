"""The spooled lines of a target that its transcript lacks: a comparison of two sequences.

The recorder before us has written the conversation until it left. Our spool has it since we
joined. What both have is there once; a line that was said twice stays there twice.
"""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Final

from chatlog.alignment.clocks import MOST_LAG, ClockRelation
from chatlog.alignment.columns import Columns
from chatlog.alignment.sequences import Sequences
from chatlog.alignment.words import OF_ONE_RECORDER
from chatlog.archive.targets import Target
from chatlog.event import SERVER, TO_THE_SECOND, EventType, format_time, parse_time
from chatlog.read.catalog import Catalog
from chatlog.read.damaged_lines import DamagedLines
from chatlog.upkeep.witness import LineKeys, WitnessRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
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
_CLOCK: Final = ClockRelation(jitter=250)
"""The clock of the other recorder: ours, or that of the server. One that hung is late as a whole.

Equal words that lie farther apart were said twice, before we came and after the other one left.
"""


def missing_lines(
    directory: Path, spooled: SpooledEvents, count: int, casemapping: Casemapping, locks: Locks
) -> list[int]:
    """Return the numbers of the first `count` spooled events that a transcript lacks, in order.

    For any thread. Lines that each recorder has for itself, such as `names` and all of
    `@server`, are lacking unless they were put in before. Sealing would rename segments while
    they are read, so this waits for its end, 10 s at most. Raise TranscriptError if the spool or
    the transcript cannot be read.
    """
    for _ in range(_SEAL_TRIES):
        with locks.sealing(directory) as nobody_else_is:
            if nobody_else_is:
                return _missing(directory, spooled, count, casemapping)
        time.sleep(_SEAL_EVERY)
    return _missing(directory, spooled, count, casemapping)


def _missing(
    directory: Path, spooled: SpooledEvents, count: int, casemapping: Casemapping
) -> list[int]:
    if not count:
        return []
    target = Target(directory.parent.name, directory.name, str(directory))
    damaged = DamagedLines()
    first, last = spooled.read([0, count - 1])
    earliest = format_time(max(0, parse_time(first.time) - MOST_LAG))
    latest = format_time(parse_time(last.time) + MOST_LAG)
    every = Catalog(damaged).of(target)
    segments = [each for each in every if each.end > earliest and each.start <= latest]
    record = WitnessRecord(segments, damaged)
    known = _Lines(LineKeys([record], casemapping))
    aligned = Sequences(record.grain, 1, known.key_of, _CLOCK).aligned(
        known.of_record(record, known.beginning(record, first)), known.of_spool(spooled, count)
    )
    missing: list[int] = []
    for lines in aligned:
        for here, there, length in lines.runs:
            if here < 0:
                missing += lines.second.marks[there : there + length]
    return sorted(missing)


class _Lines:
    """The lines of the transcript and of the spool, as columns, by one kind of key.

    Lines that each recorder has for itself are told apart by their second: the same ones were
    put in before a crash.
    """

    def __init__(self, keys: LineKeys) -> None:
        self._keys = keys

    def key_of(self, event: Event) -> Hashable:
        """Return the key of an event, which two recorders of one line have in common."""
        key = self._keys.of(event)
        is_own = event.target == SERVER or event.type in OF_ONE_RECORDER
        return (key, event.time[:TO_THE_SECOND]) if is_own else key

    def beginning(self, record: WitnessRecord, first: Event) -> int:
        """Return the moment from which the transcript may have the lines that follow a first one.

        That is when the other recorder saw us join: an earlier hand-over looks much like this one.
        """
        moment, joins = parse_time(first.time), []
        if first.type == EventType.JOINED:
            key = self.key_of(first)
            for lines in self.of_record(record, moment - MOST_LAG):
                for time, event in zip(lines.times, lines.values, strict=True):
                    if event.type in _JOINS and self.key_of(event) == key:
                        joins.append(time)
        nearest = min(joins, key=lambda time: abs(time - moment), default=None)
        if nearest is None or abs(nearest - moment) > MOST_LAG:
            return moment - _UNSEEN
        return nearest - _REORDERED

    def of_record(self, record: WitnessRecord, begin: int) -> Iterator[Columns]:
        """Yield the lines of the transcript from a moment on, some at once."""
        for some in record.columns(self._keys):
            near = [at for at, time in enumerate(some.times) if time >= begin]
            if near:
                events = [some.values[at] for at in near]
                yield self._columns([some.times[at] for at in near], events, near)

    def of_spool(self, spooled: SpooledEvents, count: int) -> Iterator[Columns]:
        """Yield the first spooled lines, some at once; their marks are their numbers."""
        for begin in range(0, count, _AT_ONCE):
            numbers = [*range(begin, min(count, begin + _AT_ONCE))]
            events = [*spooled.read(numbers)]
            yield self._columns([parse_time(event.time) for event in events], events, numbers)

    def _columns(self, times: list[int], events: list[Event], marks: list[int]) -> Columns:
        idents: list[Hashable] = [(self.key_of(event), event.msgid) for event in events]
        msgids = [event.msgid for event in events]
        return Columns(times, idents, msgids, events, [None] * len(events), marks)


def write_spooled(
    spooled: SpooledEvents,
    numbers: Iterable[int],
    write: Callable[[Sequence[Event]], None],
    flush: Callable[[], object],
) -> Iterator[None]:
    """Write and flush spooled events of some numbers; yield after each five hundred.

    Raise TranscriptError if the spool is damaged.
    """
    events = spooled.read(numbers)
    while some := list(islice(events, _AT_ONCE)):
        write(some)
        flush()
        yield
