"""The sieve: lines that may match a query, found by their bytes.

Nothing here reads a file, or takes a line apart. No line that matches is left
out; many that do not may be. Where Hyperscan is installed (the extra `fast`) it
finds them, several times as fast.
"""

from __future__ import annotations

import re
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from chatlog.formats.format import Spelling
from chatlog.formats.table import format_of
from chatlog.read.lines import all_lines
from chatlog.search.literals import CROSSING, Clue, clues_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.query.predicates import Term
    from chatlog.read.lines import Sift
    from chatlog.search.patterns import Expression

    Spans = Iterator[tuple[int, int]]

_ESCAPE: Final = b"\\"
_U: Final = ord("u")
_CROSSED: Final = tuple(letter.encode() for letter in CROSSING)
_CODES: Final = re.compile(
    rb"\\u00(?:03(?:\d{1,2}(?:,\d{1,2})?)?"
    rb"|04(?:[0-9A-Fa-f]{6}(?:,[0-9A-Fa-f]{6})?)?"
    rb"|(?i:02|0f|11|16|1d|1e|1f))"
)
_MOST_CLUES: Final = 64  # each is a search of its own
_MOST_EXPRESSIONS: Final = 300
_MOST_BYTES: Final = 64 * 1024
_FORMATTING: Final = b"\x02\x03\x04\x0f\x11\x16\x1d\x1e\x1f"


def sieve_for(term: Term, suffix: str) -> Sift:
    """Return the sieve of a term for a format; without a clue it lets every line through."""
    if native := _native(term, suffix):
        return native
    clues = clues_for(term, suffix)
    spelling = format_of(suffix).spelling
    if spelling is None or not clues or len(clues) > _MOST_CLUES:
        return all_lines
    if not all(clue.piece for clue in clues):
        return all_lines
    return _SIEVES[spelling](clues).sift


def _native(term: Term, suffix: str) -> Sift | None:
    """Make a sieve of Hyperscan's; None where it is not there, or nothing is known for it."""
    try:
        import hyperscan
    except (ImportError, OSError):
        return None
    from chatlog.search.patterns import FOREIGN, Expression, expressions_for

    expressions = expressions_for(term, suffix)
    if not expressions or not _compiles_quickly(expressions):
        return None
    if format_of(suffix).spelling is Spelling.JSON:
        expressions.append(Expression(FOREIGN, caseless=False))
    flags = [hyperscan.HS_FLAG_CASELESS if each.caseless else 0 for each in expressions]
    try:
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        with _ended_by_ctrl_c():
            database.compile([each.pattern for each in expressions], flags=flags)
        database.scratch = hyperscan.Scratch(database)
    except hyperscan.error:  # too large a pattern, or a processor that it does not know
        return None
    return _NativeSieve(database).sift


def _compiles_quickly(expressions: list[Expression]) -> bool:
    """Return whether Hyperscan needs at most about a second to compile patterns."""
    few = len(expressions) <= _MOST_EXPRESSIONS
    return few and sum(len(each.pattern) for each in expressions) <= _MOST_BYTES


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """End the process by Ctrl-C at once: native code runs no handler of Python's.

    Nothing is open that would need an end. A process that ignores Ctrl-C goes on.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    if not is_main or not callable(before):
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _NativeSieve:
    """Sift lines by a database of Hyperscan's."""

    def __init__(self, database: Any) -> None:
        self._database = database

    def sift(self, block: bytes) -> Iterable[bytes]:
        """Return the lines of a block that may match, each once, in order."""
        spans: list[tuple[int, int]] = []
        end = -1

        def found(_id: int, _start: int, to: int, *_: object) -> None:
            nonlocal end
            if to > end:  # not in the line that was found last
                start, end = _line_at(block, to - 1)
                spans.append((start, end))

        self._database.scan(block, match_event_handler=found)
        return [block[start:end] for start, end in spans]


class _Sieve:
    """Sift JSONL: a line behind whose escapes something may stand is looked at as well."""

    def __init__(self, clues: list[Clue]) -> None:
        self._exact = [clue.piece for clue in clues if not clue.fold]
        self._folded = [clue.piece for clue in clues if clue.fold]
        self._crossing = any(clue.crossing for clue in clues)

    def sift(self, block: bytes) -> Iterator[bytes]:
        """Yield the lines of a block that may match, each once, in order."""
        found = dict(self._found(block))
        if _ESCAPE in block:
            found.update(self._escaped(block))
        return (block[start : found[start]] for start in sorted(found))

    def _found(self, block: bytes) -> Spans:
        for piece in self._exact:
            yield from _lines_with(piece, block, block)
        if self._folded:
            lowered = block.lower()
            for piece in self._folded:
                yield from _lines_with(piece, lowered, block)
        if self._crossing and not block.isascii():
            for letter in _CROSSED:
                yield from _lines_with(letter, block, block)

    def _escaped(self, block: bytes) -> Spans:
        """Yield the lines with escapes behind which something may stand."""
        spans = list(_lines_with_u(block))
        if self._may_match(b"".join(block[start:end] for start, end in spans)):
            yield from (span for span in spans if self._may_match(block[slice(*span)]))

    def _may_match(self, lines: bytes) -> bool:
        """Look at lines with escapes, together at first: most have formatting alone."""
        bare = _CODES.sub(b"", lines)
        for piece in self._exact:
            if piece in bare:
                return True
        if self._folded:
            lowered = bare.lower()
            for piece in self._folded:
                if piece in lowered:
                    return True
        return b"\\u" in bare


class _PlainSieve(_Sieve):
    """Sift text: formatting may have been kept in it as it was sent."""

    def sift(self, block: bytes) -> Iterator[bytes]:
        """Yield the lines of a block that may match, each once, in order."""
        if len(block.translate(None, _FORMATTING)) < len(block):
            return all_lines(block)
        found = dict(self._found(block))
        return (block[start : found[start]] for start in sorted(found))


_SIEVES: Final = {Spelling.JSON: _Sieve, Spelling.TEXT: _PlainSieve}


def _lines_with(piece: bytes, searched: bytes, block: bytes) -> Spans:
    at = searched.find(piece)
    while at >= 0:
        start, end = _line_at(block, at)
        yield start, end
        at = searched.find(piece, end)


def _lines_with_u(block: bytes) -> Spans:
    r"""Yield the lines with a `\u`; to look for one byte is fastest."""
    at = block.find(_ESCAPE)
    while at >= 0:
        if block[at + 1] == _U:
            start, end = _line_at(block, at)
            yield start, end
            at = block.find(_ESCAPE, end)
        else:
            at = block.find(_ESCAPE, at + 2)


def _line_at(block: bytes, at: int) -> tuple[int, int]:
    return block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
