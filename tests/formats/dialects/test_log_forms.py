"""Logs that we write as other programs do, read again by the decoders of those logs."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.event import Event, EventType
from chatlog.formats.dialects.dialect import LogFacts
from chatlog.formats.dialects.log_forms import LogEncoder
from chatlog.formats.dialects.table import DIALECTS
from chatlog.formats.visible import visible, visible_formatted
from tests.support.archive import event_at
from tests.support.events import anything, nicks, words

WRITTEN = [each for each in DIALECTS if each.forms is not None]
BY_NAME = {each.name: each for each in WRITTEN}
LOST = {
    ("energymech", EventType.PART): {"text"},
    ("energymech", EventType.QUIT): {"user", "host"},
}
"""The fields that a dialect does not write for a type."""
ANN = {"nick": "ann", "user": "~ann", "host": "a.example"}
EVENTS = [
    event_at(1, "hello", nick="ann"),
    event_at(2, "waves", nick="ann", type="action"),
    event_at(3, "notice this", nick="ann", type="notice"),
    event_at(4, "", **ANN, type="join"),
    event_at(5, "bye (all)", **ANN, type="part"),
    event_at(6, "Quit: gone", **ANN, type="quit"),
    event_at(7, "enough", nick="ann", subject="ben", type="kick"),
    event_at(8, "", nick="ann", subject="dot", type="nick"),
    event_at(9, "", nick="ann", command="+o", params=("dot",), type="mode"),
    event_at(10, "A 'new' topic", nick="ann", type="topic"),
]

each_dialect = pytest.mark.parametrize("dialect", WRITTEN, ids=lambda each: each.name)


def encoded(dialect, events, tz=UTC):
    return LogEncoder(dialect.forms, tz).encode(events)


def decoded(dialect, data, tz=UTC):
    facts = LogFacts(network="net", target="#c", date="2026-11-23", tz=tz)
    decoder = dialect.decoder(facts)
    found = [event for some in decoder.events([data]) for event in some]
    assert (decoder.tally.unknown, decoder.tally.ambiguous) == (0, 0)
    return found


def seen(event):
    """Return the fields of an event that logs have, without seconds."""
    told = {name: getattr(event, name) for name in ("nick", "subject", "text", "target")}
    return {
        **told,
        "time": event.time[:16],
        "type": event.type,
        "modes": [event.command, *event.params],
    }


def test_the_dialects_that_are_written_are_these():
    assert list(BY_NAME) == ["irssi", "weechat", "znc", "energymech"]


@each_dialect
@pytest.mark.parametrize("event", EVENTS, ids=lambda each: each.type)
def test_an_event_of_daily_life_is_read_again(dialect, event):
    [found] = decoded(dialect, encoded(dialect, [event]))
    lost = LOST.get((dialect.name, event.type), set())
    expected, read = seen(event), seen(found)
    for name in lost & expected.keys():
        assert read.pop(name) == ""
        expected.pop(name)
    assert read == expected
    if event.user and "user" not in lost:
        assert (found.user, found.host) == (event.user, event.host)


@each_dialect
def test_a_topic_that_was_emptied_is_read_again(dialect):
    event = event_at(0, "", type="topic")
    [found] = decoded(dialect, encoded(dialect, [event]))
    assert (found.type, found.nick, found.text) == ("topic", "ann", "")


@each_dialect
@given(text=st.one_of(anything, st.sampled_from(["*** Joins: x (a@b)", "-!- x has joined #c"])))
def test_no_text_makes_a_line_of_another_kind(dialect, text):
    written = encoded(dialect, [event_at(0, text)])
    found = decoded(dialect, written)
    show = visible_formatted if dialect.forms.keeps_formatting else visible
    assert {(each.type, each.nick) for each in found} == {("message", "ann")}
    assert [each.text for each in found] == list(map(show, text.split("\n")))


@each_dialect
@given(event=st.builds(
    Event, time=st.just("2026-11-23T00:00:00.000Z"), type=st.sampled_from(list(EventType)),
    nick=anything, user=anything, host=anything, subject=anything, text=anything,
    target=st.just("#c"), command=words, params=st.tuples(anything),
))  # fmt: skip
def test_any_event_is_whole_lines_with_a_stamp(dialect, event):
    lines = encoded(dialect, [event]).decode().split("\n")
    assert lines.pop() == ""
    if event.type not in dialect.forms.forms:
        assert lines == []
    else:
        count = event.text.count("\n") + 1 if event.type in {"message", "action", "notice"} else 1
        assert len([line for line in lines if not line.startswith("--- Day changed")]) == count


def test_the_lines_are_those_of_the_programs():
    events = [EVENTS[0], event_at(86_400, "morning", nick="ben"), EVENTS[3]]
    assert encoded(BY_NAME["irssi"], events[:2]).decode() == (
        "--- Day changed Mon Nov 23 2026\n00:00 < ann> hello\n"
        "--- Day changed Tue Nov 24 2026\n00:00 < ben> morning\n"
    )
    assert encoded(BY_NAME["weechat"], events[2:]).decode() == (
        "2026-11-23 00:00:04\t-->\tann (~ann@a.example) has joined #c\n"
    )
    assert encoded(BY_NAME["znc"], events[2:]) == b"[00:00:04] *** Joins: ann (~ann@a.example)\n"
    assert encoded(BY_NAME["energymech"], [event_at(-18 * 86_400, "x")]) == (
        b"[Nov 5 2026 00:00:00] <ann> x\n"
    )


@each_dialect
def test_stamps_are_in_the_zone_that_is_asked_for(dialect):
    zone = ZoneInfo("Asia/Tokyo")
    event = event_at(60, "hello")
    [found] = decoded(dialect, encoded(dialect, [event], zone), zone)
    assert found.time == event.time
    assert b"09:01" in encoded(dialect, [event], zone)


@each_dialect
@given(nicks)
def test_any_nick_is_read_again(dialect, nick):
    [found] = decoded(dialect, encoded(dialect, [event_at(0, "hi", nick=nick)]))
    assert (found.nick, found.text) == (nick, "hi")
