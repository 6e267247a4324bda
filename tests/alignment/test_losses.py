"""Losses: lines of two records are compared by the fields that both can hold."""

import pytest

from chatlog.alignment.losses import Loss
from chatlog.casemapping import Casemapping
from chatlog.event import Event

AT = "2026-11-23T18:00:00.000Z"
FOLD = Casemapping()


def key(loss=None, **fields):
    return (loss or Loss()).key_of(Event(time=AT, **fields), FOLD)


@pytest.mark.parametrize(
    "text", ["\x02hello\x0f", "\x0304,12hello", "hello  ", "hel\x07lo", "hel\\x07lo"]
)
def test_formatting_controls_and_spaces_at_the_end_make_no_difference(text):
    assert key(type="message", nick="Ann", text=text) == key(
        type="message", nick="ann", text="hello"
    )


def test_a_mode_is_the_same_split_or_not():
    assert key(type="mode", nick="op", command="+o", params=("ann",)) == key(
        type="mode", nick="op", command="+o ann"
    )


def test_our_own_joining_is_a_join_and_its_real_name_makes_no_difference():
    assert key(type="joined", nick="ann") == key(type="join", nick="ann", text="Ann")


def test_a_text_that_one_dialect_loses_makes_no_difference():
    loss = Loss(texts=frozenset({"part"})) | Loss()
    assert key(loss, type="part", nick="ann", text="bye") == key(loss, type="part", nick="ann")
    assert key(loss, type="quit", nick="ann", text="bye") != key(loss, type="quit", nick="ann")


def test_the_servers_of_a_netsplit_make_no_difference_if_one_dialect_leaves_them_out():
    loss, split = Loss(splits=True) | Loss(), "hub.example leaf.example"
    assert key(loss, type="quit", nick="ann", text=split) == key(loss, type="quit", nick="ann")
    assert key(loss, type="quit", nick="ann", text="bye") != key(loss, type="quit", nick="ann")
    assert key(loss, type="message", text=split) != key(loss, type="message")


def test_types_that_one_dialect_writes_alike_are_one():
    loss = Loss() | Loss(same=(("notice", "message"),))
    assert key(loss, type="notice", nick="bot", text="x") == key(
        loss, type="message", nick="bot", text="x"
    )


def test_other_texts_nicks_and_types_stay_apart():
    keys = {
        key(type=kind, nick=nick, text=text)
        for kind in ("message", "action")
        for nick in ("ann", "bob")
        for text in ("a", "b")
    }
    assert len(keys) == 8
