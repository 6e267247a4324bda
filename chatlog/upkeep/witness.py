"""Witnesses: archives that may hold the same lines, read side by side.

Nothing here writes. A witness that is read while a recorder writes to it ends where the
reading came to.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import suppress
from functools import reduce
from heapq import merge
from itertools import chain, groupby, islice, repeat
from operator import itemgetter, or_
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from chatlog.alignment.clocks import Stamps, StampSum
from chatlog.alignment.columns import Columns
from chatlog.alignment.losses import Loss
from chatlog.alignment.words import as_others_see, words_of
from chatlog.archive.entry_lines import Damaged
from chatlog.archive.targets import Target, Targets, spelled
from chatlog.coverage import ledger
from chatlog.coverage.entries import ImportedEntry, MergedEntry
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.last_heard import LastHeard
from chatlog.event import is_time, parse_time, parse_times, shifted
from chatlog.formats.dialects.table import dialect_of
from chatlog.formats.sentences import sentence
from chatlog.formats.verbatim import tails
from chatlog.formats.visible import visible
from chatlog.read.catalog import Catalog
from chatlog.read.damaged_lines import DamagedLines
from chatlog.read.segment_reader import DecodedBlock

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from chatlog.casemapping import Casemapping
    from chatlog.coverage.fold import Coverage
    from chatlog.coverage.ledger import LedgerLines
    from chatlog.event import Event
    from chatlog.formats.format import Format
SAMPLE: Final = 20_000
"""The most lines by which clocks are compared at once."""
FEW: Final = 2048
"""The lines of one sample that may already tell that two clocks are equal."""
_FINEST: Final = 1
_AT_ONCE: Final = 1000  # events
_AROUND: Final = 86_400_000
"""Milliseconds around a range in which lines are read too: clocks may differ."""
_NEVER: Final = "~"
_BELOW_MINUTES: Final = slice(len("2026-11-23T18:20:"), len("2026-11-23T18:20:01.123"))
_WHOLE_MINUTE: Final = "00.000"
_WHOLE_SECOND: Final = ".000"
_SECOND: Final = 1000
_first: Final = itemgetter(0)


class TargetPlace(NamedTuple):
    """A target as paths spell it: the same in each archive that folds names alike."""

    network: str
    target: str


class Witness:
    """An archive as a witness: its targets, their lines in order, and when each was heard.

    `name` is how people call it; `signs` tells whether the lines that it brings have that name
    in `witness`. `damaged` counts the lines that could not be read.
    """

    def __init__(
        self,
        name: str,
        root: Path,
        patterns: Iterable[str] = (),
        networks: Iterable[str] = (),
        *,
        signs: bool = True,
    ) -> None:
        self.name = name
        self.signs = signs
        self.root = root
        self.damaged = DamagedLines()
        self.selected = Targets(root, patterns, networks)
        self._last_heard = LastHeard(root)
        self._targets: dict[TargetPlace, Target] | None = None
        self._ledger: tuple[str, LedgerLines] | None = None

    @property
    def targets(self) -> dict[TargetPlace, Target]:
        """The targets that were asked for and were there at the last look, by their places."""
        if self._targets is None:
            found = self.selected.find()
            self._targets = {TargetPlace(each.network, each.name): each for each in found}
            for path, error in self.selected.refused.items():
                self.damaged.refused[path] = str(error)
        return self._targets

    def look_again(self, place: TargetPlace) -> None:
        """Add a target to `targets` if it is there by now."""
        path = os.path.join(self.root, *place)  # noqa: PTH118 - as targets spell it
        if place not in self.targets and os.path.isdir(path):  # noqa: PTH112
            self.targets[place] = Target(*place, path)

    def record_of(self, target: Target, since: str = "", until: str = "") -> WitnessRecord:
        """Return the record of a target, of whole segments around a range of time."""
        segments = Catalog(self.damaged).of(target)
        low = shifted(since, -_AROUND) if since else ""
        high = shifted(until, _AROUND) if until else _NEVER
        near = [each for each in segments if each.end > low and each.start < high]
        lines = self._ledger_of(target)
        imports = [line for line in lines if isinstance(line, ImportedEntry)]
        merges = [line for line in lines if isinstance(line, MergedEntry)]
        return WitnessRecord(near, self.damaged, imports, merges)

    def coverage(self, target: Target) -> Coverage | None:
        """Return the coverage of a target until it was last heard, None if no ledger tells."""
        bounds = self._last_heard.bounds(Path(target.path), spelled(target.network))
        lines = self._ledger_of(target)
        if damaged := sum(line.lines for line in lines if isinstance(line, Damaged)):
            self.damaged[f"{target.path}/{ledger.NAME}"] = damaged
        return coverage_of(lines, heard=bounds, lives=self._last_heard.is_alive)

    def _ledger_of(self, target: Target) -> LedgerLines:
        """Return the ledger of a target; that of the last one is remembered."""
        if self._ledger is None or self._ledger[0] != target.path:
            self._ledger = target.path, ledger.read(target.path)
        return self._ledger[1]


class DecodedSegment(Protocol):
    """A segment whose lines can be read in order: of an archive, or of lines in memory."""

    @property
    def start(self) -> str:
        """The moment before which it has no line."""

    @property
    def end(self) -> str:
        """The moment behind its last line."""

    @property
    def format(self) -> Format:
        """The format of its lines."""

    def decoded_blocks(self) -> Iterator[DecodedBlock]:
        """Yield all lines in order, some at once."""

    def between(self, start: str, end: str) -> Iterator[Event]:
        """Yield the events from a moment on and before another, in its order."""


class WitnessRecord:
    """All lines of a target of one witness, in order of time.

    `grain` is the coarsest of its stamps in milliseconds; `tells_all` means that no line is of
    a format that keeps fewer fields than an event has. `imports` are the imports of
    logs, and `loss` the fields that these cannot hold, None without imports. `merges` are the
    merged stretches of other witnesses. `read` sums up the lines read so far, up to the stamp
    `until` in milliseconds.
    """

    def __init__(
        self,
        segments: Sequence[DecodedSegment],
        damaged: DamagedLines,
        imports: Sequence[ImportedEntry] = (),
        merges: Sequence[MergedEntry] = (),
    ) -> None:
        self._segments = segments
        self._damaged = damaged
        self.imports = imports
        self.merges = merges
        self.loss = _loss_of(imports)
        self.read = StampSum()
        self.until = sys.maxsize
        self._last_sample: tuple[str, int, Sample] | None = None
        self._sampling: _Sampling | None = None
        self._own_grain = max((each.format.grain for each in segments), default=_FINEST)
        self._grains: dict[str, int] = {}  # by the `via` of imported lines
        for each in imports:
            self._grains[each.via] = max(each.grain, self._grains.get(each.via, _FINEST))
        self.grain = max(self._own_grain, *self._grains.values(), _FINEST)
        self.tells_all = all(each.format.is_json for each in segments)

    @property
    def via(self) -> str:
        """How its lines are imported, "" if they are not."""
        return self.imports[0].via if self.imports else ""

    def grain_of(self, event: Event) -> int:
        """Return the grain of the stamp of an event, which is finer than `grain` in some logs.

        A stamp that was moved to another clock stays as exact as its log.
        """
        grain = self._grains.get(event.via, self._own_grain)
        if grain > _FINEST and "time" not in event.tags:
            below = event.time[_BELOW_MINUTES]
            if not below.endswith(_WHOLE_SECOND):
                return _FINEST
            if below != _WHOLE_MINUTE:
                return min(grain, _SECOND)
        return grain

    def columns(self, keys: LineKeys, mark: object = None) -> Iterator[Columns]:
        """Yield the lines some at once; their values are events, their texts lines of JSON.

        A line of a format that keeps fewer fields than an event has is None. A line with a time
        that there cannot be has the stamp of the line before it, in the first line of a period
        that of its beginning.
        """
        for block, stamps in self.stamped_blocks():
            events, lines = block.events, block.lines
            self.read.add(stamps, until=self.until)
            yield Columns(
                stamps,
                keys.idents(events, lines),
                [event.msgid for event in events],
                [*events],
                [*lines] if lines is not None else [None] * len(events),
                [mark] * len(events),
            )

    def stamped_blocks(self) -> Iterator[tuple[DecodedBlock, list[int]]]:
        """Yield lines with their stamps, some at once."""
        for start, same in groupby(self._segments, key=lambda segment: segment.start):
            last = parse_time(start)
            for block in _decoded_blocks([*same]):
                if block.events:
                    stamps = _stamps_of(block.events, last)
                    last = stamps[-1]
                    yield block, stamps

    def sum_within(self, since: str, until: str) -> StampSum:
        """Return the sum of the lines of a stretch, both ends included; they are read for it."""
        near = [each for each in self._segments if each.end > since and each.start <= until]
        counted, found = Counter(self._damaged), StampSum()
        begin, end = parse_time(since), parse_time(until)
        for _, stamps in WitnessRecord(near, self._damaged).stamped_blocks():
            found.add(stamps, begin, end)
        self._damaged.back_to(counted)  # they were met already, or will be
        return found

    def events_within(self, since: str, until: str) -> Iterator[Event]:
        """Yield the events of a stretch, both ends included, segment by segment.

        They are read for it, but lines of other times are not decoded. An event with a time that
        there cannot be is left out.
        """
        counted = Counter(self._damaged)
        for each in self._segments:
            if each.end > since and each.start <= until:
                events = each.between(since, until + _NEVER)
                yield from (event for event in events if is_time(event.time))
        self._damaged.back_to(counted)  # they were met already, or will be

    def first_event(self) -> Event | None:
        """Return the event of the first line, None if there is none."""
        counted = Counter(self._damaged)
        blocks = chain.from_iterable(each.decoded_blocks() for each in self._segments)
        event = next((block.events[0] for block in blocks if block.events), None)
        self._damaged.back_to(counted)  # the lines will be met again
        return event

    def sample(self, since: str, keys: LineKeys, count: int = SAMPLE) -> Sample:
        """Return the first lines from a moment on, to compare clocks by them.

        Reading goes on where the last sample ended, unless this one begins before it. The last one
        is remembered: a record is compared with several others.
        """
        if self._last_sample is not None and self._last_sample[:2] == (since, count):
            return self._last_sample[2]
        if self._sampling is None or since < self._sampling.since:
            near = [each for each in self._segments if each.end > since]
            self._sampling = _Sampling(WitnessRecord(near, self._damaged).columns(keys))
        counted = Counter(self._damaged)
        sample = Sample(self._sampling.lines(since, count), self.grain)
        self._damaged.back_to(counted)  # they will be met again
        self._last_sample = since, count, sample
        return sample

    def forget_sample(self) -> None:
        """Forget the last sample, which takes as much memory as some thousand lines."""
        self._last_sample = self._sampling = None

    @property
    def begins(self) -> str:
        """The moment before which it has no line, "" if it has none at all."""
        return min((each.start for each in self._segments), default="")


def _loss_of(imports: Iterable[ImportedEntry]) -> Loss | None:
    """Return the fields that imported lines cannot hold, None without imports.

    An import of a later version is of a dialect that nothing is known of.
    """
    known = [dialect_of(each.via) for each in imports]
    return reduce(or_, (each.loss for each in known if each), Loss()) if known else None


def _from(lines: Columns, begin: int) -> Columns:
    """Return the lines that are not before a moment."""
    if min(lines.times) >= begin:
        return lines
    if max(lines.times) < begin:
        return Columns()
    return lines.at(at for at, time in enumerate(lines.times) if time >= begin)


class _Sampling:
    """The reading of samples, each of which begins where the one before did, or later.

    `since` is the beginning of the last one.
    """

    def __init__(self, lines: Iterator[Columns]) -> None:
        self.since = ""
        self._rest = lines
        self._read = Columns()

    def lines(self, since: str, count: int) -> Columns:
        """Return a number of lines from a moment on, fewer at the end."""
        self.since, begin = since, parse_time(since)
        if self._read:
            self._read = _from(self._read, begin)
        while len(self._read) < count and (some := next(self._rest, None)) is not None:
            self._read.extend(_from(some, begin))
        return self._read.part(0, count)


class Sample:
    """The first lines of a record from some moment on."""

    def __init__(self, lines: Columns, grain: int) -> None:
        self.times = lines.times
        self.by_ident = Stamps(lines.times, lines.idents, grain)
        self._values = lines.values

    @property
    def dated_by_server(self) -> Stamps:
        """The stamps of those lines whose time a server told."""
        times, idents, grain = self.by_ident
        some = [at for at, event in enumerate(self._values) if event.received]
        return Stamps([times[at] for at in some], [idents[at] for at in some], grain)

    def by_key(self, keys: LineKeys) -> Stamps:
        """Return the stamps of the lines with their keys; equal idents have equal keys."""
        idents = self.by_ident.keys
        of_each = dict(zip(idents, self._values, strict=True))
        known = {ident: keys.of_line(ident, value) for ident, value in of_each.items()}
        return self.by_ident._replace(keys=[*map(known.__getitem__, idents)])


def _decoded_blocks(parts: Sequence[DecodedSegment]) -> Iterator[DecodedBlock]:
    """Yield the lines of the parts of a period in order of time, some at once."""
    if len(parts) == 1:
        yield from parts[0].decoded_blocks()
        return
    merged = merge(*map(_ordered, parts), key=_first)
    while some := [*islice(merged, _AT_ONCE)]:
        lines = [line for _, _, line in some if line is not None]
        are_all = len(lines) == len(some)
        yield DecodedBlock([event for _, event, _ in some], lines if are_all else None)


def _ordered(segment: DecodedSegment) -> Iterator[tuple[str, Event, bytes | None]]:
    """Yield the lines of a part, each with the highest time until then, in its order."""
    latest = ""
    for block in segment.decoded_blocks():
        for event, line in zip(block.events, block.lines or repeat(None)):  # noqa: B905
            time = event.time
            if time > latest and is_time(time):
                latest = time
            yield latest, event, line


def _stamps_of(events: Sequence[Event], last: int) -> list[int]:
    """Return the stamp of each event; of one with no time that can be, that of the one before."""
    try:
        return parse_times([event.time for event in events])
    except ValueError:
        stamps = []
        for event in events:
            with suppress(ValueError):
                last = parse_time(event.time)
            stamps.append(last)
        return stamps


class LineKeys:
    """The keys of lines that all these records can hold.

    Beside a record in text, a line is known by its sentence: that is all that text holds. Beside
    one of another program's logs, it is known by the fields that those can hold.
    """

    def __init__(self, records: Iterable[WitnessRecord], casemapping: Casemapping) -> None:
        records = [*records]
        losses = [record.loss for record in records if record.loss is not None]
        self._casemapping = casemapping
        self._loss = reduce(or_, losses) if losses else None
        self._tells_all = self._loss is None and all(record.tells_all for record in records)

    def of(self, event: Event) -> Hashable:
        """Return the key of an event, which two records of one line have in common."""
        if self._loss is not None:
            return self._loss.key_of(event, self._casemapping)
        if self._tells_all:
            return words_of(event, self._casemapping)
        return sentence(as_others_see(event), visible)

    def of_line(self, ident: Hashable, event: Event) -> Hashable:
        """Return the key of an event whose ident is known: it may have the key already."""
        return ident[0] if isinstance(ident, tuple) else self.of(event)

    def idents(self, events: Sequence[Event], lines: Sequence[bytes] | None) -> list[Hashable]:
        """Return the bytes of each line from its type on, or else its key and its msgid."""
        if not self._tells_all or lines is None:
            return [(self.of(event), event.msgid) for event in events]
        return [
            tail or (self.of(event), event.msgid)
            for tail, event in zip(tails(lines, events), events, strict=True)
        ]
