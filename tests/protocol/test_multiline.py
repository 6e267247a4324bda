"""Messages of several lines: one event each, and nothing lost where they cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol import multiline
from chatlog.protocol.facts import HistoryPage, Turn
from tests.support.conversation import NOW, in_channels, short

BOB = ":bob!u@h"
ALICE = ":alice!u@h"
BEGIN = f"@msgid=m1;time=2026-11-23T18:20:01.000Z;account=robert {BOB} BATCH +1 draft/multiline #a"
END = f"{BOB} BATCH -1"


def part(text, *tags, source=BOB, target="#a", reference="1", command="PRIVMSG"):
    tag_text = ";".join([f"batch={reference}", *tags])
    return f"@{tag_text} {source} {command} {target} :{text}"


CONCAT = multiline.CONCAT

ONE = {
    "lines": (
        [part("hello"), part("world")],
        "#a message bob account='robert' text='hello\\nworld' msgid='m1'",
    ),
    "a line that goes on": (
        [part("hello"), part("how is "), part("everyone?", CONCAT)],
        "#a message bob account='robert' text='hello\\nhow is everyone?' msgid='m1'",
    ),
    "blank lines": (
        [part(""), part("a"), part(""), part("b"), part("")],
        "#a message bob account='robert' text='\\na\\n\\nb\\n' msgid='m1'",
    ),
    "a single line": ([part("hello")], "#a message bob account='robert' text='hello' msgid='m1'"),
    "a first line that goes on with nothing": (
        [part("a", CONCAT), part("b")],
        "#a message bob account='robert' text='a\\nb' msgid='m1'",
    ),
    "a notice": (
        [part("a", command="NOTICE"), part("b", command="NOTICE")],
        "#a notice bob account='robert' text='a\\nb' msgid='m1'",
    ),
    "an action": (
        [part("\x01ACTION waves"), part("and smiles\x01")],
        "#a action bob account='robert' text='waves\\nand smiles' msgid='m1'",
    ),
}


@pytest.mark.parametrize(("parts", "event"), ONE.values(), ids=ONE)
def test_a_batch_is_one_message_with_its_line_breaks_and_its_one_id(parts, event):
    assert in_channels().outcome(BEGIN, *parts, END) == [event]


def test_what_others_say_meanwhile_is_written_before_it():
    talk = in_channels()
    heard = talk.outcome(BEGIN, part("a"), f"{ALICE} PRIVMSG #a :hm", part("b"), END)
    assert [line.partition("text=")[2] for line in heard] == ["'hm'", "'a\\nb' msgid='m1'"]


def test_several_batches_are_open_at_a_time():
    other = f"@msgid=m2 {ALICE} BATCH +2 draft/multiline #a"
    second = [part(text, source=ALICE, reference="2") for text in "xy"]
    heard = in_channels().hear(
        BEGIN, other, part("a"), second[0], part("b"), second[1], f"{ALICE} BATCH -2", END
    )
    assert [(event.nick, event.text) for event in heard] == [("alice", "x\ny"), ("bob", "a\nb")]


def test_a_reply_and_other_tags_of_the_batch_are_those_of_the_message():
    begin = f"@+draft/reply=m0;+x=y {BOB} BATCH +1 draft/multiline #a"
    (event,) = in_channels().hear(begin, part("a"), part("b"), END)
    assert (event.reply_to, event.tags, event.text) == ("m0", {"+x": "y"}, "a\nb")


def test_a_message_to_the_operators_is_one_too():
    begin = f"{BOB} BATCH +1 draft/multiline @#a"
    (event,) = in_channels().hear(begin, part("a", target="@#a"), part("b", target="@#a"), END)
    assert (event.target, event.statusmsg, event.text) == ("#a", "@", "a\nb")


def test_a_message_off_the_record_is_so_with_all_its_lines():
    talk = in_channels()
    assert talk.hear(BEGIN, part("[off] a"), part("b"), END) == []
    assert talk.hear(BEGIN, part("a"), part("[off] b"), part("c"), END) == []
    assert talk.hear(BEGIN.replace("m1", "m2"), part("a"), part("b"), END)


# -- kept as parts -------------------------------------------------------------------

TAGS = "msgid='m1'"


def texts(events):
    return [event.text for event in events]


APART = {
    "another target": [part("b", target="#b")],
    "another person": [part("b", source=ALICE)],
    "another command": [part("b", command="NOTICE")],
    "tags alone": [f"@batch=1;+x=y {BOB} TAGMSG #a"],
    "a text that is no UTF-8 between others": [
        part("é"),
        b"@batch=1 :bob!u@h PRIVMSG #a :caf\xe9 cr\xe8me",
    ],
    "a text that is cut in a character": [b"@batch=1 :bob!u@h PRIVMSG #a :\xc3\xa9\xc3\xa9\xc3"],
}


@pytest.mark.parametrize("odd", APART.values(), ids=APART)
def test_a_batch_that_is_no_one_message_is_kept_as_its_parts(odd):
    talk = in_channels()
    events = talk.hear(BEGIN, part("first"), *odd, part("last"), END)
    assert len(events) == 2 + len(odd)
    assert (events[0].text, events[0].msgid) == ("first", "m1")
    assert (events[-1].text, events[-1].msgid) == ("last", "")
    assert {event.time for event in events} == {"2026-11-23T18:20:01.000Z"}
    assert {event.account for event in events} == {"robert"}


def test_texts_in_one_other_encoding_are_one_message():
    cafe = b"@batch=1 :bob!u@h PRIVMSG #a :caf\xe9"
    (event,) = in_channels().hear(BEGIN, part("plain"), cafe, END)
    assert event.text.encode(event.encoding) == b"plain\ncaf\xe9"


def test_parts_keep_the_tag_that_tells_how_they_are_joined():
    talk = in_channels()
    turn = Turn()
    talk.hear(BEGIN, part("a"), part("b", CONCAT))
    talk.session.close("gone", NOW, turn)
    said = [event for event in turn.events if event.type == "message"]
    assert [(event.text, event.tags) for event in said] == [("a", {}), ("b", {CONCAT: ""})]


def test_a_batch_that_the_end_of_the_connection_cuts_is_kept_as_its_parts():
    talk, turn = in_channels(), Turn()
    talk.hear(BEGIN, part("a"), part("b"))
    talk.session.close("gone", NOW, turn)
    assert [event.type for event in turn.events] == [
        *("message", "message", "disconnected", "parted", "parted"),
    ]


def test_a_part_waits_for_two_seconds_at_most():
    talk = in_channels()
    assert talk.hear(BEGIN, part("a"), part("b")) == []
    turn = Turn()
    assert talk.session.advance(talk.now + 1.9, turn) == talk.now + multiline.LONGEST_WAIT
    assert turn.events == []
    talk.session.advance(talk.now + 2, turn)
    assert texts(turn.events) == ["a", "b"]
    assert texts(talk.hear(part("c"))) == ["c"]
    assert talk.hear(END) == []


def test_a_ping_is_answered_once_nothing_waits_before_it():
    talk = in_channels()
    talk.hear(BEGIN, part("a"), "PING :x")
    assert talk.said == []
    (event,) = talk.hear(END)
    assert (event.text, talk.said) == ("a", ["PONG :x"])


def test_a_ping_is_answered_when_the_parts_have_waited_too_long():
    talk = in_channels()
    talk.hear(BEGIN, part("a"), "PING :x")
    talk.after(3)
    assert talk.said == ["PONG :x"]


@pytest.mark.parametrize(
    ("parts", "bound"),
    [(multiline.MAX_PARTS, "x"), (multiline.MAX_BYTES // 1000, "é" * 500)],
    ids=["parts", "bytes"],
)
def test_a_message_beyond_a_bound_is_kept_as_its_parts(parts, bound):
    talk = in_channels()
    assert talk.hear(BEGIN, *[part(bound)] * (parts - 1)) == []
    events = talk.hear(*[part(bound)] * 3, END)
    assert texts(events) == [bound] * (parts + 2)


def test_what_waits_in_all_batches_together_is_bounded():
    talk = in_channels()
    begins = [f"{BOB} BATCH +{n} draft/multiline #a" for n in range(100)]
    talk.hear(*begins)
    written = []
    for _ in range(100):
        for n in range(100):
            written += talk.hear(part("x" * 500, reference=str(n)))
    assert len(written) > 9_000
    turn = Turn()
    talk.session.close("gone", NOW, turn)
    assert len(written) + sum(event.type == "message" for event in turn.events) == 10_000


def test_batches_that_never_end_hold_back_no_later_message():
    talk = in_channels()
    talk.hear(*[f"{BOB} BATCH +x{n} draft/multiline #a" for n in range(multiline.MAX_OPEN)])
    talk.after(3)
    assert texts(talk.hear(BEGIN, part("a"), part("b"), END)) == ["a\nb"]


def test_a_reference_that_is_used_again_begins_another_message():
    again = f"@msgid=m2 {BOB} BATCH +1 draft/multiline #a"
    events = in_channels().hear(BEGIN, part("a"), part("b"), again, part("c"), part("d"), END)
    assert [(event.text, event.msgid) for event in events] == [
        ("a", "m1"),
        ("b", ""),
        ("c\nd", "m2"),
    ]


def test_a_batch_of_nothing_is_no_event():
    assert in_channels().hear(BEGIN, END) == []


def test_the_recorder_is_not_answered_twice_for_a_message_of_two_lines():
    talk = in_channels()
    talk.hear(
        f"{BOB} BATCH +1 draft/multiline log",
        part("hi", target="log"),
        part("you", target="log"),
        END,
    )
    assert len(talk.said) == 1


# -- history -------------------------------------------------------------------------

HISTORY = ":irc.test BATCH +h chathistory #a"
INNER = f"@batch=h;msgid=m1;time=2026-11-23T17:00:00.000Z {BOB} BATCH +1 draft/multiline #a"


def test_a_message_in_a_batch_of_history_is_one_event_of_its_page():
    talk = in_channels()
    before = f"@batch=h;msgid=m0;time=2026-11-23T16:59:00.000Z {ALICE} PRIVMSG #a :before"
    heard = talk.outcome(HISTORY, before, INNER, part("a"), part("b"), END, ":irc.test BATCH -h")
    assert heard == [
        "#a message alice text='before' msgid='m0' via='chathistory'",
        "#a message bob text='a\\nb' msgid='m1' via='chathistory'",
    ]
    (page,) = talk.told(HistoryPage)
    assert page.answer.lines == 2


def test_a_batch_of_history_that_ends_first_takes_the_parts_with_it():
    heard = in_channels().outcome(HISTORY, INNER, part("a"), part("b"), ":irc.test BATCH -h", END)
    assert heard == [
        "#a message bob text='a' msgid='m1' via='chathistory'",
        "#a message bob text='b' via='chathistory'",
    ]


def test_history_that_the_end_of_the_connection_cuts_keeps_its_parts():
    talk, turn = in_channels(), Turn()
    talk.hear(HISTORY, INNER, part("a"), part("b"))
    talk.session.close("gone", NOW, turn)
    (page,) = (fact for fact in turn.facts if isinstance(fact, HistoryPage))
    assert [short(event) for event in page.events] == [
        "#a message bob text='a' msgid='m1' via='chathistory'",
        "#a message bob text='b' via='chathistory'",
    ]


# -- whatever comes --------------------------------------------------------------------

STEPS = st.one_of(
    st.builds(
        lambda n, to: f"{BOB} BATCH +{n} draft/multiline {to}",
        *[st.integers(1, 3), st.sampled_from(["#a", "#b"])],
    ),
    st.builds(lambda n: f"{BOB} BATCH -{n}", st.integers(1, 3)),
    st.builds(
        lambda n, to, text, who: part(text, reference=str(n), target=to, source=who),
        st.integers(1, 4),
        st.sampled_from(["#a", "#b"]),
        st.text("abc", min_size=1, max_size=3),
        st.sampled_from([BOB, ALICE]),
    ),
)


@given(st.lists(STEPS, max_size=30))
def test_every_part_is_in_one_event_and_none_in_two(steps):
    talk, turn = in_channels(), Turn()
    events = [event for step in steps for event in talk.hear(step)]
    talk.session.close("gone", NOW, turn)
    said = [event for event in [*events, *turn.events] if event.type == "message"]
    sent = [step.rpartition(":")[2] for step in steps if " PRIVMSG " in step]
    assert sorted(line for event in said for line in event.text.split("\n")) == sorted(sent)


# -- off the record ----------------------------------------------------------------------------

OFF = [part("[off] this is"), part("between us")]
BROKEN_UP = {
    "ends with the connection": [BEGIN, *OFF],
    "takes too long, and goes on": [BEGIN, *OFF, None, part("alone"), END],
    "has the word later": [BEGIN, part("this is"), part("[off] between us"), part("alone")],
    "has the word in two pieces": [BEGIN, part("[o"), part("ff] between us", CONCAT)],
    "has a part to somebody else": [BEGIN, *OFF, part("x", target="#b")],
    "has a part of another kind": [BEGIN, *OFF, part("x", command="NOTICE"), part("y")],
    "is in two encodings": [BEGIN, part("[off] a\u00e9"), part("b\xe9").encode("latin-1"), END],
    "is of too many lines": [BEGIN, *OFF, *[part("x")] * multiline.MAX_PARTS, END],
}


@pytest.mark.parametrize("lines", BROKEN_UP.values(), ids=BROKEN_UP)
def test_no_part_of_a_message_off_the_record_is_written_when_it(lines):
    talk, events = in_channels(), []
    for line in lines:
        if line is None:
            talk.after(0)
            turn = Turn()
            talk.now += multiline.LONGEST_WAIT
            talk.session.advance(talk.now, turn)
            events += talk.end(turn)
        else:
            events += talk.hear(line)
    end = Turn()
    talk.session.close("gone", NOW, end)
    said = [event.text for event in events + end.events if event.type in ("message", "notice")]
    assert said == []
    assert talk.session.privacy.counts["off-record"] > 1


def test_what_others_say_in_the_batch_of_a_message_off_the_record_is_written():
    talk = in_channels()
    events = talk.hear(BEGIN, *OFF, part("for all", source=ALICE), part("between us"), END)
    assert [event.text for event in events] == ["for all"]
