"""One line of IRC, taken apart.

Rules: a line is never refused and parsing never raises; only U+0020 separates
(tab, NBSP and mIRC's control characters are part of what they stand in); what
cannot be turned back into the bytes received keeps those bytes.
See https://modern.ircdocs.horse/#message-format
and https://ircv3.net/specs/extensions/message-tags
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

MAX_LINE: Final = 8191 + 512 + 4096
"""Bytes of the longest line that is taken apart: tags, the rest, and slack."""

KEPT_RAW: Final = 8192
"""Bytes that are kept of a line that cannot be taken apart."""

FALLBACKS: Final = ("cp1252", "latin-1")
"""The codecs tried in turn on what is not UTF-8; the last one takes any byte."""

_COMMANDS: Final = 256  # remembered, of at most `MAX_LINE` bytes
_REPLACEMENT: Final = "\ufffd"
_ESCAPED: Final = re.compile(r"\\(.?)", re.DOTALL)
_UNESCAPED: Final = {":": ";", "s": " ", "n": "\n", "r": "\r", "\\": "\\"}


class Message(msgspec.Struct, gc=False):
    """A line of IRC: tags, source, command, params.

    `command` is in upper case; it is empty when the line could not be taken
    apart, and then the one parameter is the whole line. `encoding` is the
    codec where it was not UTF-8. `raw` holds the bytes received, at most
    `KEPT_RAW`, where the text cannot be turned back into them.
    """

    command: str
    params: list[str]
    source: str = ""
    tag_text: str = ""
    encoding: str = ""
    raw: bytes = b""

    @property
    def size(self) -> int:
        """The length of the line in characters, without some of its spaces and colons."""
        return len(self.tag_text) + len(self.source) + sum(map(len, self.params))

    def tags(self) -> dict[str, str]:
        """Parse the tags: unescaped, the last of equal keys wins."""
        return parse_tags(self.tag_text) if self.tag_text else {}


def parse(line: bytes) -> Message:
    """Take one line apart; it comes without its CR LF and is not empty."""
    if len(line) > MAX_LINE:
        return not_understood(line)
    try:
        return parse_text(line.decode())
    except UnicodeDecodeError:
        return _parse_undecodable(line)


def parse_text(text: str) -> Message:
    """Parse a decoded line; any form gives a Message."""
    tag_text = source = ""
    rest = text.lstrip(" ")
    if rest[:1] == "@":
        tag_text, _, rest = rest[1:].partition(" ")
        rest = rest.lstrip(" ")
    if rest[:1] == ":":
        source, _, rest = rest[1:].partition(" ")
        rest = rest.lstrip(" ")
    head, colon, trailing = rest.partition(" :")
    words = head.split(" ")
    if "" in words:
        words = [word for word in words if word]
    command = _command(words.pop(0)) if words else ""
    if not command:
        return Message("", [text])
    if colon:
        words.append(trailing)
    return Message(command, words, source, tag_text)


@lru_cache(_COMMANDS)
def _command(word: str) -> str:
    """Return the command of a line in upper case; "" if it cannot be one."""
    return word.upper() if word.isascii() and word.isalnum() else ""


def decode(line: bytes) -> tuple[str, str, bool]:
    """Decode arbitrary bytes: the text, its codec ("" for UTF-8), and whether it is exact.

    Text that a server cut inside a character stays UTF-8, with U+FFFD where
    it was cut; anything else is taken for the first of `FALLBACKS` that fits.
    """
    try:
        return line.decode(), "", True
    except UnicodeDecodeError:
        text = line.decode(errors="replace")
    bad = text.count(_REPLACEMENT)
    good = sum(character > "\x7f" for character in text) - bad
    if good > bad:
        return text, "", False
    return *_decode_fallback(line), True


def _decode_fallback(line: bytes) -> tuple[str, str]:
    for codec in FALLBACKS[:-1]:
        try:
            return line.decode(codec), codec
        except UnicodeDecodeError:
            continue
    return line.decode(FALLBACKS[-1]), FALLBACKS[-1]


def _parse_undecodable(line: bytes) -> Message:
    # Tags are UTF-8 whatever the rest is, so each is decoded on its own.
    tags, space, rest = line.partition(b" ") if line.startswith(b"@") else (b"", b"", line)
    text, encoding, exact = decode(rest)
    tag_text = tags.decode(errors="replace")
    message = parse_text(tag_text + space.decode() + text)
    message.encoding = encoding
    if not exact or tag_text.encode() != tags:
        message.raw = line[:KEPT_RAW]
    return message


def not_understood(line: bytes) -> Message:
    """Make the message of a line that cannot be taken apart: too long, or never ended."""
    return Message("", [], raw=line[:KEPT_RAW])


def parse_tags(tag_text: str) -> dict[str, str]:
    """Parse the tags between `@` and the first space."""
    tags: dict[str, str] = {}
    for item in tag_text.split(";"):
        key, _, tags[key] = item.partition("=")
    if "\\" in tag_text:
        tags = {key: _unescape(value) for key, value in tags.items()}
    if "" in tags:
        del tags[""]
    return tags


def _unescape(value: str) -> str:
    return _ESCAPED.sub(lambda match: _UNESCAPED.get(match[1], match[1]), value)
