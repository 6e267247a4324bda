"""What people type, checked and turned into values."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.errors import UsageError
from chatlog.settings import parsers

CHANNELS = {
    "python": "#python",
    "#python": "#python",
    "##python": "##python",
    "&local": "&local",
    "+free": "+free",
    "!safe": "!safe",
    "c++": "#c++",
    "#a/b": "#a/b",
    "#a\xa0b": "#a\xa0b",
    "grüße": "#grüße",
}


@pytest.mark.parametrize(("text", "name"), CHANNELS.items())
def test_a_bare_word_is_a_channel(text, name):
    assert parsers.channel_name(text) == name


@pytest.mark.parametrize("text", ["", "a b", "a,b", "a:b", "a\nb", "a\rb", "a\0", "\a", "a\udcff"])
def test_what_is_no_channel_is_refused_with_how_to_quote(text):
    with pytest.raises(UsageError, match="'#python'"):
        parsers.channel_name(text)


@pytest.mark.parametrize("text", ["log", "log_", "[log]", "rené", "l0g-`^{}|\\"])
def test_a_nick_is_taken_as_it_is(text):
    assert parsers.parse_nick(text) == text


@pytest.mark.parametrize(
    "text", ["", "a b", "a!b", "a@b", ":a", "a,b", "a*", "#a", "&a", "+a", "~a", "a\n", "a\udcff"]
)
def test_what_no_server_takes_for_a_nick_is_refused(text):
    with pytest.raises(UsageError, match="is no nick"):
        parsers.parse_nick(text)


DURATIONS = {"90s": 90, "55m": 3300, "1h30m": 5400, "7d": 604_800, "2w": 1_209_600}
DURATIONS |= {"90": 90, "0": 0, "1.5h": 5400, "0.5": 0.5, "1d1h1m1s": 90_061}


@pytest.mark.parametrize(("text", "seconds"), DURATIONS.items())
def test_a_duration_is_read_into_seconds(text, seconds):
    assert parsers.parse_duration(text) == seconds


NO_DURATIONS = [
    "",
    "m",
    "1x",
    "1 h",
    "-1s",
    "1h30",
    "30 1h",
    "1hm",
    "1e3",
    "٣s",
    "1.s",
    "inf",
    "nan",
]


@pytest.mark.parametrize("text", NO_DURATIONS)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(UsageError, match="say "):
        parsers.parse_duration(text)


SIZES = {"1": 1, "500K": 512_000, "10M": 10_485_760, "10m": 10_485_760, "2G": 2_147_483_648}
SIZES |= {"1T": 1_099_511_627_776, "10MB": 10_485_760, "512B": 512}


@pytest.mark.parametrize(("text", "size"), SIZES.items())
def test_a_size_is_read_in_powers_of_1024(text, size):
    assert parsers.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "0K", "-1", "1.5M", "M", "10X", "1 M", "9" * 5000, "٣"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(UsageError, match="is no size"):
        parsers.parse_size(text)


@pytest.mark.parametrize("name", ["Etc/UTC", "Europe/Berlin"])
def test_a_zone_is_found_by_its_name(name):
    assert parsers.parse_zone(name) == ZoneInfo(name)


def test_utc_is_the_zone_for_which_readers_take_a_short_way():
    assert parsers.parse_zone("UTC") is UTC


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "a\0b", "\udcff"]
)
def test_what_is_no_zone_is_refused(name):
    with pytest.raises(UsageError, match="no time zone"):
        parsers.parse_zone(name)


BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3600
UNTIL = {
    "later today": (datetime(2026, 11, 23, 18, 0, tzinfo=UTC), "23:59", 5 * HOUR + 59 * 60),
    "with seconds": (datetime(2026, 11, 23, 18, 0, tzinfo=UTC), "18:00:30", 30),
    "one digit": (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), "9:00", HOUR),
    "tomorrow": (datetime(2026, 11, 23, 18, 0, tzinfo=UTC), "17:00", 23 * HOUR),
    "this very moment is a day away": (
        datetime(2026, 11, 23, 18, 0, tzinfo=UTC),
        "18:00",
        24 * HOUR,
    ),
    "half a second ago": (
        datetime(2026, 11, 23, 18, 0, 0, 500_000, tzinfo=UTC),
        "18:00",
        24 * HOUR - 0.5,
    ),
    "over the end of the year": (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), "01:00", 2 * HOUR),
    "a night with one hour less": (datetime(2026, 3, 28, 12, 0, tzinfo=BERLIN), "12:00", 23 * HOUR),
    "a night with one hour more": (
        datetime(2026, 10, 24, 12, 0, tzinfo=BERLIN),
        "12:00",
        25 * HOUR,
    ),
    "in the hour that comes twice, the first time": (
        datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN),
        "02:45",
        15 * 60,
    ),
    "in the hour that comes twice, the second time": (
        datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN),
        "02:45",
        15 * 60,
    ),
    "after the hour that comes twice, from its first time": (
        datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN),
        "03:00",
        90 * 60,
    ),
}


@pytest.mark.parametrize(("now", "text", "seconds"), UNTIL.values(), ids=UNTIL)
def test_until_is_the_next_moment_at_which_a_clock_shows_it(now, text, seconds):
    assert parsers.seconds_until(text, now) == seconds


MOMENTS = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2027, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(BERLIN),
    allow_imaginary=False,
)


@given(MOMENTS, st.integers(0, 23), st.integers(0, 59))
def test_until_is_never_in_the_past_nor_more_than_a_day_and_an_hour_away(now, hour, minute):
    assert 0 < parsers.seconds_until(f"{hour}:{minute:02d}", now) <= 25 * HOUR


@pytest.mark.parametrize("text", ["", "24:00", "12:60", "12", "12:5", "noon", "12:00:60", "٣:00"])
def test_what_is_no_time_of_day_is_refused(text):
    with pytest.raises(UsageError, match="no time of day"):
        parsers.seconds_until(text, datetime(2026, 11, 23, tzinfo=UTC))


# -- what the configuration file says ----------------------------------------

HEX = "0123456789abcdef" * 4
COLONS = ":".join(HEX[at : at + 2] for at in range(0, len(HEX), 2))
READ = {
    "a network's name": (parsers.parse_network, "my net", "my net"),
    "a user name": (parsers.parse_user, "~bot-1", "~bot-1"),
    "user modes": (parsers.parse_user_modes, "+i-wx", "+i-wx"),
    "no user modes": (parsers.parse_user_modes, "", ""),
    "a mask": (parsers.parse_mask, "*!~b?t@*.test", "*!~b?t@*.test"),
    "a nick for a mask": (parsers.parse_mask, "b*t", "b*t"),
    "a fingerprint": (parsers.parse_fingerprint, HEX, HEX),
    "a fingerprint with colons": (parsers.parse_fingerprint, COLONS.upper(), HEX),
    "a fingerprint with its kind": (parsers.parse_fingerprint, f"sha256:{COLONS}", HEX),
    "a proxy": (parsers.parse_proxy, "socks5://127.0.0.1:9050", "socks5://127.0.0.1:9050"),
    "a proxy for HTTP": (parsers.parse_proxy, "http://me@[::1]:1/", "http://me@[::1]:1/"),
    "a local address": (parsers.parse_bind, "192.0.2.7", "192.0.2.7"),
    "a local address of IPv6": (parsers.parse_bind, "FE80::0:1%eth0", "fe80::1%eth0"),
    "a file mode": (parsers.parse_file_mode, "640", 0o640),
    "a file mode with a zero": (parsers.parse_file_mode, "0600", 0o600),
}


@pytest.mark.parametrize(("parse", "text", "value"), READ.values(), ids=READ)
def test_what_a_configuration_says_is_read(parse, text, value):
    assert parse(text) == value


NOT_READ = {
    parsers.parse_network: ["", " ", ".", "..", "a/b", "a\0", "a\n", "a\x7f"],
    parsers.parse_user: ["", "a b", "a@b", "a!b", ":a", "*", "ü", "a\n"],
    parsers.parse_user_modes: ["i", "+", "+i w", "+1", "+i\n"],
    parsers.parse_mask: ["", "a b", "a!b", "a@b", "a!b@", "a!b@c@d", "a\0", "a\n"],
    parsers.parse_fingerprint: ["", HEX[1:], HEX + "0", "g" + HEX[1:], f"sha1:{HEX}", f"{HEX}\n"],
    parsers.parse_proxy: ["", "a:1", "socks5://a", "socks5://:1", "socks5://a:0", "socks5://a:x",
                         "ftp://a:1", "http://a:1/b", "http://a:1?b", "http://[a:1", "http://a\n:1"],
    parsers.parse_bind: ["", "localhost", "1.2.3", "1.2.3.4:5", "[::1]"],
    parsers.parse_file_mode: ["", "64", "6400", "240", "888", "rw-r-----", "٦٤٠"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("parse", "text"), [(parse, text) for parse, texts in NOT_READ.items() for text in texts]
)
def test_what_a_configuration_cannot_mean_is_refused_in_one_line(parse, text):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@given(st.text(alphabet="0a:!@*? \n/[]sock5htp", max_size=20))
def test_what_a_configuration_says_is_read_or_refused(text):
    for parse in NOT_READ:
        try:
            parse(text)
        except UsageError as error:
            assert "\n" not in str(error)  # noqa: PT017 - most texts are no error to some


# -- histories -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("all", (None, None)), ("500", (500, None)), ("7d", (None, 604_800.0)), ("0s", (None, 0.0))],
)
def test_the_wanted_history_is_a_number_a_duration_or_all(text, wanted):
    assert parsers.parse_history(text) == wanted


@pytest.mark.parametrize("text", ["", "some", "-5", "1e9", "5x"])
def test_what_is_no_history_is_a_usage_error(text):
    with pytest.raises(UsageError, match="say all, 500"):
        parsers.parse_history(text)
