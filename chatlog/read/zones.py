"""Time zones of segments: the zone that a manifest names, and whether its clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from datetime import tzinfo

    from chatlog.archive.layout import Period
    from chatlog.archive.targets import Target

_SHORT: Final = timedelta(days=32)


def is_steady(period: Period, tz: tzinfo) -> bool:
    """Return whether the clocks of a zone surely stay as they are in a period."""
    if tz is UTC:
        return True
    try:
        begin, end = (
            datetime.fromisoformat(each).astimezone(tz) for each in (period.start, period.end)
        )
    except (ValueError, OverflowError):
        return False
    return begin.utcoffset() == end.utcoffset() and end - begin < _SHORT


def zone_of(target: Target, name: str) -> tzinfo:
    """Return the zone that a manifest names; TranscriptError if this system lacks it."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(str(name))
    except (ValueError, OSError, KeyError) as error:
        raise TranscriptError(
            f"text in {target.path} is in the time zone {name!r}, which this system does not know;"
            " install its tz database, or tzdata with pip"
        ) from error
