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

_FORMATTING: Final = re.compile(
    r"\x03(?:\d{1,2}(?:,\d{1,2})?)?"
    r"|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    r"|[\x02\x0f\x11\x16\x1d\x1e\x1f]",
    re.ASCII,
)
# Line separators, bidirectional controls, and halves of surrogate pairs, which no file can hold.
_OTHERS: Final = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROLS: Final = re.compile(f"[\\x00-\\x1f{_OTHERS}]")
_CONTROLS_BUT_FORMATTING: Final = re.compile(
    f"[\\x00\\x01\\x05-\\x0e\\x10\\x12-\\x15\\x17-\\x1c{_OTHERS}]"
)


def visible(text: str) -> str:
    r"""Show a text: formatting out, control characters as `\\x1b` and `\\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return _CONTROLS.sub(_escape, _FORMATTING.sub("", text))


def visible_formatted(text: str) -> str:
    """Show a text with its mIRC formatting as it was sent."""
    return _CONTROLS_BUT_FORMATTING.sub(_escape, text)


def visible_word(text: str) -> str:
    """Show what must be one word, such as a nick: spaces are written out, nothing is `*`."""
    return visible(text).replace(" ", r"\x20") or "*"


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - one byte
