"""The lines of one target by several recorders, joined to those of the archive: each line once.

A merge in small steps. The last lines of the archive and of each recorder are kept in memory, and
aligned with the new ones as `chatlog merge` aligns whole archives. Where memory does not reach, the
segments of the archive are read instead.
"""

from __future__ import annotations

from collections import Counter
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from chatlog.archive.targets import Target
from chatlog.bus.by_order import OrderError, dated, has_another_clock, new_arrivals, recalled
from chatlog.event import EARLIEST, is_time, own_time, parse_time, shifted
from chatlog.formats import jsonl
from chatlog.formats.table import format_of
from chatlog.read.damaged_lines import DamagedLines
from chatlog.read.segment_reader import DecodedBlock
from chatlog.upkeep.witness import WitnessRecord
from chatlog.upkeep.witness_merge import TargetMerge
from chatlog.upkeep.witness_returning import Testimony

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from chatlog.bus.arrivals import Arrival
    from chatlog.bus.conversation import Conversation
    from chatlog.casemapping import Casemapping
    from chatlog.event import Event
    from chatlog.formats.format import Format
    from chatlog.upkeep.witness import TargetPlace, Witness
    from chatlog.upkeep.witness_names import TargetNames

_KEPT: Final = 500
"""The most lines of a recorder that are kept as the neighbours of later ones."""
_KEPT_TIME: Final = 120_000  # milliseconds before the last line
_MARGIN: Final = 60_000
"""Milliseconds by which the archive's lines are kept longer: clocks differ."""
_arrival_time: Final = attrgetter("time")
_LATEST: Final = "9999-12-31T23:59:59.999Z"


class HeldLines:
    """Lines in memory, read as a segment is."""

    start = EARLIEST
    end = _LATEST
    format: Format = format_of(jsonl.SUFFIX)

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines

    def decoded_blocks(self) -> Iterator[DecodedBlock]:
        """Yield all lines at once."""
        if self._lines:
            try:
                events = jsonl.decode_lines(b"\n".join([*self._lines, b""]))
            except ValueError:  # they do not begin alike, as those of one period do
                events = [jsonl.decode(line) for line in self._lines]
            yield DecodedBlock(events, self._lines)

    def between(self, start: str, end: str) -> Iterator[Event]:
        """Yield the events from a moment on and before another."""
        for block in self.decoded_blocks():
            yield from (event for event in block.events if start <= event.time < end)


class TargetJoin:
    """The join of one target: its lines of late, in the archive and by each recorder."""

    def __init__(self, place: TargetPlace) -> None:
        self._place = place
        self._known: list[bytes] | None = None  # those of the archive, unless it must be read
        self._context: dict[str, list[Arrival]] = {}
        self._conversation: Conversation | None = None  # unless it must be recalled
        self._since = _LATEST  # from here on memory has all lines
        self.touched = 0.0
        """When it had a line last, by a clock that only advances."""

    @property
    def recorders(self) -> Iterable[str]:
        """The names of the recorders whose lines are kept."""
        return self._context.keys()

    @property
    def first_sequence(self) -> int:
        """The sequence of the first message whose line is kept, 0 if none is."""
        return min((each.sequence for some in self._context.values() for each in some), default=0)

    def add_context(self, recorder: str, lines: Sequence[Arrival]) -> None:
        """Take lines that the archive has, as the neighbours of later ones."""
        self._context[recorder] = _united(self._context.get(recorder, ()), lines)

    def joined(
        self,
        arrived: Mapping[str, Sequence[Arrival]],
        archive: Witness,
        names: TargetNames,
        casemapping: Casemapping,
        *,
        is_sole: bool,
    ) -> list[bytes]:
        """Return the lines that the archive lacks, to be written, with their newlines.

        `is_sole` tells that no other recorder has told of the target. Raise TranscriptError if
        the archive cannot be read.
        """
        lines = [each for some in arrived.values() for each in some]
        may_return = any(each.may_return or each.is_again for each in lines)
        if self._known is not None and is_sole and not may_return:
            self._conversation = None
            found = self._merged(None, arrived, {}, names, casemapping)
        else:
            known = self._near(lines, archive, may_return=may_return)
            try:
                found = self._ordered(known, arrived, names, casemapping)
            except OrderError:
                self._conversation = None
                found = self._merged(known, arrived, self._context, names, casemapping)
                found = [*_of_these(found, lines)]
        self._keep(arrived, found)
        return found

    def _near(
        self, lines: Sequence[Arrival], archive: Witness, *, may_return: bool
    ) -> WitnessRecord | None:
        """Return the record of the archive around lines: from memory if that has all."""
        oldest = min(each.time for each in lines)
        if self._known is not None and not may_return and oldest >= self._since:
            return _record(self._known)
        self._conversation = None
        known = _archive_record(archive, self._place, oldest, max(each.time for each in lines))
        if self._known is None:
            self._known = [*_lines_of(known)] if known is not None else []
        return known

    def _ordered(
        self,
        known: WitnessRecord | None,
        arrived: Mapping[str, Sequence[Arrival]],
        names: TargetNames,
        casemapping: Casemapping,
    ) -> list[bytes]:
        """Return the lines that the archive lacks; raise OrderError if order does not tell all."""
        conversation = self._conversation or recalled(known, self._context, casemapping)
        for recorder in conversation.strangers(arrived):
            self._compare_clocks(known, recorder, arrived, casemapping)
        found: list[bytes] = []
        for recorder, new, times in new_arrivals(conversation, arrived, casemapping):
            written = self._merged(None, {recorder: new}, {}, names, casemapping)
            found += map(dated, written, times)
        self._conversation = conversation
        return sorted(found, key=_time_of)

    def _compare_clocks(
        self,
        known: WitnessRecord | None,
        recorder: str,
        arrived: Mapping[str, Sequence[Arrival]],
        casemapping: Casemapping,
    ) -> None:
        """Raise OrderError if a recorder has another clock than the archive or one that arrives."""
        records = {name: self._record_by(name, some) for name, some in arrived.items()}
        record = records.pop(recorder)
        others = [*records.values()] if known is None else [known, *records.values()]
        if any(has_another_clock(other, record, casemapping) for other in others):
            raise OrderError

    def _record_by(self, recorder: str, lines: Sequence[Arrival]) -> WitnessRecord:
        """Return the last lines of a recorder, with new ones."""
        return _record_of(_united(self._context.get(recorder, ()), lines))

    def _merged(
        self,
        known: WitnessRecord | None,
        arrived: Mapping[str, Sequence[Arrival]],
        context: Mapping[str, Sequence[Arrival]],
        names: TargetNames,
        casemapping: Casemapping,
    ) -> list[bytes]:
        testimonies = [] if known is None else [Testimony("", known, None)]
        for recorder, some in arrived.items():
            record = _record_of(_united(context.get(recorder, ()), some))
            testimonies.append(Testimony(recorder, record, None, recorder))
        merge = TargetMerge(testimonies, casemapping)
        return [
            line for block in merge.new_lines(names) for line in block.splitlines(keepends=True)
        ]

    def _keep(self, arrived: Mapping[str, Sequence[Arrival]], found: Sequence[bytes]) -> None:
        """Keep the last lines of all as neighbours of later ones."""
        for recorder, some in arrived.items():
            self.add_context(recorder, some)
        self._known = sorted([*(self._known or ()), *found], key=_time_of)
        newest = max((each.time for some in self._context.values() for each in some), default="")
        begins = [shifted(newest, -_KEPT_TIME)] if is_time(newest) else []
        begins += (each[-_KEPT].time for each in self._context.values() if len(each) > _KEPT)
        since = max(begins, default="")
        for recorder, lines in self._context.items():
            self._context[recorder] = [each for each in lines if each.time >= since]
        margin = shifted(since, -_MARGIN) if is_time(since) else ""
        self._known = [line for line in self._known if _time_of(line).decode() >= margin]
        self._since = since
        if self._conversation is not None and is_time(margin):
            self._conversation.drop_before(parse_time(margin))


def _of_these(found: Iterable[bytes], lines: Iterable[Arrival]) -> Iterator[bytes]:
    """Yield found lines, but those that were neighbours of the new ones: the archive has them."""
    times = {own_time(jsonl.decode(each.line)) for each in lines}
    yield from (line for line in found if own_time(jsonl.decode(line[:-1])) in times)


def _united(before: Sequence[Arrival], lines: Sequence[Arrival]) -> list[Arrival]:
    """Return the lines of a recorder with further ones; those that are again there count once.

    Of equal lines there are as many as came, or as many as came again if these are more.
    """
    again = [each for each in lines if each.is_again]
    new = [each for each in lines if not each.is_again]
    if not again:
        return [*before, *new]
    left = Counter(each.line for each in (*before, *new))
    missing = []
    for each in again:
        if left[each.line] > 0:
            left[each.line] -= 1
        else:
            missing.append(each)
    return sorted([*before, *missing, *new], key=_arrival_time)


def _time_of(line: bytes) -> bytes:
    return line[jsonl.TIME]


def _record(lines: Sequence[bytes]) -> WitnessRecord:
    return WitnessRecord([HeldLines([line[:-1] for line in lines])], DamagedLines())


def _record_of(lines: Sequence[Arrival]) -> WitnessRecord:
    """Return the record of a recorder's lines; fetched ones are put in order of time."""
    live = [each.line for each in lines if each.is_live]
    fetched = sorted((each.line for each in lines if not each.is_live), key=_time_of)
    parts = [HeldLines(some) for some in (live, fetched) if some]
    return WitnessRecord(parts, DamagedLines())


def _archive_record(
    archive: Witness, place: TargetPlace, since: str, until: str
) -> WitnessRecord | None:
    """Return the record of a target in the archive around a range of time, None if it is new."""
    path = archive.root / place.network / place.target
    if not path.is_dir():
        return None
    return archive.record_of(Target(place.network, place.target, str(path)), since, until)


def _lines_of(record: WitnessRecord) -> Iterator[bytes]:
    """Yield the lines of a record of the archive as JSON, with their newlines."""
    for block, _ in record.stamped_blocks():
        if block.lines is None:
            yield from (jsonl.encode([event]) for event in block.events)
        else:
            yield from (line + b"\n" for line in block.lines)
