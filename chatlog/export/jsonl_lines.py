"""Export as JSON lines: each line as it is in the archive. Lossless."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatlog.export.exporter import FileFacts, StreamEncoder
    from chatlog.export.line_blocks import LineBlock


class _Verbatim:
    """The encoder, which has nothing to do."""

    def begin(self) -> bytes:
        return b""

    def encode(self, lines: LineBlock) -> bytes:
        return lines.block


def encoder(_facts: FileFacts) -> StreamEncoder:
    """Return the encoder of a file."""
    return _Verbatim()
