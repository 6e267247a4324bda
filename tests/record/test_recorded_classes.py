"""The classes that are recorded: chosen by rules, and true to the ledger."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.rules import EVERY, Rule, Rules
from chatlog.casemapping import Casemapping
from chatlog.event import CLASSES, RECORDERS_OWN, Event, EventType, class_of
from chatlog.record.recorded_classes import RecordedClasses

TALK = frozenset({"talk"})
TARGETS = ("#one", "#Two", "@server", "ada")
CLASS_SETS = st.frozensets(st.sampled_from(sorted(CLASSES)), min_size=1)


def event(target="#one", kind="message"):
    return Event(time="2026-11-23T18:20:01.000Z", network="net", target=target, type=kind)


EVENTS = st.builds(
    event, st.sampled_from(TARGETS), st.sampled_from([*map(str, EventType), "of later"])
)


class Book:
    """Rules that can be changed, and the classes that follow from them."""

    def __init__(self, rules):
        self.rules = rules
        self.classes = RecordedClasses("net", lambda: self.rules)

    def types(self, *events):
        return [each.type for each in self.classes.choose([*events], "rfc1459")]


RULES = st.builds(
    lambda record, named: Rules(
        record=record,
        rules=tuple(Rule(channels=(target,), record=each) for target, each in named.items()),
    ),
    CLASS_SETS,
    st.dictionaries(st.sampled_from(TARGETS), CLASS_SETS),
)


@given(RULES, st.lists(EVENTS))
def test_an_event_is_recorded_if_its_class_is_or_if_it_is_the_recorders_own(rules, events):
    folds = Casemapping("rfc1459")
    assert Book(rules).classes.choose(events, "rfc1459") == [
        each
        for each in events
        if each.type in RECORDERS_OWN
        or class_of(each.type) in rules.of("net", each.target, folds).record
    ]


def test_without_rules_the_events_pass_as_they_are():
    events = [event()]
    assert Book(Rules()).classes.choose(events, "rfc1459") is events


def test_changed_rules_apply_to_a_channel_when_it_is_entered_again_and_elsewhere_at_once():
    book = Book(Rules())
    assert book.classes.enter("#one") == "all"
    book.rules = Rules(record=TALK)
    assert book.types(event("#one", "join"), event("ada", "away")) == ["join"]
    assert book.classes.enter("#one") == "talk"
    assert book.types(event("#one", "join"), event("#one")) == ["message"]
    book.rules = Rules()
    assert book.types(event("#one", "join"), event("ada", "away")) == ["away"]
    assert book.classes.enter("#one") == "all"
    assert book.types(event("#one", "join")) == ["join"]


def test_changed_rules_apply_to_the_lines_behind_our_join_though_they_come_in_one_read():
    book = Book(Rules(record=TALK))
    assert book.classes.enter("#one") == "talk"
    book.rules = Rules(record=frozenset({"presence"}))
    said, came, joined = event(), event(kind="join"), event(kind="joined")
    assert book.types(said, came, joined, said, came) == ["message", "joined", "join"]
    assert book.types(said, came) == ["join"]
    assert book.classes.enter("#one") == "presence"


def test_a_casemapping_that_becomes_known_counts_from_then_on():
    book = Book(Rules(rules=(Rule(channels=("#[a]",), record=TALK),)))
    assert len(book.classes.choose([event("#{a}", "join")], "ascii")) == 1
    assert not book.classes.choose([event("#{a}", "join")], "rfc1459")


@pytest.mark.parametrize(
    ("record", "brought", "kinds"),
    [
        (EVERY, "all", "all"),
        (EVERY, "messages", "messages"),
        (TALK, "messages", "talk"),
        (TALK, "all", "talk"),
        (TALK | {"topic"}, "messages", "messages"),
        (TALK | {"topic"}, "all", "talk topic"),
        (frozenset({"topic"}), "messages", ""),
        (frozenset({"topic"}), "all", "topic"),
        (TALK, "", ""),
    ],
)
def test_history_of_messages_fills_a_gap_of_a_channel_that_records_talk_alone(
    record, brought, kinds
):
    assert Book(Rules(record=record)).classes.brought("#one", brought) == kinds
