"""Slots of time, and the hours, days and periods of a zone that they are in.

Pure. A slot is named as it begins, in UTC: `2026-11-23T18`, or a quarter of an
hour `2026-11-23T18:15` for zones whose hours do not begin with those of UTC. The
slot of a whole day, `2026-11-23`, has as much in each of its hours.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from chatlog.event import shifted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

HOUR: Final = len("2026-11-23T18")
MINUTE: Final = len("2026-11-23T18:20")
_DAY: Final = len("2026-11-23")
_OFFSET: Final = len("2026-11-23T18:20:00")
_MIDNIGHT: Final = "T00:00"
_LAST_QUARTER: Final = "T23:45"
_DAY_LONG: Final = 86_400_000
_MINUTES: Final = 24 * 60  # of a day
_YEARS: Final = range(1990, 2040)
_FULL_HOUR: Final = timedelta(hours=1)
_REMEMBERED: Final = 100_000  # hours of a decade
_QUARTERS: Final = {f":{minute:02}": f":{minute // 15 * 15:02}" for minute in range(60)}


def grain_for(tz: tzinfo | None) -> int:
    """Return how many characters of a time make a slot for a zone (None: local)."""
    moments = [datetime(year, month, 1, tzinfo=UTC) for year in _YEARS for month in (1, 7)]
    offsets = [moment.astimezone(tz).utcoffset() or timedelta() for moment in moments]
    return MINUTE if any(offset % _FULL_HOUR for offset in offsets) else HOUR


def quarter_of(minute: str) -> str:
    """Return the start of a minute's quarter of an hour: no zone splits one."""
    return minute[:HOUR] + _QUARTERS.get(minute[HOUR:], minute[HOUR:])


def by_hour(slots: Mapping[str, int], tz: tzinfo | None) -> list[int]:
    """Sum up slots by the 24 hours of a day."""
    whole = {slot: number for slot, number in slots.items() if _is_even(slot, tz)}
    found = [sum(whole.values()) // 24] * 24
    others = {slot: number for slot, number in slots.items() if slot not in whole}
    for moment, number in _local(others, tz, HOUR):
        found[moment.hour] += number
    return found


def by_weekday(slots: Mapping[str, int], tz: tzinfo | None) -> list[int]:
    """Sum up slots by the days of a week, from Monday."""
    found = [0] * 7
    for moment, number in _local(slots, tz, _DAY):
        found[moment.weekday()] += number
    return found


def by_period(slots: Mapping[str, int], tz: tzinfo | None, length: int) -> Counter[str]:
    """Sum up slots by year, month, day or hour: a number of characters of the local time.

    Two hours that a clock shows alike, when it goes back, are told apart by their offset
    from UTC: `2026-10-25T02+02:00` comes before `2026-10-25T02+01:00`.
    """
    found: Counter[str] = Counter()
    for moment, number in _local(slots, tz, length):
        name = moment.isoformat()
        offset = name[_OFFSET:] if length == HOUR and _comes_twice(name[:HOUR], tz) else ""
        found[name[:length] + offset] += number
    return found


def around(period: str, slots: Mapping[str, int]) -> dict[str, int]:
    """Return the slots that may be in a local period: those of its days, one before and one after.

    All are returned if the period is longer than a day.
    """
    if len(period) < _DAY:
        return dict(slots)
    noon = f"{period[:_DAY]}T12:00:00.000Z"
    first, last = (shifted(noon, days * _DAY_LONG)[:_DAY] for days in (-1, 1))
    return {slot: number for slot, number in slots.items() if first <= slot[:_DAY] <= last}


def day_of(time: str, tz: tzinfo | None) -> str:
    """Return the day of a time in a zone; for an invalid time, its first characters."""
    moment = _moment(time[:MINUTE], tz)
    return time[:_DAY] if moment is None else moment.isoformat()[:_DAY]


def _local(
    slots: Mapping[str, int], tz: tzinfo | None, length: int
) -> Iterable[tuple[datetime, int]]:
    """Yield slots with their local times, as many of a whole day as periods of a length need."""
    for slot, number in slots.items():
        if len(slot) == _DAY:
            yield from _parts_of_day(slot, number, tz, length)
        elif (moment := _moment(slot, tz)) is not None:  # what is no time is of no hour
            yield moment, number


def _parts_of_day(
    day: str, number: int, tz: tzinfo | None, length: int
) -> Iterable[tuple[datetime, int]]:
    """Yield the two local days of a whole day of UTC, or its quarters of an hour."""
    begin, last = _moment(day, tz), _moment(f"{day}{_LAST_QUARTER}", tz)
    if length <= _DAY and _is_even(day, tz) and begin is not None and last is not None:
        today = number * (_MINUTES - begin.hour * 60 - begin.minute) // _MINUTES
        yield begin, today
        yield last, number - today
    else:
        for quarter in range(4 * 24):
            moment = _moment(f"{day}T{quarter // 4:02}:{quarter % 4 * 15:02}", tz)
            if moment is not None:
                yield moment, number // (4 * 24)


def _is_even(slot: str, tz: tzinfo | None) -> bool:
    """Return whether a slot is a whole day in which the clocks of a zone do not change."""
    if len(slot) != _DAY:
        return False
    begin, last = _moment(slot, tz), _moment(f"{slot}{_LAST_QUARTER}", tz)
    return begin is not None and last is not None and begin.utcoffset() == last.utcoffset()


@lru_cache(_REMEMBERED)
def _comes_twice(hour: str, tz: tzinfo | None) -> bool:
    """Return whether the clocks of a zone show the end of a local hour twice.

    Its last quarter tells: clocks go back at a full hour, by an hour or half an hour.
    """
    last = datetime.fromisoformat(f"{hour}:45")
    once, again = (last.replace(fold=fold, tzinfo=tz) for fold in (0, 1))
    if tz is None:
        try:
            once, again = once.astimezone(), again.astimezone()
        except (ValueError, OverflowError):  # in the first or the last hours of all years
            return False
    # Where clocks go forward an hour that does not exist has two offsets as well, but no slots.
    return once.utcoffset() != again.utcoffset()


@lru_cache(_REMEMBERED)
def _moment(slot: str, tz: tzinfo | None) -> datetime | None:
    try:
        minute = slot + _MIDNIGHT[len(slot) - _DAY :]
        return datetime.fromisoformat(minute).replace(tzinfo=UTC).astimezone(tz)
    except (ValueError, OverflowError):
        return None
