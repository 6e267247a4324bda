"""The merge of several witnesses of one target: each line once, and the coverage of all.

Lines that the archive has stand as they are; of others, the richest copy is taken. Nothing
is written before all witnesses of a target were read to their end, and the ledger claims
their coverage after their lines are safe: a merge that was killed is done again, and adds
what is missing.
"""

from __future__ import annotations

import tempfile
from itertools import islice
from typing import IO, TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.alignment.sequences import Sequences
from chatlog.archive.networks import read_casemapping
from chatlog.archive.targets import spelled
from chatlog.coverage.heard import HeardTimes
from chatlog.coverage.union import VIA, entries_of
from chatlog.errors import TranscriptError
from chatlog.event import format_time, parse_time
from chatlog.formats import jsonl
from chatlog.upkeep.witness import key_for
from chatlog.upkeep.witness_comparison import Conflict, clock_of, is_within_hearing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.alignment.clocks import ClockRelation
    from chatlog.alignment.sequences import Line
    from chatlog.casemapping import Casemapping
    from chatlog.coverage.entries import LedgerEntry
    from chatlog.coverage.fold import Coverage
    from chatlog.event import Event
    from chatlog.read.segment_reader import Entry
    from chatlog.upkeep.witness import TargetPlace, Witness, WitnessRecord
    from chatlog.write.writer import Writer

MOST_CONFLICTS: Final = 1000
"""The conflicts of one target that are told one by one; others are counted."""

_AT_ONCE: Final = 1000  # events


class Testimony(NamedTuple):
    """The record of one witness, its coverage, and its name: "" for the archive itself."""

    name: str
    record: WitnessRecord
    coverage: Coverage | None


class MergedTarget(msgspec.Struct):
    """The result of a merge: numbers of lines, and the conflicts.

    `known` lines were in the archive, `added` ones were not. `shared` counts the lines that
    came from more than one witness, `reordered` those of them that two saw in another order,
    `by_clock` the lines that stand where they do by the clock alone. `error` is why the
    target could not be merged, "" if it was; `is_held` means that a recorder holds it.
    """

    known: int = 0
    added: int = 0
    shared: int = 0
    reordered: int = 0
    by_clock: int = 0
    conflicting: int = 0
    conflicts: list[Conflict] = []
    error: str = ""
    is_held: bool = False


class _Carried(NamedTuple):
    """A line on its way through the witnesses: who has its best copy, and how to date it."""

    entry: Entry
    owner: int
    offset: int = 0  # milliseconds by which the owner's clock is late
    witnesses: int = 1  # that have it


class TargetMerge:
    """The merge of the witnesses of one target; the archive itself is the first, if it has it."""

    def __init__(self, testimonies: Sequence[Testimony], casemapping: Casemapping) -> None:
        self.result = MergedTarget()
        self._testimonies = testimonies
        self._heard = [HeardTimes(each.coverage) for each in testimonies]
        self._key_of = key_for((each.record for each in testimonies), casemapping)
        self._alignments: list[Sequences] = []

    def new_events(self) -> Iterator[Event]:
        """Yield the events that the archive lacks, in order; `result` is whole at the end."""
        latest = ""
        for line in self._joined():
            carried: _Carried = line[3]
            name = self._testimonies[carried.owner].name
            self.result.shared += carried.witnesses > 1
            if not name:
                self.result.known += 1
                latest = max(latest, carried.entry.event.time)
                continue
            self.result.added += 1
            event = self._dated(carried, latest)
            latest = max(latest, event.time)
            yield msgspec.structs.replace(
                event, via=event.via or VIA, witness=event.witness or name
            )
        for each in self._alignments:
            self.result.reordered += each.tally.reordered
            self.result.by_clock += each.tally.by_clock

    def _joined(self) -> Iterator[Line]:
        """Yield the lines of all witnesses, each once."""
        first = self._testimonies[0].record
        lines = _carried(first.lines(self._key_of), 0, 0)
        grain = first.grain
        for number, testimony in enumerate(self._testimonies[1:], 1):
            record = testimony.record
            clock = clock_of(first, record, self._key_of)
            alignment = Sequences(grain, record.grain, clock)
            self._alignments.append(alignment)
            lines = self._with(alignment, lines, record, number, clock)
            grain = max(grain, record.grain)
        return lines

    def _with(
        self,
        alignment: Sequences,
        lines: Iterator[Line],
        record: WitnessRecord,
        number: int,
        clock: ClockRelation | None,
    ) -> Iterator[Line]:
        """Yield the lines so far, and among them those of another witness."""
        others = _carried(record.lines(self._key_of), number, clock.offset if clock else 0)
        for first, second, _ in alignment.rows(lines, others):
            if first is None:
                assert second is not None  # noqa: S101 - a row has a line
                self._note_lacking(second, range(number))
                # The clock of the first witness counts for all.
                yield (second[0] - alignment.clock.offset, *second[1:])
            elif second is None:
                self._note_lacking(first, (number,))
                yield first
            else:
                yield (*first[:2], first[2] or second[2], self._better(first[3], second[3]))

    def _better(self, one: _Carried, other: _Carried) -> _Carried:
        """Return the copy that the archive has, else the richer one."""
        is_here = not self._testimonies[one.owner].name
        best = one if is_here or _richness(one) >= _richness(other) else other
        return best._replace(witnesses=one.witnesses + 1)

    def _note_lacking(self, line: Line, witnesses: Iterable[int]) -> None:
        event = line[3].entry.event
        for number in witnesses:
            if is_within_hearing(event, self._heard[number]):
                self.result.conflicting += 1
                if len(self.result.conflicts) < MOST_CONFLICTS:
                    lacking = self._testimonies[number].name
                    self.result.conflicts.append(Conflict(event, lacking))

    def _dated(self, carried: _Carried, latest: str) -> Event:
        """Return an event by the first witness's clock, not before the line that it follows.

        A stamp that does not tell more than a minute is of any moment of that minute. The
        time that its own witness gave stays in `tags`.
        """
        event = carried.entry.event
        record = self._testimonies[carried.owner].record
        try:
            time = parse_time(event.time) - carried.offset
            behind = parse_time(latest) - time if latest else 0
        except ValueError:
            return event
        dated = latest if 0 < behind < record.grain else format_time(time)
        if dated == event.time:
            return event
        return msgspec.structs.replace(
            event, time=dated, tags={**event.tags, "time": event.tags.get("time", event.time)}
        )

    def entries(self, at: str) -> list[LedgerEntry]:
        """Return the entries with which the archive's ledger has the coverage of all."""
        known = next((each.coverage for each in self._testimonies if not each.name), None)
        others = (each.coverage for each in self._testimonies if each.name)
        return [*entries_of((each for each in others if each is not None), known, at)]


def _carried(lines: Iterable[Line], owner: int, offset: int) -> Iterator[Line]:
    return ((time, key, msgid, _Carried(entry, owner, offset)) for time, key, msgid, entry in lines)


def _richness(carried: _Carried) -> tuple[bool, ...]:
    event = carried.entry.event
    return (
        bool(event.msgid),
        bool(event.account),
        bool(event.host),
        bool(event.received),
        not event.via,
    )


# -- the archive that takes them ---------------------------------------------------


class ArchiveMerge:
    """The merge of witnesses into an archive, which is `known` as a witness without a name.

    The writer holds a target while it is merged, and keeps recorders out; without a writer
    nothing is written.
    """

    def __init__(
        self, known: Witness, witnesses: Sequence[Witness], writer: Writer | None, at: str
    ) -> None:
        self._all = [known, *witnesses]
        self._writer = writer
        self._at = at

    def places(self) -> list[TargetPlace]:
        """Return the targets that a witness has, in order."""
        return sorted({place for each in self._all[1:] for place in each.targets})

    def merge(self, place: TargetPlace) -> MergedTarget:
        """Merge one target.

        Raise TranscriptError if a witness cannot be read or does not fit, or if the archive
        cannot be written, and HeldError if a recorder holds the target.
        """
        network, target = spelled(place.network), spelled(place.target)
        casemapping = self._casemapping(network)
        if self._writer is not None:
            self._writer.hold(network, target)
            self._writer.set_casemapping(network, casemapping.name)
            self._writer.hold(network, target)  # its directory too, now that it is known
        merging = TargetMerge(self._testimonies(place), casemapping)
        root = self._writer.storage.root if self._writer is not None else None
        with tempfile.TemporaryFile(dir=root) as file:
            _spool(merging.new_events(), file)
            if self._writer is not None:
                self._write(network, target, file, merging.entries(self._at))
        return merging.result

    def _testimonies(self, place: TargetPlace) -> list[Testimony]:
        found = []
        for witness in self._all:
            target = witness.targets.get(place)
            if target is not None:
                coverage = witness.coverage(target)
                found.append(Testimony(witness.name, witness.record_of(target), coverage))
        return found

    def _casemapping(self, network: str) -> Casemapping:
        """Return the CASEMAPPING that all witnesses of a network have."""
        found = {
            witness.name: casemapping
            for witness in self._all
            if (casemapping := read_casemapping(witness.root, network)) is not None
        }
        if len({each.name for each in found.values()}) > 1:
            ways = (f"{each.name} in {name or 'the archive'}" for name, each in found.items())
            told = ", ".join(ways)
            raise TranscriptError(f"{network} folds names in more than one way: {told}")
        if not found:
            raise TranscriptError(f"no archive tells how {network} folds names (network.json)")
        return next(iter(found.values()))

    def _write(
        self, network: str, target: str, file: IO[bytes], entries: Sequence[LedgerEntry]
    ) -> None:
        """Write the lines, and once they are safe the entries of the ledger."""
        writer = self._writer
        assert writer is not None  # noqa: S101 - the caller has looked
        for events in _spooled(file):
            writer.write_all(events)
            writer.flush()
        writer.sync()
        if entries:
            writer.notes.add(writer.path(network, target), *entries)
            writer.sync()


def _spool(events: Iterable[Event], file: IO[bytes]) -> None:
    """Write events to a file in the order in which they come."""
    rest = iter(events)
    while some := list(islice(rest, _AT_ONCE)):
        file.write(jsonl.encode(some))


def _spooled(file: IO[bytes]) -> Iterator[list[Event]]:
    """Yield the events of a file in pieces."""
    file.seek(0)
    while some := [jsonl.decode(line) for line in islice(file, _AT_ONCE)]:
        yield some
