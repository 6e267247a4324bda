"""Gaps in words: a line between events, and the cause and the outcome for a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.formats.terminal import local_time
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from datetime import tzinfo

    from chatlog.coverage.gap import Gap

_CAUSES: Final = {
    "banned": "recorder banned",
    "closed": "connection lost",
    "damaged ledger": "ledger damaged",
    "disk": "disk refused lines",
    "kicked": "recorder kicked",
    "killed": "recorder died",
    "killed-by-server": "recorder killed by the server",
    "moved": "recorder moved to another server",
    "not recorded": "not recorded yet",
    "parted": "recorder removed by the server",
    "ping-timeout": "connection timed out",
    "refused": "join refused",
    "removed": "recorder removed silently",
    "renamed": "channel renamed",
    "stopped": "recorder stopped",
    "suspended": "machine suspended",
    "unknown": "cause unknown",
}
"""The ledger's words for causes in the words of people; an unknown cause stands for itself."""
_OUTCOMES: Final = {
    "open": "not recovered",
    "unfillable": "not recoverable",
    "planned": "left to the next run",
}


def gap_line(gap: Gap, zone: tzinfo | None, *, dated: bool) -> str:
    """Return the times of a gap, its cause and its outcome; `dated` adds the day.

    A gap over midnight always has its days.
    """
    outcome = _recovered(gap) if gap.state == "filled" else _OUTCOMES[gap.state]
    why = f": {gap.why}" if gap.why and gap.state != "filled" else ""
    return f"gap {_times(gap, zone, dated=dated)}, {gap_cause(gap)}; {outcome}{why}"


def gap_cause(gap: Gap) -> str:
    """Return the cause of a gap."""
    return _CAUSES.get(gap.cause, gap.cause)


def gap_details(gap: Gap) -> str:
    """Return the source of the lines that filled a gap, or the reason that none did."""
    return _recovered(gap, by=f" by {gap.via}") if gap.state == "filled" else gap.why


def _recovered(gap: Gap, *, by: str = "") -> str:
    only = " (messages only)" if gap.kinds == "messages" else ""
    return f"{many(gap.lines, 'line')} recovered{by}{only}"


def _times(gap: Gap, zone: tzinfo | None, *, dated: bool) -> str:
    try:
        start, end = (local_time(time, zone) for time in (gap.start.time, gap.end))
    except ValueError:  # outside the years that a clock can show
        return f"{gap.start.time}–{gap.end}"
    if start.date() != end.date():
        return f"{start.date()} {start:%H:%M:%S} – {end.date()} {end:%H:%M:%S}"
    day = f"{start.date()} " if dated else ""
    return f"{day}{start:%H:%M:%S}–{end:%H:%M:%S}"
