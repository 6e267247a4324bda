"""Netsplits: quits and joins that are one, with the two servers that they tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.netsplit import LONGEST_NAMES, split_in_reason, split_of
from chatlog.protocol import netsplits
from tests.support.archive import event_at
from tests.support.conversation import in_channels

BOB = ":bob!u@h"
SPLIT = "hub.example leaf.example"
QUIT = f"{BOB} QUIT :{SPLIT}"
BEGIN = f":irc.test BATCH +1 netsplit {SPLIT}"
RETURN = f":irc.test BATCH +2 netjoin {SPLIT}"


def splits(talk, *lines, at="2026-11-23T18:20:01.123Z"):
    return [(event.target, event.type, event.split) for event in talk.hear(*lines, at=at)]


def test_the_quits_of_a_batch_name_the_two_servers_in_each_channel():
    heard = splits(in_channels(), BEGIN, f"@batch=1 {BOB} QUIT :whatever", ":irc.test BATCH -1")
    assert heard == [("#a", "quit", SPLIT), ("#b", "quit", SPLIT)]


def test_the_joins_of_a_batch_name_the_two_servers():
    heard = splits(in_channels(), RETURN, "@batch=2 :dave!u@h JOIN #a", ":irc.test BATCH -2")
    assert heard == [("#a", "join", SPLIT)]


def test_the_batch_of_a_server_that_hides_its_links_is_one_too():
    begin = ":irc.test BATCH +1 netsplit *.net *.split"
    heard = splits(in_channels(), begin, f"@batch=1 {BOB} QUIT :*.net *.split")
    assert {split for _, _, split in heard} == {"*.net *.split"}


def test_a_batch_without_a_reference_takes_in_no_line_of_no_batch():
    begin = f":irc.test BATCH + netsplit {SPLIT}"
    heard = splits(in_channels(), begin, ":dave!u@h JOIN #a", f"{BOB} QUIT :bye")
    assert {split for _, _, split in heard} == {""}


def test_other_events_of_a_batch_belong_to_no_split():
    heard = splits(in_channels(), RETURN, "@batch=2 :irc.test MODE #a +o bob")
    assert heard == [("#a", "mode", "")]


def test_without_batches_the_reason_tells_it():
    assert splits(in_channels(), QUIT) == [("#a", "quit", SPLIT), ("#b", "quit", SPLIT)]


def test_where_batches_tell_it_a_reason_alone_is_not_believed():
    talk = in_channels()
    talk.hear(BEGIN, ":irc.test BATCH -1")
    assert splits(talk, QUIT) == [("#a", "quit", ""), ("#b", "quit", "")]


def test_who_comes_back_from_a_split_within_an_hour_rejoins_by_it():
    talk = in_channels()
    talk.hear(QUIT)
    assert splits(talk, f"{BOB} JOIN #a", f"{BOB} JOIN #b", at="2026-11-23T19:20:01.000Z") == [
        ("#a", "join", SPLIT),
        ("#b", "join", SPLIT),
    ]
    late = "2026-11-23T19:21:02.000Z"
    assert splits(talk, f"{BOB} JOIN #a", at=late) == [("#a", "join", "")]


@pytest.mark.parametrize(
    ("before", "join", "at"),
    [
        ([], ":bob!other@h JOIN #a", "2026-11-23T18:21:00.000Z"),
        ([], f"{BOB} JOIN #a", "2026-11-23T19:20:02.000Z"),
        ([], f"{BOB} JOIN #a", "2026-11-23T18:19:00.000Z"),
        (
            [f"{BOB} JOIN #a", f"{BOB} QUIT :Quit: bye"],
            f"{BOB} JOIN #a",
            "2026-11-23T18:21:00.000Z",
        ),
    ],
    ids=["from another address", "later", "before, by a clock that was set", "after another quit"],
)
def test_any_other_join_belongs_to_no_split(before, join, at):
    talk = in_channels()
    talk.hear(QUIT, *before)
    assert splits(talk, join, at=at) == [("#a", "join", "")]


def test_a_netsplit_that_history_tells_is_one_and_awaits_no_return():
    talk = in_channels()
    begin = ":irc.test BATCH +h chathistory #a"
    quit_line = f"@batch=h;time=2026-11-23T18:19:00.000Z {QUIT}"
    assert splits(talk, begin, quit_line, ":irc.test BATCH -h") == [("#a", "quit", SPLIT)]
    assert splits(talk, f"{BOB} JOIN #a") == [("#a", "join", "")]


def test_what_is_remembered_of_netsplits_is_bounded(monkeypatch):
    monkeypatch.setattr(netsplits, "MAX_PARTED", 3)
    talk = in_channels()
    people = [f":p{n}!u@h" for n in range(5)]
    for who in people:
        talk.hear(f"{who} JOIN #a", f"{who} QUIT :{SPLIT}")
    back = [split for who in people for _, _, split in splits(talk, f"{who} JOIN #a")]
    assert back == ["", "", SPLIT, SPLIT, SPLIT]


def test_batches_that_never_end_hide_no_later_netsplit():
    talk = in_channels()
    begins = [f":irc.test BATCH +x{n} netsplit {SPLIT}" for n in range(netsplits.MAX_BATCHES)]
    talk.hear(*begins)
    assert splits(talk, BEGIN, f"@batch=1 {BOB} QUIT") == [
        *(("#a", "quit", SPLIT), ("#b", "quit", SPLIT)),
    ]


REASONS = {
    "irc.hub.example other.example": True,
    "*.net *.split": True,
    "a.bc d.ef": True,
    "Quit: a.bc d.ef": False,
    '"a.bc d.ef"': False,
    "a.bc a.bc": False,
    "a.bc  d.ef": False,
    "a.bc d.ef g.hi": False,
    "well... bye.": False,
    "version 1.2 2.3": False,
    "1.2 2.3": False,
    "http://a.bc d.ef": False,
    "a.bc d.ef\n": False,
    "a.bc": False,
    "": False,
    f"a.{'b' * LONGEST_NAMES} c.de": False,
}


@pytest.mark.parametrize(("reason", "is_split"), REASONS.items(), ids=repr)
def test_a_reason_is_a_netsplit_if_it_is_the_names_of_two_servers(reason, is_split):
    assert split_in_reason(reason) == (reason if is_split else "")


@given(st.text())
def test_any_reason_is_a_netsplit_or_none(reason):
    assert split_in_reason(reason) in ("", reason)


def test_an_event_of_an_earlier_version_tells_its_split_by_its_reason():
    assert split_of(event_at(0, SPLIT, type="quit")) == SPLIT
    assert split_of(event_at(0, SPLIT, type="part")) == ""
    assert split_of(event_at(0, "x", type="join", split=SPLIT)) == SPLIT
