"""Texts with their mIRC formatting, as pieces of one style each.

Pure. See https://modern.ircdocs.horse/formatting
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CODE: Final = (
    r"(?a)(?P<color>\x03(?:(?P<fore>\d{1,2})(?:,(?P<back>\d{1,2}))?)?)"
    r"|(?P<hex>\x04(?:(?P<fore_hex>[0-9A-Fa-f]{6})(?:,(?P<back_hex>[0-9A-Fa-f]{6}))?)?)"
    r"|(?P<toggle>[\x02\x11\x16\x1d\x1e\x1f])|(?P<reset>\x0f)"
)
_TOGGLES: Final = {
    "\x02": "bold",
    "\x1d": "italic",
    "\x1f": "underline",
    "\x1e": "strike",
    "\x16": "reverse",
}
COLORS: Final = (
    "bright_white", "black", "blue", "green", "bright_red", "red", "magenta", "yellow",
    "bright_yellow", "bright_green", "cyan", "bright_cyan", "bright_blue", "bright_magenta",
    "bright_black", "white",
)  # fmt: skip
"""The colours 0 to 15, as rich names them."""

_CUBE: Final = 16
_LAST: Final = 98


class Piece(msgspec.Struct, frozen=True):
    """A piece of text and its style, in the words of rich; "" for none."""

    text: str
    style: str


class _State:
    """The formatting that is switched on."""

    def __init__(self) -> None:
        self.on: set[str] = set()
        self.fore = self.back = ""

    def style(self) -> str:
        back = f"on {self.back}" if self.back else ""
        return " ".join(filter(None, (*sorted(self.on), self.fore, back)))

    def take(self, match: re.Match[str]) -> None:
        if match["reset"]:
            self.on, self.fore, self.back = set(), "", ""
        elif match["toggle"]:
            self.on ^= {_TOGGLES[match["toggle"]]} if match["toggle"] in _TOGGLES else set()
        elif match["color"]:
            self._color(match["fore"], match["back"], _named)
        else:
            self._color(match["fore_hex"], match["back_hex"], "#{}".format)

    def _color(self, fore: str | None, back: str | None, named: Callable[[str], str]) -> None:
        """Take new colours; a background stays where only the other is told."""
        self.fore = named(fore) if fore else ""
        if back or not fore:
            self.back = named(back) if back else ""


def pieces(text: str) -> Iterator[Piece]:
    """Cut a text where its style changes; the codes themselves are left out."""
    state, begin = _State(), 0
    for match in re.finditer(_CODE, text):
        if match.start() > begin:
            yield Piece(text[begin : match.start()], state.style())
        state.take(match)
        begin = match.end()
    if begin < len(text):
        yield Piece(text[begin:], state.style())


def _named(number: str) -> str:
    """Name a colour; 99 is the default one."""
    code = int(number)
    if code > _LAST:
        return ""
    return COLORS[code] if code < _CUBE else f"color({_PALETTE[code - _CUBE]})"


# What 16 to 98 come nearest to among the 256 colours of terminals, as the specification lists.
_PALETTE: Final = (
    *(52, 94, 100, 58, 22, 29, 23, 24, 17, 54, 53, 89),
    *(88, 130, 142, 64, 28, 35, 30, 25, 18, 91, 90, 125),
    *(124, 166, 184, 106, 34, 49, 37, 33, 19, 129, 127, 161),
    *(196, 208, 226, 154, 46, 86, 51, 75, 21, 171, 201, 198),
    *(203, 215, 227, 191, 83, 122, 87, 111, 63, 177, 207, 205),
    *(217, 223, 229, 193, 157, 158, 159, 153, 147, 183, 219, 212),
    *(16, 233, 235, 237, 239, 241, 244, 247, 250, 254, 231),
)
