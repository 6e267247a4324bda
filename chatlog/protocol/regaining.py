"""How to get back the nick that we wanted, where another one was all there was.

Pure, and without a clock, as `joining` is: `advance` is told the time.
See https://ircv3.net/specs/extensions/monitor
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chatlog.protocol.isupport import ISupport

_FIRST: Final = 60.0
_MOST: Final = 1800.0


class Regaining:
    """Ask for the nick when its holder is seen to go, and now and then in any case.

    `changed` says that `advance` has something to do.
    """

    def __init__(self, nick: str) -> None:
        self.changed = False
        self._wanted = nick
        self._isupport: ISupport | None = None
        self._watched = False
        self._free = False
        self._have = True
        self._delay = _FIRST
        self._at: float | None = None

    def begin(self, isupport: ISupport, nick: str) -> None:
        """Begin on a new connection, on which this nick is ours."""
        self._isupport = isupport
        self._watched = self._free = False
        self._delay = _FIRST
        self.is_now(nick)

    def is_now(self, nick: str) -> None:
        """Note which nick is ours."""
        self._have = self._same(nick)
        self._at = None
        self.changed = True

    def gone(self, nick: str) -> None:
        """Note that a nick became free, by QUIT or NICK."""
        if not self._have and self._same(nick):
            self._free = self.changed = True

    def advance(self, now: float) -> tuple[list[str], float | None]:
        """Return the lines to send now, and when to call again if nothing happens before."""
        self.changed = False
        if self._isupport is None:
            return [], None
        if self._have:
            return self._unwatch(), None
        lines = self._watch()
        if self._free or (self._at is not None and now >= self._at):
            lines.append(f"NICK {self._wanted}")
            self._free, self._at = False, None
            self._delay = min(_MOST, self._delay * 2)
        if self._at is None:
            self._at = now + self._delay
        return lines, self._at

    def _watch(self) -> list[str]:
        if self._watched or self._isupport is None or not self._isupport.monitors:
            return []
        self._watched = True
        return [f"MONITOR + {self._wanted}"]

    def _unwatch(self) -> list[str]:
        watched, self._watched = self._watched, False
        return [f"MONITOR - {self._wanted}"] if watched else []

    def _same(self, nick: str) -> bool:
        if self._isupport is None:
            return nick == self._wanted
        return self._isupport.casemapping.equal(nick, self._wanted)
