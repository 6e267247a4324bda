"""The merge of several witnesses of one target: each line once, and the coverage of all.

Lines that the archive has stand as they are; of others, the richest copy is taken. Nothing
is written before all witnesses of a target were read to their end, and the ledger claims
their coverage after their lines are safe: a merge that was killed is done again, and adds
what is missing.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from itertools import islice
from typing import IO, TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import reported
from chatlog.coverage.union import VIA, before, entries_of
from chatlog.errors import HeldError
from chatlog.event import format_time, parse_time, parse_times, shifted
from chatlog.formats import jsonl
from chatlog.upkeep.witness_join import WitnessJoin, common_casemapping, gather_testimonies
from chatlog.upkeep.witness_names import TargetNames

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.casemapping import Casemapping
    from chatlog.coverage.entries import ImportedEntry, LedgerEntry
    from chatlog.event import Event
    from chatlog.upkeep.witness import TargetPlace, Witness
    from chatlog.upkeep.witness_comparison import Conflict
    from chatlog.upkeep.witness_join import Carried, Testimony
    from chatlog.write.beside import BesideWriter
    from chatlog.write.writer import Writer

MOST_CONFLICTS: Final = 1000
"""The conflicts of one target that are told one by one; others are counted."""

_FRESH: Final = 60_000
"""Milliseconds in which a line may reach one recorder later than another."""
_AT_ONCE: Final = 1000  # events
_EPOCH: Final = format_time(0)
_NEVER: Final = -(1 << 63)  # before any stamp
_EVER: Final = 1 << 63  # after any stamp


class MergedTarget(msgspec.Struct):
    """The result of a merge: numbers of lines, and the conflicts.

    `known` lines were in the archive, `added` ones were not. `shared` counts the lines that
    came from more than one witness, `reordered` those of them that two saw in another order,
    `by_clock` the lines that stand where they do by the clock alone. `left` are lines so new
    that the archive's own recorder may just be writing them: the next merge adds those that it
    lacks. `error` is why the target could not be merged, "" if it was; `is_held` means that
    another import or merge writes to it.
    """

    known: int = 0
    added: int = 0
    left: int = 0
    shared: int = 0
    reordered: int = 0
    by_clock: int = 0
    conflicting: int = 0
    conflicts: list[Conflict] = []
    error: str = ""
    is_held: bool = False


class TargetMerge:
    """The merge of the witnesses of one target; the archive itself is the first, if it has it.

    Lines that may be from the moment `until` or later, in milliseconds, are left.
    """

    def __init__(
        self, testimonies: Sequence[Testimony], casemapping: Casemapping, until: int = _EVER
    ) -> None:
        self.result = MergedTarget()
        self._until = until
        self._testimonies = testimonies
        self._join = WitnessJoin(testimonies, casemapping)
        self._brought = [0] * len(testimonies)

    def new_events(self) -> Iterator[Event]:
        """Yield the events that the archive lacks, in order; `result` is whole at the end."""
        latest = _NEVER
        for line in self._join.lines():
            carried: Carried = line[3]
            owner = self._testimonies[carried.owner]
            if not owner.name:
                self._count(carried)
                self.result.known += 1
                latest = max(latest, line[0])
                continue
            event, stamp = self._dated(carried, line[0], latest)
            latest = max(latest, stamp)
            if stamp + owner.record.grain > self._until:
                self.result.left += 1
                continue
            self._count(carried)
            self.result.added += 1
            self._brought[carried.owner] += 1
            yield msgspec.structs.replace(
                event, via=event.via or VIA, witness=event.witness or owner.signature
            )

    def _count(self, carried: Carried) -> None:
        self.result.shared += carried.witnesses > 1
        self.result.reordered += carried.is_reordered
        self.result.by_clock += carried.is_by_clock
        for conflict in self._join.conflicts(carried):
            self.result.conflicting += 1
            if len(self.result.conflicts) < MOST_CONFLICTS:
                self.result.conflicts.append(conflict)

    def _dated(self, carried: Carried, stamp: int, latest: int) -> tuple[Event, int]:
        """Return an event by the first witness's clock, and its time in milliseconds.

        A stamp that does not tell more than a minute is of any moment of that minute: it is
        not before the line that it follows. The time that its own witness gave stays in
        `tags`. A time that there cannot be becomes the stamp by which the line was placed.
        """
        event = carried.event
        try:
            [said] = parse_times([event.time])
            time = said - carried.offset
        except ValueError:
            said, time = None, stamp
        if 0 < latest - time < self._testimonies[carried.owner].record.grain:
            time = latest
        if time == said:
            return event, time
        dated = shifted(_EPOCH, time)
        tags = {**event.tags, "time": event.tags.get("time", event.time)}
        return msgspec.structs.replace(event, time=dated, tags=tags), time

    def entries(self, at: str) -> list[LedgerEntry]:
        """Return the entries with which the archive's ledger has the coverage of all."""
        known = next((each.coverage for each in self._testimonies if not each.name), None)
        others = [each for each in self._testimonies if each.name]
        found: list[LedgerEntry] = []
        for via in dict.fromkeys(map(_via_of, others)):
            coverages = (each.coverage for each in others if _via_of(each) == via)
            found += entries_of((each for each in coverages if each is not None), known, at, via)
        if self._until != _EVER:
            found = [*before(found, format_time(self._until))]
        return [*found, *self._imports(at)]

    def _imports(self, at: str) -> Iterator[ImportedEntry]:
        """Yield an entry for each import that brought lines, and for those of other archives."""
        known = {
            (entry.via, entry.grain)
            for each in self._testimonies
            if not each.name
            for entry in each.record.imports
        }
        for number, each in enumerate(self._testimonies):
            for entry in each.record.imports if each.name and self._brought[number] else ():
                if not each.signature:
                    yield msgspec.structs.replace(entry, at=at, lines=self._brought[number])
                elif (entry.via, entry.grain) not in known:
                    yield entry


def _via_of(testimony: Testimony) -> str:
    """Return how the coverage of a witness comes here: by a merge, or by an import."""
    return VIA if testimony.signature else testimony.record.via or VIA


# -- the archive that takes them ---------------------------------------------------


class ArchiveMerge:
    """The merge of witnesses into an archive, which is `known` as a witness without a name.

    A recorder of the same target may run meanwhile. Then lines of the last minute before `at`
    are left to the next merge, as it may be about to write them. Without a writer nothing is
    written.
    """

    def __init__(
        self, known: Witness, witnesses: Sequence[Witness], writer: BesideWriter | None, at: str
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
        cannot be written, and HeldError if another import or merge writes to the target, or
        if a recorder of it began meanwhile.
        """
        casemapping = common_casemapping(self._all, place)
        names = TargetNames(place, casemapping, self._first_lines(place))
        if self._writer is None:
            return self._merge(names, casemapping, None)
        with self._writer.target(names.network, names.target, casemapping.name) as writer:
            self._all[0].look_again(place)  # another merge may have made it meanwhile
            return self._merge(names, casemapping, writer)

    def _merge(
        self, names: TargetNames, casemapping: Casemapping, writer: Writer | None
    ) -> MergedTarget:
        """Merge one target: read all witnesses to their end, and then write."""
        is_recorded = writer is not None and writer.is_held_elsewhere(names.network, names.target)
        until = parse_time(self._at) - _FRESH if is_recorded else _EVER
        merging = TargetMerge(gather_testimonies(self._all, names.place), casemapping, until)
        root = None if writer is None else writer.storage.root
        with ExitStack() as stack:
            with reported(root or tempfile.gettempdir()):
                file = stack.enter_context(tempfile.TemporaryFile(dir=root))
                _spool(map(names.filed, merging.new_events()), file)
                file.seek(0)
            if writer is not None:
                if not is_recorded and writer.is_held_elsewhere(names.network, names.target):
                    raise HeldError("a recorder began meanwhile; run this again")
                _write(writer, names, file, merging.entries(self._at))
        return merging.result

    def _first_lines(self, place: TargetPlace) -> Iterator[Event]:
        """Yield the first event of each witness that has a target."""
        for each in gather_testimonies(self._all[1:], place):
            if (event := each.record.first_event()) is not None:
                yield event


def _write(
    writer: Writer, names: TargetNames, file: IO[bytes], entries: Sequence[LedgerEntry]
) -> None:
    """Write the lines, and once they are safe the entries of the ledger."""
    for events in _spooled(file):
        writer.write_all(events)
        writer.flush()
    writer.sync()
    if entries:
        writer.notes.add(writer.path(names.network, names.target), *entries)
        writer.sync()


def _spool(events: Iterable[Event], file: IO[bytes]) -> None:
    """Write events to a file in the order in which they come."""
    rest = iter(events)
    while some := list(islice(rest, _AT_ONCE)):
        file.write(jsonl.encode(some))


def _spooled(file: IO[bytes]) -> Iterator[list[Event]]:
    """Yield the events of a file in pieces."""
    while lines := list(islice(file, _AT_ONCE)):
        try:
            yield jsonl.decode_lines(b"".join(lines))
        except ValueError:  # of two years, which begin otherwise
            yield [jsonl.decode(line) for line in lines]
