"""The kinds of entry of a MANIFEST: one small record each, with digests, sizes and times checked.

Pure. The forms are those of docs/transcript-format.md, and the fields stand in
the order in which they are written. A digest, size or time that there cannot be
raises ValueError, so that such a line does not decode. `previous`, the link to
the line before, is None until `manifest` appends the entry.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from chatlog.archive.entry_lines import TaggedEntry, check_time

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SHOWN: Final = 70


class SealedPart(msgspec.Struct, frozen=True):
    """A segment that was read to seal it: its name, the SHA-256 of its bytes, and their number."""

    segment: str
    sha256: str
    bytes: int

    def __post_init__(self) -> None:
        _check_sha256(self.sha256)
        _check_counts(bytes=self.bytes)


class SealedContent(msgspec.Struct, frozen=True):
    """The lines of a sealed segment without compression."""

    sha256: str
    bytes: int
    lines: int

    def __post_init__(self) -> None:
        _check_sha256(self.sha256)
        _check_counts(bytes=self.bytes, lines=self.lines)


class TextEntry(TaggedEntry, tag="text", frozen=True, kw_only=True):
    """The form of a text segment, which the segment itself cannot tell.

    `stamp` is `time` or `datetime`, `tz` the zone of the stamps, `copy` whether
    JSONL beside it holds the same events, `history` whether it is a part of
    history.
    """

    stamp: str
    tz: str
    copy: bool
    segment: str
    history: bool = False
    previous: str | None = None


class SealedEntry(TaggedEntry, tag="sealed", frozen=True, kw_only=True):
    """A segment that was sealed, as it lies there, and the parts that it was made of.

    `first` and `last` are the lowest and highest time of its lines, as those
    have it: a damaged line's may be none. `received` is the latest moment of receipt of
    its lines by our clock, of text the last change of its parts; "" if an earlier
    version sealed it.
    """

    segment: str
    sha256: str
    bytes: int
    content: SealedContent
    first: str
    last: str
    received: str = ""
    parts: tuple[SealedPart, ...]
    at: str
    previous: str | None = None

    def __post_init__(self) -> None:
        _check_sha256(self.sha256)
        _check_counts(bytes=self.bytes)
        if self.received:
            check_time("received", self.received)
        check_time("at", self.at)


class RemovedEntry(TaggedEntry, tag="removed", frozen=True, kw_only=True):
    """A segment that retention took away."""

    segment: str
    sha256: str
    why: str
    at: str
    previous: str | None = None

    def __post_init__(self) -> None:
        _check_sha256(self.sha256)
        check_time("at", self.at)


class VanishedEntry(TaggedEntry, tag="vanished", frozen=True, kw_only=True):
    """A segment that another program removed; `lines` of its lines were written again."""

    segment: str
    at: str
    lines: int
    previous: str | None = None

    def __post_init__(self) -> None:
        _check_counts(lines=self.lines)
        check_time("at", self.at)


class FoldedEntry(TaggedEntry, tag="folded", frozen=True, kw_only=True):
    """A file of entries that was compacted: its digest and length before, and after (`into`).

    Later lines of the file stand behind these bytes.
    """

    file: str
    sha256: str
    bytes: int
    into: str
    into_bytes: int
    at: str
    previous: str | None = None

    def __post_init__(self) -> None:
        _check_sha256(self.sha256)
        _check_sha256(self.into)
        _check_counts(bytes=self.bytes, into_bytes=self.into_bytes)
        check_time("at", self.at)


class TornEntry(TaggedEntry, tag="recovered", frozen=True, kw_only=True):
    """A line of the manifest that a crash tore, in base64."""

    raw: str
    previous: str | None = None


ManifestEntry = TextEntry | SealedEntry | RemovedEntry | VanishedEntry | FoldedEntry | TornEntry
"""Any entry of a manifest."""


def _check_sha256(text: str) -> None:
    if not _SHA256.fullmatch(text):
        raise ValueError(f"its `sha256` is none: {text[:_SHOWN]!r}")


def _check_counts(**counts: int) -> None:
    for name, count in counts.items():
        if count < 0:
            raise ValueError(f"its `{name}` are less than none")
