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
from chatlog.event import RECORDERS_OWN, SERVER, TO_THE_SECOND, EventType, format_time, parse_time
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
_JITTER: Final = 250
_USUAL: Final = ClockRelation(jitter=_JITTER, lag=_JITTER)
"""The clock of the other recorder: ours, or that of the server."""
_HUNG: Final = ClockRelation(jitter=_JITTER)
"""The clock of two recorders of which one hung for a while: many lines in a row are late."""


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

    def missing(self) -> list[int]:
        """Return the numbers of the lines that the transcript lacks, in order.

        Lines that are late as a whole are looked for if the other recorder seems to have heard
        what we did not. Else equal words that lie apart were said twice: before we came, and
        after the other one left.
        """
        if not self._count:
            return []
        joined = self._seen_joining()
        begin = self._came - _UNSEEN if joined is None else joined - _REORDERED
        came = self._came if joined is None else joined
        missing, is_explained = self._compared(begin, came, _USUAL)
        if not is_explained:
            missing, _ = self._compared(begin, came, _HUNG)
        return sorted(missing)

    def _compared(self, begin: int, came: int, clock: ClockRelation) -> tuple[list[int], bool]:
        """Return the missing lines, and whether we have all that the transcript has since we came.

        The transcript is read from `begin` on.
        """
        sequences = Sequences(self._record.grain, 1, self._key_of, clock)
        missing: list[int] = []
        is_explained = True
        for lines in sequences.aligned(self._of_record(begin), self._of_spool()):
            for here, there, length in lines.runs:
                if here < 0:
                    missing += lines.second.marks[there : there + length]
                elif there < 0 and is_explained:
                    alone = lines.first.part(here, here + length)
                    is_explained = all(
                        time < came or _is_own(event)
                        for time, event in zip(alone.times, alone.values, strict=True)
                    )
        return missing, is_explained

    def _key_of(self, event: Event) -> Hashable:
        """Return the key of an event, which two recorders of one line have in common."""
        key = self._keys.of(event)
        is_apart = event.target == SERVER or event.type in OF_ONE_RECORDER
        return (key, event.time[:TO_THE_SECOND]) if is_apart else key

    def _seen_joining(self) -> int | None:
        """Return when the other recorder saw us join, None if it did not.

        An earlier hand-over looks much like this one.
        """
        if self._first.type != EventType.JOINED:
            return None
        key, joins = self._key_of(self._first), []
        for lines in self._of_record(self._came - MOST_LAG):
            for stamp, event in zip(lines.times, lines.values, strict=True):
                if event.type in _JOINS and self._key_of(event) == key:
                    joins.append(stamp)
        nearest = min(joins, key=lambda stamp: abs(stamp - self._came), default=None)
        is_near = nearest is not None and abs(nearest - self._came) <= MOST_LAG
        return nearest if is_near else None

    def _of_record(self, begin: int) -> Iterator[Columns]:
        """Yield the lines of the transcript from a moment on, some at once."""
        for some in self._record.columns(self._keys):
            near = [at for at, time in enumerate(some.times) if time >= begin]
            if near:
                events = [some.values[at] for at in near]
                yield self._columns([some.times[at] for at in near], events, near)

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
