"""Lines broken at the width of a terminal, with hanging indents. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chatlog.formats.terminal import BREAK, SKINS, Span, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Patterns are compiled at their first use: most lines fit, and a pipe breaks none.
_WORDS: Final = r" +|[^ ]+"
_LINK: Final = r"[^ ]*?://|www\."
_NARROWEST: Final = 20  # columns of text; with less the terminal wraps better
_JOINER: Final = "\u200d"


def hanging_lines(spans: Sequence[Span], start: int, indent: int, width: int) -> list[Span]:
    """Return a text of several lines, each broken as by `hanging`; all begin in one column.

    Without a width (0), lines are only indented.
    """
    lines: list[list[Span]] = [[]]
    for span in spans:
        if span == BREAK:
            lines.append([])
        else:
            lines[-1].append(span)
    found: list[Span] = []
    for number, line in enumerate(lines):
        column = indent if number else start
        found += [Span("\n" + " " * indent)] if number else []
        found += hanging(line, column, indent, width) if width else line
    return found


def hanging(spans: Sequence[Span], start: int, indent: int, width: int) -> list[Span]:
    """Return a text that begins in column `start`, broken so that it fits in `width` columns.

    Further lines begin in column `indent`. Breaks are at spaces, which go; a word that
    is too long for a line is cut between its letters, but a link is left whole. With
    less than 20 columns for the text nothing is broken.
    """
    if width - indent < _NARROWEST or start + sum(width_of(each.text) for each in spans) <= width:
        return list(spans)
    lines = _Lines(start, indent, width)
    for word in _words(spans):
        lines.add(word)
    return lines.spans


class _Lines:
    """The lines so far, and the column behind them."""

    def __init__(self, column: int, indent: int, width: int) -> None:
        self.spans: list[Span] = []
        self._column = column
        self._indent = indent
        self._width = width
        self._spaces: list[Span] = []  # before the next word

    def add(self, word: list[Span]) -> None:
        """Add a word, or the spaces before the next one."""
        if word[0].text.startswith(" "):
            self._spaces += word
            return
        width = sum(width_of(each.text) for each in word)
        spaces, self._spaces = self._spaces, []
        before = sum(len(each.text) for each in spaces)
        is_link = re.match(_LINK, "".join(each.text for each in word)) is not None
        fits_below = width <= self._width - self._indent
        if self._column + before + width > self._width and (fits_below or is_link):
            self._break()
            self._put(word, width)
        elif self._column + before + width <= self._width:
            self._put([*spaces, *word], before + width)
        else:
            self._put(spaces, before)
            self._cut(word)

    def _put(self, spans: Iterable[Span], width: int) -> None:
        self.spans += spans
        self._column += width

    def _break(self) -> None:
        self.spans.append(Span("\n" + " " * self._indent))
        self._column = self._indent

    def _cut(self, word: list[Span]) -> None:
        for text, style in word:
            for letter in _letters(text):
                if self._column + (width := width_of(letter)) > self._width:
                    self._break()
                self._put([Span(letter, style)], width)


def _words(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Yield words and spaces; a word may have several styles."""
    word: list[Span] = []
    for text, style in spans:
        for piece in re.findall(_WORDS, text):
            if word and (piece[0] == " ") != (word[-1].text[0] == " "):
                yield word
                word = []
            word.append(Span(piece, style))
    if word:
        yield word


def _letters(text: str) -> Iterator[str]:
    """Yield letters, each with the marks and selectors that stand in its columns."""
    letter = ""
    for each in text:
        goes_on = not width_of(each) or each in SKINS or letter.endswith(_JOINER)
        if letter and not goes_on:
            yield letter
            letter = ""
        letter += each
    if letter:
        yield letter
