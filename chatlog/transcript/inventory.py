"""What there is of a target: its files, and what its manifest says of them.

Nothing here writes. The forms of the manifest's entries are those of
docs/transcript-format.md.
"""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from chatlog.transcript import manifest
from chatlog.transcript.layout import Period, SegmentName, parse_segment, period_named
from chatlog.transcript.said import Said
from chatlog.transcript.segment import reported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUMS: Final = "SHA256SUMS"
ASIDE: Final = ".sealing"
_BLOCK: Final = 256 * 1024


class Inventory:
    """A target's directory as it is now; `damaged` counts the manifest's lines that are none.

    `segments` are the files that are named as segments, in order; `sealed` and
    `removed` hold the entry of each segment of which that is the last word,
    `texts` those that say how text is to be read; `last_time` is the latest `at` of all entries.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.names = _names(directory)
        found = [segment for name in self.names if (segment := parse_segment(name))]
        self.segments = sorted(found)
        entries = manifest.read(directory)
        self.damaged = entries.damaged
        said = Said(str(directory), entries)
        self.sealed, self.removed, self.texts = said.sealed, said.removed, said.texts
        self.last_time = said.last_time
        self._said = said

    def path(self, segment: SegmentName | str) -> Path:
        """Say where a segment is."""
        return self.directory / str(segment)

    def period(self, segment: SegmentName) -> Period:
        """Say of when a segment is: text ends at midnight of its own zone."""
        period = period_named(segment.period, self.zone(segment))
        assert period is not None  # noqa: S101 - parse_segment saw to it
        return period

    def zone(self, segment: SegmentName) -> tzinfo:
        """Say in which zone the stamps of a text segment are, as far as that is known."""
        said = self.texts.get(str(segment._replace(compression="")), {})
        return _zone(str(said.get("tz", "UTC")))

    def is_sealed(self, segment: SegmentName) -> bool:
        """Say whether a segment is one that was sealed, as far as its name and size tell."""
        return self._said.is_sealed(str(segment))

    def sums(self) -> bytes:
        """Write what SHA256SUMS is to say: the sealed segments that were not removed."""
        lines = [f"{entry.get('sha256')}  {name}\n" for name, entry in sorted(self.sealed.items())]
        return "".join(lines).encode()


def _names(directory: Path) -> list[str]:
    with reported(directory, doing="read"):
        try:
            return os.listdir(directory)  # noqa: PTH208 -- years of names
        except FileNotFoundError:
            return []


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC


def size_of(path: Path) -> int | None:
    """Say how long a file is, None where it is gone."""
    with reported(path, doing="look at"):
        try:
            return path.stat().st_size
        except FileNotFoundError:
            return None


def blocks_of(path: Path) -> Iterator[bytes]:
    """Read a file in blocks."""
    with reported(path, doing="read"), path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            yield block


def sha256_of(path: Path) -> str:
    """Read a file and say its SHA-256."""
    digest = hashlib.sha256()
    for block in blocks_of(path):
        digest.update(block)
    return digest.hexdigest()
