"""Reading an archive: the last events of its targets, and those that follow.

Nothing here writes, and nothing of an event is changed: with it comes the line
that holds it.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from chatlog.transcript.sources import Entry, Source, Sources
from chatlog.transcript.targets import Target, Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["Entry", "Reader"]


class Reader:
    """Read the targets of an archive that match one of the patterns of `Targets`.

    `damaged` counts the lines of each file that could not be read. What cannot
    be read at all is a TranscriptError.
    """

    def __init__(self, root: str | Path, patterns: Iterable[str] = (), network: str = "") -> None:
        self.damaged: Counter[str] = Counter()
        self._targets = Targets(root, patterns, network)
        self._all_sources = Sources(self.damaged)

    def targets(self) -> list[Target]:
        """List the targets that match, in the order of their paths."""
        return self._targets.find()

    def last(self, count: int) -> list[Entry]:
        """Return the last events of all targets together, in order of time.

        Those of one time stand as the targets do, then the parts, then the lines.
        """
        kept: list[tuple[str, int, int, Entry]] = []
        numbered = sorted(enumerate(self._sources()), key=_end_of_numbered, reverse=True)
        for end, group in groupby(numbered, key=_end_of_numbered):
            if len(kept) >= count:
                kept.sort()
                del kept[: len(kept) - count]
                if not kept or kept[0][0] >= end:
                    break  # whatever is in the rest came before
            for number, source in group:
                for position, entry in enumerate(source.last(count)):
                    kept.append((entry.event.time, number, position, entry))
        kept.sort()
        return [entry for *_, entry in kept[-count:]] if count else []

    def mark(self) -> None:
        """Take everything that is there by now for read: `new` begins behind it."""
        for source in self._sources():
            source.mark()

    def new(self) -> list[Entry]:
        """Return some of what was neither marked nor read yet, in order of time; else nothing.

        It is at most a few hundred KiB of each segment, so that what came while
        nobody looked need not be in memory at once.
        """
        found = [entry for source in self._sources() for entry in source.new()]
        found.sort(key=lambda entry: entry.event.time)
        return found

    def follow(self, wait: Callable[[], object]) -> Iterator[list[Entry]]:
        """Yield what is `new`, for ever; call `wait` whenever nothing is."""
        while True:
            if found := self.new():
                yield found
            else:
                wait()

    def _sources(self) -> list[Source]:
        return [source for target in self.targets() for source in self._all_sources.of(target)]


def _end_of_numbered(numbered: tuple[int, Source]) -> str:
    return numbered[1].end
