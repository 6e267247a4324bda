"""The members of each channel, so that a QUIT or NICK reaches the right channels.

Names are compared by the network's CASEMAPPING and given back as the server
spelled them. Until RPL_ENDOFNAMES a channel's members are incomplete.

Bounded: the table holds at most `MAX_WEIGHT` bytes' worth of memberships, by its
own estimate. The channel whose member would exceed that gives its members up,
and is listed in `given_up`: a QUIT of people there is then filed as a QUIT of
somebody who was never seen.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.casemapping import Casemapping

MAX_WEIGHT: Final = 96 * 1024 * 1024
"""Estimated bytes of all memberships: room for 400,000 with nicks of nine letters."""

MAX_REFOLDED: Final = 10_000
"""Members whose folded nicks may change in one change of CASEMAPPING."""

SWEPT: Final = 20_000
"""Members that are swept out in one go, so that no line takes long."""

_SWEPT_BESIDE: Final = 4  # with each member that is added

_WEIGHT: Final = 216
"""Estimated bytes of one membership without its nick: entries of two tables, two strings."""

# The casemappings of IRC agree on all other characters.
_FOLDS_DIFFERENTLY: Final = re.compile(r"[][{}\\|^~]")


class _Channel:
    """A channel that we are in: its name as the server spells it, and its members."""

    __slots__ = ("given_up", "members", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[str, str] = {}
        self.given_up = False


_Channels = _Channel | tuple[_Channel, ...]
"""The channels of a nick, in the order of joining; most nicks are in one, and need no tuple."""


class Membership:
    """The channels that we are in, and their members.

    `on_give_up` is called with a channel that gives its members up. Members that are
    dropped together, as when we leave, count towards the bound until they are swept
    out: `SWEPT` at once, and the rest with the next members that are added.
    """

    def __init__(
        self,
        casemapping: Casemapping,
        max_weight: int = MAX_WEIGHT,
        on_give_up: Callable[[str], None] = lambda _channel: None,
    ) -> None:
        self._casemapping = casemapping
        self._max_weight = max_weight
        self._on_give_up = on_give_up
        self._dropped: deque[tuple[_Channel, dict[str, str]]] = deque()
        self._weight = 0
        self._channels: dict[str, _Channel] = {}
        self._channels_of: dict[str, _Channels] = {}

    def name(self, channel: str) -> str:
        """Return a channel as the server spelled it when we joined; "" if we are not in it."""
        found = self._channels.get(self._casemapping[channel])
        return found.name if found else ""

    def names(self) -> list[str]:
        """List the channels that we are in, in the order of joining."""
        return [channel.name for channel in self._channels.values()]

    def given_up(self) -> list[str]:
        """List the channels whose members were too many to keep."""
        return [channel.name for channel in self._channels.values() if channel.given_up]

    def members(self, channel: str) -> list[str]:
        """List the known members of a channel."""
        found = self._channels.get(self._casemapping[channel])
        return list(found.members.values()) if found else []

    def channels_of(self, nick: str) -> list[str]:
        """List the channels that we share with a nick."""
        folded = self._casemapping[nick]
        return [
            channel.name
            for channel in _each(self._channels_of.get(folded))
            if folded in channel.members
        ]

    def enter(self, channel: str) -> None:
        """Note that we joined a channel; its members known before are dropped."""
        self.leave(channel)
        self._channels[self._casemapping[channel]] = _Channel(channel)

    def leave(self, channel: str) -> None:
        """Note that we are no longer in a channel."""
        found = self._channels.pop(self._casemapping[channel], None)
        if found is not None:
            self._drop_members(found)

    def add(self, channel: str, nick: str) -> None:
        """Add a member to a channel; ignored if we are not in it, or its members are given up."""
        found = self._channels.get(self._casemapping[channel])
        if found is None or not nick or found.given_up:
            return
        if self._dropped:
            self._sweep(_SWEPT_BESIDE)
        folded = self._casemapping[nick]
        channels = self._channels_of.get(folded)
        if channels is None:
            known: str | None = nick
        else:  # one string a person
            known = (channels[0] if isinstance(channels, tuple) else channels).members.get(folded)
        nick = known if known == nick else nick
        if folded == nick:
            folded = nick  # one string instead of two equal ones
        if folded not in found.members:
            weight = self._weight + _WEIGHT + len(nick)
            if weight > self._max_weight:
                self._give_up(found)
                return
            self._weight = weight
            self._channels_of[folded] = found if channels is None else (*_each(channels), found)
        found.members[folded] = nick

    def remove(self, channel: str, nick: str) -> None:
        """Remove a member from a channel."""
        found = self._channels.get(self._casemapping[channel])
        folded = self._casemapping[nick]
        if found is not None and self._pop(found, folded):
            self._part(folded, found)

    def quit(self, nick: str) -> None:
        """Remove a nick from all channels."""
        folded = self._casemapping[nick]
        for channel in _each(self._channels_of.pop(folded, None)):
            self._pop(channel, folded)

    def rename(self, old: str, new: str) -> None:
        """Rename a member in all channels."""
        folded, onto = self._casemapping[old], self._casemapping[new]
        channels = self._channels_of.pop(folded, None)
        if channels is None:
            return
        found = [channel for channel in _each(channels) if self._pop(channel, folded)]
        grown = len(found) * (_WEIGHT + len(new))
        is_plain = new and onto not in self._channels_of and not self._dropped
        if is_plain and found and self._weight + grown <= self._max_weight:
            self._weight += grown
            onto = new if onto == new else onto
            self._channels_of[onto] = tuple(found) if len(found) > 1 else found[0]
            for channel in found:
                channel.members[onto] = new
        else:
            for channel in found:
                self.add(channel.name, new)

    def rename_channel(self, old: str, new: str) -> None:
        """Rename a channel that we are in; its members stay, at the cost of one entry."""
        found = self._channels.get(self._casemapping[old])
        if found is None:
            return
        key = self._casemapping[new]
        if self._channels.get(key) is not found:
            self.leave(new)
        del self._channels[self._casemapping[old]]
        found.name = new
        self._channels[key] = found

    def refold(self, casemapping: Casemapping) -> None:
        """Change the CASEMAPPING; members stay, unless too many fold differently.

        Then the largest channels give their members up, so that one line of the
        server never takes longer than `MAX_REFOLDED` members do.
        """
        old = list(self._channels.values())
        self._casemapping = casemapping
        self._channels = {}
        for channel in old:
            self.leave(channel.name)  # two names may be one from now on
            self._channels[casemapping[channel.name]] = channel
        changing = {channel: _folding_differently(channel.members) for channel in old}
        while sum(map(len, changing.values())) > MAX_REFOLDED:
            largest = max(changing, key=lambda channel: len(changing[channel]))
            self._give_up(largest)
            del changing[largest]
        for channel, members in changing.items():
            for folded in members:
                self._pop(channel, folded)
                self._part(folded, channel)
        for channel, members in changing.items():
            for nick in members.values():
                self.add(channel.name, nick)

    def _part(self, folded: str, channel: _Channel) -> None:
        channels = self._channels_of.get(folded)
        if channels is channel:
            del self._channels_of[folded]
        elif isinstance(channels, tuple) and channel in channels:
            left = tuple(each for each in channels if each is not channel)
            self._channels_of[folded] = left if len(left) > 1 else left[0]

    def _pop(self, channel: _Channel, folded: str) -> bool:
        """Remove a nick from the members of a channel; return whether it was there."""
        nick = channel.members.pop(folded, None)
        if nick is None:
            return False
        self._weight -= _WEIGHT + len(nick)
        return True

    def _drop_members(self, channel: _Channel) -> None:
        """Drop all members of a channel, which gets no other ones."""
        members, channel.members = channel.members, {}
        self._dropped.append((channel, members))
        self._sweep(SWEPT)

    def _sweep(self, most: int) -> None:
        """Sweep out members that were dropped, those first that were dropped first."""
        while self._dropped and most > 0:
            channel, members = self._dropped[0]
            while members and most > 0:
                folded, nick = members.popitem()
                self._weight -= _WEIGHT + len(nick)
                self._part(folded, channel)
                most -= 1
            if not members:
                self._dropped.popleft()

    def _give_up(self, channel: _Channel) -> None:
        self._drop_members(channel)
        channel.given_up = True
        self._on_give_up(channel.name)


def _each(channels: _Channels | None) -> tuple[_Channel, ...]:
    if channels is None:
        return ()
    return channels if isinstance(channels, tuple) else (channels,)


def _folding_differently(members: dict[str, str]) -> dict[str, str]:
    """Return the members whose folded nick may depend on the CASEMAPPING."""
    if not _FOLDS_DIFFERENTLY.search(" ".join(members.values())):  # nearly always, and quick
        return {}
    return {folded: nick for folded, nick in members.items() if _FOLDS_DIFFERENTLY.search(nick)}
