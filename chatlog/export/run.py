"""One export: pieces that have changed are written, others stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from chatlog.archive.system import System
from chatlog.export.destination import path_at
from chatlog.export.line_blocks import LineBlock, in_time
from chatlog.export.output_files import Piped, open_output, remove_files
from chatlog.export.partition import NONE, period_at
from chatlog.export.past_exports import WrittenPiece
from chatlog.export.pieces import pieces_of
from chatlog.export.reading import GoneError, QueryReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from chatlog.export.destination import Destination
    from chatlog.export.exporter import Exporter, FileFacts
    from chatlog.export.filters import Filter
    from chatlog.export.line_blocks import Read
    from chatlog.export.output_files import FileRecord, Output
    from chatlog.export.past_exports import PastExport
    from chatlog.export.pieces import ExportPiece
    from chatlog.query.selection import Query
    from chatlog.read.reader import Reader
    from chatlog.read.segment_reader import SegmentReader

_TRIES: Final = 5


class Exported(msgspec.Struct):
    """The result of an export: the files that were written, left as they were, and removed.

    `lines` and `size` are those of all files, also of those that stay as they were.
    """

    written: int = 0
    unchanged: int = 0
    removed: int = 0
    lines: int = 0
    size: int = 0

    def add(self, other: Exported) -> None:
        """Add the numbers of another export."""
        self.written += other.written
        self.unchanged += other.unchanged
        self.removed += other.removed
        self.lines += other.lines
        self.size += other.size


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one export.

    `options` stands for all settings that decide the bytes of files: with others, every file
    is written anew. `title` names the content for people.
    """

    reader: Reader
    query: Query
    exporter: Exporter
    destination: Destination
    tz: tzinfo
    options: str = ""
    title: str = ""
    filters: tuple[Filter, ...] = ()
    system: System = System()
    advance: Callable[[int], None] = lambda _bytes: None

    def advancing(self, advance: Callable[[int], None]) -> Export:
        """Return the same export, which calls `advance` with the bytes of each piece."""
        return replace(self, advance=advance)

    def pieces(self) -> list[ExportPiece]:
        """Return the pieces of the archive as it is now."""
        segments = self.reader.segments(self.query)
        one_target = self.exporter.needs_one_target
        return [*pieces_of(segments, self.destination, self.tz, one_target=one_target)]

    def run(self, pieces: Sequence[ExportPiece], past: PastExport | None) -> Exported:
        """Write the files of pieces that have changed, and remove those that have no lines now.

        Without `past` every file is written. Raise TranscriptError if the disk refuses; files
        that are whole by then stay, and are known to the next export.
        """
        return _Run(self, past).run(pieces)

    def pipe(self, pieces: Sequence[ExportPiece], write: Callable[[bytes], object]) -> Exported:
        """Write all lines to a pipe."""
        assert self.exporter.stream is not None  # noqa: S101 - destinations have been checked
        reader = self._line_reader()
        output: Piped | None = None
        for piece in pieces:
            facts = replace(piece.facts, title=self.title)
            output = output or Piped(self.exporter.stream(facts), write)
            for lines in self._lines(piece, reader):
                output.add(lines)
        return Exported(lines=output.lines if output is not None else 0)

    def _line_reader(self) -> QueryReader:
        whole = self.exporter.needs_events or bool(self.filters)
        return QueryReader(self.query, self.reader.names, whole=whole)

    def _lines(self, piece: ExportPiece, reader: QueryReader) -> Iterator[LineBlock]:
        """Yield the lines of a piece in order of time; damage is counted once."""
        damaged = self.reader.damaged
        before = dict(damaged)
        narrowed = reader.between(piece.period.start, piece.period.end)
        for lines in in_time(piece.sources, self._watched(narrowed.read)):
            if not self.filters:
                yield lines
                continue
            events = lines.events
            for each in self.filters:
                events = each(events)
            if events:
                yield LineBlock(events)
        self._count_damage_once(piece, before)

    def _watched(self, read: Read) -> Read:
        """Return a reader of segments that advances the progress after each segment, once."""
        seen: set[str] = set()

        def watched(source: SegmentReader) -> Iterator[LineBlock]:
            yield from read(source)
            if source.path not in seen:
                seen.add(source.path)
                self.advance(source.size())

        return watched

    def _count_damage_once(self, piece: ExportPiece, before: Mapping[str, int]) -> None:
        """Count the damage of a segment once, though two pieces may have read it."""
        damaged = self.reader.damaged
        for path in (source.path for source in piece.sources if source.path in damaged):
            damaged[path] = max(before.get(path, 0), damaged[path] - before.get(path, 0))


class _Run:
    """One run of an export into files."""

    def __init__(self, export: Export, past: PastExport | None) -> None:
        self._export = export
        self._past = past
        self._known = dict(past.pieces) if past is not None else {}
        self._written: dict[str, WrittenPiece] = {}
        self._result = Exported()
        self._reader = export._line_reader()  # noqa: SLF001 - of the same module

    def run(self, pieces: Sequence[ExportPiece]) -> Exported:
        is_whole = False
        try:
            for piece in pieces:
                self._take(piece)
            is_whole = not self._export.reader.damaged.refused
        finally:
            self._end(is_whole=is_whole)
        return self._result

    def _take(self, piece: ExportPiece) -> None:
        signature = piece.signature(self._export.options, self._export.query)
        known = self._known.get(piece.key)
        if known and known.signature == signature and all(map(_is_there, known.files)):
            self._written[piece.key] = known
            self._count(known.files, new=0)
            self._export.advance(piece.size)
        else:
            damage = self._damage()
            files, new = self._write_again(piece)
            if self._damage() != damage:
                signature = ""  # told again by the next export, which reads the piece again
            self._written[piece.key] = WrittenPiece(signature, files)
            self._count(files, new)

    def _damage(self) -> tuple[int, int]:
        damaged = self._export.reader.damaged
        return damaged.total(), len(damaged.refused)

    def _count(self, files: Sequence[FileRecord], new: int) -> None:
        self._result.written += new
        self._result.unchanged += len(files) - new
        self._result.lines += sum(each.lines for each in files)
        self._result.size += sum(each.size for each in files)

    def _write_again(self, piece: ExportPiece) -> tuple[list[FileRecord], int]:
        """Write the files of a piece; look for its segments again if one went meanwhile."""
        for number in range(_TRIES):
            try:
                return self._write(piece)
            except GoneError:
                if number == _TRIES - 1:
                    raise
                found = {each.key: each for each in self._export.pieces()}
                piece = found.get(piece.key, replace(piece, sources=[]))
        raise AssertionError  # the last try raises

    def _write(self, piece: ExportPiece) -> tuple[list[FileRecord], int]:
        files = _PieceFiles(self._export, piece)
        try:
            for lines in self._export._lines(piece, self._reader):  # noqa: SLF001 - as above
                files.add(lines)
            files.finish()
        except BaseException:
            files.abandon()
            raise
        return files.records, files.new

    def _end(self, *, is_whole: bool) -> None:
        """Remove the files that no piece has any more, and keep the list of the others.

        Where not all could be read, nothing is removed: lines that are missing may come back.
        """
        if not is_whole:
            self._written = {**self._known, **self._written}
        else:
            self._remove_stale()
        if self._past is not None:
            self._past.end(self._written)

    def _remove_stale(self) -> None:
        kept = {each.path for piece in self._written.values() for each in piece.files}
        stale = [
            each.path
            for piece in self._known.values()
            for each in piece.files
            if each.path not in kept
        ]
        base, system = self._export.destination.base, self._export.system
        self._result.removed += remove_files(sorted(set(stale)), base, system)


def _is_there(file: FileRecord) -> bool:
    return file.is_there()


class _PieceFiles:
    """The files of one piece, of which one is open at a time."""

    def __init__(self, export: Export, piece: ExportPiece) -> None:
        self.records: list[FileRecord] = []
        self.new = 0
        self._export = export
        self._piece = piece
        self._partition = export.destination.partition
        self._part = 0
        self._until = ""  # the end of the open file's period
        self._output: Output | None = None

    def add(self, lines: LineBlock) -> None:
        """Add lines that are not before those that were added."""
        while len(lines):
            if self._output is None:
                self._open(lines.records[0].time)
            output = self._output
            assert output is not None  # noqa: S101 - it was opened
            now, lines = self._cut(lines, output)
            if len(now):
                output.add(now)
            if len(lines) or self._is_full(output):
                self.finish()

    def _cut(self, lines: LineBlock, output: Output) -> tuple[LineBlock, LineBlock]:
        """Return the lines for the open file, and those for the next ones."""
        at = len(lines)
        if self._until and lines.records[-1].time >= self._until:
            at = lines.before(self._until)
        if self._partition.lines:
            at = min(at, self._partition.lines - output.lines)
        elif self._partition.size:
            at = min(at, lines.fitting(self._partition.size - output.size))
            at = max(at, 1 if output.lines == 0 else 0)
        return (lines, lines.cut(at)[1]) if at == len(lines) else lines.cut(at)

    def _is_full(self, output: Output) -> bool:
        return bool(self._partition.lines) and output.lines >= self._partition.lines

    def _open(self, time: str) -> None:
        grain, tz = self._partition.grain, self._export.tz
        name = ""
        if grain != NONE:
            period = period_at(time, grain, tz)
            self._until, name = period.end, period.name
        self._part += 1
        facts: FileFacts = replace(self._piece.facts, period=name, title=self._export.title)
        path = path_at(self._piece.path, name, self._part)
        self._output = open_output(path, self._export.exporter, facts, self._export.system)

    def finish(self) -> None:
        """Give the open file its name."""
        if self._output is not None:
            output, self._output = self._output, None
            try:
                done = output.finish()
            except BaseException:
                output.abandon()
                raise
            if done is not None:
                self.records.append(done[0])
                self.new += done[1]

    def abandon(self) -> None:
        """Remove the file that is open."""
        if self._output is not None:
            self._output.abandon()
            self._output = None
