"""Names as whole words in texts."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.casemapping import Casemapping
from chatlog.export.mentions import Mentions
from tests.support.archive import event_at

ANN = Mentions(Casemapping("rfc1459"), {"ann": "…", "[bo]": "…", "zoe_x": "…", "Ärger": "…"})

TEXTS = {
    "ann: hello": "…: hello",
    "hello @Ann, ANN's": "hello @…, …'s",
    "annual joann ann2": "annual joann ann2",
    "ann|away and ann_": "…|away and …_",
    "~ann@ann.example": "~…@….example",
    "\x0304ann\x03 \x02a\x02nn a\u200bnn": "\x0304…\x03 \x02… …",
    "[BO]{bo} [bo]x bo": "…… …x bo",
    "zoe_x zoe zoe_xy": "… zoe zoe_xy",
    "ärger ÄRGER": "… …",
    "": "",
    "one\nann\ntwo": "one\n…\ntwo",
}


@pytest.mark.parametrize("text", TEXTS, ids=repr)
def test_a_name_is_replaced_where_it_is_a_whole_word(text):
    assert ANN.in_text(text) == TEXTS[text]


@given(st.text(), st.sampled_from(["ann", "ANN", "zoe_x", "[bo]", "{BO}"]), st.text())
def test_no_name_stays_between_characters_that_are_no_letters(before, name, after):
    text = ANN.in_text(f"{before} {name} {after}")
    assert name not in text.split()


@given(st.text(alphabet="ab[]_ |\x02\u200b", max_size=30))
def test_texts_without_a_name_stay_as_they_are(text):
    assert Mentions(Casemapping(), {"zz": "…"}).in_text(text) == text


def test_the_longest_name_counts():
    both = Mentions(Casemapping(), {"ann": "1", "ann|away": "2"})
    assert both.in_text("ann ann|away ann|") == "1 2 1|"


def test_names_are_replaced_in_every_field_of_an_event():
    raw = base64.b64encode(b"PRIVMSG #c :\xff Ann").decode()
    event = event_at(
        1, "ann?", type="other", nick="x|ann", user="ann", host="ann.example", subject="Ann",
        params=("ann", "+o"), tags={"seen": "ann"}, split="ann b", raw=raw,
        relayed_nick="ann", account="ann",
    )  # fmt: skip
    told = ANN.in_event(event)
    fields = ("text", "nick", "user", "host", "subject", "relayed_nick", "account", "split", "raw")
    assert [getattr(told, field) for field in fields] == [
        *("…?", "x|…", "…", "….example", "…", "…", "…", "… b", ""),
    ]
    assert (told.params, told.tags) == (("…", "+o"), {"seen": "…"})


def test_an_event_without_a_name_is_the_same_one():
    event = event_at(1, "annual", raw=base64.b64encode(b"nobody").decode(), nick="ben")
    assert ANN.in_event(event) is event


def test_names_with_wildcards_are_whole_words_too():
    wild = Mentions(Casemapping(), {}, {"an?": "…", "bot*": "…"})
    assert wild.in_text("ann ano annual Bot bot|x robot") == "… … annual … … robot"


def test_a_wildcard_that_matches_nothing_replaces_nothing():
    assert Mentions(Casemapping(), {}, {"*": "…"}).in_text("ann: hi ") == "…: … "
