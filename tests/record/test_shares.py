"""Channels shared by several connections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.record.shares import assign, share_of
from tests.support.recording import plan_of

NAMES = st.lists(st.sampled_from([f"#{n}" for n in range(30)]), unique=True).map(tuple)


@given(st.lists(NAMES, min_size=1, max_size=4), st.integers(1, 9), st.integers(1, 5))
def test_each_channel_has_one_connection_and_stays_there_while_it_can(plans, most, connections):
    shares = []
    for wanted in plans:
        before, shares = shares, assign(shares, wanted, most, connections)
        assert sorted(name for share in shares for name in share) == sorted(wanted)
        assert 1 <= len(shares) <= max(connections, len(before))
        room = most * len(shares)
        if len(wanted) <= room:
            assert all(len(share) <= most for share in shares)
        for old, new in zip(before, shares, strict=False):
            kept = [name for name in old if name in wanted]
            assert len(kept) > most or list(new[: len(kept)]) == kept


def test_without_a_limit_one_connection_has_all():
    assert assign([], ("#a", "#b"), None, 5) == [("#a", "#b")]


def test_channels_are_shared_in_their_order():
    channels = tuple("abcdefg")
    assert assign([], channels, 3, 5) == [("a", "b", "c"), ("d", "e", "f"), ("g",)]
    assert assign([], channels, 3, 2) == [("a", "b", "c"), ("d", "e", "f", "g")]


@pytest.mark.parametrize(("shares_nick", "nick"), [(False, "rec3"), (True, "rec")])
def test_a_further_connection_has_its_own_nick_unless_the_network_lets_them_share(
    shares_nick, nick
):
    plan = plan_of(1, session={"queries": True, "accept_invites": True}, shares_nick=shares_nick)
    first, third = share_of(plan, 0, ("#a",)), share_of(plan, 2, ("#b",))
    assert (first.session.identity.nick, first.session.queries) == ("rec", True)
    assert third.session.identity.nick == nick
    assert third.session.channels == ("#b",)
    assert (third.session.queries, third.session.accept_invites) == (False, False)
