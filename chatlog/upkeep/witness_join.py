"""The records of several witnesses of one target, joined: each line once.

Nothing here writes. Merges and comparisons of archives count and use the joined lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.alignment.clocks import MOST_LAG
from chatlog.alignment.sequences import Sequences
from chatlog.archive.networks import read_casemapping
from chatlog.archive.targets import spelled
from chatlog.casemapping import Casemapping
from chatlog.coverage.heard import HeardTimes
from chatlog.errors import TranscriptError
from chatlog.event import SERVER
from chatlog.upkeep.line_mark import LineMark
from chatlog.upkeep.witness import LineKeys
from chatlog.upkeep.witness_comparison import Conflict, clock_of, is_within_hearing
from chatlog.upkeep.witness_order import rearranged
from chatlog.upkeep.witness_pairing import LinePairing
from chatlog.upkeep.witness_rereading import Rereading
from chatlog.upkeep.witness_returning import Testimony, returning_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from chatlog.alignment.clocks import ClockRelation
    from chatlog.alignment.columns import Columns
    from chatlog.alignment.matching import Lateness
    from chatlog.event import Event
    from chatlog.upkeep.witness import TargetPlace, Witness, WitnessRecord


class WitnessJoin:
    """The lines of all witnesses of a target; the archive itself is the first, if it has it.

    `alignments` has by the number of a witness its alignment with those before it.
    """

    def __init__(self, testimonies: Sequence[Testimony], casemapping: Casemapping) -> None:
        self.testimonies = testimonies
        self._heard = [HeardTimes(each.coverage) for each in testimonies]
        self.alignments: dict[int, Sequences] = {}
        self._keys = LineKeys((each.record for each in testimonies), casemapping)

    def columns(self) -> Iterator[Columns]:
        """Yield the lines of all witnesses, each once; their marks are each a `LineMark`.

        Their stamps are by the first witness's clock. Raise WrongZoneError if a record was
        written in another time zone.
        """
        first = self.testimonies[0].record
        lines = first.columns(self._keys, LineMark(0))
        grain = first.grain
        clocks: list[ClockRelation | None] = [None]
        for number, testimony in enumerate(self.testimonies[1:], 1):
            record = testimony.record
            clock = self._clock_of(record, clocks)
            clocks.append(clock)
            returning = returning_lines(self.testimonies[0], testimony)
            alignment = Sequences(
                grain,
                record.grain,
                self._keys.of,
                clock,
                returning,
                grain_of=self._grain_of(),
                rearrange=rearranged if number > 1 else None,
            )
            self.alignments[number] = alignment
            slack = MOST_LAG + grain + record.grain
            rereading = Rereading(first, self._keys, returning.lateness, slack)
            lines = self._with(alignment, lines, record, LineMark(number), rereading)
            grain = max(grain, record.grain)
        for testimony in self.testimonies:
            testimony.record.forget_sample()
        return lines

    def _grain_of(self) -> Callable[[Event, LineMark], int] | None:
        """Return the function that returns the grain of a line, None if all tell milliseconds."""
        records = [each.record for each in self.testimonies]
        if max(record.grain for record in records) == 1:
            return None
        return lambda event, mark: records[mark.owner].grain_of(event)

    def _clock_of(
        self, record: WitnessRecord, clocks: Sequence[ClockRelation | None]
    ) -> ClockRelation | None:
        """Return how the clock of a record stands to the first's, by any record before it.

        `clocks` are those of the records before it, None for one that stands for itself.
        """
        for before, known in zip(self.testimonies, clocks, strict=False):
            clock = clock_of(before.record, record, self._keys)
            if clock is not None:
                offset = known.offset if known is not None else 0
                return clock._replace(offset=clock.offset + offset)
        return None

    def _with(
        self,
        alignment: Sequences,
        lines: Iterator[Columns],
        record: WitnessRecord,
        mark: LineMark,
        rereading: Rereading,
    ) -> Iterator[Columns]:
        """Yield the lines so far, and among them those of another witness, with their mark."""
        known = -1 if self.testimonies[0].name else 0  # the lines of the archive stay
        pairing = LinePairing(mark, known, alignment.tally, self._grain_of())
        for found in alignment.aligned(lines, record.columns(self._keys, mark)):
            offset = alignment.clock.offset
            messages = pairing.whole_messages(found, offset)
            messages.drop_second(rereading.again(found, messages.dropped_of_second))
            yield pairing.joined(found, offset, messages)

    def lateness(self, number: int) -> Lateness:
        """Return the bounds by which stamps of a witness are later than those of the same lines.

        They are in milliseconds. A line may have been taken over as the copy
        of any later witness.
        """
        least, most = 0, 0
        if number in self.alignments:
            least, most = self.alignments[number].tally.lateness
        spread = 0
        for alignment in self.alignments.values():
            offset = alignment.clock.offset
            spread = max(spread, *(abs(each - offset) for each in alignment.tally.lateness))
        return least - spread, most + spread

    def conflicts(self, event: Event, mark: LineMark) -> Iterator[Conflict]:
        """Yield a conflict for each witness that lacks a line although it was listening."""
        for number in mark.lacking:
            if is_within_hearing(event, self._heard[number]):
                yield Conflict(event, self.testimonies[number].name)


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
