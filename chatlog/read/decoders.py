"""How the lines of segments are read: JSONL by itself, text with what the manifest says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from chatlog.archive.targets import spelled
from chatlog.errors import TranscriptError
from chatlog.formats import jsonl

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from chatlog.archive.layout import Period, SegmentName
    from chatlog.archive.targets import Target
    from chatlog.event import Event

    Decode = Callable[[bytes, str], Event]
    """Reads a line; after a live one of this time, where that says what is meant."""

_SHORT: Final = timedelta(days=32)


def decode_jsonl(line: bytes, _after: str) -> Event:
    """Read a line of JSONL."""
    return jsonl.decode(line)


def text_decoder(target: Target, segment: SegmentName, tz: tzinfo) -> Decode:
    """Make what reads the lines of a segment of text, whose stamps are in a zone."""
    from chatlog.formats.plain import Plain  # noqa: PLC0415 - only text pays for it

    text, day = Plain(tz=tz), segment.period[:10]
    network, name = spelled(target.network), spelled(target.name)

    def decode(line: bytes, after: str) -> Event:
        return text.decode(line, network=network, target=name, day=day, after=after)

    return decode


def is_steady(period: Period, tz: tzinfo) -> bool:
    """Say whether a zone's clocks are not changed in a period; of a long one nobody knows."""
    if tz is UTC:
        return True
    try:
        begin, end = (datetime.fromisoformat(each).astimezone(tz) for each in period[1:])
    except (ValueError, OverflowError):
        return False
    return begin.utcoffset() == end.utcoffset() and end - begin < _SHORT


def zone_of(target: Target, name: object) -> tzinfo:
    """Find the zone that a manifest names; TranscriptError where this system does not know it."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - as above

    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError, KeyError) as error:
        raise TranscriptError(
            f"text in {target.path} is in the time zone {name!r}, which this system does not know;"
            " install its tz database, or tzdata with pip"
        ) from error
