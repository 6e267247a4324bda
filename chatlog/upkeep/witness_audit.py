"""The comparison of an archive with another one: the lines that one of the two lacks.

Nothing here writes. Lines are joined as a merge joins them. A line that a recorder writes of
itself is not compared: each recorder has its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.alignment.words import OF_ONE_RECORDER
from chatlog.event import parse_time
from chatlog.upkeep.witness_join import WitnessJoin, common_casemapping, gather_testimonies

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.upkeep.line_mark import LineMark
    from chatlog.upkeep.witness import TargetPlace, Witness

MOST_TOLD: Final = 1000
"""The missing and the extra lines of one target that are told one by one; others are counted."""


class LoneLine(NamedTuple):
    """An event that one of two archives lacks; a conflict if that one was listening."""

    event: Event
    is_conflict: bool


class TargetComparison(msgspec.Struct):
    """The comparison of one target: numbers of lines, and the lines that one archive lacks.

    `shared` lines are in both archives, `reordered` ones of them in another order. `missing`
    lines are in the other one alone, `extra` ones in this one alone; `by_clock` counts those
    of them with no line near that both have. `lacking_here` and `lacking_there` count the
    conflicts among them. `error` is why the target could not be compared, "" if it was.
    """

    shared: int = 0
    reordered: int = 0
    missing: int = 0
    extra: int = 0
    by_clock: int = 0
    lacking_here: int = 0
    lacking_there: int = 0
    missing_lines: list[LoneLine] = []
    extra_lines: list[LoneLine] = []
    error: str = ""

    @property
    def conflicting(self) -> int:
        """The number of lines that one archive lacks although it was listening."""
        return self.lacking_here + self.lacking_there

    @property
    def differs(self) -> bool:
        """Whether the archive lacks a line, or the other lacks one although it was listening."""
        return bool(self.missing or self.conflicting)


class ArchiveComparison:
    """The comparison of an archive, a witness without a name, with another one.

    Lines from `since` on and before `until` are compared, by the clock of the archive; "" is
    no bound.
    """

    def __init__(self, here: Witness, there: Witness, since: str = "", until: str = "") -> None:
        self._both = here, there
        self._since, self._until = since, until

    def places(self) -> list[TargetPlace]:
        """Return the targets that one of the two has, in order."""
        return sorted({place for each in self._both for place in each.targets})

    def compare(self, place: TargetPlace) -> TargetComparison:
        """Compare one target.

        Raise TranscriptError if an archive cannot be read, or if the two do not fit.
        """
        casemapping = common_casemapping(self._both, place)
        found = gather_testimonies(self._both, place, self._since, self._until)
        join, result = WitnessJoin(found, casemapping), TargetComparison()
        low = parse_time(self._since) if self._since else None
        high = parse_time(self._until) if self._until else None
        for some in join.columns():
            for time, event, mark in zip(some.times, some.values, some.marks, strict=True):
                is_within = (low is None or time >= low) and (high is None or time < high)
                if is_within and event.type not in OF_ONE_RECORDER:
                    _count(result, event, mark, join)
        return result


def _count(found: TargetComparison, event: Event, mark: LineMark, join: WitnessJoin) -> None:
    if mark.witnesses > 1:
        found.shared += 1
        found.reordered += mark.is_reordered
        return
    is_conflict = any(join.conflicts(event, mark))
    found.by_clock += mark.is_by_clock
    if join.testimonies[mark.owner].name:
        found.missing += 1
        found.lacking_here += is_conflict
        told = found.missing_lines
    else:
        found.extra += 1
        found.lacking_there += is_conflict
        told = found.extra_lines
    if len(told) < MOST_TOLD:
        told.append(LoneLine(event, is_conflict))
