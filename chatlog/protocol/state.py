"""The state of a session while it is connected, and a line in the light of that state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.casemapping import PREFIXES
from chatlog.event import SERVER, Source
from chatlog.protocol.history.bare_playback import BarePlayback
from chatlog.protocol.isupport import ISupport
from chatlog.protocol.membership import Membership
from chatlog.protocol.message import Message  # noqa: TC001 - a field of a Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatlog.protocol.facts import Turn

    Handler = Callable[["Line", Turn], None]
    """Acts on one line: it changes state, and appends replies and facts to the turn."""

_MOST_PREFIXES: Final = 8
"""Prefixes before a channel that are looked at; servers have five kinds."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """A message with its source, times and tags worked out.

    `fields` are those that every event of this line has in common, `received` is
    our clock at the read. A line of a history batch names the batch's target in
    `history_of`, and changes no state.
    """

    message: Message
    params: list[str]
    source: Source
    fields: dict[str, Any]
    received: str
    tags: dict[str, str] = {}
    history_of: str = ""
    batch: str = ""


class State:
    """Our nick and channels on one connection, their members, and the server's ISUPPORT.

    `wants` tells whether a name is that of a channel to record. `places` collects the
    channels that a WHOIS of ours tells, and is None unless one is under way;
    `modes_asked` are those whose modes we asked for.
    """

    def __init__(
        self, *, network: str, nick: str, queries: bool, wants: Callable[[str], bool]
    ) -> None:
        self.network = network
        self.queries = queries
        self._wants = wants
        self.isupport = ISupport()
        self.membership = Membership(self.isupport.casemapping)
        self.names_of: dict[str, list[str]] = {}
        self.places: list[str] | None = None
        self.modes_asked: set[str] = set()
        self.bare_playback = BarePlayback()
        self.be(Source(nick))

    def be(self, source: Source) -> None:
        """Set our own nick, user and host."""
        self.me = source
        self._my_nick = self.isupport.casemapping[source.nick]

    def is_me(self, nick: str) -> bool:
        """Return whether a nick is ours."""
        return self.isupport.casemapping[nick] == self._my_nick

    def is_channel(self, name: str) -> bool:
        """Return whether a name is a channel: by its first character, or as one to record."""
        return self.isupport.is_channel(name) or self._wants(name)

    def channel_said_to(self, target: str) -> tuple[str, str]:
        """Split a target into STATUSMSG prefix and channel, "" if we are not in it.

        Servers send to `@#chan` without advertising STATUSMSG, too.
        """
        prefixes = len(target) - len(target.lstrip(PREFIXES))
        for length in range(min(prefixes, _MOST_PREFIXES) + 1):
            if name := self.membership.name(target[length:]):
                return target[:length], name
        return self.isupport.split_statusmsg(target)[0], ""

    def receive_isupport(self, tokens: Iterable[str]) -> bool:
        """Apply the tokens of one RPL_ISUPPORT; return whether the CASEMAPPING changed."""
        before = self.isupport.casemapping
        self.isupport.receive(tokens)
        if self.isupport.casemapping is before:
            return False
        self.membership.refold(self.isupport.casemapping)
        self.be(self.me)
        return True

    def channels_of(self, line: Line) -> list[str]:
        """Return the targets of a line that concerns a person on the whole network."""
        if line.history_of:
            return [line.history_of]
        return self.membership.channels_of(line.source.nick) or [SERVER]
