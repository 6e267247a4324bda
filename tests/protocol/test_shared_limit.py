"""Limits of a network: shared by the connections of a process, divided between processes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol.shared_limit import SharedLimit, SharedLimits, part_of

counts = st.integers(1, 50)
shards = st.integers(1, 60)


def test_each_of_several_shards_has_its_part():
    assert [part_of((20, 10.0), each) for each in (1, 2, 3, 5, 20)] == [
        (20, 10.0), (10, 10.0), (6, 10.0), (4, 10.0), (1, 10.0),
    ]  # fmt: skip


@given(counts, shards)
def test_all_shards_together_keep_to_the_average_of_the_whole(count, number):
    part, seconds = part_of((count, 10.0), number)
    assert part >= 1
    assert part * number / seconds <= count / 10.0


@given(counts, shards, st.lists(st.floats(0, 100), min_size=1, max_size=60))
def test_shards_that_are_no_more_than_the_number_exceed_it_in_no_window(count, number, starts):
    number = min(count, number)
    spent = []
    for start in (starts * number)[:number]:
        limit, now = SharedLimit(*part_of((count, 10.0), number)), start
        while now < start + 25:
            if room := limit.room(now):
                limit.spend(room, now)
                spent += [now] * room
            now = limit.opens_at(now)
    assert all(sum(at <= each < at + 10.0 for each in spent) <= count for at in spent)


def test_connections_to_one_host_share_a_limit_and_a_new_pace_counts_for_all_of_them():
    limits = SharedLimits()
    first = limits.of("irc.example", "JOIN", (5, 10.0))
    first.spend(5, 0.0)
    assert limits.of("irc.example", "JOIN", (4, 10.0)) is first
    assert limits.of("irc.example", "login", (4, 10.0)) is not first
    assert limits.of("irc.other", "JOIN", (4, 10.0)) is not first
    assert (first.room(1.0), first.opens_at(1.0)) == (0, 10.2)
    assert first.room(10.2) == 4


def test_a_smaller_limit_opens_when_enough_of_the_old_one_is_over():
    limit = SharedLimit(3, 10.0)
    for now in (0.0, 1.0, 2.0):
        limit.spend(1, now)
    limit.change(1, 10.0)
    assert limit.room(11.5) == 0
    assert limit.opens_at(11.5) == 12.2


def test_a_host_without_a_pace_has_no_limit():
    assert SharedLimits().of("irc.example", "JOIN", None) is None
