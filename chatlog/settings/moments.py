"""Moments as people type them: `2026-11-23 18:00`, `yesterday`, `7d`, "2 hours ago".

Pure. The present is an argument; its time zone is that of every text without one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from chatlog.errors import UsageError
from chatlog.settings.parsers import parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable

_CLOCK: Final = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY: Final = "|".join(f"{day[:3]}(?:{day[3:]})?" for day in _DAYS)
_ONE_DAY: Final = timedelta(days=1)
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONTHS: Final = {"month": 1, "year": 12}


def moment(text: str, now: datetime) -> datetime:
    """Parse a moment, in any case and in any of the forms of docs/query.md.

    A text without a time zone is in that of `now`. A day, a week, a month or a
    year is its beginning; a time of day alone is of today. A weekday is the last
    one that is not in the future. Raise UsageError for all other text.
    """
    words = " ".join(text.lower().split())
    try:
        for pattern, meaning in _FORMS.items():
            if match := re.fullmatch(f"(?a){pattern}", words):
                return meaning(match, now)
        # fromisoformat knows T and Z as capitals alone.
        parsed = datetime.fromisoformat(words.upper())
    except (ValueError, OverflowError, UsageError) as error:
        raise UsageError(
            f"{text!r} is no moment; say 2026-11-23, '2026-11-23 18:00', 2026-11, yesterday,"
            " 'monday 18:00', 7d or '2 hours ago'"
        ) from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=now.tzinfo)


def _present(_: re.Match[str], now: datetime) -> datetime:
    return now


def _time_ago(match: re.Match[str], now: datetime) -> datetime:
    return _before(now, parse_duration(match["duration"]))


def _units_ago(match: re.Match[str], now: datetime) -> datetime:
    count, unit = int(match["count"]) if match["count"].isdigit() else 1, match["unit"]
    if unit in _SECONDS:
        return _before(now, count * _SECONDS[unit])
    months = now.year * 12 + now.month - 1 - count * _MONTHS[unit]
    year, month = divmod(months, 12)
    # 31 March less a month is the last day of February.
    last = datetime.fromisoformat(f"{year:04d}-{month + 1:02d}-01").replace(day=28) + 4 * _ONE_DAY
    days = (last - last.day * _ONE_DAY).day
    return now.replace(year=year, month=month + 1, day=min(now.day, days))


def _before(now: datetime, seconds: float) -> datetime:
    # By UTC, as the difference of two wall clocks ignores a change of their offset.
    return (now.astimezone(UTC) - timedelta(seconds=seconds)).astimezone(now.tzinfo)


def _day(match: re.Match[str], now: datetime) -> datetime:
    date = now.date() - (_ONE_DAY if match["day"] == "yesterday" else timedelta())
    return _at_clock(date.isoformat(), match["clock"], now)


def _weekday(match: re.Match[str], now: datetime) -> datetime:
    wanted = next(number for number, day in enumerate(_DAYS) if day.startswith(match["day"][:3]))
    days = (now.weekday() - wanted) % 7
    if match["last"] and not days:
        days = 7
    found = _at_clock((now.date() - days * _ONE_DAY).isoformat(), match["clock"], now)
    if found > now:  # later today
        found = _at_clock((now.date() - 7 * _ONE_DAY).isoformat(), match["clock"], now)
    return found


def _time_of_day(match: re.Match[str], now: datetime) -> datetime:
    return _at_clock(now.date().isoformat(), match["clock"], now)


def _at_clock(date: str, clock: str | None, now: datetime) -> datetime:
    hour, *rest = (clock or "0:00").split(":")
    wall = time.fromisoformat(":".join([hour.zfill(2), *rest]))
    return datetime.combine(datetime.fromisoformat(date), wall, now.tzinfo)


def _period(match: re.Match[str], now: datetime) -> datetime:
    today, back = now.date(), match["which"] == "last"
    if match["unit"] == "week":
        monday = today - today.weekday() * _ONE_DAY
        return _at_clock((monday - (7 * _ONE_DAY if back else timedelta())).isoformat(), None, now)
    first = today.replace(day=1) if match["unit"] == "month" else today.replace(month=1, day=1)
    if back:
        first = (first - _ONE_DAY).replace(day=1)
        first = first.replace(month=1) if match["unit"] == "year" else first
    return _at_clock(first.isoformat(), None, now)


def _year_or_month(match: re.Match[str], now: datetime) -> datetime:
    return _at_clock(f"{match['year']}-{match['month'] or '01'}-01", None, now)


_FORMS: Final[dict[str, Callable[[re.Match[str], datetime], datetime]]] = {
    "now": _present,
    r"-?(?P<duration>(?:\d+(?:\.\d+)?[smhdw])+)": _time_ago,
    r"(?P<duration>(?:\d+(?:\.\d+)?[smhdw])+) ago": _time_ago,
    r"-(?P<duration>\d+(?:\.\d+)?)": _time_ago,  # in seconds
    r"(?P<count>\d{1,9}|an?) (?P<unit>second|minute|hour|day|week|month|year)s? ago": _units_ago,
    rf"(?P<day>today|yesterday)(?: (?P<clock>{_CLOCK}))?": _day,
    rf"(?P<last>last )?(?P<day>{_WEEKDAY})(?: (?P<clock>{_CLOCK}))?": _weekday,
    r"(?P<which>last|this) (?P<unit>week|month|year)": _period,
    rf"(?P<clock>{_CLOCK})": _time_of_day,
    r"(?P<year>\d{4})(?:-(?P<month>\d\d))?": _year_or_month,
}
"""The forms of a moment, and the function that returns its time."""
