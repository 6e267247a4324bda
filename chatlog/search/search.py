"""Search: segments spread over all cores, matches merged in order of time.

The order is that of `Reader.last`: by time, those of one time as the targets
stand, then the parts, then the lines.
"""

from __future__ import annotations

import heapq
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.errors import TranscriptError
from chatlog.formats import jsonl
from chatlog.read.segment_reader import end_of
from chatlog.search import messages, workers
from chatlog.search.external_sort import TimedLine, in_order
from chatlog.search.messages import Folded, Matches, UnreadableLines
from chatlog.search.sieve import sieve_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from chatlog.archive.targets import Target
    from chatlog.event import Event
    from chatlog.formats.format import Brief
    from chatlog.query.selection import Query
    from chatlog.read.lines import Sift
    from chatlog.read.reader import Located, Reader
    from chatlog.read.segment_reader import Entry
    from chatlog.search.messages import Result

    Batches = Iterator[Sequence[Event | Brief]]
    Fold = Callable[[Target, Batches], bytes]
    Advance = Callable[[int], None]
    HitsOf = Callable[["Search"], Generator["Hit", None, None]]
    Watch = Callable[[Sequence[tuple[int, list["_Piece"]]]], Iterable[tuple[int, list["_Piece"]]]]

_PIECE: Final = 8 * 1024 * 1024
_FEW: Final = 64
_WORTH_FORKING: Final = 4 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_SHARES: Final = 16
_HELD: Final = 128
_MOST_JOBS: Final = 64  # each has a pipe, and a process few descriptors


def unwatched(_more: int) -> None:
    """Ignore the progress of a search."""


class Hit(NamedTuple):
    """A match as a line of JSONL, and its place; a match in text is converted to JSONL."""

    target: Target
    time: str
    line: bytes


class _Piece(NamedTuple):
    """One task of a worker: a segment, or a range of bytes of a long one."""

    order: tuple[int, int]
    segment: Located
    stretch: tuple[int, int] | None = None


class Search:
    """A search for a query in all segments of a reader.

    `jobs` is how many processes look, 0 for as many as there are cores. The
    lines that could not be read are in `reader.damaged`, as far as they had
    what was looked for.
    """

    def __init__(
        self, reader: Reader, query: Query, *, newest_first: bool = False, jobs: int = 0
    ) -> None:
        self.reader = reader
        self._query = query
        self._newest_first = newest_first
        self._jobs = min(jobs or workers.count(), _MOST_JOBS)
        self._pieces = self._plan()
        self._sifts: dict[str, Sift] = {}

    @property
    def size(self) -> int:
        """The number of pieces to search."""
        return len(self._pieces)

    def hits(self, advance: Advance = unwatched) -> Generator[Hit, None, None]:
        """Yield the matches in order of time, the first ones at once.

        `advance` gets 1 after each piece that has no further match, `size` times in all.
        """
        pool = self._pool(lambda number: self._find(self._pieces[number]), len(self._pieces))
        try:
            yield from self._merged(pool, advance)
        finally:
            pool.close()
            self._let_go()

    def counts(self, watch: Watch = list) -> Counter[Target]:
        """Count the matches of each target; `watch` is that of `folded`."""
        found: Counter[Target] = Counter()
        for target, count in self.folded(_counted, watch):
            if int(count):
                found[target] += int(count)
        return found

    def folded(self, fold: Fold, watch: Watch = list) -> Iterator[tuple[Target, bytes]]:
        """Yield the results of `fold` over batches of matches of one target, in any order.

        It runs in the worker that finds the events, and gets them in batches as
        they stand: whole, or as much of them as `Brief` has. `watch` yields the tasks
        that it gets, so that the caller can show the progress.
        """
        tasks = self._by_target()
        pool = self._pool(lambda number: self._fold(tasks[number], fold), len(tasks))
        try:
            for number, pieces in watch([*enumerate(tasks)]):
                for message in pool.result(number):
                    if isinstance(message, UnreadableLines):
                        self._count(message)
                    else:
                        yield pieces[0].segment.target, message.data
        finally:
            pool.close()
            self._let_go()

    def _by_target(self) -> list[list[_Piece]]:
        """Put pieces of a target together, so that there is enough to fold."""
        at_once = max(1, len(self._pieces) // (self._jobs * _SHARES))
        tasks: list[list[_Piece]] = []
        for piece in sorted(self._pieces, key=lambda piece: piece.order):
            last = tasks[-1] if tasks else []
            if last and len(last) < at_once and last[0].segment.target == piece.segment.target:
                last.append(piece)
            else:
                tasks.append([piece])
        return tasks

    # -- what is to be done ------------------------------------------------------------

    def _plan(self) -> list[_Piece]:
        """Cut the segments into pieces, in the order in which they are looked at."""
        segments = self._held_open()
        sizes = [each.source.size() for each in segments] if len(segments) <= _FEW else []
        self._is_small = sum(sizes) < _WORTH_FORKING if sizes else not segments
        if self._newest_first:
            numbers = sorted(range(len(segments)), key=lambda each: segments[each].source.end)[::-1]
        else:
            numbers = sorted(range(len(segments)), key=lambda each: segments[each].source.start)
        if not sizes:  # so many are not long
            return [_Piece((number, 0), segments[number]) for number in numbers]
        return [
            piece for number in numbers for piece in _cut(number, segments[number], sizes[number])
        ]

    def _held_open(self) -> list[Located]:
        """List the segments; the newest that may be sealed meanwhile are kept open."""
        while True:
            segments = self.reader.segments(self._query)
            growing = [each.source for each in segments if not each.source.is_sealed]
            self._held = sorted(growing, key=end_of)[-_HELD:]
            if all(source.hold() for source in self._held):
                return segments
            self._let_go()  # something was sealed since it was listed

    def _let_go(self) -> None:
        for source in self._held:
            source.let_go()

    def _pool(self, work: workers.Work, tasks: int) -> workers.Cores | workers.Serial:
        for suffix in {piece.segment.source.suffix for piece in self._pieces}:
            self._sifts[suffix] = sieve_for(self._query.term, suffix)
        if self._is_small or self._jobs == 1 or tasks <= 1:
            return workers.Serial(work)
        return workers.Cores(work, tasks, min(self._jobs, tasks))

    # -- in a worker -------------------------------------------------------------------

    def _find(self, piece: _Piece) -> Iterator[Result]:
        lines = in_order(map(timed, self._entries(piece)), newest_first=self._newest_first)
        yield from _packed(lines)
        yield from self._damage([piece])

    def _fold(self, pieces: list[_Piece], fold: Fold) -> Iterator[Result]:
        target = pieces[0].segment.target
        batches = (each for piece in pieces for each in self._batches(piece))
        yield Folded(fold(target, batches))
        yield from self._damage(pieces)

    def _batches(self, piece: _Piece) -> Batches:
        source = piece.segment.source
        return source.batches(
            self._query, self._sifts[source.suffix], self.reader.names, piece.stretch
        )

    def _entries(self, piece: _Piece) -> Iterator[Entry]:
        source = piece.segment.source
        return source.matching(
            self._query, self._sifts[source.suffix], self.reader.names, piece.stretch
        )

    def _damage(self, pieces: Iterable[_Piece]) -> Iterator[UnreadableLines]:
        """Yield the numbers of damaged lines; the process that started the search adds them up."""
        sources = {piece.segment.source.path: piece.segment.source for piece in pieces}
        for path, source in sources.items():
            if source.is_gone:
                raise TranscriptError(
                    f"{path} went while it was read, sealed or removed; run this again"
                )
            if lines := self.reader.damaged.pop(path, 0):
                is_estimate = path in self.reader.damaged.estimated
                copy = messages.bytes_of(self.reader.damaged.copies.get(path, ""))
                yield UnreadableLines(messages.bytes_of(path), lines, is_estimate, copy)
            if refusal := self.reader.damaged.refused.get(path):
                reason = messages.bytes_of(refusal)
                yield UnreadableLines(messages.bytes_of(path), 0, refusal=reason)

    # -- what came of it ---------------------------------------------------------------

    def _merged(self, pool: workers.Cores | workers.Serial, advance: Advance) -> Iterator[Hit]:
        """Merge the pieces, each from when its times may come."""
        heap: list[tuple[_Key, TimedLine, _Piece, Iterator[TimedLine]]] = []
        coming = list(enumerate(self._pieces))[::-1]
        while heap or coming:
            while coming and (not heap or self._may_precede(coming[-1][1], heap[0][1].time)):
                number, piece = coming.pop()
                lines = self._lines(pool.result(number))
                if (first := next(lines, None)) is None:
                    advance(1)
                else:
                    heapq.heappush(heap, (self._key(first, piece), first, piece, lines))
            if not heap:
                return
            _, line, piece, lines = heap[0]
            yield Hit(piece.segment.target, *line)
            if (following := next(lines, None)) is None:
                heapq.heappop(heap)
                advance(1)
            else:
                heapq.heapreplace(heap, (self._key(following, piece), following, piece, lines))

    def _may_precede(self, piece: _Piece, time: str) -> bool:
        source = piece.segment.source
        return source.end > time if self._newest_first else source.start <= time

    def _key(self, line: TimedLine, piece: _Piece) -> _Key:
        key = (line.time, piece.order)
        return _Backwards(key) if self._newest_first else key

    def _lines(self, results: Iterator[Result]) -> Iterator[TimedLine]:
        for message in results:
            if isinstance(message, UnreadableLines):
                self._count(message)
            else:
                for line in message.data.split(b"\n"):
                    yield TimedLine(jsonl.time_of(line), line)

    def _count(self, unreadable: UnreadableLines) -> None:
        path = messages.text_of(unreadable.path)
        if unreadable.refusal:
            self.reader.damaged.refused[path] = messages.text_of(unreadable.refusal)
            return
        self.reader.damaged.add(
            path,
            unreadable.lines,
            is_estimate=unreadable.is_estimate,
            copy=messages.text_of(unreadable.copy),
        )


class _Backwards:
    """A key that is the lower the higher it is."""

    def __init__(self, key: tuple[str, tuple[int, int]]) -> None:
        self._key = key

    def __lt__(self, other: _Backwards) -> bool:
        return other._key < self._key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and self._key == other._key

    __hash__ = None  # type: ignore[assignment]


_Key = tuple[str, tuple[int, int]] | _Backwards


def _cut(number: int, segment: Located, size: int) -> Iterator[_Piece]:
    source = segment.source
    if source.is_whole or size <= 2 * _PIECE:
        yield _Piece((number, 0), segment)
        return
    for begin in range(0, size, _PIECE):
        yield _Piece((number, begin), segment, (begin, min(begin + _PIECE, size)))


def _counted(_target: Target, batches: Batches) -> bytes:
    return str(sum(map(len, batches))).encode()


def timed(entry: Entry) -> TimedLine:
    """Return the time and the line of an entry; text is converted to JSONL."""
    return TimedLine(entry.event.time, entry.json)


def _packed(lines: Iterable[TimedLine]) -> Iterator[Matches]:
    """Join lines into chunks: few are sent at once, many in large pieces."""
    held: list[bytes] = []
    size = 0
    for _, line in lines:
        held.append(line)
        size += len(line)
        if size >= _CHUNK:
            yield Matches(b"\n".join(held))
            held, size = [], 0
    if held:
        yield Matches(b"\n".join(held))
