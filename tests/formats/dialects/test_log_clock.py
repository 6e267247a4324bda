"""The times of stamps: those that are looked up are those that are parsed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.formats.dialects import log_clock
from chatlog.formats.dialects.dialect import LogTally
from chatlog.formats.dialects.log_clock import LogClock
from chatlog.formats.dialects.stamp_minute import NO_MINUTES, StampMinutes

_ZONES = [
    UTC,
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("America/St_Johns"),
    ZoneInfo("Pacific/Kiritimati"),
    ZoneInfo("Africa/Monrovia"),  # once odd seconds away from UTC
]
_STAMPS = {
    r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))? ": ("%H:%M ", "%H:%M:%S "),
    r"\[(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)\] ": ("[%H:%M:%S] ",),
    r"[\[(]?(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[ T](?P<hour>\d\d):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,6}))?)?(?P<zone>Z|[+-]\d{4})?[\])]? ": (
        "%Y-%m-%d %H:%M:%S ",
        "[%Y-%m-%d %H:%M] ",
        "(%Y-%m-%dT%H:%M:%S.%f+0130) ",
        "%Y-%m-%dT%H:%M:%S-2400 ",
        "%Y-%m-%d %H:%M:%SZ ",
    ),
    r"(?P<month>[A-Z][a-z]{2}) (?P<day>[ \d]\d) (?P<hour>\d\d):(?P<minute>\d\d)"
    r":(?P<second>\d\d) ": ("%b %d %H:%M:%S ",),
    r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))? ?(?P<half>[ap]m) ": (
        "%I:%M %p ",
        "%I:%M:%S%p ",
    ),
    r"(?P<hour>\d\d):(?P<minute>\d\d) (?P<day>\d\d)/(?P<month>\d\d)/(?P<year>\d{4}) ": (
        "%H:%M %d/%m/%Y ",
    ),
}
"""Patterns of stamps, and the forms of those that fit them."""

_STEPS = st.sampled_from([0, 1, 7, 59, 60, 61, 3600, 40_000, 86_399, 86_400, -1, -60, -3600])
_FIRST = datetime(2025, 3, 28, tzinfo=UTC)
_STARTS = st.integers(0, 365 * 86_400).map(lambda at: _FIRST + timedelta(seconds=at)) | (
    st.sampled_from(
        [
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(1971, 12, 31, 23, 59, 30, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 58, tzinfo=UTC),
        ]
    )
)


@st.composite
def _lines(draw: st.DrawFn) -> tuple[str, list[str | date]]:
    """Return a pattern, and lines whose stamps follow each other, with the days between them."""
    pattern = draw(st.sampled_from([*_STAMPS]))
    moment = draw(_STARTS)
    lines: list[str | date] = [moment.date()]
    for step in draw(st.lists(_STEPS, max_size=40)):
        try:
            moment += timedelta(seconds=step)
        except OverflowError:
            break
        stamp = f"{moment:{draw(st.sampled_from(_STAMPS[pattern]))}}".replace("AM", "am")
        line = f"{stamp.replace('PM', 'pm')}text"
        if draw(st.integers(0, 9)) == 0:
            at = draw(st.integers(0, len(stamp) - 1))
            line = line[:at] + draw(st.sampled_from("059:] )x")) + line[at + 1 :]
        lines.append(moment.date() if draw(st.integers(0, 9)) == 0 else line)
    return pattern, lines


def _read(pattern: str, zone: object, lines: list[str | date]) -> list[object]:
    """Return the lengths and the times of all stamps, and the numbers that were noted."""
    tally = LogTally()
    clock = LogClock(re.compile(pattern, re.ASCII), "", zone, tally)  # type: ignore[arg-type]
    found: list[object] = []
    for line in lines:
        try:
            if isinstance(line, date):
                clock.set_date(line)
            else:
                found.append((clock.read(line), clock.time))
        except (ValueError, OverflowError, KeyError) as error:
            found.append(type(error))
    return [*found, tally.notes]


@given(_lines(), st.sampled_from(_ZONES))
def test_a_stamp_has_the_same_time_whether_its_minute_was_seen_before_or_not(
    log: tuple[str, list[str | date]], zone: object
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StampMinutes, "remembered", lambda *_: NO_MINUTES)
        parsed = _read(log[0], zone, log[1])
    assert _read(log[0], zone, log[1]) == parsed


def test_a_minute_that_one_log_had_is_not_parsed_again_in_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pattern, zone = next(iter(_STAMPS)), ZoneInfo("Europe/Berlin")
    first = _read(pattern, zone, [date(2026, 2, 1), "12:30 a", "18:45 b"])
    parsed: list[dict[str, str | None]] = []

    class Counted(log_clock.Stamped):
        def __init__(self, found: dict[str, str | None]) -> None:
            parsed.append(found)
            super().__init__(found)

    monkeypatch.setattr(log_clock, "Stamped", Counted)
    again = _read(pattern, zone, [date(2026, 2, 2), "12:30 c", "18:45 d"])
    assert [*map(str, again)] == [str(each).replace("02-01", "02-02") for each in first]
    assert len(parsed) == 1  # the first of each log tells its shape
