"""When a line was said, between the server's clock and ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.event import EARLIEST, MOST_APART, format_time, parse_time, shifted
from chatlog.protocol.server_time import DEFAULT_MAX_SKEW, Moment, ServerClock
from tests.support.events import NASTY

NOW = "2026-11-23T18:20:01.123Z"

JUDGED = {
    "no tag": ("", Moment(NOW)),
    "a moment ago": (
        "2026-11-23T18:20:00.900Z",
        Moment("2026-11-23T18:20:00.900Z", NOW),
    ),
    "whole seconds": ("2026-11-23T18:20:00Z", Moment("2026-11-23T18:20:00.000Z", NOW)),
    "microseconds": ("2026-11-23T18:20:00.123456Z", Moment("2026-11-23T18:20:00.123Z", NOW)),
    "five minutes ago": (
        "2026-11-23T18:15:01.000Z",
        Moment("2026-11-23T18:15:01.000Z", NOW),
    ),
    "longer ago": (
        "2026-11-23T18:15:00.999Z",
        Moment("2026-11-23T18:15:00.999Z", NOW, "playback"),
    ),
    "a year ago": (
        "2025-11-23T18:20:01.000Z",
        Moment("2025-11-23T18:20:01.000Z", NOW, "playback"),
    ),
    "a little ahead": (
        "2026-11-23T18:24:59.000Z",
        Moment("2026-11-23T18:24:59.000Z", NOW),
    ),
    "the month in which IRC began": (
        "1988-08-01T00:00:00.000Z",
        Moment("1988-08-01T00:00:00.000Z", NOW, "playback"),
    ),
    "a moment before IRC began": (
        "1988-07-31T23:59:59.999Z",
        Moment(NOW, claim="1988-07-31T23:59:59.999Z"),
    ),
    "a clock that was never set": (
        "1970-01-01T00:00:00.000Z",
        Moment(NOW, claim="1970-01-01T00:00:00.000Z"),
    ),
    "the year 1": (
        "0001-01-01T00:00:00.000Z",
        Moment(NOW, claim="0001-01-01T00:00:00.000Z"),
    ),
    "the year before the first": (
        "-0001-01-01T00:00:00.000Z",
        Moment(NOW, claim="-0001-01-01T00:00:00.000Z"),
    ),
    "the hour 24": (
        "2026-11-23T24:00:00.000Z",
        Moment(NOW, claim="2026-11-23T24:00:00.000Z"),
    ),
    "another zone": (
        "2026-11-23T07:20:01.123-11:00",
        Moment(NOW, claim="2026-11-23T07:20:01.123-11:00"),
    ),
    "the future": (
        "2027-01-01T00:00:00.000Z",
        Moment(NOW, claim="2027-01-01T00:00:00.000Z"),
    ),
    "the year 9999": (
        "9999-12-31T23:59:59.999Z",
        Moment(NOW, claim="9999-12-31T23:59:59.999Z"),
    ),
    "a leap second": (
        "2026-11-23T18:19:60.000Z",
        Moment("2026-11-23T18:19:59.999Z", NOW),
    ),
    "the 30th of February": (
        "2026-02-30T00:00:00.000Z",
        Moment(NOW, claim="2026-02-30T00:00:00.000Z"),
    ),
    "no time at all": ("yesterday", Moment(NOW, claim="yesterday")),
    "a line break": (NOW + "\n", Moment(NOW, claim=NOW + "\n")),
}


@pytest.mark.parametrize(("tag", "moment"), JUDGED.values(), ids=JUDGED)
def test_a_server_time_is_judged_by_receipt(tag, moment):
    assert ServerClock().judge(tag, NOW) == moment


def test_a_server_whose_clock_is_wrong_is_judged_by_its_own_clock():
    clock = ServerClock()
    clock.measure("2026-11-23T17:20:01.123Z", NOW)
    later = "2026-11-23T18:20:11.123Z"
    live = clock.judge("2026-11-23T17:20:11.000Z", later)
    assert live == Moment("2026-11-23T17:20:11.000Z", later)
    assert clock.judge("2026-11-23T17:00:00.000Z", later).via == "playback"
    assert clock.judge("2026-11-23T18:20:11.000Z", later).claim


def test_what_cannot_be_read_measures_nothing():
    clock = ServerClock()
    clock.measure("soon", NOW)
    assert clock.offset == 0


def test_the_allowed_skew_of_server_time_can_be_chosen():
    clock = ServerClock(max_skew=1000)
    assert clock.judge("2026-11-23T18:19:59.000Z", NOW).via == "playback"


def test_the_bounds_of_live_server_times_move_on_with_our_clock():
    clock = ServerClock()
    tag = "2026-11-23T18:20:00.000Z"
    assert clock.judge(tag, NOW).via == ""
    assert clock.judge(tag, "2026-11-23T18:25:01.000Z").via == "playback"


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(-310_000, 310_000)), max_size=20))
def test_the_quick_judgement_of_a_live_line_is_that_of_the_full_one(steps):
    quick, full, now = ServerClock(), ServerClock(), parse_time(NOW)
    for wait, age in steps:
        now += wait
        tag, received = format_time(now - age), format_time(now)
        moment = full.judge(tag, received)
        live = not (moment.via or moment.claim)
        assert quick.live_time(tag, received) == (moment.time if live else "")


def test_a_line_without_server_time_has_no_quick_judgement():
    assert ServerClock().live_time("", NOW) == ""


@given(NASTY, NASTY, st.lists(NASTY | st.text(max_size=30), max_size=5))
def test_whatever_a_server_claims_a_line_is_dated_between_the_first_of_irc_and_now(
    first, second, tags
):
    clock = ServerClock()
    clock.measure(first, NOW)
    clock.begin(NOW)
    clock.shift(5)
    clock.measure(second, NOW)
    for tag in tags:
        moment = clock.judge(tag, NOW)
        assert EARLIEST <= moment.time <= shifted(NOW, MOST_APART + DEFAULT_MAX_SKEW + 1000)
        assert moment.claim in ("", tag)
        assert clock.live_time(tag, NOW) in ("", moment.time)
    there = clock.there(NOW)
    assert not there or abs(parse_time(there) - parse_time(NOW)) <= MOST_APART


DAY = 86_400_000


@pytest.mark.parametrize("off", [-DAY, DAY])
def test_a_clock_that_is_a_day_off_is_still_the_servers(off):
    clock = ServerClock()
    clock.measure(shifted(NOW, off), NOW)
    assert (clock.is_known, clock.offset) == (True, off)
    assert clock.judge(shifted(NOW, off), NOW) == Moment(shifted(NOW, off), NOW)


@pytest.mark.parametrize("off", [-DAY - 1, DAY + 1, -30 * 365 * DAY])
def test_of_a_clock_that_is_further_off_no_time_is_believed(off):
    clock = ServerClock()
    clock.measure(shifted(NOW, off), NOW)
    clock.begin(NOW)
    assert (clock.is_known, clock.offset, clock.there(NOW)) == (False, 0, "")
    for tag in (shifted(NOW, off), shifted(NOW, -DAY), NOW):
        assert clock.judge(tag, NOW) == Moment(NOW, claim=tag)
        assert clock.live_time(tag, NOW) == ""


def test_a_clock_that_is_set_right_is_believed_again():
    clock = ServerClock()
    clock.measure("1970-01-01T00:00:07.000Z", NOW)
    clock.measure(NOW, NOW)
    assert clock.judge(NOW, NOW) == Moment(NOW, NOW)


def test_times_are_believed_once_our_own_clock_is_set():
    clock = ServerClock()
    clock.measure(NOW, "1970-01-01T00:00:07.000Z")
    assert not clock.is_known
    clock.shift(parse_time(NOW) - 7_000)
    assert clock.judge(NOW, NOW) == Moment(NOW, NOW)


def test_what_was_said_before_the_connection_began_was_not_said_on_it():
    clock = ServerClock()
    clock.measure("2026-11-23T18:00:00.000Z", "2026-11-23T18:00:00.000Z")
    clock.begin("2026-11-23T18:00:00.000Z")
    later = "2026-11-23T18:00:20.000Z"
    assert clock.judge("2026-11-23T17:59:50.000Z", later).via == "playback"
    assert clock.live_time("2026-11-23T17:59:50.000Z", later) == ""
    assert clock.judge("2026-11-23T17:59:56.000Z", later).via == "", "servers may be uneven"
    assert clock.live_time("2026-11-23T18:00:01.000Z", later)


def test_where_the_server_tells_no_time_nothing_is_known_of_a_beginning():
    clock = ServerClock()
    clock.begin("2026-11-23T18:00:00.000Z")
    assert clock.judge("2026-11-23T17:59:00.000Z", "2026-11-23T18:00:20.000Z").via == ""
    assert clock.there("2026-11-23T18:00:20.000Z") == ""


def test_a_clock_of_ours_that_is_set_changes_nothing_of_what_is_live():
    clock = ServerClock()
    clock.measure("2026-11-23T18:00:00.000Z", "2026-11-23T18:00:00.000Z")
    clock.shift(3_600_000)
    moment = clock.judge("2026-11-23T18:00:10.000Z", "2026-11-23T19:00:10.000Z")
    assert (moment.time, moment.via) == ("2026-11-23T18:00:10.000Z", "")
    assert clock.there("2026-11-23T19:00:10.000Z") == "2026-11-23T18:00:10.000Z"
