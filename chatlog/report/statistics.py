"""Statistics of targets: sums, and lines by hour, weekday and period of a zone.

Pure. A row sets the lines of a time beside the share of that time that was
covered: without it a gap would look like silence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.coverage.by_hour import share_of
from chatlog.report import hours

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo

    from chatlog.coverage.by_hour import Attention
    from chatlog.report.counts import Counts

SUMS: Final = ("words", "letters", "questions", "links")
"""The counts of a person that add up, beside the lines."""
_LENGTHS: Final = {"year": 4, "month": 7, "day": 10, "hour": 13}
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class TargetName(NamedTuple):
    """The names of a target and of its network."""

    network: str
    target: str


class Statistics(NamedTuple):
    """Counts of some targets together, and the coverage of those `with_ledger`."""

    targets: list[TargetName]
    counts: Counts
    with_ledger: int
    attention: Attention


class TimeRow(NamedTuple):
    """The lines of an hour, weekday or period, and its covered share: None if unknown."""

    name: str
    lines: int
    heard: float | None


def sums_of(counts: Counts) -> dict[str, int]:
    """Return the words, letters, questions and links of all people together."""
    return {name: sum(getattr(person, name) for person in counts.people.values()) for name in SUMS}


def hour_rows(statistics: Statistics, zone: tzinfo | None) -> list[TimeRow]:
    """Return a row for each of the 24 hours of a day."""
    names = [f"{hour:02}" for hour in range(24)]
    return _rows(names, *(hours.by_hour(each, zone) for each in _slots(statistics)))


def weekday_rows(statistics: Statistics, zone: tzinfo | None) -> list[TimeRow]:
    """Return a row for each weekday, from Monday on."""
    return _rows(_WEEKDAYS, *(hours.by_weekday(each, zone) for each in _slots(statistics)))


def period_rows(statistics: Statistics, zone: tzinfo | None, period: str) -> list[TimeRow]:
    """Return a row for each year, month, day or hour that has lines or was to be covered."""
    lines, heard, meant = (
        hours.by_period(each, zone, _LENGTHS[period]) for each in _slots(statistics)
    )
    names = sorted({*lines, *meant})
    return _rows(names, *([each[name] for name in names] for each in (lines, heard, meant)))


def busiest(statistics: Statistics, zone: tzinfo | None, period: str) -> TimeRow | None:
    """Return the earliest period with the most lines; None if no period has any."""
    said, *attention = _slots(statistics)
    lines = hours.by_period(said, zone, _LENGTHS[period])
    if not lines:
        return None
    name = max(sorted(lines), key=lines.__getitem__)
    # The other periods, of decades perhaps, need not be summed up for that.
    heard, meant = (
        hours.by_period(hours.around(name, each), zone, _LENGTHS[period])[name]
        for each in attention
    )
    return TimeRow(name, lines[name], share_of(heard, meant))


def _slots(statistics: Statistics) -> tuple[Mapping[str, int], ...]:
    return statistics.counts.slots, statistics.attention.heard, statistics.attention.meant


def _rows(
    names: Iterable[str], lines: Sequence[int], heard: Sequence[int], meant: Sequence[int]
) -> list[TimeRow]:
    return [
        TimeRow(name, number, share_of(*times))
        for name, number, *times in zip(names, lines, heard, meant, strict=True)
    ]
