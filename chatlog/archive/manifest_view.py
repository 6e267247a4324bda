"""What the manifest of a target says of its segments, as far as readers need it.

Nothing here writes. Of several entries about a segment the last one counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatlog.archive.files import size_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.archive.layout import SegmentName


class ManifestView:
    """The last word on each segment: how text is read, what was sealed, what was removed."""

    def __init__(self, directory: str, entries: Iterable[dict[str, Any]]) -> None:
        self.texts: dict[str, dict[str, Any]] = {}
        self.sealed: dict[str, dict[str, Any]] = {}
        self.removed: dict[str, dict[str, Any]] = {}
        self.last_time = ""
        self._directory = directory
        for entry in entries:
            self._take(entry)

    def _take(self, entry: dict[str, Any]) -> None:
        kind, name = entry.get("entry"), str(entry.get("segment", ""))
        if kind == "text":
            self.texts[name] = entry
        elif kind in {"sealed", "removed"}:
            (self.sealed if kind == "sealed" else self.removed)[name] = entry
            (self.removed if kind == "sealed" else self.sealed).pop(name, None)
        self.last_time = max(self.last_time, str(entry.get("at", "")))

    def is_sealed(self, name: str) -> bool:
        """Say whether a segment is one that was sealed, as far as its name and size tell."""
        entry = self.sealed.get(name)
        return entry is not None and size_of(f"{self._directory}/{name}") == entry.get("bytes")

    def takes_no_more(self, name: str) -> bool:
        """Say whether a segment was sealed, or is to go as its lines are in one that was."""
        return name in self.sealed or any(
            part.get("segment") == name
            for entry in self.sealed.values()
            for part in entry.get("parts", ())
        )

    def hidden(self, segments: Iterable[SegmentName]) -> set[str]:
        """Name those of some segments whose lines are in others of them.

        Parts are, where their sealed one is there in full; and a compressed one
        of which nothing is said, where its plain one is there.
        """
        names = {str(segment): segment for segment in segments}
        hidden = set()
        for name, segment in names.items():
            if self.is_sealed(name):
                parts = (str(part.get("segment")) for part in self.sealed[name].get("parts", ()))
                hidden |= {part for part in parts if part != name}
            elif segment.compression and str(segment._replace(compression="")) in names:
                hidden.add(name)
        return hidden
