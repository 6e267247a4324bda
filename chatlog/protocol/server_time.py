"""When a line was said, between the server's clock and ours.

A connection measures how far the server's clock is from ours; what is older
than that by more than the skew allowed was not said now. Three claims are not
believed, and such a line is dated by its receipt: a time from the future, a time
before there was IRC, and any time of a server whose clock is more than a day from
ours. The claim stays in the tags of the event.
See https://ircv3.net/specs/extensions/server-time
"""

from __future__ import annotations

from typing import Final, NamedTuple

from chatlog.event import (
    EARLIEST,
    MOST_APART,
    TO_THE_SECOND,
    UNEVEN,
    normalize_server_time,
    parse_time,
    shifted,
)

PLAYBACK: Final = "playback"
DEFAULT_MAX_SKEW: Final = 300_000
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

    `max_skew` is in milliseconds. Before `measure` the clocks are taken to agree.
    `is_measured` tells whether it was called. After `begin` nothing is live that was said
    before it. An offset of more than `MOST_APART` is no offset: one of the clocks is not set.
    """

    def __init__(self, max_skew: int = DEFAULT_MAX_SKEW) -> None:
        self._ahead = 0
        self.is_measured = False
        self._began = ""
        self._max_skew = max_skew
        self._bounds_for = ""
        self._earliest = self._oldest = self._newest = ""
        self._live: set[str] = set()

    @property
    def is_known(self) -> bool:
        """Whether the server's clock was measured, and can be used."""
        return self.is_measured and self._is_usable

    @property
    def offset(self) -> int:
        """Milliseconds by which the server's clock is ahead of ours; 0 if they cannot be used."""
        return self._ahead if self._is_usable else 0

    @property
    def _is_usable(self) -> bool:
        return abs(self._ahead) <= MOST_APART

    def measure(self, tag: str, received: str) -> None:
        """Take a line that the server made just now as the measure of its clock."""
        if time := normalize_server_time(tag):
            self._ahead = parse_time(time) - parse_time(received)
            self.is_measured = True
            self._forget_bounds()

    def begin(self, received: str) -> None:
        """Note when the connection began: earlier lines are history."""
        if self.is_known:
            self._began = shifted(received, self.offset - UNEVEN)
            self._forget_bounds()

    def shift(self, milliseconds: int) -> None:
        """Note that our clock was set forward by a number of milliseconds."""
        self._ahead -= milliseconds
        self._forget_bounds()

    def there(self, moment: str) -> str:
        """Convert a moment of our clock to the server's clock; "" if its offset is unknown."""
        return shifted(moment, self.offset) if self.is_known and moment else ""

    def judge(self, tag: str, received: str) -> Moment:
        """Date a line by its server-time tag, "" where it has none."""
        time = normalize_server_time(tag) if tag else ""
        if not time:
            return Moment(received, claim=tag)
        if received[:TO_THE_SECOND] != self._bounds_for:
            self._rebound(received)
        if self._earliest <= time <= self._newest:
            return Moment(time, received, PLAYBACK if time < self._oldest else "")
        return Moment(received, claim=tag)

    def live_seconds(self, received: str) -> set[str]:
        """Return the seconds of which every moment is known to be now, for lines of one read.

        `live_time` adds to them. Whatever changes the measure of the clock empties them at
        once, so that they hold for all lines of that read.
        """
        if received[:TO_THE_SECOND] != self._bounds_for:
            self._rebound(received)
        return self._live

    def live_time(self, tag: str, received: str) -> str:
        """Return the time of a line that was said now; "" where `judge` must say more."""
        live = self.live_seconds(received)
        if tag[:TO_THE_SECOND] in live and tag[TO_THE_SECOND:] in _FRACTIONS:
            return tag
        return self._look_closer(tag, received)

    def _look_closer(self, tag: str, received: str) -> str:
        """Judge a tag, and remember its second where all of that is live."""
        moment = self.judge(tag, received)
        if moment.via or moment.claim or not moment.received:
            return ""
        second = moment.time[:TO_THE_SECOND]
        if self._oldest <= f"{second}.000Z" and f"{second}.999Z" <= self._newest:
            self._live.add(second)
        return moment.time

    def _forget_bounds(self) -> None:
        """Forget the bounds, which the next line sets anew, and the seconds that are live."""
        self._bounds_for = ""
        self._live.clear()

    def _rebound(self, received: str) -> None:
        self._bounds_for = received[:TO_THE_SECOND]
        self._live.clear()
        # From the whole second, so that the bounds depend on no line that came before.
        there = shifted(f"{self._bounds_for}.000Z", self.offset)
        self._oldest = max(self._began, shifted(there, -self._max_skew))
        self._newest = shifted(there, self._max_skew + _MILLISECONDS)
        # A clock of ours that was never set may itself be before the first of these years.
        self._earliest = min(EARLIEST, self._oldest)
        if not self._is_usable:
            self._newest = ""
