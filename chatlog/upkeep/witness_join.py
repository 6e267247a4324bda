"""The records of several witnesses of one target, joined: each line once.

Nothing here writes. Merges and comparisons of archives count and use the joined lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from chatlog.alignment.sequences import Sequences
from chatlog.archive.networks import read_casemapping
from chatlog.archive.targets import spelled
from chatlog.casemapping import Casemapping
from chatlog.coverage.heard import HeardTimes
from chatlog.errors import TranscriptError
from chatlog.event import SERVER
from chatlog.upkeep.witness import key_for
from chatlog.upkeep.witness_comparison import Conflict, clock_of, is_within_hearing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from chatlog.alignment.clocks import ClockRelation
    from chatlog.alignment.sequences import Line
    from chatlog.coverage.fold import Coverage
    from chatlog.event import Event
    from chatlog.upkeep.witness import TargetPlace, Witness, WitnessRecord


class Testimony(NamedTuple):
    """The record of one witness, its coverage, and its name: "" for the archive itself.

    `signature` is the name that the lines have which it brings, "" if they have none.
    """

    name: str
    record: WitnessRecord
    coverage: Coverage | None
    signature: str = ""


class Carried(msgspec.Struct, gc=False):
    """A line on its way through the witnesses.

    `owner` is the number of the witness that has its best copy, `offset` the milliseconds by
    which that one's clock is late, `witnesses` how many have the line, and `lacking` the
    numbers of those that have it not. `is_by_clock` means that it stands where it does by the
    clock alone, `is_reordered` that two witnesses saw it in another order.
    """

    event: Event
    owner: int
    offset: int = 0
    witnesses: int = 1
    lacking: tuple[int, ...] = ()
    is_by_clock: bool = False
    is_reordered: bool = False
    _richness: int = -1

    @property
    def richness(self) -> int:
        """A number that is greater for a copy that tells more."""
        if self._richness < 0:
            self._richness = _richness(self.event)
        return self._richness

    def take(self, other: Carried) -> None:
        """Take the copy of another witness for the best one."""
        self.event, self.owner, self.offset = other.event, other.owner, other.offset
        self._richness = other.richness


class WitnessJoin:
    """The lines of all witnesses of a target; the archive itself is the first, if it has it."""

    def __init__(self, testimonies: Sequence[Testimony], casemapping: Casemapping) -> None:
        self.testimonies = testimonies
        self._heard = [HeardTimes(each.coverage) for each in testimonies]
        self._key_of = key_for((each.record for each in testimonies), casemapping)

    def lines(self) -> Iterator[Line]:
        """Yield the lines of all witnesses, each once, with a `Carried` behind it.

        Their stamps are by the first witness's clock. Raise WrongZoneError if a record was
        written in another time zone.
        """
        first = self.testimonies[0].record
        lines = _carried(first.lines(self._key_of), 0, 0)
        grain = first.grain
        clocks: list[ClockRelation | None] = [None]
        for number, testimony in enumerate(self.testimonies[1:], 1):
            record = testimony.record
            clock = self._clock_of(record, clocks)
            clocks.append(clock)
            alignment = Sequences(grain, record.grain, clock)
            lines = self._with(alignment, lines, record, number, clock)
            grain = max(grain, record.grain)
        return lines

    def _clock_of(
        self, record: WitnessRecord, clocks: Sequence[ClockRelation | None]
    ) -> ClockRelation | None:
        """Return how the clock of a record stands to the first's, by any record before it.

        `clocks` are those of the records before it, None for one that stands for itself.
        """
        for before, known in zip(self.testimonies, clocks, strict=False):
            clock = clock_of(before.record, record, self._key_of)
            if clock is not None:
                offset = known.offset if known is not None else 0
                return clock._replace(offset=clock.offset + offset)
        return None

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
        before = tuple(range(number))
        known = -1 if self.testimonies[0].name else 0  # what stands in the archive stays
        for first, second, is_placed, is_reordered in alignment.rows(lines, others):
            if first is None:
                assert second is not None  # noqa: S101 - a row has a line
                line = second[3]
                line.lacking, line.is_by_clock = before, not is_placed
                # The clock of the first witness counts for all.
                yield second[0] - alignment.clock.offset, second[1], second[2], line
            elif second is None:
                line = first[3]
                line.lacking = (*line.lacking, number)
                line.is_by_clock = line.is_by_clock or not is_placed
                yield first
            else:
                line, other = first[3], second[3]
                line.witnesses += 1
                line.is_reordered = line.is_reordered or is_reordered
                if line.owner != known and other.richness > line.richness:
                    line.take(other)
                is_named = first[2] or not second[2]
                yield first if is_named else (first[0], first[1], second[2], line)

    def conflicts(self, line: Carried) -> Iterator[Conflict]:
        """Yield a conflict for each witness that lacks a line although it was listening."""
        for number in line.lacking:
            if is_within_hearing(line.event, self._heard[number]):
                yield Conflict(line.event, self.testimonies[number].name)


def _carried(lines: Iterable[Line], owner: int, offset: int) -> Iterator[tuple[int, Any, str, Any]]:
    return ((time, key, msgid, Carried(event, owner, offset)) for time, key, msgid, event in lines)


def _richness(event: Event) -> int:
    return (
        16 * (event.msgid != "")
        + 8 * (event.account != "")
        + 4 * (event.host != "")
        + 2 * (event.received != "")
        + (event.via == "")
    )


# -- the witnesses of a target -----------------------------------------------------


def gather_testimonies(
    witnesses: Iterable[Witness], place: TargetPlace, since: str = "", until: str = ""
) -> list[Testimony]:
    """Return the testimonies of those witnesses that have a target, in a range of time."""
    found = []
    for witness in witnesses:
        target = witness.targets.get(place)
        if target is not None:
            coverage = witness.coverage(target)
            record = witness.record_of(target, since, until)
            signature = witness.name if witness.signs else ""
            found.append(Testimony(witness.name, record, coverage, signature))
    return found


def common_casemapping(witnesses: Iterable[Witness], place: TargetPlace) -> Casemapping:
    """Return the CASEMAPPING that all witnesses of the network of a target have.

    Raise TranscriptError if they have several, or if none has one; `@server` needs none.
    """
    network = spelled(place.network)
    found = {
        witness.name: casemapping
        for witness in witnesses
        if (casemapping := read_casemapping(witness.root, network)) is not None
    }
    if len({each.name for each in found.values()}) > 1:
        ways = (f"{each.name} in {name or 'the archive'}" for name, each in found.items())
        told = ", ".join(ways)
        raise TranscriptError(f"{network} folds names in more than one way: {told}")
    if not found and place.target == SERVER:
        return Casemapping()
    if not found:
        raise TranscriptError(f"no archive tells how {network} folds names (network.json)")
    return next(iter(found.values()))
