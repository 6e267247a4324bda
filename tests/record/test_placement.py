"""Placement: every channel has its recorders, and a further one moves only its own share."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.record.placement import Placement

names = st.text(min_size=1, max_size=20)
counts = st.integers(1, 40)


@given(names, names, counts, st.integers(1, 4))
def test_a_channel_is_recorded_by_as_many_different_shards_as_asked(network, channel, count, more):
    replicas = min(more, count)
    placements = [Placement(number, count, replicas) for number in range(1, count + 1)]
    holding = [each.number for each in placements if each.holds(network, channel)]
    assert len(holding) == replicas
    assert sorted(placements[0].holders(network, channel)) == holding


@given(names, names, counts, st.integers(1, 4))
def test_a_further_shard_takes_a_channel_or_leaves_it_where_it_is(network, channel, count, more):
    replicas = min(more, count)
    before = set(Placement(1, count, replicas).holders(network, channel))
    after = set(Placement(1, count + 1, replicas).holders(network, channel))
    assert after - before <= {count + 1}
    assert len(before - after) <= 1


@given(names, st.lists(names, max_size=20, unique=True), counts, st.integers(1, 4))
def test_a_share_has_the_channels_that_the_shard_holds_first_those_of_which_it_is_the_first(
    network, channels, count, replicas
):
    place = Placement(1 + len(channels) % count, count, replicas)
    share = place.share_of(network, channels)
    assert sorted(share) == sorted(each for each in channels if place.holds(network, each))
    ranks = [place.holders(network, each).index(place.number) for each in share]
    assert ranks == sorted(ranks)
    first = [each for each, rank in zip(share, ranks, strict=True) if not rank]
    assert first == [each for each in channels if each in first], "in the order of the file"


def test_channels_are_spread_evenly():
    numbers = Counter(
        number
        for channel in range(10_000)
        for number in Placement(1, 20).holders("twitch", f"#channel{channel}")
    )
    assert set(numbers) == set(range(1, 21))
    assert min(numbers.values()) > 400
    assert max(numbers.values()) < 600


@pytest.mark.parametrize(("one", "other"), [("#Python", "#python"), ("#a[b]", "#A{B}")])
def test_every_spelling_of_a_channel_has_the_same_place(one, other):
    assert Placement(1, 50).holders("Libera", one) == Placement(1, 50).holders("libera", other)


def test_the_place_of_a_channel_is_the_same_for_ever():
    place = Placement(1, 7, 2)
    names = ("#python", "#rust", "#debian")
    assert [place.holders("libera", name) for name in names] == [[3, 1], [7, 3], [5, 3]]
