"""Texts of people as HTML: characters, links and formatting, and nothing of their own."""

from __future__ import annotations

import re

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.export.site.markup import escaped, linked, marked, marked_all, shown, shown_lines
from tests.support.sites import ATTACKS, Elements

ELEMENTS = {"a", "b", "i", "u", "s", "span", "br"}
ATTRIBUTES = {("a", "href"), ("a", "rel"), ("span", "class")}
TEXTS = st.one_of(
    st.text(),
    st.text(
        st.sampled_from("<>&\"'/=:;ab1 \x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f\n\r\x00\u202e\ufffe")
    ),
    st.lists(st.sampled_from([*ATTACKS, "https://a.b/", "irc://", "\n", " "])).map("".join),
)


@given(TEXTS)
def test_a_text_brings_no_element_and_no_attribute_of_its_own(text):
    found = Elements(marked(text))
    assert set(found.elements) <= ELEMENTS
    assert {(tag, name) for tag, name, _ in found.attributes} <= ATTRIBUTES
    for tag, name, value in found.attributes:
        if name == "class":
            assert re.fullmatch(r"c(1[0-5]|\d)", value)
        elif name == "href":
            assert re.match(r"(https?|ircs?)://", value, re.IGNORECASE), tag


@given(TEXTS)
def test_the_page_shows_the_visible_text_and_all_of_it(text):
    assert Elements(marked(text).replace("<br>\n", "\n")).text == shown_lines(text)
    assert Elements(linked(text)).text == shown(text)
    assert Elements(f'<p title="{escaped(text)}">').attributes == [("p", "title", shown(text))]
    assert Elements(f"<p title='{escaped(text)}'>").attributes == [("p", "title", shown(text))]


@given(st.lists(TEXTS))
def test_texts_that_are_marked_at_once_are_as_if_each_was_marked_alone(texts):
    odd = {text for text in texts if not text.isprintable()}
    assert marked_all(texts, odd) == [marked(text) for text in texts]


@given(TEXTS)
def test_a_text_is_valid_in_an_element_and_in_an_attribute(text):
    page = f'<!doctype html><title>x</title><p id="{escaped(text)}">{marked(text)}</p>'
    html5lib.HTMLParser(strict=True).parse(page.encode("utf-8", "replace").decode())


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://example.org.", "https://example.org"),
        ("(https://example.org/a_(b))", "https://example.org/a_(b)"),
        ("«https://example.org/ä?b=1&c=2»,", "https://example.org/ä?b=1&c=2"),
        ("HTTPS://EXAMPLE.ORG/!", "HTTPS://EXAMPLE.ORG/"),
        ("irc://irc.example.org/#c", "irc://irc.example.org/#c"),
        ("<https://example.org/>", "https://example.org/"),
    ],
)
def test_an_address_is_a_link_without_the_punctuation_around_it(text, address):
    found = Elements(linked(text))
    assert ("a", "href", address) in found.attributes
    assert found.text == text


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "www.example.org", "a://b"],
)
def test_other_schemes_are_no_links(text):
    assert Elements(marked(text)).elements == []


def test_formatting_is_elements_and_classes_and_backgrounds_are_left_out():
    found = Elements(
        marked("\x02bold\x02 \x1ditalic\x1d \x1funder\x1f \x1estruck\x1e \x0304,01red")
    )
    assert found.elements == ["b", "i", "u", "s", "span"]
    assert found.attributes == [("span", "class", "c4")]
    assert found.text == "bold italic under struck red"
