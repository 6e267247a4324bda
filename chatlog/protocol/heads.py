"""Heads: the bytes of a message before its text, which tell who speaks in which channel.

Most people say more than one thing in a channel, so a head is looked up as one string.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import EventType
from chatlog.protocol.sources import LONGEST_SOURCE, REMEMBERED

if TYPE_CHECKING:
    from chatlog.protocol.accounts import Accounts
    from chatlog.protocol.sources import SourceCache

_PRIVMSG: Final = " PRIVMSG "
_NOTICE: Final = " NOTICE "
_OF_PRIVMSG: Final = EventType.MESSAGE.value
_OF_NOTICE: Final = EventType.NOTICE.value

Head = tuple[str, str, str, str, str, str]
"""The channel, nick, user, host and known account of a head, and the type of event.

A plain tuple, because Python takes a NamedTuple apart more slowly.
"""

_Person = tuple[str, str, str, str]


class Heads(dict[str, Head | None]):
    """The heads of one connection's ordinary messages to channels; None for any other head.

    A head that is new is put together from its channel and its source, and remembered
    unless it is None. Each memory is bounded, and emptied when it is full. A head of more
    than LONGEST_SOURCE characters is None.
    """

    def __init__(self, sources: SourceCache, accounts: Accounts) -> None:
        super().__init__()
        self._sources = sources
        self._accounts = accounts
        self._channels: dict[str, str] = {}
        self._people: dict[str, _Person] = {}

    def learn(self, target: str, channel: str) -> None:
        """Remember under which name a target is written."""
        if len(target) <= LONGEST_SOURCE:
            if len(self._channels) >= REMEMBERED:
                self._channels.clear()
            self._channels[target] = channel

    def forget(self) -> None:
        """Forget every channel, source and head."""
        self.forget_people()
        self._channels.clear()
        self._sources.known.clear()

    def forget_people(self) -> None:
        """Forget every head, and with it the accounts of the people who speak."""
        self.clear()
        self._people.clear()

    def __missing__(self, head: str) -> Head | None:
        if len(head) > LONGEST_SOURCE:
            return None
        kind = _OF_PRIVMSG
        begin, verb, target = head.partition(_PRIVMSG)
        if not verb:
            kind = _OF_NOTICE
            begin, _, target = head.partition(_NOTICE)
        channel = self._channels.get(target)
        if channel is None:
            return None
        person = self._people.get(begin) or self._recall(begin)
        if person is None:
            return None
        nick, user, host, account = person
        if len(self) >= REMEMBERED:
            self.clear()
        found = self[head] = channel, nick, user, host, account, kind
        return found

    def _recall(self, begin: str) -> _Person | None:
        """Return the nick, user, host and account of a new source; None for no person."""
        if begin[:1] != ":" or "!" not in begin or " " in begin:
            return None
        text = begin[1:]
        source = self._sources.known.get(text) or self._sources.learn(text)
        if source is None:
            return None
        if len(self._people) >= REMEMBERED:
            self._people.clear()
        account = self._accounts.of(source.nick)
        person = self._people[begin] = source.nick, source.user, source.host, account
        return person
