"""The plan of an export: pieces, each with the segments whose lines go to the same files.

A piece is as long as a period of the partition, or as the longest segment in it: so each
segment is read once, or twice where the export's zone is not that of the segments. If nothing
about a piece has changed since the last export, nothing of it is read.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.layout import Period
from chatlog.archive.targets import spelled
from chatlog.errors import UsageError
from chatlog.export.exporter import FileFacts
from chatlog.export.partition import NONE, Partition, coarser, grain_of, periods_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from chatlog.export.destination import Destination
    from chatlog.query.selection import Query
    from chatlog.read.reader import Located
    from chatlog.read.segment_reader import SegmentReader

ALL: Final = Period("all", "", "")


class ExportPiece(msgspec.Struct, frozen=True):
    """The segments of one or several targets in one period, in the order of the targets.

    `path` is that of its files, with the tokens of times.
    """

    path: str
    period: Period
    sources: list[SegmentReader]
    facts: FileFacts

    @property
    def key(self) -> str:
        """The name of the piece among all pieces of an export."""
        return f"{self.path} {self.period.name}"

    @property
    def size(self) -> int:
        """The length of its segments in bytes."""
        return sum(source.size() for source in self.sources)

    def signature(self, options: str, query: Query) -> str:
        """Return the digest of everything that decides the bytes of its files.

        `options` stands for the settings of the export. A segment that was rewritten is
        another file, or has another time or size.
        """
        digest = hashlib.blake2b(digest_size=16)
        since = max(self.period.start, query.since)
        until = min([each for each in (self.period.end, query.until) if each], default="")
        digest.update(f"{options}\n{since}\n{until}\n{self.facts}\n".encode("utf-8", "replace"))
        for source in self.sources:
            digest.update(_state_of(source.path).encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def _state_of(path: str) -> str:
    try:
        state = os.stat(path)  # noqa: PTH116 - an archive has many thousands of segments
    except OSError:
        return f"{path} is gone\n"
    return f"{path} {state.st_size} {state.st_mtime_ns} {state.st_ino}\n"


def pieces_of(
    segments: Iterable[Located], destination: Destination, tz: tzinfo, *, one_target: bool
) -> Iterator[ExportPiece]:
    """Yield the pieces of an export, those of one path together, in order of time.

    With `one_target`, raise UsageError if lines of several targets go to one file.
    """
    by_path: dict[str, list[Located]] = {}
    for each in segments:
        path = destination.of_target(each.target.network, each.target.name)
        by_path.setdefault(path, []).append(each)
    for path, found in by_path.items():
        facts = _facts_of(found, tz)
        if one_target and not (facts.network and facts.target):
            raise UsageError(
                "lines of this format do not name their channel; name one channel, or let -o"
                " end with / for a directory"
            )
        yield from _of_path(path, found, facts, destination.partition, tz)


def _of_path(
    path: str, found: Sequence[Located], facts: FileFacts, partition: Partition, tz: tzinfo
) -> Iterator[ExportPiece]:
    sources = [each.source for each in found]
    grain = partition.grain
    if grain == NONE:
        yield ExportPiece(path, ALL, sources, facts)
        return
    for source in sources:
        grain = coarser(grain, grain_of(source.start, source.end))
    if grain == NONE:
        yield ExportPiece(path, ALL, sources, facts)
        return
    by_period: dict[Period, list[SegmentReader]] = {}
    for source in sources:
        for period in periods_in(source.start, source.end, grain, tz):
            by_period.setdefault(period, []).append(source)
    for period in sorted(by_period, key=lambda each: each.start):
        yield ExportPiece(path, period, by_period[period], facts)


def _facts_of(found: Sequence[Located], tz: tzinfo) -> FileFacts:
    targets = list(dict.fromkeys(each.target for each in found))
    networks = {each.network for each in targets}
    network = spelled(targets[0].network) if len(networks) == 1 else ""
    target = spelled(targets[0].name) if len(targets) == 1 else ""
    return FileFacts(network=network, target=target, tz=tz)
