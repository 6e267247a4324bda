"""The lines of a log as texts, in any encoding. Pure.

Lines are split at newlines only, as other characters that Python takes for line ends are
formatting to IRC. A line is UTF-8 if it can be; else of the encoding that the user names, or
of cp1252, in which holes are taken for latin-1.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONGEST: Final = 1024 * 1024
"""Bytes of the longest line; a longer one is not understood, whatever it holds."""

_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_FALLBACKS: Final = ("cp1252", "latin-1")

TextLine = tuple["str | None", str]
"""A line without its end, None if it is too long, and its codec if that is not UTF-8."""


class LogLines:
    """The lines of a stream of blocks, in bounded memory."""

    def __init__(self, blocks: Iterable[bytes], encoding: str = "") -> None:
        self._blocks = blocks
        self._encoding = encoding

    def pieces(self) -> Iterator[list[TextLine]]:
        """Yield all lines in order, some at once."""
        rest, dropped = b"", False
        for block in self._whole_blocks():
            block = rest + block  # noqa: PLW2901 - the rest of the one before belongs to it
            end = block.rfind(b"\n") + 1
            rest = block[end:]
            if end:
                some = self._lines(block[: end - 1])
                if dropped:
                    some[0], dropped = (None, ""), False
                yield some
            if len(rest) > LONGEST:
                rest, dropped = b"", True
        if rest or dropped:
            yield [(None, "")] if dropped else self._lines(rest)

    def _whole_blocks(self) -> Iterator[bytes]:
        """Yield the bytes without a mark of byte order; those of UTF-16 become UTF-8."""
        blocks = iter(self._blocks)
        first = next(blocks, b"")
        wide = _UTF16.get(first[:2])
        if wide is not None:
            decoder = codecs.getincrementaldecoder(wide)("replace")
            yield decoder.decode(first[2:]).encode("utf-8", "replace")
            for block in blocks:
                yield decoder.decode(block).encode("utf-8", "replace")
            return
        yield first.removeprefix(_BOM)
        yield from blocks

    def _lines(self, piece: bytes) -> list[TextLine]:
        """Return the lines of a piece, which ends before a newline."""
        try:
            texts = piece.decode().split("\n")
        except UnicodeDecodeError:
            return [self._line(line) for line in piece.split(b"\n")]
        if b"\r" in piece:
            texts = [text.removesuffix("\r") for text in texts]
        if len(piece) > LONGEST:
            return [(None if len(text) > LONGEST else text, "") for text in texts]
        return [(text, "") for text in texts]

    def _line(self, line: bytes) -> TextLine:
        if len(line) > LONGEST:
            return None, ""
        return decoded(line.removesuffix(b"\r"), self._encoding)


def decoded(data: bytes, encoding: str = "") -> tuple[str, str]:
    """Return bytes as text, and its codec, "" for UTF-8; `encoding` is tried before others."""
    try:
        return data.decode(), ""
    except UnicodeDecodeError:
        pass
    for codec in (encoding, *_FALLBACKS[:-1]) if encoding else _FALLBACKS[:-1]:
        try:
            return data.decode(codec), codec
        except UnicodeDecodeError:
            continue
    return data.decode(_FALLBACKS[-1]), _FALLBACKS[-1]
