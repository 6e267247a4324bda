"""Texts of people as HTML: escaped, with links and mIRC formatting, and nothing else. Pure.

Whatever a text holds, it becomes characters: no element, attribute or script comes of it, and
bidirectional controls turn nothing outside it (each text is isolated, see the style sheet).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from chatlog.formats.mirc import COLORS, pieces
from chatlog.formats.visible import printable, visible, visible_formatted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_LINK: Final = re.compile(r"(?:https?|ircs?)://[^\s<>\"\x00-\x1f]+", re.IGNORECASE)
_ENDING: Final = ".,:;!?'\")]}»”’"
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
_ELEMENTS: Final = {"bold": "b", "italic": "i", "underline": "u", "strike": "s"}
_NUMBERS: Final = {name: number for number, name in enumerate(COLORS)}
_LAST_OF_PLANES: Final = "".join(
    chr(plane | 0xFFFE) + chr(plane | 0xFFFF) for plane in range(0, 0x11_0000, 0x1_0000)
)
_NO_CHARACTERS: Final = re.compile(f"[\ufdd0-\ufdef{_LAST_OF_PLANES}]")
"""The code points that are no characters, which neither HTML nor XML may hold."""

_FORMATTED: Final = re.compile("[\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f]")


def shown(text: str) -> str:
    r"""Return a text as pages show it: without formatting, with controls as `\x1b`."""
    if text.isprintable():
        return text
    return _NO_CHARACTERS.sub(lambda match: printable(match[0]), visible(text))


def shown_lines(text: str) -> str:
    """Return the text of a message as pages show it, in its lines."""
    return text if text.isprintable() else "\n".join(map(shown, text.split("\n")))


def marked_all(texts: Sequence[str], odd: Collection[str]) -> list[str]:
    """Return texts of messages as HTML, as `marked` does, in less than half of its time.

    `odd` are the texts that are not printable.
    """
    plain = "\n".join(["" if text in odd else text for text in texts] if odd else texts)
    found = _quoted(plain).split("\n") if texts else []
    if odd or "://" in plain:
        return [
            marked(text) if text in odd or "://" in text else made
            for text, made in zip(texts, found, strict=True)
        ]
    return found


def escaped(text: str) -> str:
    """Return a text for HTML, in elements and in quoted attributes; controls are written out."""
    return _quoted(shown(text))


def _quoted(text: str) -> str:
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    if '"' in text:
        text = text.replace('"', "&quot;")
    return text.replace("'", "&#39;") if "'" in text else text


def marked(text: str) -> str:
    """Return a text of a message as HTML, with its links and its formatting."""
    if text.isprintable():
        return linked(text)
    if "\n" in text:
        return "<br>\n".join(marked(line) for line in text.split("\n"))
    if not _FORMATTED.search(text):
        return linked(text)
    return "".join(_piece(each.text, each.style) for each in pieces(visible_formatted(text)))


def _piece(text: str, style: str) -> str:
    found = linked(text)
    for word in style.split():
        if word == "on":
            break  # a background would make text unreadable in one of the two schemes
        if element := _ELEMENTS.get(word):
            found = f"<{element}>{found}</{element}>"
        elif (number := _NUMBERS.get(word)) is not None:
            found = f'<span class="c{number}">{found}</span>'
    return found


def linked(text: str) -> str:
    """Return an escaped text in which addresses are links."""
    if "://" not in text:
        return escaped(text)
    found, begin = [], 0
    for match in _LINK.finditer(text):
        address = _without_ending(match[0])
        found += [escaped(text[begin : match.start()]), _link(address)]
        begin = match.start() + len(address)
    return "".join([*found, escaped(text[begin:])])


def _link(address: str) -> str:
    safe = escaped(address)
    return f'<a href="{safe}" rel="nofollow noopener noreferrer ugc">{safe}</a>'


def _without_ending(address: str) -> str:
    """Return an address without the punctuation of the sentence that it stands in."""
    while address and address[-1] in _ENDING:
        opening = _PAIRS.get(address[-1])
        if opening and address.count(opening) >= address.count(address[-1]):
            break
        address = address[:-1]
    return address
