"""Styles as the terminal shows them, or none at all."""

from __future__ import annotations

import pytest

from chatlog.cli.show.painting import STYLES, Painter
from chatlog.formats.mirc import pieces
from chatlog.formats.terminal import NICK_STYLES, Span
from tests.support.terminal import picture_of


def painted(span, color="always"):
    return picture_of(Painter(color)(span), 80).removesuffix("\n")


@pytest.mark.parametrize(
    ("span", "picture"),
    [
        (Span("hi", "time"), "⟦dim⟧hi⟦/⟧"),
        (Span("hi", "own"), "⟦bold yellow⟧hi⟦/⟧"),
        (Span("hi", "found"), "⟦bold black on yellow⟧hi⟦/⟧"),
        (Span("hi", "nick7"), "⟦bright_green⟧hi⟦/⟧"),
        (Span("hi", "=bold italic red on blue"), "⟦bold italic red on blue⟧hi⟦/⟧"),
        (Span("hi", "text"), "hi"),
        (Span("hi"), "hi"),
        (Span("", "time"), ""),
        (Span("[bold]hi[/bold] \\[", "time"), "⟦dim⟧[bold]hi[/bold] \\[⟦/⟧"),
    ],
)
def test_each_style_is_painted_in_its_colours(span, picture):
    assert painted(span) == picture


def test_every_nick_has_a_colour_of_its_own():
    assert len({painted(Span("nick", f"nick{number}")) for number in range(NICK_STYLES)}) == 12
    assert f"nick{NICK_STYLES}" not in STYLES


def test_every_colour_of_mirc_is_one_that_can_be_shown(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("COLORTERM", raising=False)
    texts = [f"\x03{number:02}X\x03{number:02},{number:02}X" for number in range(99)]
    styles = [f"={piece.style}" for text in texts for piece in pieces(text)]
    shown = [painted(Span("X", style)) for style in styles]
    assert {picture.count("X") for picture in shown} == {1}
    assert len(set(shown)) == len(shown), "two of them are one colour to a terminal"


# Two colours, as rich remembers in which form it wrote one first.
@pytest.mark.parametrize(
    ("term", "style", "picture"),
    [
        ("xterm-256color", "=color(209)", "⟦color(209)⟧hi⟦/⟧"),
        ("dumb", "=color(210)", "⟦bright_red⟧hi⟦/⟧"),
    ],
)
def test_there_are_as_many_colours_as_the_terminal_has(monkeypatch, term, style, picture):
    monkeypatch.setenv("TERM", term)
    monkeypatch.delenv("COLORTERM", raising=False)
    assert painted(Span("hi", style)) == picture


def test_a_painter_without_colours_gives_the_bare_text():
    painter = Painter("never")
    assert painter(Span("hi", "own")) == "hi"
    assert not painter.has_colors


def test_no_terminal_has_no_colours_unless_they_are_asked_for(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    assert not Painter("auto").has_colors
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert Painter("always").has_colors
