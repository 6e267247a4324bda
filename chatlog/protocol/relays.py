"""Relays and bridges: who spoke through them, for the events of their messages.

Pure. Only a configured relay can name a speaker, so that nobody else puts words into a
mouth. The event keeps what was sent, and gains `relayed_nick` and `relayed_platform`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import TALK, Source
from chatlog.protocol.masks import Masks
from chatlog.relay_heads import head_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.casemapping import Casemapping
    from chatlog.event import Event

RELAYED_BY: Final = "draft/relaymsg"
"""The tag with the nick of the relay: the source is then the speaker, `ada/telegram`.

The server vouches for it.
See https://github.com/ircv3/ircv3-specifications/pull/417
"""

SEPARATORS: Final = "/"
"""The characters that part nick and platform of a source with that tag."""


TOLD: Final = frozenset({"PRIVMSG", "NOTICE"})
"""The commands with which a relay tells what others said."""


class RelaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """The masks of relays: everywhere on a network, and of one channel by its name."""

    everywhere: tuple[str, ...] = ()
    in_channels: dict[str, tuple[str, ...]] = {}


class Relays:
    """The relays of one network; `are_configured` if there is any."""

    def __init__(self, settings: RelaySettings) -> None:
        self.apply(settings)

    def apply(self, settings: RelaySettings) -> None:
        """Replace the settings."""
        self._in_channels = settings.in_channels
        masks = (mask for masks in settings.in_channels.values() for mask in masks)
        self._everywhere = Masks(settings.everywhere)
        self._anywhere = Masks((*settings.everywhere, *masks))
        self.are_configured = bool(self._anywhere)
        self._casemapping: Casemapping | None = None
        self._folded: dict[str, Masks] = {}

    def may_be(self, source: Source, casemapping: Casemapping) -> bool:
        """Return whether a source is a relay, perhaps in some channel only."""
        return self._anywhere.match(source, casemapping)

    def carry_over(self, channel: str, onto: str, casemapping: Casemapping) -> None:
        """Give the relays of a channel to its new name, or to the channel that it forwards to."""
        for name, masks in self._in_channels.items():
            if casemapping.equal(name, channel):
                self._in_channels = {**self._in_channels, onto: masks}
                self._casemapping = None
                return

    def attribute(self, events: Sequence[Event], casemapping: Casemapping) -> list[Event]:
        """Return the events, those that a relay sent with who spoke."""
        return [self._attributed(event, casemapping) for event in events]

    def _attributed(self, event: Event, casemapping: Casemapping) -> Event:
        if event.type not in TALK:
            return event
        if relay := event.tags.get(RELAYED_BY):
            nick, platform = _parted(event.nick)
            is_relayed = self._is_relay(Source(relay), event.target, casemapping)
        else:
            source = Source(event.nick, event.user, event.host)
            is_relayed = self._is_relay(source, event.target, casemapping)
            head = head_of(event.text) if is_relayed else None
            nick, platform = (head.nick, head.platform) if head else ("", "")
        if not (is_relayed and nick):
            return event
        return msgspec.structs.replace(event, relayed_nick=nick, relayed_platform=platform)

    def _is_relay(self, source: Source, channel: str, casemapping: Casemapping) -> bool:
        if self._everywhere.match(source, casemapping):
            return True
        if not self._in_channels:
            return False
        if self._casemapping is not casemapping:
            self._casemapping = casemapping
            self._folded = {
                casemapping[name]: Masks(masks) for name, masks in self._in_channels.items()
            }
        masks = self._folded.get(casemapping[channel])
        return masks is not None and masks.match(source, casemapping)


def _parted(nick: str) -> tuple[str, str]:
    """Part a nick like `ada/telegram` into nick and platform, "" if it has no separator."""
    for separator in SEPARATORS:
        name, found, platform = nick.rpartition(separator)
        if found and name:
            return name, platform
    return nick, ""
