"""The text of a message in XHTML, formatted by mIRC's codes. Pure.

See https://modern.ircdocs.horse/formatting
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

BOLD: Final = "\x02"
ITALIC: Final = "\x1d"
UNDERLINE: Final = "\x1f"

_TAGS: Final = {
    "b": BOLD,
    "strong": BOLD,
    "i": ITALIC,
    "em": ITALIC,
    "u": UNDERLINE,
}
_STYLES: Final = (
    (re.compile(r"font-weight:\s*bold"), BOLD),
    (re.compile(r"font-style:\s*italic"), ITALIC),
    (re.compile(r"text-decoration:[^;]*underline"), UNDERLINE),
)
_BLOCKS: Final = frozenset({"p", "div"})


def text_of(element: Element) -> str:
    """Return the text in an element: breaks as newlines, images as their names, no colours."""
    text = "".join(_pieces(element))
    return text.strip("\n")


def _pieces(element: Element) -> list[str]:
    name = element.tag.rpartition("}")[2].lower()
    if name == "br":
        return ["\n"]
    if name == "img":
        return [element.get("alt", "")]
    code = _code(name, element.get("style", ""))
    pieces = [code, element.text or ""]
    for child in element:
        pieces += _pieces(child)
        pieces.append(child.tail or "")
    pieces.append(code)
    if name in _BLOCKS:
        pieces.append("\n")
    return pieces


def _code(name: str, style: str) -> str:
    """Return the codes that begin and end the formatting of an element."""
    codes = [_TAGS.get(name, "")]
    if style:
        codes += (code for form, code in _STYLES if form.search(style.lower()))
    return "".join(dict.fromkeys(codes))
