"""What an event must be: each predicate by itself."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.casemapping import Casemapping
from chatlog.errors import UsageError
from chatlog.event import CLASSES, SERVER, EventType, class_of
from chatlog.query.predicates import (
    LINK,
    Account,
    All,
    Between,
    Contains,
    Has,
    Network,
    Nick,
    Not,
    OfClass,
    Place,
    Some,
    Subject,
    Then,
    Type,
    Via,
    is_question,
    may_link,
    texts_of,
    type_named,
    types_of,
)
from chatlog.query.texts import literal
from tests.support.archive import event_at

FOLDS = {"net": Casemapping("rfc1459"), "other": Casemapping("ascii")}


def holds(term, **fields):
    event = event_at(fields.pop("seconds", 0), fields.pop("text", "hello"), **fields)
    return term.holds(event, FOLDS.__getitem__)


@pytest.mark.parametrize(
    ("term", "fields", "expected"),
    [
        (Nick("ANN"), {"nick": "ann"}, True),
        (Nick("a{}"), {"nick": "A[]"}, True),
        (Nick("a{}"), {"nick": "A[]", "network": "other"}, False),
        (Nick("a*"), {"nick": "Ann"}, True),
        (Nick("a?"), {"nick": "ann"}, False),
        (Nick("*"), {"nick": ""}, False),
        (Nick("new"), {"type": "nick", "nick": "old", "subject": "new"}, True),
        (Nick("new"), {"type": "kick", "nick": "old", "subject": "new"}, False),
        (Nick("A[]"), {"nick": "bridge", "relayed_nick": "a{}"}, True),
        (Nick("bridge"), {"nick": "bridge", "relayed_nick": "ada"}, True),
        (Nick("*a*"), {"nick": "bridge"}, False),
        (Has("relay"), {"nick": "bridge", "relayed_nick": "ada"}, True),
        (Has("relay"), {"nick": "bridge"}, False),
        (Subject("BOB"), {"type": "kick", "subject": "bob"}, True),
        (Account("ÄNN"), {"account": "änn"}, False),
        (Account("ANN"), {"account": "ann"}, True),
        (Network("Net"), {}, True),
        (Network("n*"), {}, True),
        (Network("ne"), {}, False),
        (Type("message"), {}, True),
        (Type("join"), {}, False),
        (Via("live"), {}, True),
        (Via("live"), {"via": "playback"}, False),
        (Via("import:*"), {"via": "import:irssi"}, True),
        (Has("account"), {"account": "ann"}, True),
        (Has("msgid"), {}, False),
        (Has("formatting"), {"text": "\x02bold"}, True),
        (Has("link"), {"text": "ht\x02tps://a.b"}, True),
        (Has("question"), {"text": "why?"}, True),
        (Has("question"), {"text": "why?", "type": "topic"}, False),
        (Contains(literal("")), {"text": ""}, False),
        (All(), {}, True),
        (Some(()), {}, False),
        (Not(All()), {}, False),
    ],
    ids=str,
)
def test_each_term_holds_for_the_events_that_it_describes(term, fields, expected):
    assert holds(term, **fields) is expected


@pytest.mark.parametrize(
    ("name", "target", "expected"),
    [
        ("#Python", "#python", True),
        ("python", "#python", True),
        ("python", "python", True),
        ("#python", "python", False),
        ("net/python", "#python", True),
        ("NET/#py*", "#python", True),
        ("other/python", "#python", False),
        ("#a/b", "#a/b", True),
        ("*", "#python", True),
        ("*", SERVER, False),
        ("net/*", SERVER, False),
        (SERVER, SERVER, True),
        (f"net/{SERVER}", SERVER, True),
        (f"other/{SERVER}", SERVER, False),
        (SERVER, "#python", False),
    ],
)
def test_a_target_term_holds_for_names_with_and_without_the_network(name, target, expected):
    assert holds(Place(name), target=target) is expected


def test_a_stretch_has_its_beginning_and_not_its_end():
    stretch = Between(since=event_at(10).time, until=event_at(20).time)
    assert [holds(stretch, seconds=at) for at in (9, 10, 19.999, 20)] == [False, True, True, False]
    assert holds(Between(), seconds=-1e9)


def test_a_nick_may_be_somebodys_for_a_while():
    term = Then("net", "a{}", event_at(10).time, event_at(20).time)
    assert [holds(term, seconds=at, nick="A[]") for at in (9, 10, 20)] == [False, True, False]
    assert not holds(term, seconds=15, nick="A[]", network="other")


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("why?", True),
        ("why? because", True),
        ("really?!", True),
        ("http://a.b/c?d=e", False),
        ("see http://a.b/c?d=e why?", True),
        ("a?b", False),
        ("", False),
    ],
)
def test_a_question_mark_ends_a_word_of_what_asks(text, asks):
    assert is_question(text) is asks


QUESTIONS = st.sampled_from(["?", "?x.y", "?id=3", "é", '"', "!", "\n"])


@given(st.data())
def test_a_question_mark_within_a_link_asks_nothing(data):
    text = "".join(data.draw(st.lists(PIECES | QUESTIONS, max_size=12)))
    marks = re.finditer(r"\?(?!\w)", LINK.sub("", text))
    assert is_question(text) is any(True for _ in marks)


PIECES = st.sampled_from([" ", "a", "www.", "WWW.x", "://", "HTTP", "ircs://c", "gopher", "<", "."])


@given(st.lists(PIECES, max_size=8).map("".join))
def test_where_there_is_a_link_it_is_worth_to_look(text):
    assert may_link(text) or LINK.search(text) is None


def test_what_is_found_is_what_is_not_excluded():
    one, two, three = (literal(each) for each in ("one", "two", "three"))
    term = All((Contains(one), Some((Contains(two), Nick("ann"))), Not(Contains(three))))
    assert list(texts_of(term)) == [one, two]


def test_every_type_has_its_name_and_no_other_has():
    types = [each for each in EventType if each not in CLASSES]
    assert [type_named(each.value) for each in types] == [Type(each) for each in types]
    with pytest.raises(UsageError, match="there is no type 'Join'; known are account, action, "):
        type_named("Join")


def test_a_class_holds_for_its_types_and_has_the_name_of_a_type_only_if_that_is_all_of_it():
    assert [type_named(each) for each in CLASSES] == [OfClass(each) for each in CLASSES]
    for name in CLASSES.keys() & set(EventType):
        assert CLASSES[name] == {name}
    for name, types in CLASSES.items():
        found = {each for each in EventType if holds(type_named(name), type=each)}
        assert found == types & set(EventType)


def test_each_type_belongs_to_one_class_and_an_unknown_one_to_server():
    for each in EventType:
        assert [name for name, types in CLASSES.items() if each in types] == [class_of(each)]
    assert class_of("of a later version") == "server"
    assert holds(type_named("server"), type="of a later version")


def test_talk_is_what_people_say_and_what_becomes_of_it():
    talk = "message action notice usernotice redact clear react unreact"
    assert CLASSES["talk"] == set(talk.split())


@pytest.mark.parametrize(
    ("term", "types"),
    [
        (All(), set()),
        (Type("join"), {"join"}),
        (All((Nick("ann"), Some((Type("names"), Type("mode"))))), {"names", "mode"}),
        (OfClass("moderation"), {"kick", "mode", "invite"}),
        (Not(Type("join")), set()),
        (All((Type("part"), Not(Some((Type("join"),))))), {"part"}),
    ],
    ids=lambda value: repr(value) if not isinstance(value, set) else "-".join(sorted(value)),
)
def test_a_term_asks_for_the_types_that_it_names_and_does_not_exclude(term, types):
    assert types_of(term) == types
