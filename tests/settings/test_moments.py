"""Moments as people type them, and texts that are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.errors import UsageError
from chatlog.settings.moments import moment

NOW = datetime.fromisoformat("2026-11-23T18:20:01+01:00")  # a Monday


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-20", "2026-11-20T00:00:00+01:00"),
        ("2026-11-20 18:05", "2026-11-20T18:05:00+01:00"),
        ("2026-11-20T18:05:01.250", "2026-11-20T18:05:01.250000+01:00"),
        ("2026-11-20T18:05:01Z", "2026-11-20T18:05:01+00:00"),
        ("2026-11-20t18:05:01z", "2026-11-20T18:05:01+00:00"),
        ("2026", "2026-01-01T00:00:00+01:00"),
        ("2026-02", "2026-02-01T00:00:00+01:00"),
        ("today", "2026-11-23T00:00:00+01:00"),
        ("yesterday", "2026-11-22T00:00:00+01:00"),
        ("Yesterday  18:00", "2026-11-22T18:00:00+01:00"),
        ("yesterday 7:05", "2026-11-22T07:05:00+01:00"),
        ("07:30", "2026-11-23T07:30:00+01:00"),
        ("7:30", "2026-11-23T07:30:00+01:00"),
        ("23:59:30", "2026-11-23T23:59:30+01:00"),
        ("now", "2026-11-23T18:20:01+01:00"),
        ("-2h", "2026-11-23T16:20:01+01:00"),
        ("2h", "2026-11-23T16:20:01+01:00"),
        ("-1h30m", "2026-11-23T16:50:01+01:00"),
        ("-90", "2026-11-23T18:18:31+01:00"),
        ("-7d", "2026-11-16T18:20:01+01:00"),
        ("7d", "2026-11-16T18:20:01+01:00"),
        ("2 hours ago", "2026-11-23T16:20:01+01:00"),
        ("an hour ago", "2026-11-23T17:20:01+01:00"),
        ("90m ago", "2026-11-23T16:50:01+01:00"),
        ("1d12h ago", "2026-11-22T06:20:01+01:00"),
        ("a week ago", "2026-11-16T18:20:01+01:00"),
        ("30 minutes ago", "2026-11-23T17:50:01+01:00"),
        ("1 month ago", "2026-10-23T18:20:01+01:00"),
        ("11 months ago", "2025-12-23T18:20:01+01:00"),
        ("2 years ago", "2024-11-23T18:20:01+01:00"),
        ("this week", "2026-11-23T00:00:00+01:00"),
        ("last week", "2026-11-16T00:00:00+01:00"),
        ("this month", "2026-11-01T00:00:00+01:00"),
        ("last month", "2026-10-01T00:00:00+01:00"),
        ("this year", "2026-01-01T00:00:00+01:00"),
        ("last year", "2025-01-01T00:00:00+01:00"),
        ("monday", "2026-11-23T00:00:00+01:00"),
        ("Mon 18:00", "2026-11-23T18:00:00+01:00"),
        ("monday 18:30", "2026-11-16T18:30:00+01:00"),
        ("last monday", "2026-11-16T00:00:00+01:00"),
        ("last monday 18:30", "2026-11-16T18:30:00+01:00"),
        ("sunday", "2026-11-22T00:00:00+01:00"),
        ("last tue 9:00", "2026-11-17T09:00:00+01:00"),
    ],
)
def test_a_moment_is_what_a_person_means_by_it(text, meant):
    assert moment(text, NOW).isoformat() == meant


@pytest.mark.parametrize(
    ("today", "text", "meant"),
    [
        ("2026-03-31", "1 month ago", "2026-02-28"),
        ("2024-03-30", "a month ago", "2024-02-29"),
        ("2024-02-29", "1 year ago", "2023-02-28"),
        ("2026-01-15", "last month", "2025-12-01"),
        ("2026-01-01", "last week", "2025-12-22"),
    ],
)
def test_months_and_years_go_by_the_calendar(today, text, meant):
    then = moment(text, datetime.fromisoformat(f"{today}T12:00:00+00:00"))
    assert then.date().isoformat() == meant


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2026-02-30", "25:00", "yesterday noon", "-", "-2x", "-999999999d"),
        *("9000 years ago", "last", "this day", "2 hours", "monday 25:00", "12345", "\ud800"),
        *("-1h30", "１２:00", "some days ago"),
    ],
)
def test_a_text_that_is_no_moment_is_a_usage_error(text):
    with pytest.raises(UsageError, match="no moment"):
        moment(text, NOW)


@pytest.mark.parametrize("text", ["3h", "-3h", "3 hours ago", "180 minutes ago"])
def test_hours_ago_are_hours_that_passed_also_where_the_clock_was_set_back(text):
    now = datetime(2026, 10, 25, 4, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    then = moment(text, now)
    assert now.astimezone(UTC) - then.astimezone(UTC) == timedelta(hours=3)


@given(st.text(alphabet="0123456789-:+TZ agohurdysmnwelt", max_size=20))
def test_any_text_is_a_moment_or_a_usage_error(text):
    try:
        assert moment(text, NOW).tzinfo is not None
    except UsageError as error:
        assert "\n" not in str(error)  # noqa: PT017 - most texts are no moment


@given(
    st.sampled_from(["monday", "wed 12:00", "last sun 23:59:59", "friday 0:00", "last week"]),
    st.integers(0, 4_000_000_000),
)
def test_a_weekday_or_a_week_is_never_in_the_future_and_begins_within_two_weeks(text, seconds):
    now = datetime.fromtimestamp(seconds, UTC)
    assert timedelta(0) <= now - moment(text, now) < timedelta(days=14)
