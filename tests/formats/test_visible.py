"""Text made visible: nothing in it steers a terminal or breaks a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.formats.visible import (
    printable,
    printable_lines,
    visible,
    visible_formatted,
    visible_word,
)
from tests.support.events import MIRC, STEERING, UNSAFE, anything
from tests.support.events import printable as printable_texts


@given(anything)
def test_nothing_that_steers_is_left_and_a_file_can_hold_the_rest(text):
    assert not UNSAFE.search(visible(text))
    visible(text).encode()


@given(anything)
def test_with_formatting_only_formatting_is_left(text):
    shown = visible_formatted(text)
    assert set(UNSAFE.findall(shown)) <= set(MIRC)
    assert [each for each in shown if each in MIRC] == [each for each in text if each in MIRC]
    shown.encode()


@given(anything)
def test_a_visible_word_has_no_space(text):
    word = visible_word(text)
    assert word
    assert " " not in word
    assert not UNSAFE.search(word)


@given(printable_texts)
def test_what_can_be_seen_stays_as_it_is(text):
    assert visible(text) == visible_formatted(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x02bold\x02 \x1ditalic\x1d", "bold italic"),
        ("\x034red\x03 \x0304,12both\x0f", "red both"),
        ("\x03123", "3"),
        ("\x031,x", ",x"),
        ("\x04ff8800orange\x04", "orange"),
        ("\x04ff8800,000000both", "both"),
        ("\x04fffff", "fffff"),
        ("\x03\u0664", "\u0664"),  # a digit, but not one that mIRC knows
        ("\x11\x16\x1e\x1f", ""),
        ("\x03\x031", ""),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\rc\x00", r"a\x0ab\x0dc\x00"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("\u202ereversed", r"\u202ereversed"),
        ("a\u2028b", r"a\u2028b"),
        ("\udc80", r"\udc80"),
        (r"\x1b", r"\x1b"),
    ],
)
def test_formatting_goes_and_controls_are_written_out(text, shown):
    assert visible(text) == shown


def test_every_control_is_written_out_by_its_number():
    for character in set(STEERING) - set(MIRC):
        shown = visible(character)
        number = f"{ord(character):02x}" if ord(character) < 0x100 else f"{ord(character):04x}"
        assert shown in {rf"\x{number}", rf"\u{number}"}


@given(st.text(MIRC + "0123456789,abcdef\x1b"))
def test_taking_formatting_out_makes_no_new_formatting(text):
    assert visible(visible(text)) == visible(text)


def test_spaces_of_a_word_are_written_out_and_no_word_is_a_star():
    assert visible_word("an n") == r"an\x20n"
    assert visible_word("") == visible_word("\x02") == "*"


DANGEROUS = {
    "C0": "".join(map(chr, range(0x20))),
    "DEL": "\x7f",
    "C1": "".join(map(chr, range(0x80, 0xA0))),
    "CSI": "\x1b[2J\x9b31m",
    "OSC": "\x1b]0;title\x07\x1b]8;;http://a.b\x1b\\\x9d0;title\x9c",
    "bidi": "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    "line and paragraph separators": "\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e",
    "halves of surrogate pairs": "\ud800\udc80\udfff",
}
FUNCTIONS = [visible, visible_word, visible_formatted, printable, printable_lines]
ALLOWED = {visible_formatted: MIRC, printable_lines: "\n"}


@pytest.mark.parametrize("kind", DANGEROUS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_no_function_lets_a_dangerous_character_through(function, kind):
    allowed = set(ALLOWED.get(function, ""))
    for character in DANGEROUS[kind]:
        shown = function(f"a{character}b")
        assert set(shown) - allowed <= set(map(chr, range(0x20, 0x7F)))
    whole = function(DANGEROUS[kind])
    assert len(whole.splitlines()) == 1 or allowed
    whole.encode()


@given(anything)
def test_a_printable_text_is_printable_and_loses_nothing(text):
    shown = printable(text)
    assert shown.isprintable()
    kept = "".join(each for each in text if each.isprintable())
    rest = iter(shown)
    assert all(each in rest for each in kept)


@given(anything)
def test_printable_lines_are_as_many_as_before(text):
    lines = printable_lines(text).split("\n")
    assert len(lines) == text.count("\n") + 1
    assert all(map(str.isprintable, lines))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("#日本 é", "#日本 é"),
        ("\x1b[2J", r"\x1b[2J"),
        ("a\x02b\x03", r"a\x02b\x03"),
        ("a\nb", r"a\x0ab"),
        ("\xa0\xad", r"\xa0\xad"),
        ("👩\u200d🚀", r"👩\u200d🚀"),
        ("\U000e0001", r"\U000e0001"),
        ("\udc80", r"\udc80"),
    ],
)
def test_an_unprintable_character_is_written_out_by_its_number(text, shown):
    assert printable(text) == shown
