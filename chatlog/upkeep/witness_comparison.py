"""The clocks of two witnesses of a target, and the lines that only one witness has.

Nothing here writes. A line of one witness that the other lacks is a **conflict** if the other's
ledger says that it was listening then: one of the two is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.alignment.clocks import MOST_JITTER, compare_clocks, equal_clocks, unique_pairs
from chatlog.casemapping import CHANTYPES
from chatlog.errors import TranscriptError
from chatlog.event import TALK, EventType, format_time, shifted
from chatlog.upkeep.witness import FEW, SAMPLE

if TYPE_CHECKING:
    from chatlog.alignment.clocks import ClockRelation
    from chatlog.coverage.heard import HeardTimes
    from chatlog.event import Event
    from chatlog.upkeep.witness import LineKeys, Sample, WitnessRecord

_SEEN_BY_ALL: Final = TALK | {
    EventType.JOIN,
    EventType.PART,
    EventType.QUIT,
    EventType.NICK,
    EventType.KICK,
    EventType.MODE,
    EventType.TOPIC,
}
"""Types of which a server tells everybody in a channel, without being asked for them."""
_DAY: Final = 86_400_000
_EPOCH: Final = format_time(0)
_MOST_SAMPLES: Final = 8


class WrongZoneError(TranscriptError):
    """Two records of a target that fit only if one was stamped in another time zone."""


class Conflict(NamedTuple):
    """An event that a witness lacks although its ledger says that it was listening."""

    event: Event
    lacking: str


def clock_of(first: WitnessRecord, second: WitnessRecord, keys: LineKeys) -> ClockRelation | None:
    """Return how the clock of the second record stands to the first's.

    None means that they share too little to tell: samples are compared from where both have
    lines, and from some later moments until they share enough. Raise WrongZoneError if the
    second was written in another time zone.
    """
    if not first.begins or not second.begins:
        return None
    since = shifted(max(first.begins, second.begins), -_DAY)
    few, others = first.sample(since, keys, FEW), second.sample(since, keys, FEW)
    if (clock := equal_clocks(few.by_ident, others.by_ident)) is not None:
        return clock  # as of nearly all recorders of one server
    for _ in range(_MOST_SAMPLES):
        one, other = first.sample(since, keys), second.sample(since, keys)
        clock = compare_clocks(one.by_ident, other.by_ident)
        if clock is None:
            clock = compare_clocks(one.by_key(keys), other.by_key(keys))
        if clock is not None and _are_of_one_server(one, other, clock):
            clock = clock._replace(offset=0, jitter=MOST_JITTER)
        if clock is not None and clock.zone:
            raise WrongZoneError(_zone_text(clock))
        later = _next_sample(one, other)
        if clock is not None or later <= since:
            return clock
        since = later
    return None


def _are_of_one_server(one: Sample, other: Sample, clock: ClockRelation) -> bool:
    """Return whether a server told both the time of a line, so that their clocks do not count.

    It need not tell that of all lines: each witness dates some by its own clock, when it reads
    them. An offset that these show, if it is small, is not one of lines that the server dated.
    """
    if not 0 < abs(clock.offset) <= MOST_JITTER:
        return False
    told, other_told = one.dated_by_server, other.dated_by_server
    return any(
        told.times[here] == other_told.times[there]
        for here, there in unique_pairs(told.keys, other_told.keys)
    )


def _next_sample(one: Sample, other: Sample) -> str:
    """Return from which moment on to compare the next samples, "" if both have ended.

    Nothing is shared before both have lines, nor where one of the samples has none left.
    """
    ends = [max(each.times) for each in (one, other) if len(each.times) >= SAMPLE]
    if not ends or not one.times or not other.times:
        return ""
    both_begin = max(min(one.times), min(other.times)) - _DAY
    return shifted(_EPOCH, max(min(ends), both_begin))


def is_within_hearing(event: Event, heard: HeardTimes) -> bool:
    """Return whether a witness must have an event if it heard in these times.

    Only of a channel: in a query under another nick, a person says other things.
    """
    is_to_all = event.target[:1] in CHANTYPES and event.type in _SEEN_BY_ALL
    return is_to_all and heard.hold(event.time, event.type)


def _zone_text(clock: ClockRelation) -> str:
    hours, minutes = divmod(abs(clock.zone), 60)
    way = "later" if clock.zone > 0 else "earlier"
    return (
        f"{clock.pairs:,} of its lines stand elsewhere too, {hours}:{minutes:02} hours {way}:"
        " its time zone is wrong; name the right one of a log with --tz"
    )
