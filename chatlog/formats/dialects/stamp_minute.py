"""The minutes that stamps of one shape can tell, found without parsing the stamp again. Pure.

Stamps of one day differ in their minute and their seconds alone. Each minute of the day is
parsed once in a process, and looked up in a tenth of that time in all other days and logs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.event import format_time

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

_DAY: Final = 86_400_000
_DATE: Final = len("2026-11-23")
_MINUTE: Final = len("2026-11-23T18:20:")
_TEXTS: Final = frozenset(f"{second:02d}" for second in range(60))
_WHOLE: Final = {"": ""}
_MOST: Final = 1440
"""The minutes of a day, of which each has one text in stamps of one shape."""
_SHAPES: Final = 64
_DAYS: Final = 1024
_ZEROS: Final = str.maketrans("123456789", "000000000")
_DATES: Final = frozenset({"year", "month", "day"})


class Minute(NamedTuple):
    """One minute: its number in the local day, and its time of day in UTC.

    `is_next` tells that it is of the UTC day after the one in which the local day begins.
    """

    number: int
    is_next: bool
    time: str


class StampMinutes(NamedTuple):
    """The minutes of one local day, for stamps of one shape.

    A stamp is `day`, then the text of a minute from `begin` to `end`, two digits of seconds,
    `point`, `digits` of a fraction, and `tail`; it is `length` characters long. Without seconds,
    the text of the minute goes to its end. `dates` are the two UTC days in which the local day
    lies. `minutes` has all that is known for stamps of this shape in zones as far from UTC:
    other days and logs share it. `seconds` has the ends of times by those of stamps without a
    fraction. A stamp that does not tell its date may be of the next day. `offset` is how long
    after a UTC midnight the day begins, -1 if the stamps tell that themselves.
    """

    minutes: Mapping[str, Minute]
    seconds: Mapping[str, str]
    day: str
    begin: int
    end: int
    length: int
    dates: tuple[str, str]
    tells_date: bool
    offset: int = -1
    digits: int = 0
    point: str = ""
    tail: str = ""

    @classmethod
    def remembered(
        cls, stamp: re.Match[str], time: str, number: int, midnight: int
    ) -> StampMinutes:
        """Return the minutes of the day of a stamp whose time is known.

        `number` is its minute in the local day, `midnight` when that day begins, in milliseconds
        since 1970. Return no minutes if the seconds of the stamp are not those of the time, as
        in zones that are odd seconds away from UTC, or if the date stands behind the hour.
        """
        text, groups = stamp[0], stamp.re.groupindex
        begin = stamp.start("hour") if "hour" in groups else -1
        date_ends = max([stamp.end(each) for each in _DATES & groups.keys()], default=-1)
        end, after = _span(stamp, "second", len(text))
        has_seconds = end < after
        is_odd = has_seconds and stamp["second"] != time[_MINUTE : _MINUTE + 2]
        if is_odd or stamp.start() or date_ends > begin:
            return NO_MINUTES
        first, last = _span(stamp, "fraction", after)
        day, point, tail = text[:begin], text[after:first], text[last:]
        shape = day.translate(_ZEROS), end, after, point, tail
        minutes = _minutes_of(stamp.re, shape, midnight % _DAY)
        dates = _dates(midnight // _DAY)
        if len(minutes) < _MOST:
            told = time[_DATE : _MINUTE if has_seconds else None]
            minutes[text[begin:end]] = Minute(number, time[:_DATE] != dates[0], told)
        return cls(
            minutes=minutes,
            seconds=_seconds(tail) if has_seconds else _WHOLE,
            day=day,
            begin=begin,
            end=end,
            length=len(text),
            dates=dates,
            tells_date=date_ends >= 0,
            offset=-1 if date_ends >= 0 or "zone" in groups else midnight % _DAY,
            digits=last - first,
            point=point,
            tail=tail,
        )

    def moved(self, midnight: int | None) -> StampMinutes:
        """Return the minutes of another day, none if its distance from UTC is another one."""
        if midnight is None or midnight % _DAY != self.offset:
            return NO_MINUTES
        return self._replace(dates=_dates(midnight // _DAY))

    def seconds_of(self, line: str) -> str | None:
        """Return the end of the time of a line with a fraction, None if it has another shape."""
        end, point, tail = self.end, self.point, self.tail
        at = end + 2 + len(point)
        after = at + self.digits
        second, fraction = line[end : end + 2], line[at:after]
        fits = line.startswith(point, end + 2) and line.startswith(tail, after)
        if second not in _TEXTS or not fits or not (fraction.isdecimal() and fraction.isascii()):
            return None
        return f"{second}.{fraction[:3]:0<3}Z"


NO_MINUTES: Final = StampMinutes({}, {}, "", 0, 0, 0, ("", ""), tells_date=False)
"""The minutes of a clock that knows none."""


def _span(stamp: re.Match[str], group: str, otherwise: int) -> tuple[int, int]:
    """Return where a group begins and ends, twice `otherwise` if the stamp lacks it."""
    begin = stamp.start(group) if group in stamp.re.groupindex else -1
    return (begin, stamp.end(group)) if begin >= 0 else (otherwise, otherwise)


@lru_cache(maxsize=_SHAPES)
def _seconds(tail: str) -> dict[str, str]:
    """Return the ends of times by those of stamps, from the seconds on."""
    return {f"{second}{tail}": f"{second}.000Z" for second in _TEXTS}


@lru_cache(maxsize=_SHAPES)
def _minutes_of(
    _pattern: re.Pattern[str], _shape: tuple[str, int, int, str, str], _offset: int
) -> dict[str, Minute]:
    """Return the minutes that are known for stamps of a shape, which all logs share.

    The first text of the shape is that of a date with zeros for digits: only such dates stand
    before these minutes.
    """
    return {}


@lru_cache(maxsize=_DAYS)
def _dates(day: int) -> tuple[str, str]:
    """Return a UTC day and the next, as `Event.time` has them; days count from 1970."""
    return _date(day), _date(day + 1)


def _date(day: int) -> str:
    """Return a UTC day, "" if it is before the first or after the last that there is."""
    try:
        return format_time(day * _DAY)[:_DATE]
    except (ValueError, OverflowError):
        return ""
