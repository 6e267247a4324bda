"""The records of an XML document, which is never loaded whole. Pure.

Records are the elements below the root, each given as XML of its own in UTF-8. The end of the
root may be missing, as of a program that was killed. A document that declares a type, and so
could declare entities, is refused. Behind damage the reading goes on with the next record.
See https://www.w3.org/TR/xml/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring
from xml.parsers import expat

from chatlog.formats.dialects.json_records import MOST_NESTED
from chatlog.formats.dialects.log_lines import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SHOWN: Final = 300
"""Bytes of damage that are given as a record, to be shown."""
_LONGEST_NAME: Final = 32
"""Bytes of the tag with which a record begins, as far as it is searched for."""
_LONGEST_TAG: Final = LONGEST
"""Bytes that are read of one tag, comment or the like before the document is given up."""


def parsed(record: bytes) -> Element:
    """Return a record as an element; raise ValueError for damage."""
    try:
        return fromstring(record)  # noqa: S314 - made here, without any declaration
    except SyntaxError as error:
        raise ValueError("no XML") from error


class XmlRecords:
    """The records of one document, in bounded memory.

    `root` is the name of the document's root, `names` are those of records. `attributes` are
    the root's once the first piece is there. `is_torn` tells of the last piece that the
    document ends in its last record.
    """

    def __init__(self, blocks: Iterable[bytes], root: str, names: tuple[str, ...]) -> None:
        self.attributes: dict[str, str] | None = None
        self.is_torn = False
        self._blocks = blocks
        self._root = root
        self._records = re.compile(rb"<(?:%s)[\s>/]" % "|".join(names).encode())
        self._found: list[bytes | None] = []
        self._is_searching = False
        self._begun = b""
        self._begin()

    def pieces(self) -> Iterator[list[bytes | None]]:
        """Yield all records in order, some at once; None is one too long or too deep.

        Raise ValueError if it is no document with this root.
        """
        for block in self._blocks:
            self._feed(block)
            if self._found:
                yield self._take()
        self._finish()
        if self.attributes is None:
            raise ValueError(f"no XML document of {self._root}")
        if self._found:
            yield self._take()

    def _take(self) -> list[bytes | None]:
        found, self._found = self._found, []
        return found

    def _begin(self) -> None:
        """Begin with a parser, at the beginning or behind damage."""
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        self._listen()
        self._fed = 0
        self._stack: list[Element] = []
        self._depth = 0
        self._size = 0

    def _listen(self) -> None:
        """Take all of the elements that follow."""
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def _skip(self) -> None:
        """Drop the record that is read, and only count how deep the elements in it go."""
        self._stack = []
        self._parser.StartElementHandler = self._go_down
        self._parser.EndElementHandler = self._go_up
        self._parser.CharacterDataHandler = None

    def _go_down(self, _name: str, _attributes: dict[str, str]) -> None:
        self._depth += 1

    def _go_up(self, name: str) -> None:
        if self._depth == 2:  # noqa: PLR2004 - of the record itself
            self._listen()
            self._end(name)
        else:
            self._depth -= 1

    def _feed(self, data: bytes) -> None:
        while data:
            if self._is_searching:
                data = self._begun + data
                found = self._records.search(data)
                if found is None:
                    self._begun = data[-_LONGEST_NAME:]
                    return
                data = data[found.start() :]
                self._is_searching = False
            begin = self._fed
            self._fed += len(data)
            try:
                self._parser.Parse(data, False)  # noqa: FBT003 - more may follow
            except expat.ExpatError:
                if self.attributes is None:
                    raise ValueError(f"no XML document of {self._root}") from None
                data = self._go_on(data, self._parser.ErrorByteIndex - begin)
            else:
                if self._fed - self._parser.CurrentByteIndex > _LONGEST_TAG:
                    self._go_on(data, len(data))
                    self._found[-1] = None
                return

    def _go_on(self, data: bytes, at: int) -> bytes:
        """Give damage as a record, and return the data behind it for a new parser."""
        at = min(max(at, 0), len(data))
        self._found.append(data[at : at + _SHOWN])
        self._begin()
        begin = f"<{self._root}>"
        self._parser.Parse(begin, False)  # noqa: FBT003 - more may follow
        self._fed = len(begin)
        self._is_searching, self._begun = True, b""
        return data[at + 1 :]

    def _finish(self) -> None:
        """Give a record that the document does not end."""
        if self.attributes is not None and (self._stack or self._depth > 1):
            self.is_torn = True
            self._found.append(tostring(self._stack[0], "utf-8")[:LONGEST] if self._stack else None)

    def _refuse(self, *_declaration: object) -> None:
        raise ValueError("an XML document that declares a type, which no log does")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth == 0:
            if name != self._root:
                raise ValueError(f"no XML document of {self._root}")
            if self.attributes is None:
                self.attributes = attributes
        elif self._depth == 1:
            self._size = 0
            self._stack = [Element(name, attributes)]
        elif self._stack:
            self._stack.append(SubElement(self._stack[-1], name, attributes))
        self._depth += 1
        self._grow(len(name) + sum(len(key) + len(value) for key, value in attributes.items()))

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if self._depth != 1:
            if self._stack:
                self._stack.pop()
            return
        self._found.append(tostring(self._stack[0], "utf-8") if self._stack else None)
        self._stack = []

    def _text(self, text: str) -> None:
        if not self._stack:
            return
        self._grow(len(text))
        if self._stack:
            last = self._stack[-1]
            if len(last):
                last[-1].tail = (last[-1].tail or "") + text
            else:
                last.text = (last.text or "") + text

    def _grow(self, size: int) -> None:
        """Count the characters of a record, and drop one that is too long or too deep."""
        self._size += size
        if self._depth > 1 and (self._size > LONGEST or self._depth > MOST_NESTED):
            self._skip()
