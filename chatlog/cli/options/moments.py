"""Moments that people type, in the form that events have."""

from __future__ import annotations

from datetime import UTC, datetime

from chatlog.errors import UsageError
from chatlog.event import format_time
from chatlog.settings import parsers


def event_time(text: str | None, now: str, tz: str | None) -> str:
    """Return the time that is meant, "" where none is; `tz` names the zone, local without one.

    Raise UsageError for what is no moment.
    """
    zone = parsers.parse_zone(tz) if tz else None
    if not text:
        return ""
    here = datetime.fromisoformat(now).astimezone(zone)
    try:
        then = parsers.moment(text, here).astimezone(UTC)
    except OverflowError as error:
        raise UsageError(f"{text!r} is outside the years 1 to 9999") from error
    return format_time(int(then.timestamp() * 1000))
