"""Who and where everybody is, we included, as the server's lines tell it.

Follows a connection line by line: the members of our channels, our nick, and
what becomes of the channels that we mean to be in. It makes no events and
answers nothing; what is to be sent follows from `advance`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

import msgspec

from chatlog.protocol import numerics
from chatlog.protocol.joining import REFUSALS
from chatlog.protocol.regaining import Regaining

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.carryover import Carryover
    from chatlog.protocol.state import Line, State


class StateTracker:
    """Keep `state` true, and tell `joining` and the regaining of our nick what happens.

    `we_moved` is set when our nick or our channels are others than before; who
    acts on it sets it back.
    """

    def __init__(self, state: State, carryover: Carryover) -> None:
        self.we_moved = False
        self.joining = carryover.joining
        self._state = state
        self._privacy = carryover.privacy
        self._regaining = Regaining(state.me.nick)

    def begin(self) -> None:
        """Begin to join: the server has welcomed us and said what it is."""
        self.joining.begin(self._state.isupport)
        self._regaining.begin(self._state.isupport, self._state.me.nick)

    @property
    def changed(self) -> bool:
        """Say whether `advance` has something to do."""
        return self.joining.changed or self._regaining.changed

    def advance(self, now: float) -> tuple[list[str], float | None]:
        """Return the lines to send now, and when to call again if nothing happens before."""
        joins, joining_at = self.joining.advance(now)
        nicks, regaining_at = self._regaining.advance(now)
        moments = [moment for moment in (joining_at, regaining_at) if moment is not None]
        return nicks + joins, min(moments, default=None)

    def handlers(self) -> dict[str, Callable[[Line], None]]:
        """Return what takes a line of each command that says who is where."""
        return {command: partial(handler, self) for command, handler in self._followed.items()}

    # -- members -------------------------------------------------------------------

    def _on_join(self, line: Line) -> None:
        if not (line.params and line.source.nick):
            return
        name = line.params[0]
        if self._state.is_me(line.source.nick) and self._state.isupport.is_channel(name):
            self._state.be(line.source)
            self._state.membership.enter(name)
            self.joining.joined(name)
            self.we_moved = True
        self._state.membership.add(name, line.source.nick)

    def _on_part(self, line: Line) -> None:
        if line.params:
            self._remove(line.params[0], line.source.nick, "made to leave")

    def _on_kick(self, line: Line) -> None:
        if len(line.params) > 1:
            reason = f" ({line.params[2]})" if len(line.params) > 2 else ""  # noqa: PLR2004 - channel, nick, reason
            self._remove(line.params[0], line.params[1], f"kicked by {line.source.nick}{reason}")

    def _remove(self, channel: str, nick: str, how: str) -> None:
        if not self._state.is_me(nick):
            self._state.membership.remove(channel, nick)
        elif self._state.membership.name(channel):
            self._state.membership.leave(channel)
            self.joining.removed(channel, how)
            self.we_moved = True

    def _on_quit(self, line: Line) -> None:
        self._state.membership.quit(line.source.nick)
        self._regaining.gone(line.source.nick)

    def _on_nick(self, line: Line) -> None:
        if not (line.params and line.params[0] and line.source.nick):
            return
        old, new = line.source.nick, line.params[0]
        if self._state.is_me(old):
            self._state.be(msgspec.structs.replace(self._state.me, nick=new))
            self._regaining.is_now(new)
            self.we_moved = True
        else:
            self._regaining.gone(old)
        self._state.membership.rename(old, new)

    def _on_names(self, line: Line) -> None:
        """Gather the members of a channel: `@+nick!user@host`, as far as negotiated."""
        if len(line.params) > 3 and (name := self._state.membership.name(line.params[2])):  # noqa: PLR2004 - RPL_NAMREPLY
            gathered = self._state.names_of.setdefault(name, [])
            for item in filter(None, line.params[3].split(" ")):
                shown = item.partition("!")[0]
                self._state.membership.add(name, shown.lstrip(self._state.isupport.prefixes))
                gathered.append(shown)

    def _on_places(self, line: Line) -> None:
        """Gather where we are: `@#chan +#other`, as WHOIS of ourselves tells it."""
        places = self._state.places
        if places is not None and len(line.params) > 2 and self._state.is_me(line.params[1]):  # noqa: PLR2004 - RPL_WHOISCHANNELS
            prefixes = self._state.isupport.prefixes
            for place in line.params[2].split():
                places += [place, place.lstrip(prefixes)]

    def _on_end_of_names(self, line: Line) -> None:
        if len(line.params) > 1:
            self._state.names_of.pop(self._state.membership.name(line.params[1]), None)

    # -- our channels and our nick ---------------------------------------------------

    def _on_join_refused(self, line: Line) -> None:
        if len(line.params) > 1:
            self.joining.refused(line.params[1], line.message.command, line.params[-1])

    def _on_link_channel(self, line: Line) -> None:
        """Follow to where the server sends us; the JOIN comes by itself."""
        if len(line.params) > 2 and self._state.isupport.is_channel(line.params[2]):  # noqa: PLR2004 - client and two channels
            self._rename(line.params[1], line.params[2], self.joining.forwarded)
        else:
            self._on_join_refused(line)

    def _on_rename(self, line: Line) -> None:
        """Follow a channel to its new name.

        See https://ircv3.net/specs/extensions/channel-rename
        """
        if len(line.params) > 1:
            old, new = line.params[:2]
            self._state.membership.rename_channel(old, new)
            self._rename(old, new, self.joining.renamed)
            self.we_moved = True

    def _rename(self, old: str, new: str, take_note: Callable[[str, str], None]) -> None:
        self._privacy.carry_over(old, new, self._state.isupport.casemapping)
        take_note(old, new)

    def _on_invite(self, line: Line) -> None:
        if len(line.params) > 1 and self._state.is_me(line.params[0]):
            self.joining.invited(line.params[1])

    def _on_logged_in(self, _line: Line) -> None:
        self.joining.logged_in()

    def _on_monitored_gone(self, line: Line) -> None:
        for nick in line.params[1].split(",") if len(line.params) > 1 else ():
            self._regaining.gone(nick.partition("!")[0])

    _followed: ClassVar[dict[str, Callable[[StateTracker, Line], None]]] = {
        "JOIN": _on_join,
        "PART": _on_part,
        "KICK": _on_kick,
        "QUIT": _on_quit,
        "NICK": _on_nick,
        "RENAME": _on_rename,
        "INVITE": _on_invite,
        numerics.RPL_NAMREPLY: _on_names,
        numerics.RPL_ENDOFNAMES: _on_end_of_names,
        numerics.RPL_WHOISCHANNELS: _on_places,
        numerics.RPL_LOGGEDIN: _on_logged_in,
        numerics.RPL_MONOFFLINE: _on_monitored_gone,
        **dict.fromkeys(REFUSALS, _on_join_refused),
        numerics.ERR_LINKCHANNEL: _on_link_channel,
    }
