"""mIRC formatting: where it begins and ends, and what it looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from chatlog.formats.mirc import Piece, pieces
from chatlog.formats.visible import unformatted
from tests.support.events import MIRC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("plain", [Piece("plain", "")]),
        ("\x02bold\x02 not", [Piece("bold", "bold"), Piece(" not", "")]),
        ("\x1di\x1fu\x1es\x16r", [
            Piece("i", "italic"),
            Piece("u", "italic underline"),
            Piece("s", "italic strike underline"),
            Piece("r", "italic reverse strike underline"),
        ]),
        ("\x02\x0304both\x0fnone", [Piece("both", "bold bright_red"), Piece("none", "")]),
        ("\x11mono", [Piece("mono", "")]),
        ("\x034red", [Piece("red", "bright_red")]),
        ("\x03041", [Piece("1", "bright_red")]),
        ("\x0304,2x\x03y", [Piece("x", "bright_red on blue"), Piece("y", "")]),
        ("\x0304,02x\x033y", [Piece("x", "bright_red on blue"), Piece("y", "green on blue")]),
        ("\x0304,02x\x0399,99y", [Piece("x", "bright_red on blue"), Piece("y", "")]),
        ("\x0304,02x\x0303,99y", [Piece("x", "bright_red on blue"), Piece("y", "green")]),
        ("\x0304,x", [Piece(",x", "bright_red")]),
        ("\x03,4x", [Piece(",4x", "")]),
        ("\x0304,02\x03x", [Piece("x", "")]),
        ("\x0352a\x0398b", [Piece("a", "color(196)"), Piece("b", "color(231)")]),
        ("\x0300a\x0315b", [Piece("a", "bright_white"), Piece("b", "white")]),
        ("\x03٣x", [Piece("٣x", "")]),
        ("\x04FF00aa,00ff00x\x04y", [Piece("x", "#FF00aa on #00ff00"), Piece("y", "")]),
        ("\x04ff00a", [Piece("ff00a", "")]),
    ],
)  # fmt: skip
def test_a_text_is_cut_where_its_style_changes(text, expected):
    assert list(pieces(text)) == expected


@given(st.text(st.sampled_from(MIRC + "019,afF x\x01\n日"), max_size=30))
def test_the_pieces_are_the_text_without_formatting_in_styles_that_there_are(text):
    cut = list(pieces(text))
    assert "".join(piece.text for piece in cut) == unformatted(text)
    for piece in cut:
        assert piece.text
        Style.parse(piece.style)


@pytest.mark.parametrize("code", range(100))
def test_every_colour_is_one_that_there_is(code):
    [piece] = pieces(f"\x03{code:02}x")
    assert bool(Style.parse(piece.style)) is (code != 99)
