"""The merge of several witnesses of one target: each line once, and the coverage of all.

Lines that the archive has stand as they are; of others, the richest copy is taken. Nothing
is written before all witnesses of a target were read to their end, and the ledger claims
their coverage after their lines are safe: a merge that was killed is done again, and adds
what is missing.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import msgspec

from chatlog.archive.files import reported
from chatlog.archive.locks import Locks
from chatlog.coverage.union import VIA, before, entries_of
from chatlog.errors import HeldError
from chatlog.event import format_time, parse_time
from chatlog.upkeep.added_lines import AddedLines
from chatlog.upkeep.witness_join import WitnessJoin, common_casemapping, gather_testimonies
from chatlog.upkeep.witness_names import TargetNames
from chatlog.upkeep.witness_returning import merged_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatlog.alignment.columns import Columns
    from chatlog.casemapping import Casemapping
    from chatlog.coverage.entries import ImportedEntry, LedgerEntry, MergedEntry
    from chatlog.event import Event
    from chatlog.upkeep.line_mark import LineMark
    from chatlog.upkeep.witness import TargetPlace, Witness
    from chatlog.upkeep.witness_comparison import Conflict
    from chatlog.upkeep.witness_returning import Testimony
    from chatlog.write.beside import BesideWriter
    from chatlog.write.writer import Writer

MOST_CONFLICTS: Final = 1000
"""The conflicts of one target that are told one by one; others are counted."""

_FRESH: Final = 60_000
"""Milliseconds in which a line may reach one recorder later than another."""
_NEARLY_FRESH: Final = 600_000  # milliseconds, in which a clock does not drift by more
_EVER: Final = 1 << 63  # after any stamp
_AT_ONCE: Final = 256  # lines
_PIECE: Final = 256 * 1024  # bytes


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
        for each in testimonies:
            each.record.until = until - _NEARLY_FRESH
        self._join = WitnessJoin(testimonies, casemapping)
        self._brought = [0] * len(testimonies)

    def new_lines(self, names: TargetNames) -> Iterator[bytes]:
        """Yield the lines that the archive lacks, in order, some at once, as JSON.

        `result` is whole at the end.
        """
        added = AddedLines(self._testimonies, names)
        for some in self._join.columns():
            begin = 0
            for mark, same in groupby(some.marks):
                end = begin + sum(1 for _ in same)
                lines = some.part(begin, end)
                begin = end
                if not self._testimonies[mark.owner].name:
                    self._count(mark, lines)
                    added.latest = max(added.latest, *lines.times)
                    continue
                for at in range(0, len(lines), _AT_ONCE):
                    yield from self._added(added, lines.part(at, at + _AT_ONCE))

    def _added(self, added: AddedLines, lines: Columns) -> Iterator[bytes]:
        """Yield added lines of one mark, but leave those that may be of `until` or later."""
        mark = lines.marks[0]
        if max(lines.times) + _NEARLY_FRESH < self._until:
            self._count(mark, lines)
            yield added.encoded(lines)
            return
        grain = self._testimonies[mark.owner].record.grain
        for at in range(len(lines)):
            line = lines.part(at, at + 1)
            encoded = added.encoded(line)
            if added.stamp + grain > self._until:
                self.result.left += 1
            else:
                self._count(mark, line)
                yield encoded

    def _count(self, mark: LineMark, lines: Columns) -> None:
        """Count lines that all have this mark."""
        result, count = self.result, len(lines)
        if self._testimonies[mark.owner].name:
            result.added += count
            self._brought[mark.owner] += count
        else:
            result.known += count
        result.shared += count * (mark.witnesses > 1)
        result.reordered += count * mark.is_reordered
        result.by_clock += count * mark.is_by_clock
        if mark.lacking:
            for event in lines.values:
                for conflict in self._join.conflicts(event, mark):
                    result.conflicting += 1
                    if len(result.conflicts) < MOST_CONFLICTS:
                        result.conflicts.append(conflict)

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
        return [*found, *self._imports(at), *self._merges(at)]

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

    def _merges(self, at: str) -> Iterator[MergedEntry]:
        """Yield an entry for each stretch of a witness that is merged now.

        Of lines that may be left there is none: those of a log, or of a clock that is far off.
        """
        known = self._testimonies[0]
        for number, each in enumerate(self._testimonies):
            lateness = self._join.lateness(number)
            if self._until != _EVER and (
                not each.signature or max(map(abs, lateness)) > _NEARLY_FRESH // 2
            ):
                continue
            if each.name:
                yield from merged_entries(known, each, lateness, at)


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
        is_recorded = self._is_recorded(names, writer)
        until = parse_time(self._at) - _FRESH if is_recorded else _EVER
        merging = TargetMerge(gather_testimonies(self._all, names.place), casemapping, until)
        root = None if writer is None else writer.storage.root
        with ExitStack() as stack:
            with reported(root or tempfile.gettempdir()):
                file = stack.enter_context(tempfile.TemporaryFile(dir=root))
                for lines in merging.new_lines(names):
                    file.write(lines)
                file.seek(0)
            if writer is not None:
                if not is_recorded and writer.is_held_elsewhere(names.network, names.target):
                    raise HeldError("a recorder began meanwhile; run this again")
                _write(writer, names, file, merging.entries(self._at))
        return merging.result

    def _is_recorded(self, names: TargetNames, writer: Writer | None) -> bool:
        """Return whether a recorder holds a target of the archive."""
        if writer is not None:
            return writer.is_held_elsewhere(names.network, names.target)
        known = self._all[0]
        target = known.targets.get(names.place)
        with closing(Locks(known.root)) as locks:
            directory = None if target is None else Path(target.path)
            return locks.is_held(names.network, names.target, directory)

    def _first_lines(self, place: TargetPlace) -> Iterator[Event]:
        """Yield the first event of each witness that has a target."""
        for each in gather_testimonies(self._all[1:], place):
            if (event := each.record.first_event()) is not None:
                yield event


def _write(
    writer: Writer, names: TargetNames, file: IO[bytes], entries: Sequence[LedgerEntry]
) -> None:
    """Write the lines, and once they are safe the entries of the ledger."""
    while lines := file.readlines(_PIECE):
        writer.write_lines(names.network, names.target, lines)
        writer.flush()
    writer.sync()
    if entries:
        writer.notes.add(writer.path(names.network, names.target), *entries)
        writer.sync()
