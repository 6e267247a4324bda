"""Filters of events before they are published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.casemapping import Casemapping
from chatlog.errors import UsageError
from chatlog.event import SERVER
from chatlog.export.filters import (
    REDACTED,
    OptOut,
    without_hosts,
    without_people,
    without_redacted,
)
from tests.support.archive import event_at
from tests.support.events import events

IDS = frozenset({("net", "m1")})
SAID = event_at(0, "a secret", msgid="m1", raw=":ann PRIVMSG #c :a secret", tags={"t": "secret"})
TAKEN_BACK = event_at(2, "", type="redact", reply_to="m1")
OTHERS = [
    event_at(1, "an answer", reply_to="m1", msgid="m2"),
    event_at(3, "no id"),
    event_at(4, "elsewhere", network="other", msgid="m1"),
]
REACTED = event_at(5, "👍", type="react", reply_to="m1")


def names(_network):
    return Casemapping("rfc1459")


def published(optout, *those):
    return list(without_people(OptOut.parse(optout), names)(those))


def test_a_message_that_was_taken_back_goes_with_all_that_is_about_it_alone():
    take = without_redacted(IDS, marks=False)
    assert list(take([SAID, *OTHERS, TAKEN_BACK, REACTED])) == OTHERS


def test_a_message_that_was_taken_back_is_marked_and_nothing_else_is_changed():
    [marked, *others] = without_redacted(IDS, marks=True)([SAID, TAKEN_BACK, *OTHERS, REACTED])
    assert (marked.text, marked.nick, marked.msgid) == (REDACTED, "ann", "m1")
    assert "secret" not in repr(marked)
    assert others == [TAKEN_BACK, *OTHERS, REACTED]


@pytest.mark.parametrize(
    "optout", ["ANN", "an?", "net/ann", "# people\n\n  Ann  \n", "account:acc"]
)
def test_what_somebody_did_who_opted_out_is_left_out(optout):
    by_ann = [
        event_at(0, "hi", account="acc"),
        event_at(1, "", type="nick", nick="zoe", subject="ann", account="acc"),
    ]
    other = event_at(2, "ann: hi", nick="ben")
    assert published(optout, *by_ann, other) == [other]


def test_what_was_done_to_somebody_by_name_is_left_out():
    events = [
        event_at(0, "", type="kick", nick="ben", subject="ann"),
        event_at(1, "", type="mode", nick="ben", command="+o", params=("Ann",)),
        event_at(2, "hi", nick="relay", relayed_nick="ann"),
    ]
    assert published("ann", *events) == []


def test_lists_of_members_lose_the_name_alone():
    listed = event_at(0, "@ben ann!a@h +cat", type="names", nick="")
    [found] = published("ann", listed)
    assert found.text == "@ben +cat"


def test_a_name_of_another_network_counts_there_alone():
    here, there = event_at(0), event_at(1, network="other")
    assert published("other/ann", here, there) == [here]
    assert published("other/account:x", event_at(0, account="x")) != []


@pytest.mark.parametrize("text", ["two words", "net/", "net/two words"])
def test_a_line_of_several_words_is_refused_with_its_number(text):
    with pytest.raises(UsageError, match="line 2: say a nick"):
        OptOut.parse(f"ann\n{text}\n")


def test_hosts_go_from_people_masks_lists_and_texts_of_servers():
    ann = {"user": "~ann", "host": "a.example", "raw": ":ann!~ann@a.example JOIN #c"}
    taken = without_hosts(
        [
            event_at(0, "mail me: ann@mail.example", **ann),
            event_at(1, "", type="mode", command="+bo", params=("*!*@a.example", "ben")),
            event_at(2, "@ben!b@b.example cat", type="names"),
            event_at(3, "", type="chghost", params=("~x", "c.example"), **ann),
            event_at(4, "connects from ~ann@a.example [203.0.113.7], 2001:db8::1", target=SERVER),
            event_at(5, "", type="other", command="338", params=("ann", "host.of.ann")),
        ]
    )
    assert [(event.text, event.params) for event in taken] == [
        ("mail me: ann@mail.example", ()),
        ("", ("*", "ben")),
        ("@ben cat", ()),
        ("connects from * [*], *", ()),
        ("", ("ann", "*")),
    ]
    assert not any((event.user, event.host, event.raw) != ("", "", "") for event in taken)


@given(st.lists(events(), max_size=5))
def test_filters_keep_the_order_and_the_times_of_what_is_left(those):
    for take in (
        without_hosts,
        without_people(OptOut.parse("a*\naccount:b"), names),
        without_redacted(frozenset({("", "")}), marks=True),
    ):
        rest = iter([event.time for event in those])
        assert all(event.time in rest for event in take(those))
