"""State tracking: our nick, our channels and their members, as the server's lines tell them.

It follows a connection line by line, and makes neither events nor answers. The
lines that get us into channels, or get our nick back, follow from `advance`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chatlog.protocol import numerics
from chatlog.protocol.facts import Joined, Left, Renamed, RoomShown
from chatlog.protocol.regaining import Regaining
from chatlog.protocol.twitch_tags import CAPABILITY, room_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.carryover import Carryover
    from chatlog.protocol.facts import Turn
    from chatlog.protocol.line import Handler, Line
    from chatlog.protocol.state import State


class StateTracker:
    """The upkeep of one connection's `State`, of the channels to join and of the nick to regain.

    `on_move` is called whenever our nick or our channels have changed.
    """

    def __init__(self, state: State, carryover: Carryover, on_move: Callable[[], None]) -> None:
        self.joining = carryover.joining
        self._state = state
        self._privacy = carryover.privacy
        self._relays = carryover.relays
        self._invitations = carryover.invitations
        self._on_move = on_move
        self._regaining = Regaining(state.me.nick)

    def begin(self) -> None:
        """Begin to join: the server has welcomed us and sent its ISUPPORT."""
        self.joining.begin(self._state.isupport)
        self._regaining.begin(self._state.isupport, self._state.me.nick)

    @property
    def changed(self) -> bool:
        """Whether `advance` has something to do."""
        return self.joining.changed or self._regaining.changed

    def advance(self, now: float, turn: Turn) -> float | None:
        """Add the lines to send now; return when to call again if nothing happens before."""
        nicks, regaining_at = self._regaining.advance(now)
        turn.replies += nicks
        joining_at = self.joining.advance(now, turn)
        moments = [moment for moment in (joining_at, regaining_at) if moment is not None]
        return min(moments, default=None)

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers of the commands that tell who is where."""
        return {
            **dict.fromkeys(numerics.ERRORS, self._on_error),
            "JOIN": self._on_join,
            "PART": self._on_part,
            "KICK": self._on_kick,
            "QUIT": self._on_quit,
            "NICK": self._on_nick,
            "RENAME": self._on_rename,
            "INVITE": self._on_invite,
            "ROOMSTATE": self._on_room_state,
            numerics.RPL_NAMREPLY: self._on_names,
            numerics.RPL_ENDOFNAMES: self._on_end_of_names,
            numerics.RPL_LOGGEDIN: self._on_logged_in,
            numerics.RPL_MONOFFLINE: self._on_monitored_gone,
            "FAIL": self._on_fail,
            numerics.ERR_LINKCHANNEL: self._on_link_channel,
        }

    # -- members -------------------------------------------------------------------

    def _on_join(self, line: Line, turn: Turn) -> None:
        if not (line.params and line.source.nick):
            return
        name = line.params[0]
        if self._state.is_me(line.source.nick) and self._state.is_channel(name):
            self._state.be(line.source)
            if not self._state.admits(name):
                return
            self._state.names_lists.end(name)
            self._state.membership.enter(name)
            self.joining.joined(name)
            turn.facts.append(Joined(name, *_when(line), line.msgid))
            self._on_move()
        self._state.membership.add(name, line.source.nick)

    def _on_part(self, line: Line, turn: Turn) -> None:
        if line.params:
            channel, nick = line.params[0], line.source.nick
            self._remove(channel, nick, "made to leave", line, turn)

    def _on_kick(self, line: Line, turn: Turn) -> None:
        if len(line.params) > 1:
            channel, nick = line.params[:2]
            reason = f" ({line.params[2]})" if len(line.params) > 2 else ""  # noqa: PLR2004 - channel, nick, reason
            self._remove(channel, nick, f"kicked by {line.source.nick}{reason}", line, turn)

    def _remove(self, channel: str, nick: str, how: str, line: Line, turn: Turn) -> None:
        if not self._state.is_me(nick):
            self._state.membership.remove(channel, nick)
        elif name := self._state.membership.name(channel):
            self._state.membership.leave(channel)
            self._state.names_lists.end(name)
            if self.joining.wants(name) and not self.joining.is_configured(name):
                self._count_removal(name, how, turn)
            kicked, wanted = line.message.command == "KICK", self.joining.wants(name)
            turn.facts.append(Left(name, *_when(line), kicked=kicked, wanted=wanted))
            self.joining.removed(channel, how, turn)
            self._on_move()

    def _count_removal(self, name: str, how: str, turn: Turn) -> None:
        """Give up a channel that invited us, and threw us out once too often."""
        turn.facts += self._invitations.removed(name, how)
        if self._invitations.is_over(name):
            self.joining.unwant(name)

    def _on_quit(self, line: Line, _turn: Turn) -> None:
        self._state.membership.quit(line.source.nick)
        self._regaining.gone(line.source.nick)

    def _on_nick(self, line: Line, _turn: Turn) -> None:
        if not (line.params and line.params[0] and line.source.nick):
            return
        old, new = line.source.nick, line.params[0]
        if self._state.is_me(old):
            self._state.be(msgspec.structs.replace(self._state.me, nick=new))
            self._regaining.is_now(new)
            self._on_move()
        else:
            self._regaining.gone(old)
        self._state.membership.rename(old, new)

    def _on_names(self, line: Line, _turn: Turn) -> None:
        """Collect the members of a channel: `@+nick!user@host`, or less of that.

        An item without a nick is kept as it came.
        """
        if len(line.params) > 3 and (name := self._state.membership.name(line.params[2])):  # noqa: PLR2004 - RPL_NAMREPLY
            shown, is_checking = [], self._invitations.is_checking
            for item in filter(None, line.params[3].split(" ")):
                prefixes, nick = self._state.isupport.split_member(item)
                self._state.membership.add(name, nick)
                shown.append(prefixes + nick if nick else item)
                if is_checking and self._state.isupport.is_operator(prefixes):
                    self._invitations.named(name, nick, self._state.isupport.casemapping)
            self._state.names_lists.add(name, shown)

    def _on_end_of_names(self, line: Line, turn: Turn) -> None:
        if len(line.params) > 1:
            name = self._state.membership.name(line.params[1])
            self._state.names_lists.end(name)
            if facts := self._invitations.listed(name):
                turn.facts += facts
                turn.replies += self.joining.unwant(name)

    # -- our channels and our nick ---------------------------------------------------

    def _on_error(self, line: Line, turn: Turn) -> None:
        """Take an error for the refusal of each channel that it names, with any number."""
        self._refuse(line.params[1:], line.message.command, turn)

    def _on_fail(self, line: Line, turn: Turn) -> None:
        """Take a FAIL of JOIN, or of no command, for the refusal of each channel that it names.

        See https://ircv3.net/specs/extensions/standard-replies
        """
        if len(line.params) > 1 and line.params[0].upper() in ("JOIN", "*"):
            self._refuse(line.params[2:], line.params[1], turn)

    def _refuse(self, params: list[str], code: str, turn: Turn) -> None:
        # Servers put the channel first, or after a nick, and may name several at once.
        for param in params:
            for name in param.split(","):
                self.joining.refused(name, code, params[-1], turn)

    def _on_link_channel(self, line: Line, turn: Turn) -> None:
        """Follow to the channel that the server sends us to; the JOIN comes by itself."""
        old, new = [*line.params, "", "", ""][1:3]
        if self._state.admits_channel(new):
            self._carry_rules_over(old, new)
            self.joining.forwarded(old, new, turn)
        else:
            self._on_error(line, turn)

    def _on_rename(self, line: Line, turn: Turn) -> None:
        """Follow a channel to its new name, unless that differs in case alone.

        See https://ircv3.net/specs/extensions/channel-rename
        """
        old, new = [*line.params, "", ""][:2]
        is_other = not self._state.isupport.casemapping.equal(old, new)
        if is_other and self._state.admits_channel(new):
            if name := self._state.membership.name(old):
                msgid = line.msgid
                turn.facts.append(Renamed(name, new, *_when(line), msgid))
                turn.facts += self._invitations.renamed(name, new)
            self._state.names_lists.end(name)
            self._state.membership.rename_channel(old, new)
            self._carry_rules_over(old, new)
            self.joining.renamed(old, new)
            self._on_move()

    def _on_room_state(self, line: Line, turn: Turn) -> None:
        """Note the room of a channel that we are in, where its tags are Twitch's."""
        room = room_of(line.tags) if CAPABILITY in self._state.capabilities else ""
        if room and line.params and (name := self._state.membership.name(line.params[0])):
            turn.facts.append(RoomShown(name, room))

    def _carry_rules_over(self, old: str, new: str) -> None:
        casemapping = self._state.isupport.casemapping
        self._privacy.carry_over(old, new, casemapping)
        self._relays.carry_over(old, new, casemapping)

    def _on_invite(self, line: Line, turn: Turn) -> None:
        """Follow an invitation that is allowed; to a channel of ours, ask for that at once."""
        if len(line.params) < 2 or not self._state.is_me(line.params[0]):  # noqa: PLR2004 - nick and channel
            return
        name, casemapping = line.params[1], self._state.isupport.casemapping
        if self.joining.wants(name):
            if self._invitations.may_ask(name, line.now):
                self.joining.invited(name)
        elif not self._state.isupport.is_channel(name) or self._is_unheard(line, name):
            return
        elif self._invitations.allows(line, name, casemapping) and self._state.admits(name):
            turn.facts += self._invitations.follow(line, name, casemapping)
            self.joining.invited(name)
        else:
            turn.facts += self._invitations.refusal(line, name, casemapping)

    def _is_unheard(self, line: Line, channel: str) -> bool:
        """Return whether privacy keeps out who invites us, or the channel."""
        casemapping = self._state.isupport.casemapping
        is_silent = self._privacy.is_silent(channel, casemapping)
        return is_silent or self._privacy.ignores(line.source, casemapping)

    def _on_logged_in(self, _line: Line, _turn: Turn) -> None:
        self.joining.logged_in()

    def _on_monitored_gone(self, line: Line, _turn: Turn) -> None:
        for nick in line.params[1].split(",") if len(line.params) > 1 else ():
            self._regaining.gone(nick.partition("!")[0])


def _when(line: Line) -> tuple[str, str]:
    """Return the time of a line and of its receipt, as its events have them."""
    return line.time, line.received
