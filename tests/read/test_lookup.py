"""The last lines of a transcript, by a quick look at the ends of its segments."""

from __future__ import annotations

from chatlog.event import EventType, format_time
from chatlog.read.lookup import NewestLine, newest_line
from tests.support.archive import START, event_at, record


def at(seconds):
    return format_time(START + int(seconds * 1000))


def newest(root, *events):
    record(root, *events)
    return newest_line(sorted((root / "net" / "#c").glob("*.jsonl")))


def test_the_newest_line_is_the_last_that_the_server_dated_and_the_msgid_the_last_of_any(tmp_path):
    assert newest(
        tmp_path,
        event_at(10, "one", received=at(10.5), msgid="m1"),
        event_at(20, "two", received=at(20.5)),
        event_at(15, "fetched later", via="chathistory", received=at(30)),
    ) == NewestLine(at(20), "m1")


def test_a_note_of_the_recorder_proves_no_hearing(tmp_path):
    heard = event_at(10, "one", received=at(10.5), msgid="m1")
    noted = event_at(60, "the connection timed out", type=EventType.PARTED)
    assert newest(tmp_path, heard, noted) == NewestLine(at(10), "m1")


def test_lines_that_no_server_dated_prove_no_end_by_its_clock(tmp_path):
    assert newest(tmp_path, event_at(10, "one"), event_at(20, "two")) == NewestLine("", "")
