"""Anchors: the names of lines in a page, which never change."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.export.site.anchors import Anchors, aliases_now, anchors_in
from chatlog.export.site.day_lines import with_aliases
from tests.support.archive import event_at

KEY, OTHER = b"k" * 32, b"o" * 32
TEXTS = st.sampled_from(["hello", "hello ", "Hello", "", "ä", "\ud800", "a\nb"])
LINES = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["ann", "bob"]), TEXTS), max_size=12)


def anchors_of(lines, key=KEY):
    return Anchors(key).of(event_at(at, text, nick=nick) for at, nick, text in lines)


def anchor_of(event, key=KEY):
    [found] = Anchors(key).of([event])
    return found


@given(LINES)
def test_the_anchors_of_a_page_are_distinct_and_say_the_second(lines):
    found = anchors_of(lines)
    assert len(set(found)) == len(lines)
    for (at, _, _), anchor in zip(lines, found, strict=True):
        assert re.fullmatch(rf"00000{at}-[a-z2-7]{{10}}(-[2-9]|-1\d)?", anchor)


@given(LINES, LINES)
def test_an_anchor_stays_when_other_lines_come_before_it(lines, others):
    others = [(at, "eve", text) for at, _, text in others]
    found = anchors_of([*others, *lines])
    assert found[len(others) :] == anchors_of(lines)


def test_equal_lines_of_one_second_are_numbered():
    one, two, three = anchors_of([(1, "ann", "hi")] * 3)
    assert (two, three) == (f"{one}-2", f"{one}-3")


def test_an_anchor_depends_on_the_key_the_type_the_nick_and_the_text():
    changed = [
        anchor_of(event_at(1, "hi"), OTHER),
        anchor_of(event_at(1, "hi", type="action")),
        anchor_of(event_at(1, "hi", nick="bob")),
        anchor_of(event_at(1, "ho")),
        anchor_of(event_at(1, "hi")),
    ]
    assert len({each[7:] for each in changed}) == len(changed)


def test_the_anchor_of_a_line_is_this_one_in_every_version():
    assert anchors_of([(3661, "ann", "hello")]) == ["010101-objrafrtv4"]


def page(anchors, aliases):
    """Return a page with these lines, as bytes, each after its aliases."""
    html = "\n".join(f'<p id="{each}"><a href="#{each}">10:00</a> x</p>' for each in anchors)
    former = {each: aliases.get(each, []) for each in anchors}
    return with_aliases(html, former, anchors).encode()


A1, A2, A3, B1 = "100000-aaaaaaaaaa", "100001-aaaaaaaaaa", "100002-aaaaaaaaaa", "100000-bbbbbbbbbb"


@dataclass
class Move:
    former: dict
    now: list
    expected: dict


@pytest.mark.parametrize(
    "move",
    [
        Move({A1: [], B1: []}, [A1, B1], {}),
        Move({A1: [], B1: []}, [A2, B1], {A2: [A1]}),
        Move({A2: [A1], B1: []}, [A2, B1], {A2: [A1]}),
        Move({A2: [A1]}, [A3], {A3: [A2, A1]}),
        Move({A2: [A1]}, [A1], {A1: [A2]}),
        Move({A1: [], A2: []}, [A3], {A3: [A1]}),
        Move({A1: []}, [A2, A3], {A2: [A1]}),
        Move({A1: []}, [f"{A1}-2", A1], {}),
        Move({A1: []}, [B1], {}),
        Move({}, [A1], {}),
    ],
)
def test_a_moved_line_keeps_its_former_anchors_as_aliases(move):
    assert aliases_now(move.former, move.now) == move.expected


def test_aliases_are_read_back_from_the_page_and_stay_when_it_is_made_again():
    first = page([A2, B1], {A2: [A1], B1: []})
    assert anchors_in(first) == {A2: [A1], B1: []}
    again = page([A2, B1], anchors_in(first))
    assert again == first


@given(
    st.dictionaries(st.sampled_from([A1, A2, B1]), st.just([])), st.permutations([A1, A2, A3, B1])
)
def test_no_name_is_twice_in_a_page(former, now):
    now = now[:2]
    found = aliases_now(former, now)
    names = [*now, *(alias for some in found.values() for alias in some)]
    assert len(names) == len(set(names))
    assert found.keys() <= set(now)
