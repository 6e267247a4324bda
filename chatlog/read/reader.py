"""Reading an archive: the last events of its targets, and those that follow.

Nothing here writes, and nothing of an event is changed: with it comes the line
that holds it.
"""

from __future__ import annotations

from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.targets import Target, Targets
from chatlog.read.catalog import Catalog
from chatlog.read.damaged_lines import DamagedLines
from chatlog.read.segment_reader import (
    MOST_BYTES,
    Entry,
    SegmentReader,
    TooMuchError,
    start_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from chatlog.query.noise import Shown
    from chatlog.query.selection import Query
    from chatlog.read.positions import Positions

__all__ = ["Entry", "Located", "Reader"]

_AT_ONCE: Final = 256 * 1024

_Place = tuple[int, str, int, str]
"""The number of a target, and which of its segments: events of one time stand in this order."""


class Located(msgspec.Struct, frozen=True):
    """One segment, and whose it is."""

    target: Target
    source: SegmentReader


class Reader:
    """Read the targets of an archive that match one of the patterns of `Targets`.

    `damaged` counts the lines of each file that could not be read. What cannot
    be read at all is a TranscriptError. `selected` are the Targets; with `joins_renamed`,
    the name of a channel stands for its former names as well.
    """

    def __init__(
        self,
        root: str | Path,
        patterns: Iterable[str] = (),
        networks: Iterable[str] = (),
        *,
        joins_renamed: bool = True,
    ) -> None:
        self.damaged = DamagedLines()
        self.selected = Targets(root, patterns, networks, joins_renamed=joins_renamed)
        self.names = self.selected.names
        self._all_sources = Catalog(self.damaged)
        self._due: list[SegmentReader] = []  # of the last look, the next one last
        self._kept: Positions = {}  # of targets that were not looked at yet
        self._changed: set[str] = set()  # the directories of targets of which something changed

    def targets(self) -> list[Target]:
        """List the targets that match, in the order of their paths."""
        found = self.selected.find()
        for path, error in self.selected.refused.items():
            self.damaged.refused[path] = str(error)
        return found

    def segments(self, query: Query) -> list[Located]:
        """List the segments in which a query may find something, those of a target together."""
        return [
            Located(target, source)
            for target in self.targets()
            for source in self._all_sources.of(target)
            if query.may_hold_between(source.start, source.end)
        ]

    def last(self, count: int, most: int = MOST_BYTES, shown: Shown | None = None) -> list[Entry]:
        """Return the last events of all targets together, only `shown` ones, in order of time.

        Those of one time stand as the targets do, then the parts, then the lines.
        Raise TooMuchError if their lines have more than `most` bytes.
        """
        kept: list[tuple[str, _Place, int, Entry]] = []
        size = 0
        for end, group in groupby(self._newest_first(), key=lambda placed: placed[1].end):
            if len(kept) >= count:
                size -= _keep_last(kept, count)
                if not kept or kept[0][0] >= end:
                    break  # whatever is in the rest came before
            for place, source in group:
                for position, entry in enumerate(source.last(count, most, shown)):
                    kept.append((entry.event.time, place, position, entry))
                    size += len(entry.line)
                if size > most:
                    size -= _keep_last(kept, count)
                if size > most:
                    raise TooMuchError
        _keep_last(kept, count)
        return [entry for *_, entry in kept]

    def _newest_first(self) -> Iterator[tuple[_Place, SegmentReader]]:
        """Yield all segments from the latest end to the earliest, and where each stands."""
        return merge(
            *(self._placed(number, target) for number, target in enumerate(self.targets())),
            key=lambda placed: placed[1].end,
            reverse=True,
        )

    def _placed(self, number: int, target: Target) -> Iterator[tuple[_Place, SegmentReader]]:
        for source in self._all_sources.newest_first(target):
            yield (number, source.start, source.part, source.path), source

    def remember(self) -> None:
        """Begin to keep digests, so that `positions` can be restored."""
        self._all_sources.remembers = True

    def positions(self) -> Positions:
        """Return the positions of targets that changed since the last call."""
        changed, self._changed = self._changed, set()
        return {_place(path): self._all_sources.positions(path) for path in sorted(changed)}

    def restore(self, positions: Positions) -> None:
        """Continue from positions, also of targets that do not exist yet."""
        self._kept = dict(positions)

    def mark(self) -> None:
        """Take everything that is there by now for read: `new` begins behind it."""
        for source in self._sources():
            source.mark()

    def new(self, most: int | None = None) -> list[Entry]:
        """Return some unread entries in order of time; an empty list if there are none.

        Their lines have hardly more than `most` bytes, or else a few hundred KiB. The earliest
        segments come first, so that a backlog need not be in memory at once.
        """
        most = _AT_ONCE if most is None else most
        found = self._read_on(most)
        if not found:
            self._due = sorted(self._sources(), key=start_of, reverse=True)
            found = self._read_on(most)
        found.sort(key=lambda entry: entry.event.time)
        return found

    def _read_on(self, most: int) -> list[Entry]:
        """Read some of the segments that are due."""
        found: list[Entry] = []
        size = 0
        while self._due and size < most:
            source = self._due[-1]
            if entries := source.new():
                self._changed.add(source.path.rpartition("/")[0])
                found += entries
                size += sum(len(entry.line) for entry in entries)
            else:
                self._due.pop()
        return found

    @property
    def is_at_end(self) -> bool:
        """Whether `new` has come to the end of the last segment."""
        return not self._due

    def follow(self, wait: Callable[[], object]) -> Iterator[list[Entry]]:
        """Yield new entries for ever; call `wait` when there are none."""
        while True:
            if found := self.new():
                yield found
            else:
                wait()

    def _sources(self) -> list[SegmentReader]:
        return [source for target in self.targets() for source in self._sources_of(target)]

    def _sources_of(self, target: Target) -> list[SegmentReader]:
        self._changed.add(target.path)
        if self._kept and (kept := self._kept.pop(_place(target.path), None)):
            self._all_sources.restore(target, kept)
        return self._all_sources.of(target)


def _keep_last(kept: list[tuple[str, _Place, int, Entry]], count: int) -> int:
    """Sort events by time and keep the last ones; return the bytes of the lines that go."""
    kept.sort()
    going = kept[: len(kept) - count] if len(kept) > count else []
    del kept[: len(going)]
    return sum(len(entry.line) for *_, entry in going)


def _place(directory: str) -> str:
    return "/".join(directory.split("/")[-2:])
