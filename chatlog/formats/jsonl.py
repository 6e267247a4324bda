"""Events as JSON lines, version 1: docs/transcript-format.md is the normative text.

Pure. One event is one line, whatever its fields hold, and a line is safe to
`cat`: no control character of C0 or C1 stands in it, no DEL, no line or
paragraph separator and no bidirectional control.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from chatlog.event import Event
from chatlog.formats.format import Brief

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.formats.format import Decode, Encode, Origin, Style

SUFFIX: Final = "jsonl"

HEAD: Final = b'{"time":"'
"""The bytes with which each line that chatlog writes begins, before its time."""
TIME: Final = slice(len(HEAD), len(HEAD) + len("2026-11-23T18:20:01.123Z"))
_TYPE: Final = b'"type":"'
_APART: Final = 1024  # bytes from one harmless character to the next, for which a look is cheaper
_ALIKE: Final = len(HEAD) + len("2026")  # in all lines of a block, but at New Year


class _Timed(msgspec.Struct):
    time: str


_Record = TypeVar("_Record")
_timed: Final = msgspec.json.Decoder(_Timed)
_encoder: Final = msgspec.json.Encoder()
_decoder: Final = msgspec.json.Decoder(Event)
_briefs: Final = msgspec.json.Decoder(Brief)
# JSON needs only C0 escaped; these are the UTF-8 of what else steers a terminal. Each
# pattern begins with the one byte that it stands beside, for which to look is cheap.
_UNSAFE: Final = (
    (b"\x7f", re.compile(rb"\x7f")),
    (b"\xc2", re.compile(rb"\xc2[\x80-\x9f]")),
    (b"\xd8", re.compile(rb"\xd8\x9c")),
    (b"\xe2", re.compile(rb"\xe2(?:\x80[\x8e\x8f\xa8-\xae]|\x81[\xa6-\xa9])")),
)


def encoder(_style: Style) -> Encode:
    """Return the encoder, which leaves nothing to a style."""
    return encode


def decoder(_style: Style, _origin: Origin) -> Decode:
    """Return the decoder, which needs nothing but a line."""
    return _decode


def _decode(line: bytes, _after: str) -> Event:
    return decode(line)


def encode(events: Sequence[Event]) -> bytes:
    """Encode each event as one line with its newline, in order.

    Half a surrogate pair, which is no character, becomes U+FFFD.
    """
    try:
        lines = _encoder.encode_lines(events)
    except UnicodeEncodeError:
        lines = _encoder.encode_lines([_mended(event) for event in events])
    return escaped(lines)


def escaped(lines: bytes) -> bytes:
    """Return lines of JSON with each character escaped that is not safe to `cat`."""
    for lead, unsafe in _UNSAFE:
        if lead in lines and _holds(lines, lead, unsafe):
            lines = unsafe.sub(_escape, lines)
    return lines


def _holds(lines: bytes, lead: bytes, unsafe: re.Pattern[bytes]) -> bool:
    """Return whether an unsafe character may stand in lines, which have none in nearly all cases.

    A few harmless characters that begin with the same byte are looked at one by one, which
    costs a tenth of a search through all bytes. Where there are many, the search costs less.
    """
    at = lines.find(lead)
    for _ in range(len(lines) // _APART):
        if at < 0 or unsafe.match(lines, at):
            break
        at = lines.find(lead, at + 1)
    return at >= 0


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
    """Decode one line, with or without its newline; ignore unknown keys.

    Raise ValueError if the line is no event.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not an event: {error}") from error


def decode_briefly(block: bytes) -> list[Brief]:
    """Decode whole lines at once, in a third of the time of `decode`.

    Raise ValueError if a line is no event, or if the lines do not begin alike,
    as those of one period do; `decode` then tells which. A fault in a field
    that `Brief` lacks goes unnoticed.
    """
    return _one_a_line(_briefs, block)


def decode_lines(block: bytes) -> list[Event]:
    """Decode whole lines at once, in three quarters of the time of `decode` for each.

    Raise ValueError as `decode_briefly` does, but also for a fault in any field.
    """
    return _one_a_line(_decoder, block)


def _one_a_line(decoder: msgspec.json.Decoder[_Record], block: bytes) -> list[_Record]:
    try:
        found = decoder.decode_lines(block)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not all events: {error}") from error
    # It accepts lines that are empty, hold two or are parts: there must be as many lines,
    # and as many ends with a beginning behind them. So long a piece is found fast.
    between = block.count(b"}\n" + block[:_ALIKE]) if block[:1] == b"{" else -1
    if not len(found) == block.count(b"\n") == between + 1:
        raise ValueError("not an event a line")
    return found


def time_of(line: bytes) -> str:
    """Return the time of a line that is known to be an event."""
    if line.startswith(HEAD) and line[TIME.stop :][:1] == b'"':
        return line[TIME].decode()
    return _timed.decode(line).time


def type_of(line: bytes) -> str:
    """Return the type of a line as chatlog writes it, without decoding it; "" for another line.

    No text before the type can pass for it: quotes in values are escaped. A type with
    escapes, which no type of ours has, is returned with a backslash.
    """
    _, found, rest = line.partition(_TYPE)
    return rest[: rest.find(b'"')].decode("utf-8", "replace") if found else ""
