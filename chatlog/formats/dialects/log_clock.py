"""The times of a log: stamps, as programs write them, into the form of `Event.time`. Pure.

A stamp may lack the date, the year, the seconds or the zone; then the lines before it, the
header of the log or its path tell them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from chatlog.event import format_time
from chatlog.formats.dialects.dialect import MINUTE, NoDateError
from chatlog.formats.dialects.stamp_minute import NO_MINUTES, StampMinutes

if TYPE_CHECKING:
    import re
    from datetime import tzinfo

    from chatlog.formats.dialects.dialect import LogTally

_DAY: Final = 86_400_000
_HALF_A_DAY: Final = 12 * 60
_EPOCH: Final = date(1970, 1, 1)
_NOON: Final = 12
_DAYS: Final = 4096
MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
"""The numbers of months by the first letters of their English names."""

AMBIGUOUS_HOUR: Final = "lines of an hour that the clock shows twice, taken for the first"
SKIPPED_HOUR: Final = "lines of an hour that the clock skips, moved on by it"


class Stamped:
    """The parts of a stamp: a date or None, milliseconds of the day, a zone or None.

    `month_day` is a date without a year.
    """

    __slots__ = ("date", "in_day", "month_day", "offset")

    def __init__(self, found: dict[str, str | None]) -> None:
        """Read the named groups of a stamp's pattern; raise ValueError for an impossible one.

        The groups are `year month day hour minute second fraction half zone`, each optional
        but the hour and the minute. `month` is a number or an English name.
        """
        self.date: date | None = None
        self.month_day: tuple[int, int] | None = None
        self.offset: int | None = None
        self.in_day = 0
        fraction = f"{found.get('fraction') or '':0<3}"[:3]
        self._read_date(found)
        self._read_zone(found.get("zone"))
        hour = _hour_of(int(found["hour"] or 0), found.get("half"))
        minute, second = int(found["minute"] or 0), min(59, int(found.get("second") or 0))
        if hour > 23 or minute > 59:  # noqa: PLR2004
            raise ValueError("no such time of day")
        self.in_day = ((hour * 60 + minute) * 60 + second) * 1000 + int(fraction)

    def _read_date(self, found: dict[str, str | None]) -> None:
        if not found.get("day"):
            return
        told = found.get("month") or ""
        month = int(told) if told.isdigit() else MONTHS[told[:3].lower()]
        if year := found.get("year"):
            self.date = date(int(year), month, int(found["day"] or 0))
        else:
            self.month_day = month, int(found["day"] or 0)
            date(2000, *self.month_day)

    def _read_zone(self, zone: str | None) -> None:
        if zone in {"Z", "UTC", "GMT"}:
            self.offset = 0
        elif zone:
            sign = -1 if zone[0] == "-" else 1
            digits = zone[1:].replace(":", "")
            self.offset = sign * (int(digits[:2]) * 60 + int(digits[2:4] or 0)) * 60_000


def _hour_of(hour: int, half: str | None) -> int:
    """Return the hour of the day; `half` is `am` or `pm` in any spelling, for twelve hours."""
    if not half:
        return hour
    return hour % _NOON + (_NOON if half[:1] in "pP" else 0)


class LogClock:
    """The clock of one log, in the order of its lines.

    `date` is the local day, None as long as nothing tells it. A time of day that is more than
    half a day before the one before is of the next day. In an hour that the clock shows twice,
    lines are of the first showing until the clock steps back. `time` is that of the last stamp;
    if it `knows_minutes`, equal stamps that follow have the same time.
    """

    def __init__(self, pattern: re.Pattern[str], day: str, tz: tzinfo, tally: LogTally) -> None:
        self._pattern = pattern
        self._tz = tz
        self._tally = tally
        self.date = date.fromisoformat(day) if day else None
        self.time = ""
        self._last = -1  # minutes of the day
        self._doubled = _Doubled(tally)
        self._know(NO_MINUTES)
        self._has_epoch = "epoch" in pattern.groupindex
        self._epoch = _Epochs()

    def length(self, line: str) -> int:
        """Return the length of the stamp with which a line begins, -1 if none does."""
        found = self._pattern.match(line)
        return -1 if found is None else found.end()

    def set_date(self, day: date) -> None:
        """Set the local day, as a line between stamps tells it."""
        if day != self.date:
            self.date, self._last = day, -1
            if self.knows_minutes:
                try:
                    self._know(self._minutes.moved(midnight_in(self._tz, day)))
                except ValueError:  # which each line of that day will tell
                    self._know(NO_MINUTES)

    def _know(self, minutes: StampMinutes) -> None:
        self._minutes = minutes
        self.knows_minutes = minutes is not NO_MINUTES

    def follow(self, other: LogClock) -> None:
        """Set the day and the time of day to those of another clock of the log."""
        if other is not self and other.date is not None:
            self.set_date(other.date)
            self._last = other._last

    def read(self, line: str) -> int:
        """Return the length of the stamp with which a line begins, and set `time`; -1 if none does.

        Raise NoDateError if no date is known, ValueError if there is no such time.
        """
        known = self._minutes
        minutes, seconds, day, begin, end, length, dates, tells_date, _, digits, _, _ = known
        minute = minutes.get(line[begin:end])
        if minute is None or not line.startswith(day):
            return self._parse(line)
        number, is_next, told = minute
        second = known.seconds_of(line) if digits else seconds.get(line[end:length])
        date = dates[is_next]
        is_later = number >= self._last - _HALF_A_DAY or tells_date
        if second is None or not date or not is_later:
            return self._parse(line)
        self._last = number
        self.time = f"{date}{told}{second}"
        return length

    def _parse(self, line: str) -> int:
        """Parse the stamp of a line as `read` does, and remember its minute."""
        found = self._pattern.match(line)
        if found is None:
            return -1
        if self._has_epoch and found["epoch"]:
            self.time = self._epoch.time_of(int(found["epoch"]))
            return found.end()
        self._know(NO_MINUTES)
        stamp = Stamped(found.groupdict())
        self._step(stamp)
        midnight = self._midnight(stamp)
        self.time = self._find(stamp)
        if midnight is not None:
            self._know(StampMinutes.remembered(found, self.time, self._last, midnight))
        return found.end()

    def time_at(self, found: dict[str, str]) -> str:
        """Return the time of the groups of a stamp that a header has, and go to its day."""
        stamp = Stamped({"hour": None, "minute": None, **found})
        self._step(stamp)
        return self._find(stamp)

    def _step(self, stamp: Stamped) -> None:
        """Follow a stamp to its day."""
        minute = stamp.in_day // MINUTE
        if stamp.date is not None:
            self.date = stamp.date
        elif stamp.month_day is not None:
            self._step_to(*stamp.month_day)
        elif self.date is None:
            raise NoDateError("its stamps have no date")
        elif minute < self._last - _HALF_A_DAY:
            self.date += timedelta(days=1)
        self._last = minute

    def _step_to(self, month: int, day: int) -> None:
        """Set the day of a stamp without a year: the first such day after the last one."""
        if self.date is None:
            raise NoDateError("its stamps have no year")
        year = self.date.year
        if (month, day) < (self.date.month, self.date.day) and self.date.month - month > 6:  # noqa: PLR2004
            year += 1
        self.date = date(year, month, day)

    def _find(self, stamp: Stamped) -> str:
        """Return the time of a stamp of the day to which `_step` went."""
        midnight = self._midnight(stamp)
        if midnight is None:
            return self._on_a_day_of_change(stamp)
        return format_time(midnight + stamp.in_day)

    def _midnight(self, stamp: Stamped) -> int | None:
        """Return when the day of a stamp begins, as `midnight_in` does for its zone."""
        assert self.date is not None  # noqa: S101 - `_step` has set it
        if stamp.offset is not None:
            return (self.date - _EPOCH).days * _DAY - stamp.offset
        return midnight_in(self._tz, self.date)

    def _on_a_day_of_change(self, stamp: Stamped) -> str:
        assert self.date is not None  # noqa: S101 - `_step` has set it
        local = datetime(self.date.year, self.date.month, self.date.day)  # noqa: DTZ001
        local = (local + timedelta(milliseconds=stamp.in_day)).replace(tzinfo=self._tz)
        first, second = (_milliseconds(local.replace(fold=fold).astimezone(UTC)) for fold in (0, 1))
        if first >= second:
            if first > second:  # skipped: the zone before the change counts
                self._tally.note(SKIPPED_HOUR)
            return format_time(first)
        return format_time(second if self._doubled.is_second(self.date, stamp.in_day) else first)


@lru_cache(maxsize=_DAYS)
def midnight_in(tz: tzinfo, day: date) -> int | None:
    """Return when a local day begins, in milliseconds since 1970; None if clocks change then.

    Raise ValueError if there is no such day.
    """
    begin = datetime(day.year, day.month, day.day, tzinfo=tz)
    try:
        after = begin + timedelta(days=1)
        return int(begin.timestamp()) * 1000 if begin.utcoffset() == after.utcoffset() else None
    except OverflowError as error:
        raise ValueError("no such day") from error


class _Epochs:
    """Times of seconds since 1970, found fast if they are in the minute of the one before."""

    def __init__(self) -> None:
        self._minute = -1
        self._begin = ""

    def time_of(self, seconds: int) -> str:
        """Return the time of seconds since 1970, as `Event.time`; see `format_time` for errors."""
        minute, second = divmod(seconds, 60)
        if minute != self._minute:
            self._begin = format_time(minute * MINUTE)[: -len("00.000Z")]
            self._minute = minute
        return f"{self._begin}{second:02d}.000Z"


class _Doubled:
    """The hour that a clock shows twice, in the order of the lines of a log."""

    def __init__(self, tally: LogTally) -> None:
        self._tally = tally
        self._day: date | None = None
        self._last = -1
        self._is_second = False
        self._undecided = 0

    def is_second(self, day: date, in_day: int) -> bool:
        """Return whether a time of the hour is of the second showing; count it if none tells."""
        if day != self._day:
            self._day, self._last, self._is_second, self._undecided = day, -1, False, 0
        if in_day < self._last and not self._is_second:
            self._is_second = True  # which shows that all lines before were of the first
            self._tally.note(AMBIGUOUS_HOUR, -self._undecided)
        self._last = in_day
        if not self._is_second:
            self._undecided += 1
            self._tally.note(AMBIGUOUS_HOUR)
        return self._is_second


def _milliseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
