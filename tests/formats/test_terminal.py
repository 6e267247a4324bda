"""A line of a terminal: safe text, stable colours, columns."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.event import Event, EventType
from chatlog.formats.plain import Plain
from chatlog.formats.terminal import NICK_STYLES, Manner, Span, nick_style, render
from tests.support.events import UNSAFE, events, kinds, nicks

IN_UTC = Manner(UTC)


def event_of(kind=EventType.MESSAGE, text="hello", **fields):
    return Event(
        **{
            "time": "2026-11-23T18:20:01.123Z",
            "network": "libera",
            "target": "#Python",
            "nick": "ann",
            "type": kind,
            "text": text,
            **fields,
        }
    )


def line(event, manner=IN_UTC):
    return "".join(span.text for span in render(event, manner))


manners = st.builds(
    Manner, st.just(UTC), date=st.booleans(), network=st.booleans(), target_width=st.integers(0, 30)
)


@given(events(), manners)
def test_nothing_shown_can_steer_the_terminal(event, manner):
    shown = line(event, manner)
    assert not UNSAFE.search(shown)
    shown.encode()


@given(events(types=kinds))
def test_a_line_says_what_the_line_of_a_text_file_says(event):
    event = event_of(event.type, event.text, subject=event.subject)
    assert line(event) == Plain().encode([event]).decode().replace("[", "", 1).replace(
        "] ", " ", 1
    ).removesuffix("\n")


def test_a_message_is_in_pieces_each_with_a_style():
    assert render(event_of(), IN_UTC) == [
        Span("18:20:01 ", "time"),
        Span("<", "mark"),
        Span("ann", nick_style("ann")),
        Span("> ", "mark"),
        Span("hello", "text"),
    ]


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (event_of(EventType.ACTION, "waves"), "18:20:01 * ann waves"),
        (event_of(EventType.NOTICE, "listen"), "18:20:01 -ann- listen"),
        (event_of(statusmsg="@"), "18:20:01 <ann:@#Python> hello"),
        (event_of(via="playback"), "18:20:01 (playback) <ann> hello"),
        (event_of(EventType.QUIT, "bye"), "18:20:01 *** ann quit (bye)"),
        (event_of(nick="a:b"), r"18:20:01 <a\x3ab> hello"),
        (event_of(nick=""), "18:20:01 <*> hello"),
        (event_of(text="\x1b[2J\x02b"), r"18:20:01 <ann> \x1b[2Jb"),
        (event_of(time="\x1b"), r"\x1b <ann> hello"),
    ],
)
def test_a_line_reads(event, shown):
    assert line(event) == shown


def test_what_the_recorder_says_of_itself_stands_out():
    assert render(event_of(EventType.CONNECTED), IN_UTC)[-1].style == "own"
    assert render(event_of(EventType.JOIN), IN_UTC)[-1].style == "event"


def test_targets_stand_in_a_column_as_they_are_spelled():
    assert line(event_of(), Manner(UTC, target_width=9)) == "18:20:01 #Python   <ann> hello"
    assert line(event_of(), Manner(UTC, target_width=3)) == "18:20:01 #Python <ann> hello"
    assert line(event_of(target="#a b\x07"), Manner(UTC, target_width=3)).startswith(
        r"18:20:01 #a\x20b\x07 <"
    )


def test_networks_stand_before_their_targets_where_there_are_several():
    shown = line(event_of(), Manner(UTC, network=True, target_width=15))
    assert shown == "18:20:01 libera/#Python  <ann> hello"


def test_stamps_are_in_the_zone_that_was_asked_for():
    assert line(event_of(), Manner(ZoneInfo("Asia/Tokyo"))).startswith("03:20:01 ")
    assert line(event_of(), Manner(ZoneInfo("Asia/Tokyo"), date=True)).startswith(
        "2026-11-24 03:20:01 "
    )


def test_a_date_has_ten_letters_in_any_year():
    early = event_of(time="0001-01-01T00:00:00.000Z")
    assert line(early, Manner(UTC, date=True)) == "0001-01-01 00:00:00 <ann> hello"


@given(nicks)
def test_a_nick_has_the_same_colour_in_any_case(nick):
    assert nick_style(nick) == nick_style(nick.upper()) == nick_style(nick.lower())


def test_a_nick_keeps_its_colour_from_run_to_run():
    assert [nick_style(nick) for nick in ("ada", "grace", "alan")] == ["nick0", "nick3", "nick7"]


def test_nicks_that_a_server_holds_to_be_one_have_one_colour():
    assert nick_style("[ann]~") == nick_style("{ANN}^")


def test_all_colours_are_used():
    styles = {nick_style(f"nick{number}") for number in range(200)}
    assert styles == {f"nick{number}" for number in range(NICK_STYLES)}
