"""Events as JSON lines, version 1: docs/transcript-format.md is the normative text.

Pure. One event is one line, whatever its fields hold, and a line is safe to
`cat`: no control character of C0 or C1 stands in it, no DEL, no line or
paragraph separator and no bidirectional control.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.event import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

SUFFIX: Final = "jsonl"

_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Event)
# JSON needs only C0 escaped; these are the UTF-8 of what else steers a terminal. Each
# pattern begins with the one byte that it stands beside, for which to look is cheap.
_UNSAFE: Final = (
    (b"\x7f", re.compile(rb"\x7f")),
    (b"\xc2", re.compile(rb"\xc2[\x80-\x9f]")),
    (b"\xd8", re.compile(rb"\xd8\x9c")),
    (b"\xe2", re.compile(rb"\xe2(?:\x80[\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])")),
)


def encode(events: Sequence[Event]) -> bytes:
    """Write each event as one line with its newline, in order.

    Half a surrogate pair, which is no character, becomes U+FFFD.
    """
    try:
        lines = _encoder.encode_lines(events)
    except UnicodeEncodeError:
        lines = _encoder.encode_lines([_mended(event) for event in events])
    for lead, unsafe in _UNSAFE:
        if lead in lines:
            lines = unsafe.sub(_escape, lines)
    return lines


def _escape(match: re.Match[bytes]) -> bytes:
    return rf"\u{ord(match[0].decode()):04x}".encode()


def _mended(event: Event) -> Event:
    return Event(**{key: _mend(value) for key, value in msgspec.structs.asdict(event).items()})


def _mend(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, dict):
        return {_mend(key): _mend(each) for key, each in value.items()}
    return tuple(map(_mend, value))


def decode(line: bytes) -> Event:
    """Read one line, with or without its newline; unknown keys are ignored.

    What is not an event raises ValueError.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not an event: {error}") from error
