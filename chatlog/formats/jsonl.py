"""Events as JSON lines, version 1: docs/transcript-format.md is the normative text.

Pure. One event is one line, whatever its fields hold, and a line is safe to
`cat`: no control character of C0 or C1 stands in it, no DEL, no line or
paragraph separator and no bidirectional control.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

SUFFIX: Final = "jsonl"

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Event)
# JSON needs only C0 escaped; these are the UTF-8 of what else steers a terminal.
_UNSAFE: Final = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]"
)


def encode(events: Sequence[Event]) -> bytes:
    """Write each event as one line with its newline, in order."""
    lines = _encoder.encode_lines(events)
    if lines.isascii() and b"\x7f" not in lines:
        return lines
    return _UNSAFE.sub(_escape, lines) if _UNSAFE.search(lines) else lines


def _escape(match: re.Match[bytes]) -> bytes:
    return rf"\u{ord(match[0].decode()):04x}".encode()


def decode(line: bytes) -> Event:
    """Read one line, with or without its newline; unknown keys are ignored.

    What is not an event raises ValueError.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"not an event: {error}") from error
