"""The calendar of a channel: lines by day, and the share of each day that was heard. Pure."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEVELS: Final = (1, 20, 100, 400)
WHOLE: Final = 0.999
"""The share of a day from which on it counts as heard."""


class CalendarDay(msgspec.Struct, frozen=True):
    """A cell: the day of the month, 0 outside it; the page, its level from 0 to 4, its words.

    A day without lines has no page; it has words and a gap if a part of it was not heard.
    """

    number: int = 0
    page: str = ""
    level: int = 0
    title: str = ""
    has_gap: bool = False


class CalendarMonth(msgspec.Struct, frozen=True):
    """A month: its name, and its weeks of seven days each."""

    name: str
    key: str
    weeks: list[list[CalendarDay]]


class DayNumbers(msgspec.Struct, frozen=True):
    """The lines that were said on a day, and the share of the day that was heard, if known."""

    said: int
    heard: float | None = None
    has_page: bool = True


def months_of(days: Mapping[str, DayNumbers]) -> list[CalendarMonth]:
    """Return the months that have days, newest first."""
    keys = sorted({day[:7] for day in days}, reverse=True)
    return [_month(key, days) for key in keys]


def _month(key: str, days: Mapping[str, DayNumbers]) -> CalendarMonth:
    year, month = map(int, key.split("-"))
    weeks = [
        [_cell(key, number, days) for number in week]
        for week in calendar.Calendar().monthdayscalendar(year, month)
    ]
    return CalendarMonth(f"{calendar.month_name[month]} {year}", key, weeks)


def _cell(key: str, number: int, days: Mapping[str, DayNumbers]) -> CalendarDay:
    day = f"{key}-{number:02d}"
    found = days.get(day)
    if not number or found is None:
        return CalendarDay(number)
    has_gap = found.heard is not None and found.heard < WHOLE
    told = f"{day}: {many(found.said, 'line')}"
    if has_gap:
        told += f", {found.heard:.0%} of the day heard"
    level = sum(found.said >= each for each in _LEVELS)
    return CalendarDay(number, f"{day}.html" if found.has_page else "", level, told, has_gap)
