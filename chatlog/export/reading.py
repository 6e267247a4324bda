"""The lines of a segment that an export takes: those that match its query."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from chatlog.errors import TranscriptError
from chatlog.export.line_blocks import LineBlock
from chatlog.formats import jsonl
from chatlog.read.line_order import LineOrder
from chatlog.read.lines import all_lines
from chatlog.search.sieve import sieve_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chatlog.query.predicates import Names
    from chatlog.query.selection import Query
    from chatlog.read.lines import Sift
    from chatlog.read.segment_reader import Entry, SegmentReader

_AT_ONCE: Final = 1000  # entries


class GoneError(TranscriptError):
    """A segment that went while it was exported: it was sealed, merged or removed."""


class QueryReader:
    """Read the lines of segments that match a query.

    If every event matches, lines are read in blocks; `whole` then tells whether each is
    decoded into an event, or no more than is needed to know its time.
    """

    def __init__(self, query: Query, names: Names, *, whole: bool) -> None:
        self._query = query
        self._names = names
        self._whole = whole
        self._sifts: dict[str, Sift] = {}

    def between(self, since: str, until: str) -> QueryReader:
        """Return the reader of the lines of a stretch, within the times of the query."""
        ends = [each for each in (until, self._query.until) if each]
        query = self._query._replace(
            since=max(since, self._query.since), until=min(ends, default="")
        )
        narrowed = QueryReader(query, self._names, whole=self._whole)
        narrowed._sifts = self._sifts  # they are made of the same term
        return narrowed

    def read(self, source: SegmentReader) -> Iterator[LineBlock]:
        """Yield the matching lines of a segment, in the order of the file.

        Raise GoneError if the file is gone.
        """
        if self._query.is_everything and source.format.is_json:
            yield from self._blocks(source)
        else:
            entries = source.matching(self._query, self._sift(source), self._names)
            yield from _as_lines(entries)
        if source.is_gone:
            raise GoneError(f"{source.path} went while it was read, sealed or removed")

    def _sift(self, source: SegmentReader) -> Sift:
        if source.suffix not in self._sifts:
            self._sifts[source.suffix] = sieve_for(self._query.term, source.suffix)
        return self._sifts[source.suffix]

    def _blocks(self, source: SegmentReader) -> Iterator[LineBlock]:
        decode = jsonl.decode_lines if self._whole else jsonl.decode_briefly
        since, until = self._query.since, self._query.until
        for block in source.blocks():
            try:
                lines = LineBlock(decode(block), block)
            except ValueError:  # one of them is damaged, or a year ends among them
                found = source.entries_of(all_lines(block), self._query, self._names, LineOrder())
                yield from _as_lines(found)
                continue
            if since or until:
                lines = lines.between(since, until)
            if len(lines):
                yield lines


def _as_lines(entries: Iterable[Entry]) -> Iterator[LineBlock]:
    rest = iter(entries)
    while some := [*islice(rest, _AT_ONCE)]:
        block = b"\n".join([*(each.json for each in some), b""])
        yield LineBlock([each.event for each in some], block)
