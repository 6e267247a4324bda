"""Typed moments, in the form of the times of events."""

from __future__ import annotations

from datetime import UTC, datetime

from chatlog.errors import UsageError
from chatlog.event import format_time
from chatlog.settings import moments, parsers


def event_time(text: str | None, now: str, tz: str | None) -> str:
    """Return the time of a typed moment, "" if there is none.

    `now` is the time of an event; `tz` names a time zone, None is the local
    one. Raise UsageError for a text that is no moment.
    """
    zone = parsers.parse_zone(tz) if tz else None
    if not text:
        return ""
    here = datetime.fromisoformat(now).astimezone(zone)
    try:
        then = moments.moment(text, here).astimezone(UTC)
    except OverflowError as error:
        raise UsageError(f"{text!r} is outside the years 1 to 9999") from error
    return format_time(int(then.timestamp() * 1000))
