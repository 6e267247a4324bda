"""The last word of a target's manifest on each of its segments, for readers.

Nothing here writes. Of several entries about a segment the last one counts.
Damage, and entries of a later version, claim nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from chatlog.archive.files import size_of
from chatlog.archive.manifest_entries import (
    FoldedEntry,
    RemovedEntry,
    SealedEntry,
    TextEntry,
    VanishedEntry,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.archive.layout import SegmentName
    from chatlog.archive.manifest import ManifestLine


class ManifestView:
    """The last word on each segment: the form of its text, its seal, its removal.

    `last_time` is the latest `at` of all entries, "" if there is none.
    """

    def __init__(self, directory: str, lines: Iterable[ManifestLine]) -> None:
        self.texts: dict[str, TextEntry] = {}
        self.sealed: dict[str, SealedEntry] = {}
        self.removed: dict[str, RemovedEntry] = {}
        self.last_time = ""
        self._directory = directory
        for line in lines:
            self._take(line)

    def _take(self, line: ManifestLine) -> None:
        match line:
            case TextEntry():
                self.texts[line.segment] = line
            case SealedEntry():
                self.sealed[line.segment] = line
                self.removed.pop(line.segment, None)
            case RemovedEntry():
                self.removed[line.segment] = line
                self.sealed.pop(line.segment, None)
        if isinstance(line, SealedEntry | RemovedEntry | VanishedEntry | FoldedEntry):
            self.last_time = max(self.last_time, line.at)

    def is_sealed(self, name: str) -> bool:
        """Return whether a segment is a sealed one, by its name and size."""
        entry = self.sealed.get(name)
        return entry is not None and size_of(f"{self._directory}/{name}") == entry.bytes

    def takes_no_more(self, name: str) -> bool:
        """Return whether a segment is sealed, or is to go as its lines are in one that is."""
        return name in self.sealed or any(
            part.segment == name for entry in self.sealed.values() for part in entry.parts
        )

    def hidden(self, segments: Iterable[SegmentName]) -> set[str]:
        """Return the names of those segments whose lines are in others among them.

        Parts are hidden if their sealed one is there in full, and a compressed
        one that the manifest does not name if its plain one is there.
        """
        names = {str(segment): segment for segment in segments}
        hidden = set()
        for name, segment in names.items():
            if self.is_sealed(name):
                parts = (part.segment for part in self.sealed[name].parts)
                hidden |= {part for part in parts if part != name}
            elif segment.compression and str(replace(segment, compression="")) in names:
                hidden.add(name)
        return hidden
