"""Slots of time, and the hours, days and periods of a zone that they are in.

Pure. A slot is named as it begins, in UTC: `2026-11-23T18`, or a quarter of an
hour `2026-11-23T18:15` for zones whose hours do not begin with those of UTC.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

HOUR: Final = len("2026-11-23T18")
MINUTE: Final = len("2026-11-23T18:20")
_DAY: Final = len("2026-11-23")
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
    found = [0] * 24
    for moment, number in _local(slots, tz):
        found[moment.hour] += number
    return found


def by_weekday(slots: Mapping[str, int], tz: tzinfo | None) -> list[int]:
    """Sum up slots by the days of a week, from Monday."""
    found = [0] * 7
    for moment, number in _local(slots, tz):
        found[moment.weekday()] += number
    return found


def by_period(slots: Mapping[str, int], tz: tzinfo | None, length: int) -> Counter[str]:
    """Sum up slots by year, month, day or hour: a number of characters of the local time."""
    found: Counter[str] = Counter()
    for moment, number in _local(slots, tz):
        found[moment.isoformat()[:length]] += number
    return found


def day_of(time: str, tz: tzinfo | None) -> str:
    """Return the day of a time in a zone; for an invalid time, its first characters."""
    moment = _moment(time[:MINUTE], tz)
    return time[:_DAY] if moment is None else moment.isoformat()[:_DAY]


def _local(slots: Mapping[str, int], tz: tzinfo | None) -> Iterable[tuple[datetime, int]]:
    for slot, number in slots.items():
        moment = _moment(slot, tz)
        if moment is not None:  # what is no time is of no hour
            yield moment, number


@lru_cache(_REMEMBERED)
def _moment(slot: str, tz: tzinfo | None) -> datetime | None:
    try:
        return datetime.fromisoformat((slot + ":00")[:MINUTE]).replace(tzinfo=UTC).astimezone(tz)
    except (ValueError, OverflowError):
        return None
