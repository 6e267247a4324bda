"""Text made visible: nothing in it steers a terminal or breaks a line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.formats.visible import visible, visible_formatted, visible_word
from tests.support.events import MIRC, STEERING, UNSAFE, anything, printable


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
def test_a_word_is_one_word(text):
    word = visible_word(text)
    assert word
    assert " " not in word
    assert not UNSAFE.search(word)


@given(printable)
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
