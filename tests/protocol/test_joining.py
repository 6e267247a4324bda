"""How many channels fit into one JOIN."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatlog.protocol.isupport import ISupport
from chatlog.protocol.joining import MAX_BYTES, join_lines


def lines(channels, *tokens):
    isupport = ISupport()
    isupport.receive(tokens)
    return list(join_lines(channels, isupport))


def test_no_channels_are_no_line():
    assert lines([]) == []


def test_channels_share_a_line_up_to_what_the_server_takes():
    assert lines(["#a", "#b", "#c"], "TARGMAX=JOIN:2") == ["JOIN #a,#b", "JOIN #c"]


def test_ten_share_a_line_where_the_server_says_nothing():
    assert [line.count("#") for line in lines([f"#{n}" for n in range(25)])] == [10, 10, 5]


def test_a_line_is_filled_to_its_last_byte_and_not_over():
    room = MAX_BYTES - len("JOIN #a,#")
    assert lines(["#a", "#" + "x" * room]) == ["JOIN #a,#" + "x" * room]
    assert lines(["#a", "#" + "x" * (room + 1)]) == ["JOIN #a", "JOIN #" + "x" * (room + 1)]


NAMES = st.text("aé👋", min_size=1, max_size=50).map("#{}".format)


@given(st.lists(NAMES, max_size=40), st.integers(1, 20))
def test_every_channel_is_joined_once_in_order_within_both_bounds(channels, limit):
    packed = lines(channels, f"TARGMAX=JOIN:{limit}")
    named = [line.removeprefix("JOIN ").split(",") for line in packed]
    assert [name for names in named for name in names] == channels
    assert all(len(names) <= limit for names in named)
    assert all(len(line.encode()) <= MAX_BYTES for line in packed)
