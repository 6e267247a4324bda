"""The layout: paths that are injective and safe, periods that tile all time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatlog.archive.layout import (
    Period,
    Rotate,
    SegmentName,
    directory_name,
    network_directory,
    parse_segment,
    period_named,
    period_of,
    target_directory,
)
from chatlog.casemapping import Casemapping
from chatlog.event import SERVER

ZONES = [
    UTC,
    *map(
        ZoneInfo,
        (
            "Europe/Berlin",
            "America/St_Johns",  # changed its clocks at 00:01 until 2011
            "America/Havana",  # changes them at midnight
            "Pacific/Apia",  # had no 2011-12-30
            "Australia/Lord_Howe",  # changes them by half an hour
        ),
    ),
]
MAPPINGS = ["ascii", "rfc1459", "rfc1459-strict"]
DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)

names = st.text(max_size=300) | st.text(alphabet="aA[{~^.@-%/\\ #é", max_size=6)
times = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")
zones = st.sampled_from(ZONES)
rotates = st.sampled_from(list(Rotate))


@pytest.mark.parametrize("mapping", MAPPINGS)
@given(one=names, other=names)
@example("[", "{")
@example("~", "^")
@example("#Chan", "#chan")
@example("a" * 300, "a" * 299 + "b")
@example("con", "%63on")
def test_two_names_share_a_path_exactly_when_the_server_holds_them_to_be_one(mapping, one, other):
    casemapping = Casemapping(mapping)
    paths = [target_directory(Path("r"), "net", name, casemapping) for name in (one, other)]
    same = str(paths[0]).casefold() == str(paths[1]).casefold()
    assert same == casemapping.equal(one, other)


@given(names)
@example("..")
@example("/etc/passwd")
@example("con")
@example("nul.txt")
@example("com1")
@example("network.json")
@example("#\x00\x07\xa0 ")
@example("x.")
@example("")
@example("é" * 200)
@example("a" * 213 + "é" * 40)
def test_a_directory_name_is_one_safe_component(name):
    component = directory_name(name)
    assert re.fullmatch(r"[!-~]{1,255}", component)
    assert not set(component) & set('/\\:*?"<>|$`')
    assert component[0] not in ".@~-"
    assert component[-1] not in ". "
    assert not DEVICE.fullmatch(component)
    assert component.casefold() != "network.json"
    assert re.sub("%[0-9A-F]{2}", "", component) == re.sub("%[0-9A-F]{2}", "", component).lower()


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("#python", "#python"),
        ("&local", "&local"),
        ("##c++", "##c++"),
        ("#a.b", "#a.b"),
        ("nick|away", "nick%7Caway"),
        ("#café", "#caf%C3%A9"),
        ("..", "%2E%2E"),
        ("../x", "%2E.%2Fx"),
        ("@server", "%40server"),
        ("-rf", "%2Drf"),
        ("~", "%7E"),
        ("aux", "%61ux"),
        ("network.json", "%6Eetwork.json"),
        ("UP", "%55%50"),
        ("100%", "100%25"),
        ("", "%"),
    ],
)
def test_a_directory_name_stays_as_readable_as_is_safe(name, component):
    assert directory_name(name) == component


def test_a_long_name_keeps_its_beginning_and_ends_in_a_digest_that_no_plain_name_has():
    component = directory_name("#" + "é" * 200)
    assert len(component) <= 255
    assert component.startswith("#%C3%A9%C3%A9")
    assert re.search("%A9%-[0-9a-f]{40}$|%C3%-[0-9a-f]{40}$", component)
    assert directory_name(component) != component


def test_the_digest_of_a_long_name_is_that_of_every_archive_before():
    component = directory_name("#" + "é" * 200)
    assert component.endswith("%C3%A9%C3%A9%-1e6c04c3c4d5ff33add6ec70f53f721f8e7c0fba")
    assert len(component) == 253


def test_what_belongs_to_no_target_has_a_place_of_its_own():
    casemapping = Casemapping()
    assert target_directory(Path("r"), "Net", SERVER, casemapping) == Path("r/net/@server")
    assert target_directory(Path("r"), "Net", "@Server", casemapping) == Path("r/net/%40server")


def test_a_network_is_one_directory_however_it_is_spelled():
    assert network_directory(Path("r"), "Libera") == network_directory(Path("r"), "libera")
    assert network_directory(Path("r"), "../x[") == Path("r/%2E.%2Fx[")


@given(times, rotates, zones)
@example("0001-01-01T00:00:00.000Z", Rotate.HOURLY, ZONES[2])
@example("0001-01-01T00:00:00.000Z", Rotate.WEEKLY, ZONES[1])
@example("9999-12-31T23:59:59.999Z", Rotate.DAILY, ZONES[1])
@example("9999-12-31T23:59:59.999Z", Rotate.MONTHLY, ZONES[2])
@example("2010-11-07T02:30:30.000Z", Rotate.DAILY, ZONES[2])
@example("2010-11-07T03:00:00.000Z", Rotate.HOURLY, ZONES[2])
@example("2011-12-30T10:00:00.000Z", Rotate.DAILY, ZONES[4])
def test_a_period_holds_its_time_and_its_name_reads_back(time, rotate, zone):
    period = period_of(time, rotate, zone)
    assert period.holds(time)
    assert period_named(period.name, zone) == period


@given(times, rotates, zones)
@example("2010-11-07T02:30:30.000Z", Rotate.DAILY, ZONES[2])
@example("2026-10-25T00:30:00.000Z", Rotate.HOURLY, ZONES[1])
@example("2026-03-29T00:30:00.000Z", Rotate.HOURLY, ZONES[1])
@example("2011-12-29T12:00:00.000Z", Rotate.DAILY, ZONES[4])
@example("9999-12-31T23:59:59.999Z", Rotate.DAILY, ZONES[0])
def test_the_next_period_begins_where_this_one_ends(time, rotate, zone):
    period = period_of(time, rotate, zone)
    if period.end != "9999-12-31T24:00:00.000Z":
        following = period_of(period.end, rotate, zone)
        assert following.start == period.end
        assert following.name > period.name


@given(
    st.datetimes(datetime(2012, 1, 1), datetime(2037, 12, 31)),  # noqa: DTZ001 -- UTC, by the Z added below
    zones,
)
def test_a_daily_period_bears_the_local_date(moment, zone):
    time = moment.isoformat(timespec="milliseconds") + "Z"
    local = datetime.fromisoformat(time).astimezone(zone)
    assert period_of(time, Rotate.DAILY, zone).name == local.date().isoformat()


@pytest.mark.parametrize(
    ("rotate", "zone", "expected"),
    [
        ("hourly", UTC, ("2026-11-23T23", "2026-11-23T23:00", "2026-11-24T00:00")),
        ("daily", UTC, ("2026-11-23", "2026-11-23T00:00", "2026-11-24T00:00")),
        ("weekly", UTC, ("2026-W48", "2026-11-23T00:00", "2026-11-30T00:00")),
        ("monthly", UTC, ("2026-11", "2026-11-01T00:00", "2026-12-01T00:00")),
        ("daily", ZONES[1], ("2026-11-24", "2026-11-23T23:00", "2026-11-24T23:00")),
        ("daily", ZONES[2], ("2026-11-23", "2026-11-23T03:30", "2026-11-24T03:30")),
    ],
)
def test_each_kind_of_period_has_its_name_its_start_and_its_end(rotate, zone, expected):
    name, start, end = expected
    expected = Period(name, start + ":00.000Z", end + ":00.000Z")
    assert period_of("2026-11-23T23:59:59.999Z", Rotate(rotate), zone) == expected


def test_never_is_one_period_for_all_time():
    assert period_of("2026-11-23T18:20:01.123Z", Rotate.NEVER).name == "all"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "2026",
        "2026-13",
        "2026-02-30",
        "2026-W54",
        "2026-11-23T24",
        "20261123",
        "2026W481",
        "ALL",
    ],
)
def test_a_name_that_is_no_period_is_not_read(name):
    assert period_named(name) is None


@given(
    times,
    rotates,
    st.integers(1, 12_000),
    st.sampled_from(["jsonl", "log"]),
    st.sampled_from(["", "gz", "zst"]),
)
def test_a_segment_name_reads_back(time, rotate, part, suffix, compression):
    name = SegmentName(period_of(time, rotate).name, part, suffix, compression)
    assert parse_segment(str(name)) == name


def test_parts_are_written_with_three_digits_or_more():
    assert str(SegmentName("2026-11-23", 1, "jsonl")) == "2026-11-23_001.jsonl"
    assert str(SegmentName("2026-11-23", 1000, "jsonl", "gz")) == "2026-11-23_1000.jsonl.gz"


@pytest.mark.parametrize(
    "filename",
    [
        "2026-11-23_000.jsonl",
        "2026-11-23_01.jsonl",
        "2026-11-23_0001.jsonl",
        "2026-11-23_001.txt",
        "2026-11-23_001.jsonl.tmp",
        "2026-11-23_001.jsonl.",
        "2026-11-23_001.jsonl.gz.zst",
        ".2026-11-23_001.jsonl.gz",
        "2026-11-23_001.jsonl\n",
        "2026-11-31_001.jsonl",
        "2026-11-23_٠٠١.jsonl",
        "../2026-11-23_001.jsonl",
        "LEDGER",
        "MANIFEST",
    ],
)
def test_a_file_that_we_did_not_name_is_not_ours(filename):
    assert parse_segment(filename) is None
