"""The lines that a command reads, and its environment variables."""

from __future__ import annotations

import json

from chatlog.formats import jsonl
from chatlog.hook.lines import Numbering, variables_of
from chatlog.read.segment_reader import Entry
from tests.support.archive import event_at


def entry_of(event, suffix="jsonl"):
    return Entry(event, jsonl.encode([event])[:-1], suffix)


def test_a_line_is_the_recorded_one_with_its_cursor_behind_all_keys():
    line = b'{ "later": [1], "time": "2026-11-23T00:00:01.000Z", "type": "message" } '
    numbered = Numbering().number(Entry.of_json(line))
    assert numbered.data == line.rstrip()[:-1] + b',"cursor":"%s"}\n' % numbered.cursor.encode()
    assert json.loads(numbered.data)["cursor"] == numbered.cursor


def test_a_line_of_a_text_archive_is_json():
    event = event_at(1, "hi")
    numbered = Numbering().number(Entry(event, b"[00:00:01] <ann> hi", "log"))
    assert json.loads(numbered.data)["text"] == "hi"


def test_equal_lines_have_different_cursors_and_the_same_ones_when_they_come_again():
    twice = entry_of(event_at(1, "ha"))
    other = entry_of(event_at(1, "ho"))
    first, again = Numbering(), Numbering()
    cursors = [first.number(each).cursor for each in (twice, other, twice)]
    assert len(set(cursors)) == 3
    assert [again.number(each).cursor for each in (twice, other, twice)] == cursors


def test_no_two_lines_of_a_thousand_in_a_row_have_one_cursor():
    numbering = Numbering()
    ha = entry_of(event_at(1, "ha"))
    others = [entry_of(event_at(2, f"{each}")) for each in range(600)]
    cursors = [numbering.number(each).cursor for each in (ha, *others, ha, *others, ha, ha)]
    assert all(len(set(cursors[at : at + 1000])) == 1000 for at in range(len(cursors) - 999))


def test_the_lines_that_a_numbering_remembers_are_bounded():
    numbering = Numbering()
    one = entry_of(event_at(1, "ha"))
    first = numbering.number(one).cursor
    for each in range(1000):
        numbering.number(entry_of(event_at(2, f"{each}")))
    assert numbering.number(one).cursor == first
    assert len(numbering._last) <= 1001


def test_the_variables_of_one_line_are_without_control_characters():
    event = event_at(1, "hi", nick="a\r\nBcc: b", target="#\x1b[2J\x00", network="net")
    line = Numbering().number(entry_of(event))
    assert variables_of([line], "/archive", is_batch=False) == {
        "CHATLOG_ARCHIVE": "/archive",
        "CHATLOG_NETWORK": "net",
        "CHATLOG_TARGET": r"#\x1b[2J\x00",
        "CHATLOG_TYPE": "message",
        "CHATLOG_NICK": r"a\x0d\x0aBcc: b",
        "CHATLOG_TIME": event.time,
        "CHATLOG_CURSOR": line.cursor,
    }


def test_the_variables_of_a_line_are_short_and_can_be_encoded():
    event = event_at(1, "hi", nick="\ud800" + "x" * 1_000_000)
    values = variables_of([Numbering().number(Entry(event, b"{}", "jsonl"))], "/a", is_batch=False)
    assert len(values["CHATLOG_NICK"]) == 500
    assert all(value.encode() for value in values.values())


def test_the_variables_of_a_batch_tell_its_size():
    lines = [Numbering().number(entry_of(event_at(at, "hi"))) for at in range(3)]
    assert variables_of(lines, "/a", is_batch=True) == {
        "CHATLOG_ARCHIVE": "/a",
        "CHATLOG_EVENTS": "3",
    }
