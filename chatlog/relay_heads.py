r"""Heads of relayed texts: `<ada> ` and its kin, with which a bridge names who really spoke.

Pure, and on the ground: the recorder reads who spoke from a head, and readers show the
text behind it. Colours and bold in a head count for nothing, and so do the characters
without width with which bridges keep a nick from being highlighted: `a\u200bda`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST: Final = 256
"""Characters of a text in which a head must end."""

_NICK: Final = r"(?P<nick>[^<>()\[\]\x00-\x1f\x7f]{1,64})"
_IN_ANGLES: Final = r"(?P<nick>[^<>\x00-\x1f\x7f]{1,64})"
_AT_NETWORK: Final = (
    r"(?P<nick>[^<>@\s\x00-\x1f\x7f]{1,64})@(?P<platform>[^<>@:\s\x00-\x1f\x7f]{1,32})"
)
_PLATFORM: Final = r"\[(?P<platform>[^<>\[\]\x00-\x1f\x7f]{1,32})\]"

FORMS: Final = {
    "[platform] <nick> text": rf"{_PLATFORM} <{_IN_ANGLES}>",
    "[platform] (nick) text": rf"{_PLATFORM} \({_NICK}\)",
    "<nick@network> text": rf"<{_AT_NETWORK}>",
    "<nick> text": rf"<{_IN_ANGLES}>",
    "(nick) text": rf"\({_NICK}\)",
}
"""The forms of heads, and the pattern of each; the first that matches counts."""

# With the digits of its colours; what is a digit of the text instead, no client can tell.
_NOTHING: Final = (
    r"(?a:\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?)"
    r"|[\x02\x0f\x11\x16\x1d\x1e\x1f\u00ad\u200b-\u200f\u2060\ufeff]"
)


class RelayHead(NamedTuple):
    """A head: speaker, platform ("" if unknown), and the text behind the head as sent."""

    nick: str
    platform: str
    text: str


def head_of(text: str) -> RelayHead | None:
    """Return the head of a relayed text; None if it has none."""
    plain, places = without_marks(text[:LONGEST])
    for pattern in _patterns():
        match = pattern.match(plain)
        if match and (nick := match["nick"].strip()):
            platform = match.groupdict().get("platform", "").strip()
            # Marks behind the last character of the head are of the text.
            return RelayHead(nick, platform, text[places[match.end() - 1] + 1 :])
    return None


def text_behind_head(text: str) -> str:
    """Return a text without its head; as it is if it has none."""
    head = head_of(text)
    return text if head is None else head.text


@lru_cache(1)
def _patterns() -> Sequence[re.Pattern[str]]:
    """Return the patterns, compiled when the first is needed; a space ends a head, or the text."""
    return [re.compile(rf"{form}(?: |$)") for form in FORMS.values()]


def without_marks(text: str) -> tuple[str, list[int]]:
    """Return a text without formatting and marks, and the place in it of each character."""
    places: list[int] = []
    begin = 0
    for mark in re.finditer(_NOTHING, text):
        places += range(begin, mark.start())
        begin = mark.end()
    places += range(begin, len(text))
    return "".join([text[place] for place in places]), places
