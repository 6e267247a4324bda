"""The stretches of time for which a log proves that its program was listening. Pure.

Two things prove it: marks of opening and of closing, and the coming and going of the program's
own user, in a log that names it. A stretch that nothing ends lasts until the last event: the
program may have gone at once.

A client hears nothing after its own quit. If a log goes on after a quit of its user's nick, an
older session quit, which the server had kept after its connection was gone. The log does not
show when that connection broke, so the stretch is not claimed.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.event import EventType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.event import Event

_ALL: Final = ("", "")
"""The place of a mark, which is about all that the log has."""

STEPS: Final = frozenset(
    {EventType.JOIN, EventType.PART, EventType.QUIT, EventType.KICK, EventType.NICK}
)
"""The types of event by which somebody comes, goes, or is known by another nick."""

_LATER: Final = "~"
"""A time behind all others."""

_Place = tuple[str, str]


class HeardStretch(msgspec.Struct, frozen=True):
    """A stretch for which a log proves that its program was listening, as `Event.time`.

    It is about one target of the log, or about all without one. One that `begins_by_stamp` began
    when the stamp of its first line ended: stamps of minutes tell no second.
    """

    since: str
    until: str
    network: str = ""
    target: str = ""
    begins_by_stamp: bool = False


class _Begun(NamedTuple):
    """A stretch that goes on: its beginning, and its network and target as the log spells them."""

    since: str
    network: str = ""
    target: str = ""


class _Quit(NamedTuple):
    """A quit of the user's nick: its time, and the number of stretches before it ended some."""

    at: str
    stretches: int
    ends_carried: bool


class LogHearing:
    """The hearing of one log, in the order of its lines; `heard` has the stretches that ended.

    `nick` is that of the program's user, "" until it is known. A person who joins under the first
    nick of the log, or takes it, is the user. `nicks` are the user's changes of nick from another
    log, with their times. Without `tells_nicks`, the log leaves out changes of nicks; then a join
    of the user proves nothing, because the user may leave under another nick. `carried` is the
    end of a stretch that the file of the day before left open: "" if this log continues none,
    None while no line has ended it.
    """

    def __init__(
        self, nick: str, nicks: Iterable[tuple[str, str]] = (), *, tells_nicks: bool = True
    ) -> None:
        self.nick = nick
        self.heard: list[HeardStretch] = []
        self.carried: str | None = None
        self._first_nick = nick
        self._tells_nicks = tells_nicks
        self._nicks = deque(nicks)
        self._begun: dict[_Place, _Begun] = {}
        self._quit: _Quit | None = None  # the last event of the user, if it was a quit
        self._at_end = False
        self._claims = True

    @property
    def is_marked(self) -> bool:
        """Whether the stretch that goes on began with a mark."""
        return _ALL in self._begun

    @property
    def goes_on(self) -> bool:
        """Whether the program was listening at the end, and its user has the nick as before."""
        return self._at_end and self.nick == self._first_nick

    def know_as(self, nick: str) -> None:
        """Set the nick of the user, which a line of the log names."""
        self.nick = self._first_nick = nick

    def claim_nothing(self) -> None:
        """Discard the stretches of this log, also those of lines to come."""
        self._claims = False

    def open(self, at: str, before: str) -> None:
        """Begin a stretch at a mark of opening; `before` is the time of the last event."""
        self.lose(before)
        self._quit = None
        self._begun[_ALL] = _Begun(at)

    def close(self, at: str) -> None:
        """End all stretches at a mark of closing."""
        self._end_all(at)

    def lose(self, before: str) -> None:
        """End all stretches at the last event, as the connection is lost since then."""
        self._doubt_quit(before)
        self._end_all(before)

    def follow(self, event: Event, before: str, *, is_own: bool = False) -> None:
        """Follow an event of a type of `STEPS`; `before` is the time of the last event there.

        `is_own` tells that it is about the program's user, whose nick the line leaves out.
        """
        while self._nicks and self._nicks[0][0] <= event.time:
            self.nick = self._nicks.popleft()[1]
        who = event.subject if event.type == EventType.KICK else event.nick
        if who == self._first_nick and event.type == EventType.JOIN:
            self.nick = who  # the user is back under the first nick
        is_users = who == self.nick and bool(who or is_own)
        comes = is_users and event.type == EventType.JOIN
        self._doubt_quit(before if comes else event.time)
        if event.type == EventType.NICK and self._takes_first_nick(event):
            self._doubt_quit(_LATER)  # a user who changes nicks was there, also in that minute
            self.nick = event.subject
            if not self.is_marked:
                self._come((event.network, event.target.lower()), event, before)
            return
        if not is_users:
            return
        place = event.network, event.target.lower()
        if event.type == EventType.NICK:
            self.nick = event.subject
        elif event.type == EventType.JOIN:
            self._come(place, event, before)
        elif event.type == EventType.QUIT:
            self._quit = self._quit or _Quit(event.time, len(self.heard), self.carried is None)
            self._end_all(event.time)
        else:
            self._end(place, event.time)
            self._end(_ALL, event.time)
            self._end_carried(event.time)

    def _takes_first_nick(self, event: Event) -> bool:
        """Return whether a person not known to be the user takes the first nick."""
        is_first = event.subject == self._first_nick != ""
        return is_first and event.nick not in {self._first_nick, self.nick}

    def end(self, last_of: Callable[[_Place], str]) -> None:
        """End the stretches that the log leaves open, each at the last event of its place."""
        if self._quit is not None:
            ended = self.heard[self._quit.stretches :]
            places = {(each.network, each.target.lower()) for each in ended} or {_ALL}
            self._doubt_quit(max(map(last_of, places)))
        self._at_end = bool(self._begun) or self.carried is None
        for place in [*self._begun]:
            self._end(place, last_of(place))
        if not self._claims:
            self.heard.clear()
            self.carried, self._at_end = "", False

    def _come(self, place: _Place, event: Event, before: str) -> None:
        """Begin a stretch; one that goes on already has missed the going before."""
        self._quit = None
        if (marked := self._begun.get(_ALL)) is not None and before <= marked.since:
            return  # the opening was of this coming
        self._end(place, before)
        self._end(_ALL, before)
        self._end_carried(before)
        if self._tells_nicks:
            self._begun[place] = _Begun(event.time, event.network, event.target)

    def _doubt_quit(self, heard: str) -> None:
        """Claim nothing until a quit of the user if the log heard something behind it."""
        if self._quit is None or heard <= self._quit.at:
            return
        del self.heard[self._quit.stretches :]
        if self._quit.ends_carried:
            self.carried = ""
        self._quit = None

    def _end_all(self, at: str) -> None:
        for place in [*self._begun]:
            self._end(place, at)
        self._end_carried(at)

    def _end(self, place: _Place, at: str) -> None:
        begun = self._begun.pop(place, None)
        if begun is not None and at >= begun.since:
            by_stamp = place != _ALL
            self.heard.append(HeardStretch(begun.since, at, begun.network, begun.target, by_stamp))

    def _end_carried(self, at: str) -> None:
        if self.carried is None:
            self.carried = at
