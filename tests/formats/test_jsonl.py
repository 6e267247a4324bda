"""JSONL: an event is a line, and a line is the event again."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatlog.event import Event
from chatlog.formats import jsonl
from tests.support.events import STEERING, UNSAFE, events, printable

KEYS = [
    "time",
    "received",
    "network",
    "target",
    "type",
    "nick",
    "user",
    "host",
    "account",
    "statusmsg",
    "text",
    "subject",
    "command",
    "params",
    "split",
    "msgid",
    "reply_to",
    "relayed_nick",
    "relayed_platform",
    "tags",
    "via",
    "witness",
    "encoding",
    "raw",
]
FULL = Event(
    **{
        **{key: key for key in KEYS},
        "params": ("one", "two"),
        "tags": {"badges": "moderator/1"},
    }
)
LEAST = Event(time="2026-11-23T18:20:01.123Z", type="message")


def mended(value):
    """Say what becomes of halves of surrogate pairs."""
    if isinstance(value, str):
        return "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in value)
    if isinstance(value, dict):
        return {mended(key): mended(each) for key, each in value.items()}
    return tuple(map(mended, value))


@given(events(values=printable))
def test_an_event_of_characters_comes_back_as_it_was(event):
    assert jsonl.decode(jsonl.encode([event])) == event


@given(events())
def test_an_event_of_anything_comes_back_but_for_halves_of_surrogate_pairs(event):
    fields = {key: mended(value) for key, value in msgspec.structs.asdict(event).items()}
    assert jsonl.decode(jsonl.encode([event])) == Event(**fields)


@given(st.lists(events(), max_size=4))
def test_events_are_lines_in_their_order_whatever_is_in_them(several):
    data = jsonl.encode(several)
    lines = data.splitlines(keepends=True)
    assert lines == [jsonl.encode([event]) for event in several]
    assert len(data.decode().splitlines()) == len(several)
    assert all(line.endswith(b"\n") for line in lines)


@given(events())
def test_a_line_is_json_with_the_documented_keys_in_order_and_none_of_them_empty(event):
    read = json.loads(jsonl.encode([event]))
    assert list(read) == [key for key in KEYS if key in read]
    assert all(value for key, value in read.items() if key not in {"time", "type"})
    assert {"time", "type"} <= set(read)


@given(events())
def test_no_line_can_steer_a_terminal(event):
    line = jsonl.encode([event]).decode().removesuffix("\n")
    assert not UNSAFE.search(line)


@pytest.mark.parametrize("beside", ["", "é", "’", "ы", "\ud800"])
def test_what_steers_is_escaped_also_among_other_letters(beside):
    for character in STEERING:
        event = msgspec.structs.replace(LEAST, text=f"{beside}{character}{beside}")
        line = jsonl.encode([event])
        assert not UNSAFE.search(line.decode().removesuffix("\n"))
        assert jsonl.decode(line).text == mended(event.text)


@given(st.lists(st.sampled_from(["a" * 3000, "’", "¡", "ئ", "€", *STEERING]), max_size=12))
def test_what_steers_is_escaped_however_many_harmless_letters_begin_as_it_does(pieces):
    event = msgspec.structs.replace(LEAST, text="".join(pieces))
    line = jsonl.encode([event])
    assert not UNSAFE.search(line.decode().removesuffix("\n"))
    assert jsonl.decode(line) == event


def test_all_keys_stand_in_the_documented_order():
    assert list(json.loads(jsonl.encode([FULL]))) == KEYS


def test_empty_fields_are_absent_from_json():
    assert jsonl.encode([LEAST]) == b'{"time":"2026-11-23T18:20:01.123Z","type":"message"}\n'


def test_other_letters_are_written_as_they_are():
    event = msgspec.structs.replace(LEAST, text="Grüße, привет, 你好 👋")
    assert "Grüße, привет, 你好 👋".encode() in jsonl.encode([event])


def test_no_events_encode_to_no_lines():
    assert jsonl.encode([]) == b""


def test_a_half_of_a_surrogate_pair_costs_neither_the_event_nor_its_neighbours():
    bad = msgspec.structs.replace(LEAST, text="a\udc80b", tags={"x\ud800": "y"}, params=("\udfff",))
    lines = jsonl.encode([FULL, bad, LEAST]).splitlines()
    assert [jsonl.decode(line) for line in lines] == [
        FULL,
        msgspec.structs.replace(LEAST, text="a\ufffdb", tags={"x\ufffd": "y"}, params=("\ufffd",)),
        LEAST,
    ]


def test_a_line_is_read_with_or_without_its_newline():
    line = jsonl.encode([FULL])
    assert jsonl.decode(line) == jsonl.decode(line.removesuffix(b"\n")) == FULL


def test_keys_and_types_of_a_later_version_are_read():
    line = b'{"time":"t","type":"hologram","mood":{"deep":[1,null]},"text":"hi","nick":"ann"}'
    assert jsonl.decode(line) == Event(time="t", type="hologram", text="hi", nick="ann")


@given(st.binary())
def test_bytes_that_are_no_event_raise_value_error_and_nothing_else(data):
    with pytest.raises(ValueError, match="not an event"):
        jsonl.decode(data)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b"{}",
        b'{"time":"t"}',
        b'{"time":1,"type":"message"}',
        b'{"time":"t","type":"message","params":"x"}',
        b'{"time":"t","type":"message","tags":{"a":1}}',
        b'{"time":"t","type":"message"',
        b'{"time":"t","type":"message"} {}',
        b'{"time":"t","type":"message","text":"\xff"}',
        b'{"time":"t","type":"message","text":"\xed\xa0\x80"}',
        b'{"time":"t","type":"message","text":"\\ud800"}',
        b'{"time":"t","type":"message","text":"a\x00b"}',
        b'{"time":"t","type":"message","later":' + b"[" * 100_000,
        b'{"time":"t","type":"message","later":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=lambda line: line[:60].decode("ascii", "backslashreplace"),
)
def test_what_is_no_event_is_a_value_error(line):
    with pytest.raises(ValueError, match="not an event"):
        jsonl.decode(line)


# -- many at once ----------------------------------------------------------------------

SHORT = jsonl.encode([LEAST])[:-1]
FIELDS = jsonl.Brief.__struct_fields__
pieces = st.sampled_from(
    [
        SHORT, SHORT, SHORT, jsonl.encode([FULL])[:-1], SHORT.replace(b"2026", b"2027"),
        b"", b" ", b"\t", b"{}", b"null", b"{", b"}", b"\xff", b'"', SHORT[:-1], SHORT[1:],
        SHORT * 2, SHORT + b" " + SHORT, SHORT + b"\r", b" " + SHORT, SHORT + b"}",
        b'{"type":"message","time":"t"}', b'{"time":1,"type":"message"}',
        b'{"time": "t", "type": "message", "nick": null}',
    ]
)  # fmt: skip


def brief(event):
    """Take what counting needs of an event."""
    return jsonl.Brief(*(getattr(event, field) for field in FIELDS))


@given(st.lists(events(), min_size=1, max_size=4))
def test_what_is_read_briefly_is_what_is_read_whole(several):
    same = [msgspec.structs.replace(event, time=LEAST.time) for event in several]
    block = jsonl.encode(same)
    expected = [brief(jsonl.decode(line)) for line in block.split(b"\n")[:-1]]
    assert jsonl.decode_briefly(block) == expected


@given(st.lists(pieces, min_size=1, max_size=6))
@example([SHORT * 2, b"", SHORT])
@example([b"", SHORT * 2])
@example([SHORT * 2, b""])
@example([SHORT[:-1], b"}"])
@example([SHORT[:-1], b"}" + SHORT])
def test_lines_of_which_one_is_not_one_event_are_never_read_briefly(lines):
    block = b"".join(line + b"\n" for line in lines)
    try:
        found = jsonl.decode_briefly(block)
    except ValueError:
        return
    assert found == [brief(jsonl.decode(line)) for line in lines]


@given(st.lists(pieces, min_size=1, max_size=6))
@example([SHORT * 2, b"", SHORT])
@example([SHORT[:-1], b"}" + SHORT])
@example([SHORT, b'{"time":"2026-11-23T18:20:01.123Z","type":"message","params":1}'])
def test_lines_that_are_decoded_at_once_are_the_same_events_or_a_value_error(lines):
    block = b"".join(line + b"\n" for line in lines)
    try:
        found = jsonl.decode_lines(block)
    except ValueError:
        return
    assert found == [jsonl.decode(line) for line in lines]


@given(st.lists(events(), min_size=1, max_size=4))
def test_lines_of_one_year_are_decoded_at_once(several):
    same = [msgspec.structs.replace(event, time=LEAST.time) for event in several]
    block = jsonl.encode(same)
    assert jsonl.decode_lines(block) == [jsonl.decode(line) for line in block.split(b"\n")[:-1]]


@pytest.mark.parametrize("text", ["}\n{", '"}\n{"time":"2026', "\x00", "}{", "\n\n"])
def test_no_text_looks_like_the_end_of_a_line(text):
    several = [msgspec.structs.replace(LEAST, text=text, tags={"}": "{"})] * 3
    assert [each.text for each in jsonl.decode_briefly(jsonl.encode(several))] == [text] * 3


def test_pretty_printed_objects_are_no_lines():
    block = json.dumps(json.loads(SHORT), indent=2).encode() + b"\n"
    for times in (1, 2):
        with pytest.raises(ValueError, match="not an event a line"):
            jsonl.decode_briefly(block * times)


@given(st.binary())
def test_bytes_that_are_no_lines_raise_value_error_and_nothing_else(data):
    with pytest.raises(ValueError, match="not "):
        jsonl.decode_briefly(data + b"\n")


def test_json_that_nests_too_deeply_is_a_value_error():
    with pytest.raises(ValueError, match="not all events"):
        jsonl.decode_briefly(b'{"time":"t","type":"m","text":' + b"[" * 100_000 + b"\n")


def test_what_is_not_counted_is_not_looked_at():
    [found] = jsonl.decode_briefly(b'{"time":"t","type":"message","params":1,"host":"\xff"}\n')
    assert found == jsonl.Brief("t", "message")


@given(events())
def test_the_type_of_a_line_is_told_without_decoding_it(event):
    line = jsonl.encode([event])
    decoded = jsonl.decode(line).type
    assert jsonl.type_of(line) == decoded or "\\" in jsonl.type_of(line)


def test_a_line_that_is_no_event_has_no_type():
    assert jsonl.type_of(b"damage") == ""
    assert jsonl.type_of(b'{"text":"\\"type\\":\\"join\\""}') == ""
