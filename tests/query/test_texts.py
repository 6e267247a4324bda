"""Looking for text: what is in a text, where, and what is no pattern."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.errors import UsageError
from chatlog.formats.visible import unformatted
from chatlog.query.texts import Case, literal, pointed_at, regular

LETTERS = st.text(st.sampled_from("aAbß \x02\x03\x0409,.İ日"), max_size=12)


@given(LETTERS, LETTERS)
def test_the_same_letters_are_found_wherever_they_are(before, after):
    found = literal("a.B", Case.SENSITIVE)
    assert found.is_in(f"{before}\x0fa.B{after}")
    assert not literal("xyz").is_in(before + after)


@given(LETTERS, st.sampled_from(["a", "A", "b|ß", "^a", "[^a]+", "x?", "日"]), st.booleans())
def test_what_is_found_stands_in_the_text_without_formatting(text, pattern, word):
    wanted = regular(pattern, word=word)
    shown = unformatted(text)
    spans = list(wanted.spans(shown))
    assert all(begin < end for begin, end in spans)
    assert spans == sorted(spans)
    assert bool(spans) <= wanted.is_in(text)


@pytest.mark.parametrize(
    ("case", "pattern", "ignored"),
    [
        (Case.SMART, "leak", True),
        (Case.SMART, "Leak", False),
        (Case.SMART, r"\Dleak\S", True),
        (Case.SMART, r"\\Dleak", False),
        (Case.IGNORE, "LEAK", True),
        (Case.SENSITIVE, "leak", False),
    ],
)
def test_capitals_count_as_it_is_said(case, pattern, ignored):
    assert regular(pattern, case).ignore_case is ignored


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("leak", "a leak"),
        ("a|leak", "leak"),
        ("(?i)LEAK", "Leak"),
        ("(?i)(?m)^LEAK", "Leak"),
        ("(?x) l e a k # so it is called", "leak"),
        ("(?ix) LEAK # so it is called", "leak"),
        (r"(l)eak\b", "leak"),
    ],
)
def test_a_whole_word_may_be_any_pattern(pattern, found):
    wanted = regular(pattern, Case.SENSITIVE, word=True)
    assert wanted.is_in(found)
    assert not wanted.is_in(f"{found}s")


@pytest.mark.parametrize("word", [False, True])
@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ("ab(", "missing ), unterminated subpattern at position 2\n  ab(\n    ^"),
        ("日(", "missing ), unterminated subpattern at position 1\n  日(\n    ^"),
        ("a{99999999999}", "the repetition number is too large"),
    ],
)
def test_an_error_is_where_the_person_sees_it(pattern, error, word):
    with pytest.raises(UsageError) as caught:
        regular(pattern, word=word)
    assert str(caught.value) == f"{pattern!r} is no regular expression: {error}"


def test_a_pattern_that_is_nested_too_deeply_is_no_bug_of_ours():
    with pytest.raises(UsageError):
        regular("(" * 5000 + ")" * 5000)


@given(st.text(max_size=20), st.integers(0, 20))
def test_a_mark_never_breaks_the_line_that_it_stands_below(text, position):
    nothing, shown, mark = pointed_at(text, position).split("\n")
    assert nothing == ""
    assert shown.removeprefix("  ").isprintable()
    assert re.fullmatch(r" {2,}\^", mark)


def test_a_mark_stands_below_its_letter_though_others_are_wide():
    assert pointed_at("日本x", 2) == "\n  日本x\n      ^"
    assert pointed_at("e\u0301x", 2) == "\n  e\u0301x\n   ^"


@pytest.mark.parametrize("pattern", ["[[:alpha:]]", "x[^a[:space:]]", "[[:^digit:]]+"])
def test_a_class_of_posix_is_an_error_that_names_what_to_write(pattern):
    with pytest.raises(UsageError, match=r"is of POSIX, and patterns here are Python's; write \\w"):
        regular(pattern)


@pytest.mark.parametrize("pattern", ["[[]", "[[a]", "[a||b]", "[a&&b]", "[a~~b]"])
def test_a_pattern_of_which_python_warns_is_taken_as_python_takes_it(pattern):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = regular(pattern)
        assert found.is_in("a") == bool(found.compiled.search("a"))
