"""The settings of a session: identity, channels, privacy and manners."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from chatlog.protocol.invitations import InvitationSettings
from chatlog.protocol.manners import MannersSettings
from chatlog.protocol.privacy import PrivacySettings
from chatlog.protocol.relays import RelaySettings
from chatlog.protocol.server_time import DEFAULT_MAX_SKEW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.protocol.registration.capabilities import Identity
    from chatlog.secret import Secret


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The identity, channels, privacy, relays and manners of a session.

    `max_skew` is in milliseconds; `join_pace` is how many channels the network
    lets one ask for in how many seconds.
    """

    network: str
    identity: Identity
    channels: tuple[str, ...] = ()
    keys: dict[str, Secret] = {}
    join_pace: tuple[int, float] | None = None
    accept_invites: bool = False
    invitations: InvitationSettings = InvitationSettings()
    queries: bool = False
    max_skew: int = DEFAULT_MAX_SKEW
    manners: MannersSettings = MannersSettings()
    privacy: PrivacySettings = PrivacySettings()
    relays: RelaySettings = RelaySettings()

    def secrets(self) -> Iterator[Secret]:
        """Yield each secret that we may send to the server, in each form in which it is sent."""
        yield from self.identity.secrets()
        yield from self.keys.values()

    def public_names(self) -> Iterator[str]:
        """Yield the names that are no secrets, even if a password or key is the same."""
        yield self.network
        yield from (self.identity.nick, *self.identity.alternates, self.identity.user)
        yield from self.channels
