"""A format: a row of the table of formats, and the settings that its codec takes. Pure."""

from __future__ import annotations

from datetime import UTC
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from chatlog.event import Event

    Encode = Callable[[Sequence[Event]], bytes]
    """Encodes each event as one line with its newline, in order."""
    Decode = Callable[[bytes, str], Event]
    """Decodes a line; its second argument is the time of the live line before, or ""."""

_TIME: Final = len("2026-11-23T18:20:01.123Z")


class Style(msgspec.Struct, frozen=True):
    """The choices that a format leaves to the settings; each format ignores some.

    `stamp` is `time` or, with the date, `datetime`. Stamps are in `tz`.
    """

    stamp: str = "time"
    tz: tzinfo = UTC
    keep_formatting: bool = False


class Origin(msgspec.Struct, frozen=True):
    """The fields of a segment's events that its path tells, for lines that lack them.

    `day` is the date with which the segment's period begins, in its own zone.
    """

    network: str = ""
    target: str = ""
    day: str = ""


class Brief(msgspec.Struct, frozen=True, gc=False):
    """The fields of an event that counting needs, under the same names."""

    time: str
    type: str
    nick: str = ""
    account: str = ""
    text: str = ""
    subject: str = ""
    relayed_nick: str = ""
    split: str = ""


class Codec(Protocol):
    """A module of a format: how its lines are written and read."""

    def encoder(self, style: Style, /) -> Encode:
        """Return the encoder of segments in a style."""

    def decoder(self, style: Style, origin: Origin, /) -> Decode:
        """Return the decoder of a segment; it raises ValueError for a damaged line."""


class Spelling(Enum):
    """How the values of an event stand in its line, so that lines are found by their bytes.

    `JSON`: the line is the event as `jsonl` encodes it. `TEXT`: the printable
    letters of nicks and texts stand as they are, control characters do not.
    """

    JSON = "json"
    TEXT = "text"


class Format(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A format in which segments are written.

    The defaults of the optional properties suit any codec; the others let
    readers do less. `test_table` holds them against the codec.
    """

    name: str
    """The name that `--format` takes."""

    suffix: str
    """The ending of its files, without the dot."""

    codec: Callable[[], Codec]
    """Imports the codec: a command that never meets the format does not pay for it."""

    grain: int
    """The milliseconds to which a line tells the time of its event."""

    is_described: bool = True
    """Whether the manifest describes each segment before its first line.

    The entry `text` says the stamp, the zone, and whether the segment is a copy
    of one in a preferred format. Only the first format of the table, whose
    lines tell everything, can do without.
    """

    is_local: bool = False
    """Whether periods and stamps are in the zone of `--tz`, and not in UTC."""

    decode_line: Callable[[bytes], Event] | None = None
    """Decodes a line by itself; None if a line needs its origin or the lines before.

    With it, history gets parts of its own, and a long segment is read in pieces.
    """

    decode_block: Callable[[bytes], Sequence[Brief]] | None = None
    """Decodes whole lines at once, briefly; ValueError if one of them is no event."""

    decode_lines: Callable[[bytes], Sequence[Event]] | None = None
    """Decodes whole lines at once, each as `decode_line` does; ValueError if one is no event."""

    head: bytes = b""
    """The bytes with which every line begins, before its time; empty if lines begin otherwise."""

    continued: bytes = b""
    """The byte in a line that goes on with the message of the line before; empty if none does.

    The decoder takes such a message as a whole: its lines, with their newlines between.
    """

    spelling: Spelling | None = None
    """How values stand in a line; None if only decoding tells."""

    @property
    def is_merged(self) -> bool:
        """Whether the parts of a period are merged by time when they are sealed.

        Their lines must tell their times, and no description may differ from
        part to part: a part that is a copy would hide the lines of one that is not.
        """
        return self.decode_line is not None and not self.is_described

    @property
    def is_json(self) -> bool:
        """Whether each line is the event as `jsonl` encodes it."""
        return self.spelling is Spelling.JSON

    @property
    def time(self) -> slice:
        """The place of the time in a line that begins with `head`."""
        return slice(len(self.head), len(self.head) + _TIME)
