"""Times of one form, sources taken apart, and what counts as live."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.event import (
    RECORDERS_OWN,
    SERVER,
    Event,
    EventType,
    Source,
    format_time,
    is_live,
    is_time,
    normalize_server_time,
    parse_time,
    parse_times,
    shifted,
    trusted_time,
)

YEAR_1 = -62_135_596_800_000
YEAR_10000 = 253_402_300_800_000
moments = st.integers(YEAR_1, YEAR_10000 - 1)


# -- times -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_795_458_001_123, "2026-11-23T18:20:01.123Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (YEAR_1, "0001-01-01T00:00:00.000Z"),
        (YEAR_10000 - 1, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_written_in_one_form_and_read_back(milliseconds, text):
    assert format_time(milliseconds) == text
    assert parse_time(text) == milliseconds


@pytest.mark.parametrize("milliseconds", [YEAR_1 - 1, YEAR_10000, 10**17, -(10**17), 10**30])
def test_a_moment_whose_year_has_not_four_digits_is_refused(milliseconds):
    with pytest.raises((ValueError, OverflowError)):
        format_time(milliseconds)


@given(moments)
def test_every_moment_comes_back(milliseconds):
    text = format_time(milliseconds)
    assert parse_time(text) == milliseconds
    assert is_time(text)
    assert normalize_server_time(text) == text


@given(moments, moments)
def test_texts_sort_as_the_moments_do(one, other):
    assert (format_time(one) < format_time(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-23",
        "2026-11-23T18:20:01",
        "2026-11-23T18:20:01Z",
        "2026-11-23T18:20:01.1Z",
        "2026-11-23T18:20:01.123",
        "2026-11-23T18:20:01.123+01:00",
        "2026-11-23T18:20:01.1234Z",
        "2026-11-23T18:20:01,123Z",
        "2026-11-23T18:20:01.12xZ",
        "2026-11-23 18:20:01.123Z",
        "2026-02-30T18:20:01.123Z",
        "2026-11-23T24:20:01.123Z",
        "2026-11-23T18:20:60.000Z",
        "2026-11-23T18:20:61.000Z",
        "2026-11-23T18:20:01.123Z\n",
        " 2026-11-23T18:20:01.12Z",
        "0000-11-23T18:20:01.123Z",
        "2026-11-23T18:20:01.-12Z",
        "2026-11-23T18:20:01. 12Z",
        "2026-11-23T18:20:01.1_2Z",
        "2026-11-23T18:20:01.١٢٣Z",
        "٢٠٢٦-11-23T18:20:01.123Z",
    ],
)
def test_what_has_another_form_is_no_time(text):
    with pytest.raises(ValueError):  # noqa: PT011 - each part of the form refuses in its own words
        parse_time(text)
    assert not is_time(text)


@given(st.text(alphabet="0123456789-:.TZ +_\n٣", max_size=26))
def test_a_text_is_refused_or_is_what_would_be_written(text):
    try:
        milliseconds = parse_time(text)
    except ValueError:
        assert not is_time(text)
        return
    assert format_time(milliseconds) == text
    assert is_time(text)


DIGITS = st.integers(0, 99).map("{:02d}".format)


@given(st.tuples(DIGITS, DIGITS, DIGITS, DIGITS, DIGITS, DIGITS, DIGITS))
def test_a_text_is_a_time_exactly_where_it_can_be_read_back(digits):
    text = "{}{}-{}-{}T{}:{}:{}.000Z".format(*digits)
    try:
        parse_time(text)
    except ValueError:
        assert not is_time(text)
    else:
        assert is_time(text)


# -- server-time -------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "time"),
    [
        ("2026-11-23T18:20:01.123Z", "2026-11-23T18:20:01.123Z"),
        ("2026-11-23T18:20:01Z", "2026-11-23T18:20:01.000Z"),
        ("2026-11-23T18:20:01.1Z", "2026-11-23T18:20:01.100Z"),
        ("2026-11-23T18:20:01.123999999Z", "2026-11-23T18:20:01.123Z"),
        ("2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00.000Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"),
        ("2016-12-31T23:59:60.500Z", "2016-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"),
    ],
)
def test_a_server_time_is_brought_into_our_form(tag, time):
    assert normalize_server_time(tag) == time


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "soon",
        "1795458001",
        "2026-11-23",
        "2026-11-23T18:20Z",
        "2026-11-23T18:20:01",
        "2026-11-23T18:20:01.Z",
        "2026-11-23T18:20:01.1234567890Z",
        "2026-11-23T18:20:01.123z",
        "2026-11-23t18:20:01.123Z",
        "2026-11-23 18:20:01.123Z",
        "2026-11-23T18:20:01.123+00:00",
        "2026-11-23T18:20:61Z",
        "2026-11-23T18:60:00Z",
        "2026-11-23T24:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-11-23T18:20:01.123Z\n",
        " 2026-11-23T18:20:01.123Z",
        "٢٠٢٦-11-23T18:20:01.123Z",
        "2026-11-23T18:20:01.١Z",
        "../../2026-11-23T18:20:01Z",
    ],
)
def test_what_is_no_server_time_is_taken_for_none(tag):
    assert normalize_server_time(tag) == ""


@given(
    st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,10})?Z", fullmatch=True)
    | st.text(max_size=30)
)
def test_a_normalized_server_time_is_a_time_and_stays_as_it_is(tag):
    time = normalize_server_time(tag)
    assert time == "" or (len(time) == 24 and normalize_server_time(time) == time)


# -- what is live ------------------------------------------------------------


def event(**fields):
    defaults = {"time": "2026-11-23T18:20:01.123Z", "target": "#a", "nick": "ada"}
    return Event(**{**defaults, "type": EventType.MESSAGE, **fields})


@pytest.mark.parametrize(
    ("fields", "live"),
    [
        ({}, True),
        ({"type": EventType.JOIN}, True),
        ({"type": EventType.OTHER, "command": "FAIL"}, True),
        ({"target": "bob"}, True),
        ({"type": "something-new"}, True),
        ({"via": "chathistory"}, False),
        ({"via": "playback"}, False),
        ({"target": SERVER}, False),
        ({"type": EventType.NAMES, "nick": ""}, False),
        ({"type": EventType.TOPIC, "nick": ""}, False),
        *(({"type": kind}, False) for kind in sorted(RECORDERS_OWN)),
    ],
)
def test_live_is_what_somebody_did_now_in_a_channel_or_a_query(fields, live):
    assert is_live(event(**fields)) is live


# -- sources -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "nick", "user", "host"),
    [
        ("", "", "", ""),
        ("ada", "ada", "", ""),
        ("irc.example.org", "irc.example.org", "", ""),
        ("ada!lovelace@127.0.0.1", "ada", "lovelace", "127.0.0.1"),
        ("ada!~lovelace@localhost", "ada", "~lovelace", "localhost"),
        ("ada@127.0.0.1", "ada", "", "127.0.0.1"),
        ("ada!lovelace", "ada", "lovelace", ""),
        ("ada!l@net\x035w\x03ork.admin", "ada", "l", "net\x035w\x03ork.admin"),
        ("ada!~l@n\x02et\x0305w\x0fork.admin", "ada", "~l", "n\x02et\x0305w\x0fork.admin"),
        ("ada!a@b@c", "ada", "a@b", "c"),
        ("ada!a!b@c", "ada", "a!b", "c"),
        ("ada!@", "ada", "", ""),
        ("!user@host", "", "user", "host"),
        ("ada!user@2001:db8::1", "ada", "user", "2001:db8::1"),
    ],
)
def test_a_source_is_taken_apart(text, nick, user, host):
    assert Source.parse(text) == Source(nick, user, host)


@given(st.text())
def test_no_source_is_refused_and_nothing_of_it_is_made_up(text):
    source = Source.parse(text)
    assert len(source.nick) + len(source.user) + len(source.host) <= len(text)
    assert all(part in text for part in (source.nick, source.user, source.host))


@given(
    st.from_regex(r"[^!@]+", fullmatch=True),
    st.from_regex(r"[^@]+", fullmatch=True),
    st.from_regex(r"[^@]+", fullmatch=True),
)
def test_a_full_source_comes_back(nick, user, host):
    assert Source.parse(f"{nick}!{user}@{host}") == Source(nick, user, host)


# -- times far from ours ---------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "milliseconds", "expected"),
    [
        ("2026-11-23T18:20:01.123Z", -1_123, "2026-11-23T18:20:00.000Z"),
        ("1970-01-01T00:00:00.000Z", -1, "1969-12-31T23:59:59.999Z"),
        ("0001-01-01T00:00:00.000Z", -1, "0001-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59.999Z", 1, "9999-12-31T23:59:59.999Z"),
        ("2026-11-23T18:20:01.123Z", 10**18, "9999-12-31T23:59:59.999Z"),
        ("2026-11-23T18:20:01.123Z", -(10**18), "0001-01-01T00:00:00.000Z"),
        ("2026-11-23T18:20:01.123Z", 10**20, "9999-12-31T23:59:59.999Z"),
        ("2026-11-23T18:20:01.123Z", -(10**20), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_a_time_is_shifted_within_the_years_that_there_are(time, milliseconds, expected):
    assert shifted(time, milliseconds) == expected


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("", "2026-11-23T18:20:01.123Z"),
        ("2026-11-23T00:00:00.000Z", "2026-11-23T00:00:00.000Z"),
        ("2026-11-22T18:20:01.123Z", "2026-11-22T18:20:01.123Z"),
        ("2026-11-22T18:20:01.122Z", "2026-11-23T18:20:01.123Z"),
        ("2026-11-24T18:20:01.123Z", "2026-11-24T18:20:01.123Z"),
        ("2026-11-24T18:20:01.124Z", "2026-11-23T18:20:01.123Z"),
        ("0001-01-01T00:00:00.000Z", "2026-11-23T18:20:01.123Z"),
        ("9999-12-31T23:59:59.999Z", "2026-11-23T18:20:01.123Z"),
    ],
)
def test_a_server_is_trusted_with_a_moment_within_a_day_of_ours(server, expected):
    assert trusted_time("2026-11-23T18:20:01.123Z", server) == expected


@given(st.lists(st.integers(-62_135_596_800_000, 253_402_300_799_999)))
def test_many_times_are_parsed_as_each_alone(moments):
    assert parse_times(map(format_time, moments)) == moments


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23T18:20:01Z",
        "2026-02-30T00:00:00.000Z",
        "2026-11-23T24:00:00.000Z",
        "2026-11-23T18:20:60.000Z",
        "2026-11-23T18:20:01.123Zx",
    ],
)
def test_many_times_of_which_one_cannot_be_are_refused(text):
    with pytest.raises(ValueError, match=r"\S"):
        parse_times(["2026-11-23T18:20:01.123Z", text])
