"""The records of a JSON document, which is never loaded whole. Pure.

A document is an array of records, or an object of which one member is that array. Of each
record the bytes are given, to be decoded by its dialect; all bytes between records that are
more than commas and blanks count as a record too, so that nothing is lost unseen.
See https://www.rfc-editor.org/rfc/rfc8259
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from chatlog.formats.dialects.log_lines import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_NESTED: Final = 64
"""How deep the arrays and objects of one record go; a deeper record is not understood."""

_BOM: Final = b"\xef\xbb\xbf"
_BLANKS: Final = b" \t\r\n"
_BETWEEN: Final = _BLANKS + b","
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[][{}"]', re.DOTALL)
"""A string, a bracket, or the quote of a string that does not end yet."""
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SIGNS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
"""Steps of the depth for brackets, as signed bytes."""
_NO_BRACKETS: Final = bytes(each for each in range(256) if each not in b"[]{}")
_IN_STRING: Final = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_OPENING: Final = frozenset(b"[{")
_QUOTE: Final = ord('"')

NO_DOCUMENT: Final = "no JSON document with an array of records"


class JsonRecords:
    """The records of one document, in bounded memory.

    `member` names the array if the document is an object; "" if the document is the array.
    `head` is an object of the members before that array once the first piece is there.
    `is_torn` tells of the last piece that the document ends in its last record.
    """

    def __init__(self, blocks: Iterable[bytes], member: str = "") -> None:
        self.head = b""
        self.is_torn = False
        self._blocks = blocks
        self._member = f'"{member}"'.encode() if member else b""
        self._buffer = b""
        self._at = 0  # the tokens of the buffer before it are read
        self._begin = 0  # of the record, or of the space between two
        self._depth = 0
        self._base = 0  # the depth of the array of records, as soon as it is found
        self._is_cut = False
        self._is_in_string = False
        self._is_over = False
        self._key = b""
        self._key_at = 0
        self._found: list[bytes | None] = []

    def pieces(self) -> Iterator[list[bytes | None]]:
        """Yield all records in order, some at once; None is one too long or too deep.

        The rest of a document that ends too early is the last record. Raise ValueError if
        there is no array of records.
        """
        is_first = True
        for block in self._blocks:
            self._buffer += block.removeprefix(_BOM) if is_first else block
            is_first = is_first and not block
            self._read()
            if self._found:
                yield self._take()
        if not self._base:
            raise ValueError(NO_DOCUMENT)
        self._between(len(self._buffer))
        if self._found:
            self.is_torn = not self._is_over
            yield self._take()

    def _take(self) -> list[bytes | None]:
        found, self._found = self._found, []
        return found

    def _read(self) -> None:
        """Read the tokens of the buffer, and drop its part that is no longer needed."""
        if self._is_over:
            rest = b"" if self._member else self._buffer.lstrip(_BLANKS)
            self._buffer = rest[: LONGEST + 1]
            return
        if self._is_in_string and not self._leave_string():
            return
        if self._is_cut and self._depth > self._base and self._skip():
            return
        end = len(self._buffer)
        for token in _TOKEN.finditer(self._buffer, self._at):
            first = self._buffer[token.start()]
            if first == _QUOTE:
                if token.end() == token.start() + 1:
                    end = token.start()
                    break
                if not self._base and self._depth == 1:
                    self._key, self._key_at = token[0], token.start()
            elif first in _OPENING:
                self._open(token.start(), first == ord("["))
            elif self._close(token.end()):
                return
        self._at = end
        self._drop()

    def _skip(self) -> bool:
        """Skip the buffer if a record that is too long does not end in it; return whether so.

        Its brackets are only counted: by an eighth of the time that its tokens take.
        """
        piece = self._buffer[self._at :]
        plain = _STRING.sub(b"", piece)
        quote = plain.find(b'"')  # of the string that does not end yet, before which all is plain
        rest = len(plain) - quote if quote >= 0 else 0
        signs = plain[: len(plain) - rest].translate(_SIGNS, _NO_BRACKETS)
        steps = memoryview(signs).cast("b")
        if self._depth + min(accumulate(steps), default=0) <= self._base:
            return False
        self._depth += sum(steps)
        self._begin = self._at = len(self._buffer) - rest
        self._drop()
        return True

    def _open(self, at: int, is_array: bool) -> None:  # noqa: FBT001 - of a bracket or a brace
        if self._base and self._depth == self._base:
            self._between(at)
        elif not self._base:
            self._find_base(at, is_array=is_array)
        self._depth += 1
        if self._base and self._depth > self._base + MOST_NESTED:
            self._is_cut = True

    def _find_base(self, at: int, *, is_array: bool) -> None:
        """Find out whether the array of records opens here; raise ValueError if none can."""
        if self._depth == 0:
            if self._buffer[:at].strip(_BLANKS) or is_array == bool(self._member):
                raise ValueError(NO_DOCUMENT)
            is_it = is_array
        else:
            is_it = is_array and self._depth == 1 and self._key == self._member
            if is_it:
                self.head = self._buffer[: self._key_at].rstrip(_BETWEEN) + b"}"
        if is_it:
            self._base, self._begin = self._depth + 1, at + 1

    def _close(self, end: int) -> bool:
        """Close an array or an object; return whether that was all of the document."""
        self._depth -= 1
        if not self._base:
            if self._depth <= 0:
                raise ValueError(NO_DOCUMENT)
        elif self._depth == self._base:
            self._add(self._buffer[self._begin : end])
            self._begin = end
        elif self._depth < self._base:
            self._between(end - 1)
            self._begin = end
            if self._depth <= 0 or self._member:
                self._end(end)
                return True
        return False

    def _end(self, end: int) -> None:
        """End with the array; behind one that is the document nothing else may stand."""
        self._is_over = True
        self._buffer = b"" if self._member else self._buffer[end:]
        self._begin = self._at = 0

    def _between(self, end: int) -> None:
        """Add the bytes between two records as one, if they are more than commas and blanks."""
        between = self._buffer[self._begin : end].strip(_BETWEEN)
        if between or self._is_cut:
            self._add(between)
        self._begin = end

    def _add(self, record: bytes) -> None:
        self._found.append(None if self._is_cut or len(record) > LONGEST else record)
        self._is_cut = False

    def _drop(self) -> None:
        """Drop the records that are read from the buffer, and the part of one that is too long."""
        if not self._base:
            if len(self._buffer) > LONGEST:
                raise ValueError(NO_DOCUMENT)
            return
        if self._depth == self._base and not self._buffer[self._begin : self._at].strip(_BETWEEN):
            self._begin = self._at
        if len(self._buffer) - self._begin > LONGEST:
            self._is_cut = True
            self._is_in_string = self._at < len(self._buffer)
            if self._is_in_string:
                self._at += 1
            self._begin = self._at
        self._buffer = self._buffer[self._begin :]
        self._at -= self._begin
        self._begin = 0
        if self._is_in_string:
            self._leave_string()

    def _leave_string(self) -> bool:
        """Read on to the end of a string that is dropped; return whether it ends in the buffer."""
        found = _IN_STRING.match(self._buffer)
        end = found.end() if found else 0
        self._is_in_string = self._buffer[end : end + 1] != b'"'
        self._buffer = self._buffer[end if self._is_in_string else end + 1 :]
        self._at = self._begin = 0
        return not self._is_in_string
