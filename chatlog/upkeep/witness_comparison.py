"""The clocks of two witnesses of a target, and the lines that only one witness has.

Nothing here writes. A line of one witness that the other lacks is a **conflict** if the other's
ledger says that it was listening then: one of the two is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.alignment.clocks import compare_clocks
from chatlog.errors import TranscriptError
from chatlog.event import TALK, EventType, shifted

if TYPE_CHECKING:
    from chatlog.alignment.clocks import ClockRelation
    from chatlog.coverage.heard import HeardTimes
    from chatlog.event import Event
    from chatlog.upkeep.witness import KeyOf, WitnessRecord

_SEEN_BY_ALL: Final = TALK | {
    EventType.JOIN,
    EventType.PART,
    EventType.QUIT,
    EventType.NICK,
    EventType.KICK,
    EventType.MODE,
    EventType.TOPIC,
}
"""Types of which a server tells everybody in a channel, whatever they asked for."""
_DAY: Final = 86_400_000


class WrongZoneError(TranscriptError):
    """Two records of a target that fit only if one was stamped in another time zone."""


class Conflict(NamedTuple):
    """An event that a witness lacks although its ledger says that it was listening."""

    event: Event
    lacking: str


def clock_of(first: WitnessRecord, second: WitnessRecord, key_of: KeyOf) -> ClockRelation | None:
    """Return how the clock of the second record stands to the first's.

    None means that they share too little to tell. Raise WrongZoneError if the second was
    written in another time zone.
    """
    if not first.begins or not second.begins:
        return None
    since = shifted(max(first.begins, second.begins), -_DAY)
    clock = compare_clocks(first.sample(since, key_of), second.sample(since, key_of))
    if clock is not None and clock.zone:
        raise WrongZoneError(_zone_text(clock))
    return clock


def is_within_hearing(event: Event, heard: HeardTimes) -> bool:
    """Return whether a witness must have an event if it heard in these times."""
    return event.type in _SEEN_BY_ALL and heard.hold(event.time, event.type)


def _zone_text(clock: ClockRelation) -> str:
    hours, minutes = divmod(abs(clock.zone), 60)
    way = "later" if clock.zone > 0 else "earlier"
    return (
        f"{clock.pairs:,} of its lines are there as well, {hours}:{minutes:02} hours {way}:"
        f" it was written in another time zone (--tz)"
    )
