"""An order that contradicts no witness of some lines."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.alignment.common_order import common_order, crossed_stretches

MOST = 12
HEARD = st.lists(st.sets(st.integers(0, MOST - 1)), max_size=4)


@given(st.permutations(range(MOST)), HEARD)
def test_each_chain_of_one_conversation_rises_in_the_common_order(said, heard):
    chains = [[each for each in said if each in some] for some in heard]
    order = common_order(MOST, chains)
    assert sorted(order) == [*range(MOST)]
    for chain in chains:
        assert [each for each in order if each in chain] == chain


@given(st.lists(st.permutations(range(MOST)), min_size=1, max_size=3))
def test_chains_that_contradict_each_other_lose_no_number(chains):
    assert sorted(common_order(MOST, chains)) == [*range(MOST)]


@pytest.mark.parametrize(
    ("chains", "order"),
    [
        ([[1, 2], [2, 1, 0]], [1, 2, 0]),
        ([[0, 2], [1], [2, 0, 1]], [0, 2, 1]),
        ([[0, 1], [1, 0], [3, 2], [2, 3]], [0, 1, 2, 3]),
    ],
)
def test_one_contradiction_leaves_all_other_orders(chains, order):
    assert common_order(len(order), chains) == order


@given(st.lists(st.lists(st.integers(0, 5), unique=True), max_size=3))
def test_an_order_that_no_chain_contradicts_holds_whatever_other_ones_tell(chains):
    order = common_order(6, chains)
    for one, next_ in pairwise_of(chains):
        if not leads(chains, next_, one):
            assert order.index(one) < order.index(next_)


def pairwise_of(chains):
    return [pair for chain in chains for pair in pairwise(chain)]


def leads(chains, begin, end):
    """Return whether a number is before another one, by however many chains."""
    reached = {begin}
    while found := {next_ for one, next_ in pairwise_of(chains) if one in reached} - reached:
        reached |= found
    return end in reached


def test_two_numbers_of_which_two_chains_tell_the_opposite_stay():
    assert common_order(4, [[0, 1, 2, 3], [0, 2, 1, 3]]) == [0, 1, 2, 3]


@given(HEARD)
def test_what_already_rises_stays(heard):
    assert common_order(MOST, [sorted(some) for some in heard]) == [*range(MOST)]


@given(st.permutations(range(MOST)))
def test_only_the_crossed_stretches_keep_positions_from_rising(positions):
    found = [*crossed_stretches(positions)]
    for begin, end in found:
        part = positions[begin:end]
        assert sorted(part) == [*range(begin, end)]
        assert part != sorted(part)
        positions[begin:end] = sorted(part)
    assert positions == [*range(MOST)]


def test_positions_that_rise_have_no_crossed_stretch():
    assert [*crossed_stretches([3, 5, 9])] == []
    assert [*crossed_stretches([])] == []
