"""Who is in a channel, event by event."""

from __future__ import annotations

import pytest

from chatlog.casemapping import Casemapping
from chatlog.event import format_time
from chatlog.report.presence import Presence
from tests.support.archive import START, event_at


def did(seconds, kind, nick="", **fields):
    return event_at(seconds, fields.pop("text", ""), type=kind, nick=nick, **fields)


def at(seconds):
    return format_time(START + seconds * 1000)


def after(*events, casemapping="rfc1459"):
    presence = Presence(Casemapping(casemapping))
    for event in events:
        presence.take(event)
    return presence


CAME_IN = did(0, "joined", "logbot")
LIST = did(1, "names", text="@ann +bob cleo logbot")


def test_nobody_is_known_before_the_recorder_came():
    presence = after()
    assert (presence.members, presence.since) == ([], "")


def test_the_recorder_is_the_first_who_is_there():
    presence = after(CAME_IN)
    assert (presence.members, presence.since) == (["logbot"], at(0))


def test_a_list_says_who_is_there_without_their_prefixes():
    presence = after(CAME_IN, did(1, "names", text="~&@%+ann !@bob *cleo [dan] -eve- logbot"))
    assert presence.members == ["ann", "bob", "cleo", "eve-", "logbot", "[dan]"]
    assert presence.since == at(0)


def test_a_list_with_users_and_hosts_is_one_of_nicks():
    assert after(did(1, "names", text="@ann!~a@host bob!b@h")).members == ["ann", "bob"]


def test_presence_without_a_join_of_the_recorder_begins_with_the_list_of_names():
    assert after(LIST).since == at(1)


@pytest.mark.parametrize(
    ("event", "there"),
    [
        (did(2, "join", "dan"), "ann bob cleo dan logbot"),
        (did(2, "part", "ann"), "bob cleo logbot"),
        (did(2, "quit", "ann"), "bob cleo logbot"),
        (did(2, "kick", "ann", subject="bob"), "ann cleo logbot"),
        (did(2, "nick", "ann", subject="zoe"), "bob cleo logbot zoe"),
        (did(2, "nick", "logbot", subject="logbot_"), "ann bob cleo logbot_"),
        (did(2, "mode", "ann", command="+o", params=("cleo",)), "ann bob cleo logbot"),
        (did(2, "part", "nobody"), "ann bob cleo logbot"),
        (did(2, "join", "ANN"), "ANN bob cleo logbot"),
    ],
    ids=lambda value: value.type if hasattr(value, "type") else value,
)
def test_people_come_and_go(event, there):
    assert after(CAME_IN, LIST, event).members == there.split()


def test_a_second_list_is_the_whole_of_who_is_there():
    presence = after(CAME_IN, LIST, did(9, "names", text="ann logbot"))
    assert presence.members == ["ann", "logbot"]
    assert presence.since == at(0)


def test_who_speaks_is_there_as_long_as_nobody_gave_a_list():
    talk = [did(2, "message", "ann"), did(3, "action", "bob"), did(4, "notice", "service")]
    assert after(CAME_IN, *talk).members == ["ann", "bob", "logbot"]


def test_who_speaks_without_being_on_the_list_is_outside():
    assert "dan" not in after(CAME_IN, LIST, did(2, "message", "dan")).members


@pytest.mark.parametrize("kind", ["parted", "disconnected", "stopped"])
def test_when_the_recorder_is_gone_nobody_is_known(kind):
    presence = after(CAME_IN, LIST, did(2, kind))
    assert (presence.members, presence.since) == ([], "")


def test_presence_takes_nobody_to_have_stayed_while_the_recorder_was_away():
    presence = after(CAME_IN, LIST, did(2, "disconnected"), did(9, "joined", "logbot"))
    assert (presence.members, presence.since) == (["logbot"], at(9))


def test_presence_begins_anew_though_the_end_of_the_last_run_is_missing():
    presence = after(CAME_IN, LIST, did(9, "joined", "logbot"))
    assert (presence.members, presence.since) == (["logbot"], at(9))


def test_presence_ends_when_the_recorder_is_kicked():
    kicked = did(2, "kick", "ann", subject="logbot")
    assert after(CAME_IN, LIST, kicked, did(2, "parted", "logbot", text="kicked")).since == ""


def test_what_was_fetched_later_says_nothing():
    presence = after(CAME_IN, LIST, did(2, "part", "ann", via="chathistory"))
    assert presence.members == ["ann", "bob", "cleo", "logbot"]


def merged(*args, **fields):
    return did(*args, via="merge", **fields)


MERGED = (merged(0, "joined", "logbot"), merged(1, "names", text="@ann +bob cleo logbot"))


def test_events_of_a_merged_archive_are_as_live():
    presence = after(*MERGED, merged(2, "part", "ann"))
    assert (presence.members, presence.since) == (["bob", "cleo", "logbot"], at(0))


@pytest.mark.parametrize(
    ("event", "there"),
    [
        (merged(2, "joined", "other"), "ann bob cleo logbot other"),
        (merged(2, "parted", "logbot"), "ann bob cleo"),
        (merged(2, "disconnected"), "ann bob cleo logbot"),
        (merged(2, "stopped"), "ann bob cleo logbot"),
    ],
    ids=lambda value: value.type if hasattr(value, "type") else value,
)
def test_of_several_recorders_that_were_merged_each_is_a_member_like_others(event, there):
    presence = after(*MERGED, event)
    assert (presence.members, presence.since) == (there.split(), at(0))


def test_people_are_the_same_in_any_case_of_their_network():
    renamed = did(2, "part", "A[nn]")
    listed = did(1, "names", text="a{NN}")
    assert after(listed, renamed).members == []
    assert after(listed, renamed, casemapping="ascii").members == ["a{NN}"]


def test_a_list_without_a_time_of_the_server_counts_though_our_clock_is_behind():
    joined = did(5, "joined", "logbot", received=at(1))
    presence = after(LIST, joined)
    assert presence.members == ["ann", "bob", "cleo", "logbot"]


def test_an_end_that_our_clock_tells_late_ends_not_what_began_after_it():
    joined = did(2, "joined", "logbot", received=at(6))
    presence = after(CAME_IN, LIST, joined, did(5, "disconnected"))
    assert (presence.members, presence.since) == (["logbot"], at(2))


LEFT = did(2, "kick", "ann", subject="bob")


def moded(modes, *arguments):
    return did(2, "mode", "ann", command=modes, params=arguments)


@pytest.mark.parametrize(
    ("events", "prefixes"),
    [
        ([], {"ann": "@", "bob": "+"}),
        ([did(1, "names", text="~@+ann !@bob logbot")], {"ann": "~@+", "bob": "!@"}),
        ([moded("+o", "cleo")], {"ann": "@", "bob": "+", "cleo": "@"}),
        ([moded("+o-v", "BOB", "bob")], {"ann": "@", "bob": "@"}),
        ([moded("+vb-o", "ann", "*!*@x", "ann")], {"ann": "+", "bob": "+"}),
        ([moded("+ov", "bob cleo")], {"ann": "@", "bob": "@+", "cleo": "+"}),
        ([moded("+v", "ann")], {"ann": "@+", "bob": "+"}),
        ([moded("+al", "9")], {"ann": "@", "bob": "+"}),
        ([moded("+q", "*!*@x")], {"ann": "@", "bob": "+"}),
        ([moded("+o", "nobody")], {"ann": "@", "bob": "+"}),
        ([moded("+oXo", "bob", "5", "cleo")], {"ann": "@", "bob": "+"}),
        ([did(2, "nick", "ann", subject="zoe")], {"zoe": "@", "bob": "+"}),
        ([did(2, "part", "ann"), did(3, "join", "ann")], {"bob": "+"}),
        ([LEFT, did(3, "nick", "cleo", subject="bob")], {"ann": "@"}),
        ([did(9, "names", text="ann bob")], {}),
        ([did(9, "disconnected")], {}),
    ],
)  # fmt: skip
def test_lists_and_changes_of_mode_tell_the_statuses_of_members(events, prefixes):
    assert after(CAME_IN, LIST, *events).prefixes == prefixes
