"""A line of a terminal: safe text, stable colours, columns."""

from __future__ import annotations

import re
from datetime import UTC
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.event import TALK, Event, EventType
from chatlog.formats.about_messages import Authors
from chatlog.formats.plain import Plain
from chatlog.formats.sentences import sentence
from chatlog.formats.terminal import (
    BREAK,
    NICK_STYLES,
    LineFormat,
    Span,
    nick_style,
    padded,
    render,
    width_of,
)
from chatlog.formats.visible import visible
from tests.support.events import UNSAFE, anything, events, kinds, nicks

IN_UTC = LineFormat(UTC)


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


def line(event, layout=IN_UTC):
    return "".join(span.text for span in render(event, layout))


def finder(pattern):
    """Find every match of a pattern."""
    return lambda text: (match.span() for match in re.finditer(pattern, text))


manners = st.builds(
    LineFormat,
    st.just(UTC),
    date=st.booleans(),
    network=st.booleans(),
    target_width=st.integers(0, 30),
    formatting=st.booleans(),
    find=st.sampled_from(["$^", "a", "[a0\x1b]"]).map(finder),
)


@given(events(), manners)
def test_nothing_shown_can_steer_the_terminal(event, layout):
    shown = line(event, layout)
    assert not UNSAFE.search(shown)
    shown.encode()


ABOUT = [EventType.REDACT, EventType.REACT, EventType.UNREACT]


@given(events(types=kinds.filter(lambda kind: kind not in ABOUT)))
def test_a_line_says_what_the_line_of_a_text_file_says(event):
    event = event_of(event.type, event.text.replace("\n", " "), subject=event.subject)
    assert line(event) == Plain().encode([event]).decode().replace("[", "", 1).replace(
        "] ", " ", 1
    ).removesuffix("\n")


@given(events(), manners)
def test_colours_and_marks_change_no_letter(event, layout):
    assert line(event, layout) == line(event, LineFormat(*layout[:4]))


SENTENCES = [each for each in EventType if each not in {*TALK, *ABOUT}]


@given(events(types=st.sampled_from(SENTENCES)), manners)
def test_what_is_no_speech_is_its_sentence(event, layout):
    assert line(event, layout).endswith(sentence(event, visible))


RELAYED = {
    "<ann via telegram> hello": ("[telegram] <ann> hello", "message", "telegram"),
    "<ann via bridge> hello": ("<ann> hello", "message", ""),
    "* ann via telegram waves": ("[telegram] <ann> waves", "action", "telegram"),
    "-ann via bridge- hello": ("(ann) hello", "notice", ""),
    "<ann via bridge> no head": ("no head", "message", ""),
}


@pytest.mark.parametrize(("shown", "sent"), RELAYED.items(), ids=RELAYED)
def test_a_relayed_line_shows_who_spoke_and_by_which_way_and_not_the_head(shown, sent):
    text, kind, platform = sent
    relayed = {"nick": "bridge", "relayed_nick": "ann", "relayed_platform": platform}
    event = event_of(EventType(kind), text, **relayed)
    assert line(event) == f"18:20:01 {shown}"
    assert Span("ann", nick_style("ann")) in render(event, IN_UTC)
    assert text in Plain().encode([event]).decode(), "a text file keeps what was sent"


OF_BOB = IN_UTC._replace(author_of=lambda _event: "bob")


@pytest.mark.parametrize(
    ("kind", "text", "unknown", "known"),
    [
        ("redact", "spam", "removed a message: spam", "removed a message of bob: spam"),
        ("redact", "", "removed a message", "removed a message of bob"),
        ("react", "👍", "reacted 👍", "reacted 👍 to a message of bob"),
        ("unreact", "👍", "took back 👍", "took back 👍 from a message of bob"),
    ],
)
def test_what_is_done_to_a_message_names_its_author_if_that_is_known(kind, text, unknown, known):
    event = event_of(kind, text, reply_to="m1")
    assert line(event) == f"18:20:01 *** ann {unknown}"
    assert line(event, OF_BOB) == f"18:20:01 *** ann {known}"
    own = known.replace("a message of bob", "an own message")
    assert line(msgspec.structs.replace(event, nick="bob"), OF_BOB) == f"18:20:01 *** bob {own}"


def test_authors_are_known_of_the_last_messages_that_were_shown(monkeypatch):
    monkeypatch.setattr("chatlog.formats.about_messages.MAX_KNOWN", 2)
    authors = Authors()
    for number in range(3):
        authors.note(event_of(nick=f"p{number}", msgid=str(number)))
    found = [authors.of(event_of("react", reply_to=str(number))) for number in range(3)]
    assert found == ["", "p1", "p2"]
    assert authors.of(event_of("react", reply_to="2", target="#other")) == ""
    assert authors.of(event_of("redact", reply_to="x", subject="bob")) == "bob"


@pytest.mark.parametrize(("platform", "way"), [("telegram", "telegram"), ("", "bridge")])
def test_the_author_of_a_relayed_message_is_who_spoke_and_never_a_nick(platform, way):
    authors = Authors()
    said = {"relayed_nick": "ann", "relayed_platform": platform, "msgid": "m1"}
    authors.note(event_of("message", "<ann> hi", nick="bridge", **said))
    layout = IN_UTC._replace(author_of=authors.of)
    shown = f"18:20:01 *** ann removed a message of ann via {way}"
    assert line(event_of("redact", "", reply_to="m1"), layout) == shown


@given(events(types=st.sampled_from(list(TALK))), manners)
def test_a_message_of_several_lines_has_a_break_for_each_and_nothing_else_has(event, layout):
    spans = render(event, layout._replace(breaks=True))
    is_said = not event.subject
    assert spans.count(BREAK) == (event.text.count("\n") if is_said else 0)
    assert not UNSAFE.search("".join(span.text for span in spans if span != BREAK))


NEWS = {"system-msg": "a"}


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (event_of(EventType.OTHER, "", command="WALLOPS", params=("",)), "*** ann said: WALLOPS :"),
        (event_of(EventType.OTHER, ":", command="X", params=(":",)), "*** ann said: X ::"),
        (
            event_of(EventType.USERNOTICE, "a", tags={"system-msg": "a"}),
            "*** ann makes news: a (a)",
        ),
    ],
)
def test_a_text_that_stands_in_a_sentence_twice_is_shown_twice(event, shown):
    assert line(event) == line(event, LineFormat(UTC, formatting=True)) == f"18:20:01 {shown}"


COLOURED = LineFormat(UTC, formatting=True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", [("plain", "text")]),
        ("\x02mem\x02ory", [("mem", "=bold"), ("ory", "text")]),
        ("a\x0304,01b\x03c", [("a", "text"), ("b", "=bright_red on black"), ("c", "text")]),
        ("\x1d\x02both\x0fnone", [("both", "=bold italic"), ("none", "text")]),
        ("\x02a\x1b[2Jb", [(r"a\x1b[2Jb", "=bold")]),
        ("\x02\x02", []),
    ],
)
def test_a_text_keeps_the_colours_that_it_was_sent_in(text, shown):
    assert render(event_of(text=text), COLOURED)[4:] == [Span(*each) for each in shown]


def test_what_is_found_is_marked_though_its_colour_change_in_the_middle():
    layout = LineFormat(UTC, formatting=True, find=finder("memory"))
    assert render(event_of(text="a \x02mem\x02ory leak"), layout)[4:] == [
        Span("a ", "text"),
        Span("mem", "found"),
        Span("ory", "found"),
        Span(" leak", "text"),
    ]


def test_what_is_found_in_a_reason_is_marked_there():
    event = event_of(EventType.QUIT, "bye \x0304for now", user="u", host="h")
    layout = LineFormat(UTC, formatting=True, find=finder("bye"))
    assert render(event, layout)[1:] == [
        Span("*** ann (u@h) quit (", "event"),
        Span("bye", "found"),
        Span(" ", "event"),
        Span("for now", "=bright_red"),
        Span(")", "event"),
    ]


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
def test_each_event_is_shown_on_a_terminal_as_its_sentence(event, shown):
    assert line(event) == shown


def test_what_the_recorder_says_of_itself_stands_out():
    assert render(event_of(EventType.CONNECTED), IN_UTC)[-1].style == "own"
    assert render(event_of(EventType.JOIN), IN_UTC)[-1].style == "event"


def test_targets_stand_in_a_column_as_they_are_spelled():
    assert line(event_of(), LineFormat(UTC, target_width=9)) == "18:20:01 #Python   <ann> hello"
    assert line(event_of(), LineFormat(UTC, target_width=3)) == "18:20:01 #Python <ann> hello"
    assert line(event_of(target="#a b\x07"), LineFormat(UTC, target_width=3)).startswith(
        r"18:20:01 #a\x20b\x07 <"
    )


def test_networks_stand_before_their_targets_where_there_are_several():
    shown = line(event_of(), LineFormat(UTC, network=True, target_width=15))
    assert shown == "18:20:01 libera/#Python  <ann> hello"


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("#python", 7),
        ("#日本", 5),
        ("ｆｕｌｌ", 8),
        ("e\u0301", 1),  # an accent of its own
        ("한국", 4),
        ("\u1112\u1161\u11ab", 2),  # a Korean syllable in its parts
        ("नमस्ते", 4),
        ("a\u200bb", 2),  # a space without width
        ("a\u00adb", 3),  # a hyphen that terminals show
        ("\u2764", 1),  # a heart as a letter
        ("\u2764\ufe0f", 2),  # and as an emoji
        ("1\ufe0f\u20e3", 2),
        ("a\ufe0f", 1),  # no emoji at all
        ("\u231a\ufe0f", 2),  # wide without being told
        ("\U0001f44d", 2),
        ("\U0001f44d\U0001f3fd", 2),  # with a colour of skin
        ("\U0001f3fd", 2),
        ("\U0001f1ef\U0001f1f5", 2),  # a flag
        ("\U0001f469\u200d\U0001f680", 2),  # a woman and a rocket: an astronaut
        ("\U0001f469\u200d\u2764\ufe0f\u200d\U0001f469", 2),
        ("\U0001f469\u200d\U0001f680!", 3),
        ("\ufe0f", 0),
        ("", 0),
    ],
)
def test_a_text_takes_the_columns_that_terminals_give_it(text, columns):
    assert width_of(text) == columns
    assert padded(text, 9) == text + " " * (9 - columns)


@given(anything)
def test_no_text_takes_less_than_nothing_or_more_than_two_columns_a_character(text):
    assert 0 <= width_of(text) <= 2 * len(text)


def test_a_text_wider_than_its_column_stays_whole():
    assert padded("#日本", 3) == "#日本"


def test_stamps_are_in_the_zone_that_was_asked_for():
    assert line(event_of(), LineFormat(ZoneInfo("Asia/Tokyo"))).startswith("03:20:01 ")
    assert line(event_of(), LineFormat(ZoneInfo("Asia/Tokyo"), date=True)).startswith(
        "2026-11-24 03:20:01 "
    )


def test_a_date_has_ten_letters_in_any_year():
    early = event_of(time="0001-01-01T00:00:00.000Z")
    assert line(early, LineFormat(UTC, date=True)) == "0001-01-01 00:00:00 <ann> hello"


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


@pytest.mark.parametrize("number", [1, 8, 9, 12_000])
def test_a_list_of_names_shows_the_first_few_and_how_many_there_are(number):
    names = [f"nick{each}" for each in range(number)]
    event = Event(time="2026-11-23T18:20:01.000Z", type="names", target="#c", text=" ".join(names))
    whole = "".join(span.text for span in render(event, LineFormat(UTC)))
    assert whole == f"18:20:01 *** members of #c: {' '.join(names)}"
    short = "".join(span.text for span in render(event, LineFormat(UTC, short_names=True)))
    few = f"18:20:01 *** members of #c: {' '.join(names[:8])} … ({number:,} in all)"
    assert short == (whole if number <= 8 else few)
    found = LineFormat(UTC, short_names=True, find=lambda _text: [(0, 1)])
    assert "".join(span.text for span in render(event, found)) == whole
