"""Text made safe to show: nothing in it steers a terminal or looks like two lines.

Pure, and the only place that does this. One function a purpose:

- `visible` shows what people wrote, without its mIRC formatting
- `visible_formatted` the same with its formatting
- `visible_word` a name between other words, such as a nick in a line
- `printable` a name in a table, or a log line
- `printable_lines` an error message, which may have several lines

Every control character but formatting is written out as an escape, none is dropped.
See https://modern.ircdocs.horse/formatting
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

_ONE_BYTE: Final = 0xFF
_TWO_BYTES: Final = 0xFFFF


def visible(text: str) -> str:
    r"""Return a text without formatting, with control characters as `\x1b` and `\u202e`."""
    if (text.isascii() and text.isprintable()) or not re.search(_CONTROLS, text):
        return text
    return re.sub(_CONTROLS, _escape, re.sub(_FORMATTING, "", text))


def visible_formatted(text: str) -> str:
    """Return a text with its mIRC formatting as it was sent, other controls written out."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_CONTROLS_BUT_FORMATTING, _escape, text)


def unformatted(text: str) -> str:
    """Return a text without mIRC formatting; all else stays, controls too."""
    if text.isprintable() or not re.search(_FORMATTING, text):
        return text
    return re.sub(_FORMATTING, "", text)


def visible_word(text: str) -> str:
    """Return a visible text as one word: spaces are written out, an empty text is `*`."""
    return visible(text).replace(" ", r"\x20") or "*"


def printable(text: str) -> str:
    """Return a text with each character written out that `str.isprintable` rejects.

    That is stricter than `visible`: formatting, joiners, and spaces other than
    the common one are written out as well.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def printable_lines(text: str) -> str:
    """Return a text with each of its lines made printable, and those after the first indented.

    So no line after the first looks like the first line of another message, whose
    line breaks a server may have chosen.
    """
    first, *others = map(printable, text.split("\n"))
    return "\n".join([first, *map(_indented, others)])


def _indented(line: str) -> str:
    return line if not line or line.startswith(" ") else f"  {line}"


def _escape(match: re.Match[str]) -> str:
    return _escaped(match[0])


def _escaped(character: str) -> str:
    code = ord(character)
    if code > _TWO_BYTES:
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if code > _ONE_BYTE else f"\\x{code:02x}"
