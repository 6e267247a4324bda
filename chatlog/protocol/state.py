"""What a session knows while it is connected, and a line in the light of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chatlog.event import SERVER, Source
from chatlog.protocol.history.bare_playback import BarePlayback
from chatlog.protocol.isupport import ISupport
from chatlog.protocol.membership import Membership
from chatlog.protocol.message import Message  # noqa: TC001 - a field of a Struct

if TYPE_CHECKING:
    from collections.abc import Iterable


class Line(msgspec.Struct, frozen=True, gc=False):
    """A message with what the session found out of it.

    `fields` are those that every event of this line has in common. A line of
    a history batch has the batch's target, and changes nobody's whereabouts.
    """

    message: Message
    params: list[str]
    source: Source
    fields: dict[str, Any]
    tags: dict[str, str] = {}
    history_of: str = ""
    batch: str = ""


class State:
    """Who and where we are on one connection, and what the server said of itself.

    `places` are the channels that a WHOIS of ours has told by now, None while
    there is none under way; `modes_asked` those whose modes we asked for.
    """

    def __init__(self, *, network: str, nick: str, queries: bool) -> None:
        self.network = network
        self.queries = queries
        self.isupport = ISupport()
        self.membership = Membership(self.isupport.casemapping)
        self.names_of: dict[str, list[str]] = {}
        self.places: list[str] | None = None
        self.modes_asked: set[str] = set()
        self.bare_playback = BarePlayback()
        self.be(Source(nick))

    def be(self, source: Source) -> None:
        """Take note of who we are."""
        self.me = source
        self._my_nick = self.isupport.casemapping[source.nick]

    def is_me(self, nick: str) -> bool:
        """Say whether a nick is ours."""
        return self.isupport.casemapping[nick] == self._my_nick

    def channel_said_to(self, target: str) -> tuple[str, str]:
        """Part a target into STATUSMSG prefix and channel, "" where we are not in it."""
        if name := self.membership.name(target):
            return "", name
        statusmsg, name = self.isupport.split_statusmsg(target)
        return statusmsg, self.membership.name(name)

    def receive_isupport(self, tokens: Iterable[str]) -> None:
        """Take the tokens of one RPL_ISUPPORT."""
        before = self.isupport.casemapping
        self.isupport.receive(tokens)
        if self.isupport.casemapping is not before:
            self.membership.refold(self.isupport.casemapping)
            self.be(self.me)

    def channels_of(self, line: Line) -> list[str]:
        """List where what somebody did to the whole network is to be written."""
        if line.history_of:
            return [line.history_of]
        return self.membership.channels_of(line.source.nick) or [SERVER]
