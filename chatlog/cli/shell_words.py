"""The words of a line that is being typed in bash, and a candidate in its quotes."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_ENDS: Final = ";|&()\n"
"""Characters that end a command."""
_BREAKS: Final = "\"'><=;|&(:@"
"""COMP_WORDBREAKS without blanks: bash replaces only the text behind the last one."""
_SAFE: Final = re.compile(r"[\w@%+:,./^-][\w@%+:,./#^-]*", re.ASCII)
"""No `!`: a channel `#a!b` would run the last command that begins with `b`."""


class TypedWord(NamedTuple):
    """The word at the cursor: its value, and the part that a candidate does not replace.

    `kept` is that part's value; `quote` is the quotation mark that is open.
    """

    value: str = ""
    kept: str = ""
    quote: str = ""

    def quoted(self, candidate: str) -> str:
        """Return the text that makes this word the candidate; empty if none does.

        An option's name before `=` is no part of the candidate.
        """
        value, kept = self.value, self.kept
        if value.startswith("--") and "=" in value:
            name = value.partition("=")[0] + "="
            kept = kept.removeprefix(name)
        if not candidate.startswith(kept):
            return ""
        rest = candidate[len(kept) :]
        if self.quote == "'":
            return rest.replace("'", "'\\''")
        if self.quote == '"':
            # Only between single quotation marks is `!` no event of the history.
            return re.sub(r'(["$`\\])', r"\\\1", rest).replace("!", "\"'!'\"")
        is_safe = _SAFE.fullmatch(rest) or (bool(kept) and _SAFE.fullmatch(f"x{rest}"))
        return rest if is_safe else "'" + rest.replace("'", "'\\''") + "'"


class _Word:
    """A word as it is read."""

    def __init__(self) -> None:
        self.value = ""
        self.kept = 0
        self.is_begun = False

    def add(self, text: str, *, breaks: bool = False) -> None:
        self.value += text
        self.is_begun = True
        if breaks:
            self.kept = len(self.value)


def typed_in(line: str) -> tuple[list[str], TypedWord]:
    """Return the whole words of the last command of a line, and the word at its end.

    Quotes and backslashes are taken off; variables that are set before the command
    are left out.
    """
    words: list[str] = []
    word, quote, position = _Word(), "", 0
    while position < len(line):
        letter = line[position]
        if letter == "\\" and quote != "'" and position + 1 < len(line):
            position += 1
            word.add(line[position])
        elif letter == quote:
            quote = ""
            word.add("", breaks=True)
        elif quote:
            word.add(letter)
        elif letter in "'\"":
            quote = letter
            word.add("", breaks=True)
        elif letter in _ENDS:
            words, word = [], _Word()
        elif letter.isspace():
            words, word = _with(words, word), _Word()
        else:
            word.add(letter, breaks=letter in _BREAKS)
        position += 1
    return words, TypedWord(word.value, word.value[: word.kept], quote)


def _with(words: list[str], word: _Word) -> list[str]:
    is_assignment = not words and re.match(r"\w+=", word.value, re.ASCII)
    return [*words, word.value] if word.is_begun and not is_assignment else words
