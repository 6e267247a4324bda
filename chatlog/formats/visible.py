"""Text made safe to show: nothing in it steers a terminal or looks like two lines.

Pure. mIRC formatting is taken out or kept, every other control character is
written out. See https://modern.ircdocs.horse/formatting
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Show = Callable[[str], str]

# Patterns are compiled where they are used first: most texts need none of them.
_FORMATTING: Final = (
    r"(?a)\x03(?:\d{1,2}(?:,\d{1,2})?)?"
    r"|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    r"|[\x02\x0f\x11\x16\x1d\x1e\x1f]"
)
# DEL and C1, what separates lines or turns writing, and halves of surrogate pairs.
_OTHERS: Final = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROLS: Final = f"[\\x00-\\x1f{_OTHERS}]"
_CONTROLS_BUT_FORMATTING: Final = f"[\\x00\\x01\\x05-\\x0e\\x10\\x12-\\x15\\x17-\\x1c{_OTHERS}]"


def visible(text: str) -> str:
    r"""Show a text: formatting out, control characters as `\x1b` and `\u202e`."""
    if (text.isascii() and text.isprintable()) or not re.search(_CONTROLS, text):
        return text
    return re.sub(_CONTROLS, _escape, re.sub(_FORMATTING, "", text))


def visible_formatted(text: str) -> str:
    """Show a text with its mIRC formatting as it was sent."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_CONTROLS_BUT_FORMATTING, _escape, text)


def unformatted(text: str) -> str:
    """Take mIRC formatting out of a text; nothing else is changed."""
    if text.isprintable() or not re.search(_FORMATTING, text):
        return text
    return re.sub(_FORMATTING, "", text)


def visible_word(text: str) -> str:
    """Show a nick or another word: spaces are written out, and the empty word is `*`."""
    return visible(text).replace(" ", r"\x20") or "*"


def printable(text: str) -> str:
    """Return a name or a message for a table or a log line: U+FFFD for what is not printable."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - one byte
