"""The archive that has the lines of many recorders, each once.

Messages are taken into memory, and from time to time a round writes their lines. The position in
the stream is written before and after: a collector that was killed reads the lines of a cut round
again, and aligns them with the archive's, so that none is there twice.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from chatlog.archive.networks import read_casemapping
from chatlog.archive.storage import Sync
from chatlog.archive.system import System
from chatlog.archive.targets import Target, spelled
from chatlog.bus import arrivals
from chatlog.bus.arrivals import Arrival
from chatlog.bus.collected_coverage import collected_entries
from chatlog.bus.collected_state import Hole, KnownWitness, PositionFile
from chatlog.bus.joining import TargetJoin
from chatlog.bus.messages import Answered, LedgerPiece, LostRequest, NetworkFile, RunReport, decode
from chatlog.bus.own_files import locked, own_directory
from chatlog.bus.subjects import (
    ANSWERS,
    RUNS,
    network_of,
    parse_id,
    place_of_ledger,
    place_of_lines,
)
from chatlog.bus.witness_files import WitnessFiles
from chatlog.errors import TranscriptError
from chatlog.event import is_time
from chatlog.formats import jsonl
from chatlog.health.witness_runs import WITNESSES, witness_roots
from chatlog.upkeep.housekeeping import Housekeeping
from chatlog.upkeep.witness import TargetPlace, Witness
from chatlog.upkeep.witness_names import TargetNames
from chatlog.upkeep.witness_rooms import merge_rooms
from chatlog.write.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from chatlog.archive.storage import Storage
    from chatlog.bus.subjects import MessageId
    from chatlog.casemapping import Casemapping
    from chatlog.coverage.entries import LedgerEntry
    from chatlog.event import Event

logger = logging.getLogger(__name__)

_FORGOTTEN: Final = 600.0
"""Seconds after which the last lines of a quiet target are dropped from memory."""


class Collection:
    """One archive, its recorders elsewhere, and the position in the stream.

    `lines` counts the lines that were written by their targets, `damaged` the messages that
    could not be read, `repeated` those that came again, `left_out` the lines of each recorder whose
    network folds names in another way than the archive's. `size` is the bytes of lines that wait
    for the next round. `steady` is a clock that only advances, in seconds.
    """

    def __init__(
        self,
        storage: Storage,
        steady: Callable[[], float],
        *,
        system: System = System(),  # noqa: B008 - immutable
    ) -> None:
        self._root = storage.root
        self._system = system
        self._steady = steady
        self._writer = Writer(replace(storage, spool_dir=None), system=system)
        self._writer.keep_version()
        directory = own_directory(self._root, WITNESSES)
        refusal = f"another `chatlog collect` collects into {self._root}"
        self._lock = locked(directory, system, refusal)
        self._file = PositionFile(directory / "position.json", system)
        self._settled = self._file.read()
        self._position = deepcopy(self._settled)
        self._sequence = self._settled.context
        self._certain_from = 0
        self._witnesses: dict[str, WitnessFiles] = {}
        self._pending: dict[TargetPlace, dict[str, list[Arrival]]] = {}
        self._joins: dict[TargetPlace, TargetJoin] = {}
        self._read_again: dict[str, int] = {}  # the last number of each witness
        self._casemappings: dict[str, Casemapping] = {}
        self._alike: dict[tuple[str, str], bool] = {}
        self._told: set[tuple[str, str]] = set()
        self._changed: dict[TargetPlace, None] = {}
        self._over: set[TargetPlace] = set()  # the archive has all of their coverage
        self.lines: Counter[TargetPlace] = Counter()
        self.left_out: Counter[str] = Counter()
        self.damaged = self.repeated = self.size = 0
        for root in witness_roots(self._root):
            self._files_of(root.name)

    # -- the stream ------------------------------------------------------------------

    def begin(self, created: str, last: int) -> int:
        """Return the sequence of the first message to read, in a stream that ends at `last`.

        What came since the last round is forgotten, and read again. A stream that was made anew
        is read from its beginning. One that ends before the position has lost its end with its
        server.
        """
        known = self._settled
        if created != known.created:
            known = replace(known, created=created, done=0, begun=0, context=0)
        elif last < known.done:
            known = replace(known, done=last, begun=last, context=min(last, known.context))
        self._settled, self._position = known, deepcopy(known)
        self._sequence = min(known.context, known.done)
        self._certain_from = max(self._certain_from, last)
        self._pending.clear()
        self._joins.clear()
        self._read_again.clear()
        self.size = 0
        return self._sequence + 1

    def take(self, subject: str, name: str, data: bytes, sequence: int) -> None:
        """Take the next message, by the name that its sender gave it."""
        self._sequence = sequence
        found = parse_id(name)
        if found is None:
            self.damaged += 1
            return
        known = self._position.witnesses.setdefault(found.witness, KnownWitness())
        place = place_of_lines(subject)
        if not arrivals.is_new(known, found.number):
            if sequence > self._settled.done:
                self.repeated += 1
            elif place is not None and found.number > self._read_again.get(found.witness, 0):
                self._read_again[found.witness] = found.number
                self._add_context(place, found, data)
            return
        try:
            if place is not None:
                self._take_line(place, found, known, data)
            else:
                self._take_other(subject, found, known, data)
        except ValueError:
            self.damaged += 1

    def _add_context(self, place: TargetPlace, found: MessageId, data: bytes) -> None:
        try:
            arrival = _arrival(data, self._sequence)._replace(is_again=found.is_again)
        except ValueError:  # it was counted when it came first
            return
        self._join_of(place).add_context(found.witness, [arrival])

    def _take_line(
        self, place: TargetPlace, found: MessageId, known: KnownWitness, data: bytes
    ) -> None:
        if not self._can_be_filed(place, found.witness):
            # How the network folds names is lost as well: it comes again with the lines.
            arrivals.add_hole(known, Hole(found.number, found.number, known.time))
            return
        if not self._folds_alike(place.network, found.witness):
            self.left_out[found.witness] += 1
            return
        arrival = _arrival(data, self._sequence)._replace(
            is_again=found.is_again, may_return=self._sequence <= self._settled.begun
        )
        self._pending.setdefault(place, {}).setdefault(found.witness, []).append(arrival)
        self.size += len(data)
        if arrival.is_live and not arrival.is_again:
            arrivals.note_time(known, arrival.time)

    def _take_other(self, subject: str, found: MessageId, known: KnownWitness, data: bytes) -> None:
        """Take a message that is no line; raise ValueError for one that chatlog does not write."""
        files = self._files_of(found.witness)
        if (place := place_of_ledger(subject)) is not None:
            files.take_ledger(place, decode(data, LedgerPiece))
            self._changed[place] = None
            self._over.discard(place)
        elif (network := network_of(subject)) is not None:
            files.take_network_file(network, decode(data, NetworkFile))
            self._alike.pop((network, found.witness), None)
        elif subject == RUNS:
            files.take_run(decode(data, RunReport))
        elif subject == ANSWERS:
            arrivals.take_answer(known, decode(data, Answered))
        else:
            raise ValueError(f"{subject} is no subject of ours")

    def lost(self) -> list[tuple[str, LostRequest]]:
        """Return the requests for messages that are lost, by the witness that has their lines."""
        return [
            (name, LostRequest(hole.first, hole.last))
            for name, known in self._position.witnesses.items()
            for hole in known.holes
        ]

    @property
    def at_odds(self) -> list[str]:
        """The recorders that saw another CASEMAPPING of a network than the archive has."""
        return sorted({name for (_, name), is_alike in self._alike.items() if not is_alike})

    def heard(self) -> dict[str, str]:
        """Return the time of the newest live line of each witness, "" if none came yet."""
        return {name: known.time for name, known in self._position.witnesses.items()}

    def room(self) -> int | None:
        """Return the free bytes on the archive's disk, None if unknown."""
        return self._writer.room()

    def _files_of(self, name: str) -> WitnessFiles:
        if name not in self._witnesses:
            self._witnesses[name] = WitnessFiles(self._root, name, self._system)
        return self._witnesses[name]

    def _join_of(self, place: TargetPlace) -> TargetJoin:
        if place not in self._joins:
            self._joins[place] = TargetJoin(place)
        join = self._joins[place]
        join.touched = self._steady()
        return join

    def _can_be_filed(self, place: TargetPlace, witness: str) -> bool:
        """Return whether it is known how the network of a target folds names."""
        key = place.network, witness
        if key not in self._told:
            roots = self._root, self._files_of(witness).root
            names = (read_casemapping(root, spelled(place.network)) for root in roots)
            if any(name is not None for name in names):
                self._told.add(key)
        return key in self._told

    def housekeeping(self, now: Callable[[], str]) -> Housekeeping:
        """Return the housekeeping of the archive, which is not started yet."""
        return Housekeeping(self._writer, now=now)

    # -- a round ---------------------------------------------------------------------

    @property
    def has_news(self) -> bool:
        """Whether a message came since the last round."""
        return self._sequence > self._settled.done

    def settle(self, at: str, *, everything: bool = False) -> None:
        """Write all lines that came, and then the coverage of targets whose ledgers changed.

        With `everything`, write the coverage of all targets. Raise TranscriptError if the disk
        refuses, and HeldError if another recorder holds a target.
        """
        if self.has_news:
            begun = max(self._settled.begun, self._sequence)  # a cut round may have read further
            self._file.write(replace(self._settled, begun=begun))
            for place, arrived in self._pending.items():
                self._write(place, arrived)
            self._pending.clear()
            self.size = 0
            self._make_safe()
        if self._sequence >= self._certain_from:  # else ledgers tell of lines that come yet
            self._write_coverage(at, everything=everything)
        if self.has_news or everything:
            self._forget_quiet()
            self._position.done = self._sequence
            self._position.begun = max(self._settled.begun, self._sequence)
            self._position.context = self._first_context()
            self._settled = deepcopy(self._position)
            self._file.write(self._settled)

    def _write(self, place: TargetPlace, arrived: dict[str, list[Arrival]]) -> None:
        """Write the lines of one target that the archive lacks."""
        casemapping = self._casemapping_of(place.network)
        names = _names_of(place, casemapping, arrived) if casemapping else None
        if casemapping is None or names is None:
            self.damaged += sum(map(len, arrived.values()))
            return
        join = self._join_of(place)
        recorders = {*arrived, *join.recorders, *self._tellers(place)}
        found = join.joined(
            arrived, Witness("", self._root), names, casemapping, is_sole=len(recorders) == 1
        )
        if found:
            self._writer.set_casemapping(names.network, casemapping.name)
            self._writer.hold(names.network, names.target)
            self._writer.write_lines(names.network, names.target, found)
            self.lines[place] += len(found)

    def _tellers(self, place: TargetPlace) -> list[str]:
        """Return the recorders that have told of a target."""
        return [
            name
            for name, files in self._witnesses.items()
            if files.has(place) and self._folds_alike(place.network, name)
        ]

    def _folds_alike(self, network: str, witness: str) -> bool:
        """Return whether the names of a network fold in the archive as at a recorder.

        False if that is unknown. A recorder that saw another CASEMAPPING is named once.
        """
        key = network, witness
        ours = self._casemapping_of(network)
        if ours is None:
            return False
        if key not in self._alike:
            theirs = read_casemapping(self._files_of(witness).root, spelled(network))
            self._alike[key] = theirs is None or theirs.name == ours.name
            if theirs is not None and not self._alike[key]:
                logger.error(
                    "%s folds the names of %s by %s, the archive by %s; its lines of this network"
                    " are left out: collect them into another archive",
                    *(witness, spelled(network), theirs.name, ours.name),
                )
        return self._alike[key]

    def _casemapping_of(self, network: str) -> Casemapping | None:
        """Return the CASEMAPPING of a network in the archive, or else at its first recorder.

        None if no recorder has told it.
        """
        if network not in self._casemappings:
            roots = [self._root, *(files.root for files in self._witnesses.values())]
            told = (read_casemapping(root, spelled(network)) for root in roots)
            found = next((each for each in told if each is not None), None)
            if found is None:
                return None
            self._casemappings[network] = found
        return self._casemappings[network]

    def _make_safe(self) -> None:
        self._writer.flush()
        if self._writer.storage.sync is not Sync.NEVER:
            self._writer.sync()

    def _forget_quiet(self) -> None:
        """Drop the lines of targets that were quiet for long from memory."""
        oldest = self._steady() - _FORGOTTEN
        self._joins = {place: join for place, join in self._joins.items() if join.touched >= oldest}

    def _first_context(self) -> int:
        """Return the sequence behind which the neighbours of later lines begin."""
        firsts = (join.first_sequence for join in self._joins.values())
        return min([self._sequence, *(first - 1 for first in firsts if first)])

    # -- coverage --------------------------------------------------------------------

    def _write_coverage(self, at: str, *, everything: bool) -> None:
        witnesses = {name: files.witness() for name, files in self._witnesses.items()}
        places = dict(self._changed)
        if everything:
            self._writer.tick(at)  # segments whose period is over can be sealed
            for witness in witnesses.values():
                places.update((each, None) for each in witness.targets if each not in self._over)
            self._keep_rooms([*witnesses.values()], {place.network for place in places})
            for name, files in self._witnesses.items():
                files.prune_runs()
                for network in files.networks():
                    self._folds_alike(network, name)  # also after a restart it is named
        archive = Witness("", self._root)
        new_entries = partial(self._new_entries, witnesses, archive, at)
        self._writer.notes.add_all(map(new_entries, places))
        self._changed.clear()
        if places:
            self._make_safe()

    def _new_entries(
        self, witnesses: Mapping[str, Witness], archive: Witness, at: str, place: TargetPlace
    ) -> tuple[Path, Sequence[LedgerEntry]]:
        """Return the directory of a target, and the entries that its ledger lacks."""
        tellers = self._tellers(place)
        told = []
        for name in tellers:
            coverage = self._witnesses[name].coverage(witnesses[name], place)
            if coverage is not None:
                told.append((coverage, self._holes_of(name)))
        path = self._path_of(place, archive) if told else None
        if path is None:
            return self._root, ()
        known = archive.coverage(Target(*place, str(path)))
        if all(self._is_over(name, place) for name in tellers):
            self._over.add(place)
        return path, [*collected_entries(told, known, at)]

    def _is_over(self, name: str, place: TargetPlace) -> bool:
        """Return whether a recorder has told all that it ever will, unless its ledger grows."""
        return not self._holes_of(name) and self._witnesses[name].is_over(place)

    def _path_of(self, place: TargetPlace, archive: Witness) -> Path | None:
        """Hold a target; return its directory, None if its name is not known yet."""
        casemapping = self._casemapping_of(place.network)
        if casemapping is None:
            return None
        try:
            names = TargetNames(place, casemapping, self._recorded(archive, place))
        except TranscriptError:  # too long for its path, and no line tells it yet
            return None
        self._writer.set_casemapping(names.network, casemapping.name)
        self._writer.hold(names.network, names.target)
        return self._writer.path(names.network, names.target)

    def _recorded(self, archive: Witness, place: TargetPlace) -> Iterator[Event]:
        """Yield the first event of a target in the archive, if it has any."""
        target = Target(*place, str(self._root / place.network / place.target))
        event = archive.record_of(target).first_event()
        if event is not None:
            yield event

    def _holes_of(self, name: str) -> Sequence[Hole]:
        known = self._position.witnesses.get(name)
        return () if known is None else known.holes

    def _keep_rooms(self, witnesses: Sequence[Witness], networks: set[str]) -> None:
        merge_rooms(self._writer.storage, witnesses, sorted(networks), self._system)

    def close(self) -> None:
        """Close all files, and release the archive."""
        try:
            for files in self._witnesses.values():
                files.close()
        finally:
            os.close(self._lock)
            self._writer.close()


def _names_of(
    place: TargetPlace, casemapping: Casemapping, arrived: Mapping[str, Sequence[Arrival]]
) -> TargetNames | None:
    """Return the names of a target, None if its lines are of another one."""
    first = (jsonl.decode(each.line) for some in arrived.values() for each in some)
    try:
        return TargetNames(place, casemapping, first)
    except TranscriptError:
        return None


def _arrival(data: bytes, sequence: int) -> Arrival:
    """Return the line of a message; ValueError if it is no event at a time that can be."""
    event = jsonl.decode(data)
    if not is_time(event.time) or b"\n" in data:
        raise ValueError("no line of an archive")
    return Arrival(event.time, not event.via, data, sequence)
