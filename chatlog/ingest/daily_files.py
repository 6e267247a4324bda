"""Daily files of one log: a program that listens at the end of a day goes on in the next file.

A day without a file proves nothing: it may have been silent, or its file is lost.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.formats.dialects.log_hearing import HeardStretch

if TYPE_CHECKING:
    from chatlog.ingest.staged_log import StagedLog

_DAY: Final = timedelta(days=1)
_DIGITS: Final = re.compile(r"\d+")
_SEPARATORS: Final = re.compile(r"[-._]")


class _Listening(NamedTuple):
    """The last file of a series, at whose end the program listened: its day and last event."""

    day: date
    until: str


class DailyFiles:
    """The series of daily files of one import, in the order in which they are read.

    A series is of one target: two channels may have equal paths but for a number.
    """

    def __init__(self) -> None:
        self._listening: dict[tuple[str, str, str], _Listening] = {}

    def joined(self, log: StagedLog) -> StagedLog:
        """Return a log with the stretch in which the file of the day before goes on.

        Only logs of one target are joined: daily files are such.
        """
        heard = log.heard
        if not heard.series or len(log.targets) != 1:
            return log
        [target] = log.targets
        day = date.fromisoformat(heard.day)
        series = heard.series, target.network, target.name.lower()
        before = self._listening.pop(series, None)
        until = target.last if heard.carried is None else heard.carried
        goes_on = before is not None and before.day + _DAY == day and until >= before.until
        if heard.goes_on and (goes_on or heard.carried is not None):
            self._listening[series] = _Listening(day, target.last)
        if before is None or not goes_on:
            return log
        stretch = HeardStretch(before.until, until, target.network, target.name)
        longer = msgspec.structs.replace(heard, stretches=[stretch, *heard.stretches])
        return msgspec.structs.replace(log, heard=longer)


def series_of(name: str, day: str) -> str:
    """Return the path of a daily file without its day: equal for all files of one series.

    A directory may be named after a part of the day. Other numbers in the names of directories
    stay, as those of users and networks.
    """
    year, month, day_of_month = day.split("-")
    of_the_day = {year, month, day_of_month, year + month, year + month + day_of_month}
    *directories, file = name.split("/")
    kept = [
        _DIGITS.sub("0", each) if {*_SEPARATORS.split(each)} <= of_the_day else each
        for each in directories
    ]
    return "/".join([*kept, _DIGITS.sub("0", file)])
