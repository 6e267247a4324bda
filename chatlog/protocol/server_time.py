"""When a line was said, between the server's clock and ours.

A connection measures how far the server's clock is from ours; what is older
than that by more than the skew allowed was not said now, and what claims to
come from the future is dated by its receipt.
See https://ircv3.net/specs/extensions/server-time
"""

from __future__ import annotations

from typing import Final, NamedTuple

from chatlog.event import format_time, normalize_server_time, parse_time

PLAYBACK: Final = "playback"
DEFAULT_MAX_SKEW: Final = 300_000
_UNEVEN: Final = 5_000  # how far the servers of a network may be apart, in milliseconds
_SECOND: Final = len("2026-11-23T18:20:01")
_MILLISECONDS: Final = 1000
_FRACTIONS: Final = frozenset(f".{fraction:03d}Z" for fraction in range(_MILLISECONDS))


class Moment(NamedTuple):
    """The time fields of an event; `claim` is a server-time that was not believed."""

    time: str
    received: str = ""
    via: str = ""
    claim: str = ""


class ServerClock:
    """Judge server-time tags against our own clock.

    `max_skew` is in milliseconds, `offset` how many the server's clock is ahead.
    Before `measure` the clocks are taken to agree, and `is_known` is false.
    After `begin` nothing is live that was said before it.
    """

    def __init__(self, max_skew: int = DEFAULT_MAX_SKEW) -> None:
        self.offset = 0
        self.is_known = False
        self._began = ""
        self._max_skew = max_skew
        self._bounds_for = ""
        self._oldest = self._newest = ""
        self._live: set[str] = set()

    def measure(self, tag: str, received: str) -> None:
        """Take a line that the server made just now as the measure of its clock."""
        if time := normalize_server_time(tag):
            self.offset = parse_time(time) - parse_time(received)
            self.is_known = True
            self._bounds_for = ""

    def begin(self, received: str) -> None:
        """Note when the connection began: earlier lines are history."""
        if self.is_known:
            self._began = format_time(parse_time(received) + self.offset - _UNEVEN)
            self._bounds_for = ""

    def shift(self, milliseconds: int) -> None:
        """Note that our clock was set forward by a number of milliseconds."""
        self.offset -= milliseconds
        self._bounds_for = ""

    def there(self, moment: str) -> str:
        """Convert a moment of our clock to the server's clock; "" if its offset is unknown."""
        return format_time(parse_time(moment) + self.offset) if self.is_known and moment else ""

    def judge(self, tag: str, received: str) -> Moment:
        """Date a line by its server-time tag, "" where it has none."""
        time = normalize_server_time(tag) if tag else ""
        if not time:
            return Moment(received, claim=tag)
        if received[:_SECOND] != self._bounds_for:
            self._rebound(received)
        if time < self._oldest:
            return Moment(time, received, PLAYBACK)
        if time > self._newest:
            return Moment(received, claim=tag)
        return Moment(time, received)

    def live_time(self, tag: str, received: str) -> str:
        """Return the time of a line that was said now; "" where `judge` must say more."""
        if received[:_SECOND] != self._bounds_for:
            self._rebound(received)
        if tag[:_SECOND] in self._live and tag[_SECOND:] in _FRACTIONS:
            return tag
        return self._look_closer(tag, received)

    def _look_closer(self, tag: str, received: str) -> str:
        """Judge a tag, and remember its second where all of that is live."""
        moment = self.judge(tag, received)
        if moment.via or moment.claim or not moment.received:
            return ""
        second = moment.time[:_SECOND]
        if self._oldest <= f"{second}.000Z" and f"{second}.999Z" <= self._newest:
            self._live.add(second)
        return moment.time

    def _rebound(self, received: str) -> None:
        self._bounds_for = received[:_SECOND]
        self._live.clear()
        # From the whole second, so that the bounds depend on no line that came before.
        there = parse_time(f"{self._bounds_for}.000Z") + self.offset
        self._oldest = max(self._began, _clamped(there - self._max_skew))
        self._newest = _clamped(there + self._max_skew + _MILLISECONDS)


def _clamped(milliseconds: int) -> str:
    try:
        return format_time(milliseconds)
    except (ValueError, OverflowError, OSError):
        return "9999" if milliseconds > 0 else ""
