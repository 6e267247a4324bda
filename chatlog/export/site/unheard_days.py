"""The days of a channel that were not heard, wholly or in part, for its calendar. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from chatlog.event import parse_time
from chatlog.export.site.site_days import bounds_of, bounds_of_month, day_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from chatlog.export.site.channel_plan import Heard


def unheard_days(
    heard: Heard, first: str, last: str, tz: tzinfo, until: str = ""
) -> dict[str, float]:
    """Return the share that was heard of each day on which a part was not.

    The days are those of recorded stretches between the day `first` and the end of the month of
    the day `last`, and before `until`, "" for no bound.
    """
    gaps, recorded = heard
    low, high = bounds_of(first, tz)[0], bounds_of_month(last[:7], tz)[1]
    high = min(high, until or high)
    missed = _by_day(((gap.since, gap.until) for gap in gaps), low, high, tz)
    whole = _by_day(recorded, low, high, tz) if missed else Counter()
    return {
        day: max(0.0, 1 - lost / whole[day]) for day, lost in sorted(missed.items()) if whole[day]
    }


def _by_day(stretches: Iterable[tuple[str, str]], low: str, high: str, tz: tzinfo) -> Counter[str]:
    """Return the milliseconds of stretches on each local day within bounds."""
    found: Counter[str] = Counter()
    for since, until in stretches:
        at, end = max(since, low), min(until, high)
        while at < end:
            day = day_of(at, tz)
            stop = min(end, bounds_of(day, tz)[1])
            found[day] += parse_time(stop) - parse_time(at)
            at = stop
    return found
