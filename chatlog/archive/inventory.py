"""The inventory of a target: its files, and the last word of its manifest on each.

Nothing here writes. The forms of the manifest's entries are those of
docs/transcript-format.md.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from chatlog.archive import manifest
from chatlog.archive.files import beginning_of
from chatlog.archive.layout import Period, SegmentName, parse_segment, period_named
from chatlog.archive.manifest_view import ManifestView
from chatlog.archive.targets import scan

if TYPE_CHECKING:
    import os
    from pathlib import Path

SUMS: Final = "SHA256SUMS"
ASIDE: Final = ".sealing"


class Inventory:
    """A target's directory as it is now; `damaged` counts the manifest's lines that are none.

    `odd` names the links, pipes, sockets and devices, which are not read; `segments` are the
    files that are named as segments, in order; `sealed` and
    `removed` hold the entry of each segment of which that is the last word,
    `texts` those that say how text is to be read; `last_time` is the latest `at` of all entries.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        items = scan(str(directory))
        self.names = [item.name for item in items]
        self.odd = [item.name for item in items if _is_odd(item)]
        regular = set(self.names).difference(self.odd)
        found = [segment for name in regular if (segment := parse_segment(name))]
        self.segments = sorted(found)
        lines = manifest.read(directory)
        self.damaged = lines.damaged
        view = ManifestView(str(directory), lines)
        self.sealed, self.removed, self.texts = view.sealed, view.removed, view.texts
        self.last_time = view.last_time
        self._view = view

    def path(self, segment: SegmentName | str) -> Path:
        """Return the path of a segment."""
        return self.directory / str(segment)

    def period(self, segment: SegmentName) -> Period:
        """Return the period of a segment; that of text ends at midnight of its own zone."""
        period = period_named(segment.period, self.zone(segment))
        assert period is not None  # noqa: S101 - parse_segment saw to it
        return period

    def zone(self, segment: SegmentName) -> tzinfo:
        """Return the zone of the stamps of a text segment; UTC if it is not known."""
        text = self.texts.get(str(replace(segment, compression="")))
        return _zone(text.tz) if text is not None else UTC

    def is_sealed(self, segment: SegmentName) -> bool:
        """Return whether a segment is a sealed one, by its name and size."""
        return self._view.is_sealed(str(segment))

    def odd_files(self) -> list[Path]:
        """Return the paths of all names that are odd, in order."""
        return [self.path(name) for name in self.odd]

    def sums(self) -> bytes:
        """Return the content of SHA256SUMS: the sealed segments that were not removed."""
        lines = [f"{entry.sha256}  {name}\n" for name, entry in sorted(self.sealed.items())]
        return "".join(lines).encode()

    def written_sums(self) -> bytes:
        """Return the content of SHA256SUMS; of a longer one than `sums` only the beginning."""
        if SUMS in self.odd:
            return b""
        return beginning_of(self.directory / SUMS, len(self.sums()) + 1) or b""


def _is_odd(item: os.DirEntry[str]) -> bool:
    is_directory = item.is_dir(follow_symlinks=False)
    return not (is_directory or item.is_file(follow_symlinks=False))


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return UTC
