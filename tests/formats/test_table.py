"""The table of formats: each row keeps what it promises of its codec."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chatlog.event import Event, EventType, parse_time
from chatlog.formats import jsonl
from chatlog.formats.format import Origin, Style
from chatlog.formats.table import FORMATS, NAMES, format_named, format_of, is_copy

BERLIN = ZoneInfo("Europe/Berlin")
ORIGIN = Origin("net", "#c", "2026-11-23")

EVENTS = [
    Event(time=f"2026-11-23T18:20:{number:02}.123Z", network="net", target="#c", type=kind)
    for number, kind in enumerate(EventType)
]


def formats_with(is_so=lambda _row: True):
    rows = [each for each in FORMATS if is_so(each)]
    return pytest.mark.parametrize("row", rows, ids=[each.name for each in rows])


each_format = formats_with()


def said(text, time="2026-11-23T18:20:01.123Z", **fields):
    return Event(
        time=time,
        network="net",
        target="#c",
        type=EventType.MESSAGE,
        nick="ann",
        text=text,
        **fields,
    )


def lines_in(row, events, style=Style()):  # noqa: B008 - immutable
    return row.codec().encoder(style)(events).splitlines(keepends=True)


def read_back(row, line, style=Style()):  # noqa: B008 - immutable
    return row.codec().decoder(style, ORIGIN)(line, "")


def test_names_and_suffixes_tell_formats_apart():
    assert [format_named(each.name) for each in FORMATS] == list(FORMATS)
    assert [format_of(each.suffix) for each in FORMATS] == list(FORMATS)
    assert len(set(NAMES)) == len({each.suffix for each in FORMATS}) == len(FORMATS)


def test_a_format_that_no_manifest_describes_is_the_preferred_one_and_its_lines_tell_everything():
    undescribed = [each for each in FORMATS if not each.is_described]
    assert undescribed in ([], [FORMATS[0]])
    assert all(each.decode_line for each in undescribed)
    assert not any(each.is_local for each in undescribed)


@each_format
@pytest.mark.parametrize("stamp", ["time", "datetime"])
def test_a_line_is_read_back_by_the_codec_that_wrote_it(row, stamp):
    style = Style(stamp, BERLIN)
    (line,) = lines_in(row, [said("hello")], style)
    event = read_back(row, line, style)
    assert (event.network, event.target, event.nick, event.text) == ("net", "#c", "ann", "hello")
    apart = parse_time("2026-11-23T18:20:01.123Z") - parse_time(event.time)
    assert 0 <= apart < row.grain


@each_format
def test_an_event_is_one_line_whatever_it_holds_but_line_breaks(row):
    text = "".join(map(chr, set(range(0x20)) - {0x0A})) + "\x7f\x85\u2028"
    assert len(lines_in(row, [said(text), said("\ud800")])) == 2


@each_format
def test_a_message_of_several_lines_is_read_back_whole(row):
    lines = lines_in(row, [said("a\n\tb\n\n"), said("c")])
    assert len(lines) == (5 if row.continued else 2)
    assert [bool(row.continued) and row.continued in line for line in lines[1:-1]] == [True] * (
        len(lines) - 2
    )
    told = read_back(row, b"".join(lines[:-1])).text
    assert told == ("a\n\\x09b\n\n" if row.continued else "a\n\tb\n\n")


@each_format
def test_damage_is_a_value_error(row):
    with pytest.raises(ValueError, match=r"."):
        read_back(row, b"\xff damage")


@formats_with(lambda row: row.decode_line)
def test_a_line_that_tells_everything_is_decoded_without_its_origin(row):
    events = [said("live"), said("old", via="chathistory")]
    for event, line in zip(events, lines_in(row, events), strict=True):
        assert row.decode_line(line) == read_back(row, line)
        assert (row.decode_line(line).via, row.decode_line(line).time) == (
            event.via,
            event.time,
        )


@formats_with(lambda row: row.decode_block)
def test_lines_decoded_at_once_have_the_fields_of_each(row):
    events = [said("one"), said("two")]
    found = row.decode_block(b"".join(lines_in(row, events)))
    assert [(each.time, each.nick, each.text) for each in found] == [
        (each.time, each.nick, each.text) for each in events
    ]


@formats_with(lambda row: row.head)
def test_the_head_of_every_line_stands_before_its_time(row):
    for event, line in zip(EVENTS, lines_in(row, EVENTS), strict=True):
        assert line.startswith(row.head)
        assert line[row.time].decode() == event.time


@formats_with(lambda row: row.is_json)
def test_a_format_of_json_is_the_one_that_is_exchanged(row):
    assert b"".join(lines_in(row, EVENTS)) == jsonl.encode(EVENTS)


@formats_with(lambda row: row.spelling)
def test_names_and_words_stand_in_a_line_as_they_are_if_it_has_a_spelling(row):
    (line,) = lines_in(row, [said("Straße, 1 needle; \x02bold\x02")])
    assert all(each in line.decode() for each in ("ann", "Straße, 1 needle; "))


@pytest.mark.parametrize(
    ("name", "names", "copy"),
    [
        ("jsonl", ("jsonl", "text"), False),
        ("text", ("jsonl", "text"), True),
        ("text", ("text", "jsonl"), True),
        ("text", ("text",), False),
    ],
)
def test_the_less_preferred_of_two_formats_is_the_copy(name, names, copy):
    assert is_copy(name, names) is copy


def test_a_day_of_a_local_format_is_that_of_its_zone():
    row = format_named("text")
    style = Style("time", BERLIN)
    late = datetime.fromisoformat("2026-11-22T23:30:00.000+00:00") + timedelta(minutes=15)
    (line,) = lines_in(
        row, [said("x", time=late.isoformat(timespec="milliseconds")[:23] + "Z")], style
    )
    assert read_back(row, line, style).time == "2026-11-22T23:45:00.000Z"
