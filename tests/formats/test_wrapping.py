"""Hanging indents: a text at the width of a terminal is the same text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.formats.terminal import BREAK, Span, width_of
from chatlog.formats.wrapping import hanging, hanging_lines


def lines(spans):
    return "".join(span.text for span in spans).split("\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short", ["short"]),
        ("ten letters and ten more", ["ten letters and ten", "          more"]),
        ("x" * 25, ["x" * 20, " " * 10 + "x" * 5]),
        ("see https://example.org/a/long/path", ["see", " " * 10 + "https://example.org/a/long/path"]),
        ("日本語日本語日本語日本", ["日本語日本語日本語日", " " * 10 + "本"]),
    ],
)  # fmt: skip
def test_a_text_is_broken_at_spaces_and_goes_on_under_its_beginning(text, expected):
    assert lines(hanging([Span(text)], 10, 10, 30)) == expected


def test_a_word_of_several_styles_is_not_broken_between_them():
    spans = [Span("some words and a "), Span("wo", "found"), Span("rd")]
    assert lines(hanging(spans, 10, 10, 30)) == ["some words and a", "          word"]


def test_a_terminal_without_room_for_a_text_breaks_it_itself():
    spans = [Span("a text that is long enough")]
    assert hanging(spans, 30, 30, 40) == spans


SPANS = st.lists(
    st.builds(
        Span, st.text("ab 日é\u0301❤\ufe0f\u200d👩🏽", min_size=1), st.sampled_from(["", "x"])
    ),
    max_size=6,
)


@given(SPANS, st.integers(0, 40), st.integers(0, 40), st.integers(1, 80))
def test_no_letter_is_lost_and_no_line_is_too_wide(spans, start, indent, width):
    broken = hanging(spans, start, indent, width)
    before = "".join(span.text for span in spans)
    first, *others = lines(broken)
    assert "".join([first, *others]).replace(" ", "") == before.replace(" ", "")
    if width - indent >= 20 and start <= width:
        assert all(other.startswith(" " * indent) for other in others)
        assert all(width_of(other) <= width for other in others)
        assert not first or start + width_of(first) <= width


def test_lines_of_a_text_begin_in_one_column_each_broken_by_itself():
    spans = [Span("ten letters and ten more"), BREAK, BREAK, Span("next")]
    expected = ["ten letters and ten", "          more", " " * 10, "          next"]
    assert lines(hanging_lines(spans, 10, 10, 30)) == expected
    assert lines(hanging_lines(spans, 10, 10, 0)) == [
        *("ten letters and ten more", " " * 10, "          next"),
    ]
    assert lines(hanging_lines([BREAK, Span("next")], 10, 10, 30)) == ["", "          next"]
