"""Text made safe to show: nothing in it steers a terminal or looks like two lines.

Pure. mIRC formatting is taken out or kept, every other control character is
written out. See https://modern.ircdocs.horse/formatting
"""

from __future__ import annotations

import re
from typing import Final

_FORMATTING: Final = re.compile(
    r"\x03(?:\d{1,2}(?:,\d{1,2})?)?"
    r"|\x04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    r"|[\x02\x0f\x11\x16\x1d\x1e\x1f]",
    re.ASCII,
)
_BIDIRECTIONAL: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROLS: Final = re.compile(f"[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029{_BIDIRECTIONAL}]")
_CONTROLS_BUT_FORMATTING: Final = re.compile(
    f"[\\x00\\x01\\x05-\\x0e\\x10\\x12-\\x15\\x17-\\x1c\\x7f-\\x9f\u2028\u2029{_BIDIRECTIONAL}]"
)


def strip_formatting(text: str) -> str:
    """Take mIRC formatting out."""
    return _FORMATTING.sub("", text)


def visible(text: str) -> str:
    r"""Show a text: formatting out, control characters as `\\x1b` and `\\u202e`."""
    return (
        text if text.isascii() and text.isprintable() else _show(_CONTROLS, strip_formatting(text))
    )


def visible_formatted(text: str) -> str:
    """Show a text with its mIRC formatting as it was sent."""
    return _show(_CONTROLS_BUT_FORMATTING, text)


def visible_word(text: str) -> str:
    """Show what must be one word, such as a nick: spaces are written out as well."""
    return visible(text).replace(" ", r"\x20")


def _show(controls: re.Pattern[str], text: str) -> str:
    return controls.sub(lambda match: _escape(ord(match[0])), text)


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - one byte
