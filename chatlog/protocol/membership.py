"""The members of each channel, so that a QUIT or NICK reaches the right channels.

Names are compared by the network's CASEMAPPING and given back as the server
spelled them. Until RPL_ENDOFNAMES a channel's members are incomplete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chatlog.casemapping import Casemapping


class Membership:
    """The channels that we are in, and who is in them with us."""

    def __init__(self, casemapping: Casemapping) -> None:
        self._start(casemapping)

    def _start(self, casemapping: Casemapping) -> None:
        self._casemapping = casemapping
        self._names: dict[str, str] = {}
        self._members: dict[str, dict[str, str]] = {}
        # Dicts, not sets: a QUIT is written to the channels in a stable order.
        self._channels_of: dict[str, dict[str, None]] = {}

    def name(self, channel: str) -> str:
        """Spell a channel as the server did when we joined; "" where we are not in it."""
        return self._names.get(self._casemapping[channel], "")

    def names(self) -> list[str]:
        """List the channels that we are in, in the order of joining."""
        return list(self._names.values())

    def members(self, channel: str) -> list[str]:
        """List who is known to be in a channel."""
        return list(self._members.get(self._casemapping[channel], {}).values())

    def channels_of(self, nick: str) -> list[str]:
        """List the channels that we share with a nick."""
        return [self._names[key] for key in self._channels_of.get(self._casemapping[nick], ())]

    def enter(self, channel: str) -> None:
        """Note that we joined a channel; who was known to be there is forgotten."""
        self.leave(channel)
        key = self._casemapping[channel]
        self._names[key] = channel
        self._members[key] = {}

    def leave(self, channel: str) -> None:
        """Note that we are no longer in a channel."""
        key = self._casemapping[channel]
        self._names.pop(key, None)
        for nick in self._members.pop(key, {}):
            self._forget(nick, key)

    def add(self, channel: str, nick: str) -> None:
        """Add a member to a channel; ignored if we are not in the channel."""
        key = self._casemapping[channel]
        if key in self._members and nick:
            folded = self._casemapping[nick]
            self._members[key][folded] = nick
            self._channels_of.setdefault(folded, {})[key] = None

    def remove(self, channel: str, nick: str) -> None:
        """Remove a member from a channel."""
        key, folded = self._casemapping[channel], self._casemapping[nick]
        if self._members.get(key, {}).pop(folded, None) is not None:
            self._forget(folded, key)

    def quit(self, nick: str) -> None:
        """Remove a nick from all channels."""
        folded = self._casemapping[nick]
        for key in self._channels_of.pop(folded, ()):
            self._members[key].pop(folded, None)

    def rename(self, old: str, new: str) -> None:
        """Rename a member in all channels."""
        folded = self._casemapping[old]
        keys = self._channels_of.pop(folded, {})
        for key in keys:
            self._members[key].pop(folded, None)
        for key in keys:
            self.add(self._names[key], new)

    def rename_channel(self, old: str, new: str) -> None:
        """Note that a channel that we are in has another name now."""
        if not self.name(old):
            return
        members = self.members(old)
        self.leave(old)
        self.enter(new)
        for nick in members:
            self.add(new, nick)

    def refold(self, casemapping: Casemapping) -> None:
        """Change the CASEMAPPING; all members stay."""
        old = [(self._names[key], list(members.values())) for key, members in self._members.items()]
        self._start(casemapping)
        for channel, nicks in old:
            self.enter(channel)
            for nick in nicks:
                self.add(channel, nick)

    def _forget(self, folded: str, key: str) -> None:
        channels = self._channels_of.get(folded, {})
        channels.pop(key, None)
        if not channels:
            self._channels_of.pop(folded, None)
