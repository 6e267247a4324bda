"""Who is in which channel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.casemapping import Casemapping
from chatlog.protocol.membership import _WEIGHT, MAX_REFOLDED, MAX_WEIGHT, Membership


@pytest.fixture
def membership():
    found = Membership(Casemapping("ascii"))
    for channel in ("#A", "#b", "#c"):
        found.enter(channel)
    for channel, nick in [("#a", "Bob"), ("#b", "bob"), ("#a", "alice"), ("#c", "carol")]:
        found.add(channel, nick)
    return found


def test_a_channel_is_spelled_as_the_server_did_when_we_joined(membership):
    assert membership.name("#a") == membership.name("#A") == "#A"
    assert membership.name("#nowhere") == ""


def test_somebody_is_found_in_every_shared_channel_in_the_order_of_joining(membership):
    assert membership.channels_of("BOB") == ["#A", "#b"]
    assert membership.channels_of("nobody") == []


def test_a_quit_leaves_every_channel(membership):
    membership.quit("bob")
    assert membership.channels_of("bob") == []
    assert (membership.members("#a"), membership.members("#b")) == (["alice"], [])


def test_a_part_leaves_one_channel(membership):
    membership.remove("#a", "BOB")
    assert membership.channels_of("bob") == ["#b"]


def test_a_new_nick_is_in_the_same_channels(membership):
    membership.rename("bob", "robert")
    assert membership.channels_of("robert") == ["#A", "#b"]
    assert membership.channels_of("bob") == []


def test_a_nick_may_change_in_nothing_but_case(membership):
    membership.rename("bob", "BOB")
    assert membership.members("#b") == ["BOB"]
    assert membership.channels_of("bob") == ["#A", "#b"]


def test_who_was_in_a_channel_that_we_left_is_forgotten(membership):
    membership.leave("#A")
    assert membership.names() == ["#b", "#c"]
    assert membership.channels_of("alice") == []
    assert membership.channels_of("bob") == ["#b"]


def test_joining_again_begins_with_nobody_and_takes_the_new_spelling(membership):
    membership.enter("#a")
    assert membership.name("#A") == "#a"
    assert membership.members("#a") == []
    assert membership.channels_of("alice") == []


def test_nothing_is_noted_of_channels_that_we_are_not_in(membership):
    membership.add("#nowhere", "bob")
    membership.remove("#nowhere", "bob")
    membership.leave("#nowhere")
    assert membership.channels_of("bob") == ["#A", "#b"]


def test_another_casemapping_forgets_nobody(membership):
    membership.enter("#x[1]")
    membership.add("#x[1]", "d[]")
    assert membership.name("#X{1}") == ""
    membership.refold(Casemapping("rfc1459"))
    assert membership.name("#X{1}") == "#x[1]"
    assert membership.channels_of("D{}") == ["#x[1]"]
    assert membership.channels_of("bob") == ["#A", "#b"]


NAMES = st.sampled_from(["#a", "#A", "#b", "#[", "#{"])
NICKS = st.sampled_from(["bob", "Bob", "al[", "AL{", "x", ""])
STEPS = st.one_of(
    st.tuples(st.just("enter"), NAMES),
    st.tuples(st.just("leave"), NAMES),
    st.tuples(st.just("add"), NAMES, NICKS),
    st.tuples(st.just("remove"), NAMES, NICKS),
    st.tuples(st.just("quit"), NICKS),
    st.tuples(st.just("rename"), NICKS, NICKS),
    st.tuples(st.just("rename_channel"), NAMES, NAMES),
    st.tuples(st.just("refold"), st.sampled_from(["ascii", "rfc1459"]).map(Casemapping)),
)


@given(st.lists(STEPS, max_size=30), st.sampled_from([400, 700, 10**9]))
def test_both_directions_agree_and_the_bound_holds_whatever_happens(steps, max_weight):
    membership = Membership(Casemapping("ascii"), max_weight)
    for name, *arguments in steps:
        getattr(membership, name)(*arguments)
    pairs = {(c, nick) for c in membership.names() for nick in membership.members(c)}
    nicks = {nick for _, nick in pairs}
    assert pairs == {(c, nick) for nick in nicks for c in membership.channels_of(nick)}
    assert len(membership._channels_of) == len({membership._casemapping[nick] for nick in nicks})
    assert membership._weight == sum(_WEIGHT + len(nick) for _, nick in pairs) <= max_weight
    assert not set(membership.given_up()) & {channel for channel, _ in pairs}


def test_a_channel_with_too_many_members_gives_them_up_and_says_so():
    membership = Membership(Casemapping("ascii"), 3 * _WEIGHT)
    membership.enter("#small")
    membership.enter("#large")
    membership.add("#small", "a")
    for nick in "abcd":
        membership.add("#large", nick)
    assert membership.given_up() == ["#large"]
    assert membership.channels_of("a") == ["#small"]
    membership.enter("#large")
    assert membership.given_up() == []


def test_honest_networks_stay_inside_the_bound_with_room():
    membership = Membership(Casemapping())
    membership.enter("#everybody")
    for number in range(100_000):
        membership.add("#everybody", f"somebody{number}")
    for channel in range(300):
        membership.enter(f"#{channel}")
        for number in range(500):
            membership.add(f"#{channel}", f"nick{number}-{channel}")
    assert membership.given_up() == []
    assert membership._weight < MAX_WEIGHT * 2 / 3


def test_a_change_of_casemapping_refolds_a_bounded_number_of_members():
    membership = Membership(Casemapping())
    for channel, count in (("#many", MAX_REFOLDED), ("#few", 1)):
        membership.enter(channel)
        for number in range(count):
            membership.add(channel, f"[{number}]")
    membership.add("#few", "plain")
    membership.refold(Casemapping("ascii"))
    assert membership.given_up() == ["#many"]
    assert membership.members("#few") == ["plain", "[0]"]


def test_a_renamed_channel_keeps_its_members(membership):
    membership.rename_channel("#a", "#new")
    assert membership.names() == ["#b", "#c", "#new"]
    assert membership.members("#new") == ["Bob", "alice"]
    assert membership.channels_of("alice") == ["#new"]


@pytest.mark.parametrize("nick", ["ann", "Ann"])
def test_a_person_in_many_channels_takes_the_memory_of_one_nick(membership, nick):
    for channel in ("#one", "#two", "#three"):
        membership.enter(channel)
        membership.add(channel, nick[:1] + nick[1:])  # a new string, as each line has
    spellings = [membership.members(channel)[0] for channel in ("#one", "#two", "#three")]
    assert spellings == [nick] * 3
    assert len({id(each) for each in spellings}) == 1


def test_two_spellings_of_one_nick_each_stay_as_the_server_sent_them(membership):
    for channel, nick in (("#one", "ann"), ("#two", "ANN")):
        membership.enter(channel)
        membership.add(channel, nick)
    assert membership.members("#one") + membership.members("#two") == ["ann", "ANN"]
