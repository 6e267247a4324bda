"""Looking for text: literal or regular, in any case, as a whole word.

Pure. What is searched is the text as people see it: mIRC formatting, which may
stand inside a word, is taken out first. Letters are compared as Python's `re`
compares them: each for itself, never `ß` with `ss`.
"""

from __future__ import annotations

import re
import warnings
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.errors import UsageError
from chatlog.formats.terminal import width_of
from chatlog.formats.visible import printable, unformatted

if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAGS: Final = re.compile(r"(?:\(\?[aiLmsux]+\))+")


_POSIX: Final = re.compile(
    r"\[[^\]]*\[:\^?(alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]"
)


class Case(StrEnum):
    """When capitals count: `SMART` is where the pattern itself has some."""

    SMART = "smart"
    IGNORE = "ignore"
    SENSITIVE = "sensitive"


class Text(msgspec.Struct, frozen=True, dict=True):
    """A pattern of Python's `re`, and how it is held against the text of an event."""

    pattern: str
    ignore_case: bool = False
    word: bool = False

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern as it is searched for."""
        pattern = self.pattern
        if self.word:
            found = _FLAGS.match(pattern)
            flags = found[0] if found else ""
            # Where blanks count for nothing, a comment may reach to the end of the line.
            end = "\n" if "x" in flags else ""
            pattern = rf"{flags}(?<!\w)(?:{pattern[len(flags) :]}{end})(?!\w)"
        with warnings.catch_warnings():
            # `[[]` is a set with a bracket, of which a later Python may make another.
            warnings.simplefilter("ignore")
            return re.compile(pattern, re.IGNORECASE if self.ignore_case else 0)

    def is_in(self, text: str) -> bool:
        """Return whether the text of an event matches, without its formatting."""
        return self.compiled.search(unformatted(text)) is not None

    def spans(self, shown: str) -> Iterator[tuple[int, int]]:
        """Yield where it is found in a text without formatting, from left to right."""
        return (match.span() for match in self.compiled.finditer(shown) if match.group())


def literal(text: str, case: Case = Case.SMART, *, word: bool = False) -> Text:
    """Look for these very characters."""
    return Text(re.escape(text), _ignores(case, text), word)


def regular(pattern: str, case: Case = Case.SMART, *, word: bool = False) -> Text:
    """Look for a regular expression of Python's `re`; UsageError where it is none."""
    if posix := _POSIX.search(pattern):
        raise UsageError(
            f"[:{posix[1]}:] is of POSIX, and patterns here are Python's;"
            r" write \w, \d, \s, or a set such as [a-z]"
        )
    # Capitals of an escape such as \W are none of the pattern's.
    text = Text(pattern, _ignores(case, re.sub(r"\\.", "", pattern)))
    try:
        _ = text.compiled  # alone first, so that an error is where the person sees it
        text = msgspec.structs.replace(text, word=word)
        _ = text.compiled
    except (re.error, RecursionError, OverflowError) as error:
        where = getattr(error, "pos", None)
        place = "" if where is None else pointed_at(pattern, where)
        raise UsageError(f"{pattern!r} is no regular expression: {error}{place}") from error
    return text


def pointed_at(text: str, position: int) -> str:
    """Return the lines below an error message: the query, and a mark at the mistake."""
    before, rest = printable(text[:position]), printable(text[position:])
    return f"\n  {before}{rest}\n  {' ' * width_of(before)}^"


def _ignores(case: Case, text: str) -> bool:
    return case is Case.IGNORE or (case is Case.SMART and text == text.lower())
