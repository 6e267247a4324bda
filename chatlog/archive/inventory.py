"""What there is of a target: its files, and what its manifest says of them.

Nothing here writes. The forms of the manifest's entries are those of
docs/transcript-format.md.
"""

from __future__ import annotations

import os
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from chatlog.archive import manifest
from chatlog.archive.files import reported
from chatlog.archive.layout import Period, SegmentName, parse_segment, period_named
from chatlog.archive.manifest_view import ManifestView

if TYPE_CHECKING:
    from pathlib import Path

SUMS: Final = "SHA256SUMS"
ASIDE: Final = ".sealing"


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
        said = ManifestView(str(directory), entries)
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
