"""Filters of events before they are published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.optout import OptOut
from chatlog.casemapping import Casemapping
from chatlog.errors import UsageError
from chatlog.event import SERVER
from chatlog.export.filters import (
    REDACTED,
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
    other = event_at(2, "hi", nick="ben")
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


@pytest.mark.parametrize("optout", ["ann", "net/ANN", "a?n", "an*"])
def test_where_others_name_somebody_who_opted_out_an_ellipsis_stands(optout):
    words = "Ann: joann \x02ann\x0f's <@ANN> a\u200bnn|away"
    [told] = published(optout, event_at(0, words, type="topic", nick="ben"))
    assert told.text.replace("\x02", "").replace("\x0f", "").startswith("…: joann …'s <@…> …")
    assert "away" in told.text or "*" in optout


@pytest.mark.parametrize("text", ["<ann> hi", "\x0304<ann>\x03 hi", "[irc] <Ann> hi", "<ann@x> hi"])
def test_what_somebody_who_opted_out_said_through_an_unknown_bridge_is_left_out(text):
    assert published("ann", event_at(0, text, nick="bridge")) == []


def test_the_private_messages_with_somebody_who_opted_out_are_left_out():
    assert published("ann", event_at(0, target="ann", nick="ben")) == []


def test_a_name_alone_is_that_of_an_account_too_and_an_account_is_no_nick():
    by_account = event_at(0, nick="zoe", account="ann")
    assert published("ann", by_account) == []
    assert published("account:ann", event_at(0)) == [event_at(0)]


def test_edits_of_a_message_that_was_taken_back_are_as_the_message_is():
    edit = event_at(1, "secrets", msgid="m3", tags={"edit-of": "m1"})
    assert list(without_redacted(IDS, marks=False)([edit])) == []
    assert without_redacted(IDS, marks=True)([edit])[0].text == REDACTED


def test_words_that_twitch_repeats_when_it_takes_a_message_back_go_where_it_is_marked():
    repeated = event_at(2, "a secret", type="redact", reply_to="m1", subject="ann")
    [marked] = without_redacted(IDS, marks=True)([repeated])
    assert (marked.text, marked.subject) == ("", "ann")


NOTICES = {
    "*** Client connecting: ann (~ann@h.example) [10.0.0.1]": "*** Client connecting: ann * [*]",
    "*** Found your hostname (h.example)": "*** Found your hostname (*)",
    "from 2001:db8::1 and [::1]:6667": "from * and [*]:6667",
    "user/ann.example/bot, user/ann": "*, *",
    "nothing here, of one kind!": "nothing here, of one kind!",
}


@pytest.mark.parametrize("text", NOTICES)
def test_hosts_within_texts_of_the_server_are_hidden(text):
    [notice] = without_hosts([event_at(1, text, type="notice", target=SERVER)])
    assert notice.text == NOTICES[text]


PARTS = st.from_regex(r"[a-c0-2](?:[a-c0-2.-]{0,6}[a-c0-2])?", fullmatch=True)
HOSTS = st.one_of(
    st.builds("{}.{}.example".format, PARTS, PARTS),
    st.builds("user/{}@gateway".format, PARTS),
    st.ip_addresses().map(str),
)


@given(HOSTS, st.sampled_from(["({})", "~ann@{}", "[{}]", "{}", "{},", "host={}"]))
def test_no_host_stays_in_a_text_of_the_server_or_in_parameters(host, form):
    text = f"*** ann is {form.format(host)} now"
    [notice] = without_hosts([event_at(1, text, target=SERVER, params=(host,))])
    assert host not in notice.text
    assert notice.params == ("*",)


@given(st.lists(events(), max_size=5))
def test_filters_keep_the_order_and_the_times_of_what_is_left(those):
    for take in (
        without_hosts,
        without_people(OptOut.parse("a*\naccount:b"), names),
        without_redacted(frozenset({("", "")}), marks=True),
    ):
        rest = iter([event.time for event in those])
        assert all(event.time in rest for event in take(those))
