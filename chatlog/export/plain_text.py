"""Export as plain text, in the forms of `chatlog record --format text`.

Stamps have a date unless all lines of a file are of one day. docs/transcript-format.md lists
what text loses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.formats.plain import Plain

if TYPE_CHECKING:
    from chatlog.export.exporter import FileFacts, StreamEncoder
    from chatlog.export.line_blocks import LineBlock


class _Text:
    """The encoder of a file."""

    def __init__(self, plain: Plain) -> None:
        self._plain = plain

    def begin(self) -> bytes:
        return b""

    def encode(self, lines: LineBlock) -> bytes:
        return self._plain.encode(lines.events)


def encoder(facts: FileFacts) -> StreamEncoder:
    """Return the encoder of a file."""
    return _Text(Plain("time" if facts.is_of_one_day else "datetime", facts.tz))
