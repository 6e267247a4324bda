"""State that outlives a connection: each session hands it on to the next one of its network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.protocol.invitations import Invitations
from chatlog.protocol.joining import Joining
from chatlog.protocol.manners import Manners
from chatlog.protocol.overflows import Overflows
from chatlog.protocol.privacy import Privacy
from chatlog.protocol.relays import Relays
from chatlog.protocol.repeats import Repeats
from chatlog.protocol.shared_limit import SharedLimit
from chatlog.protocol.targets import AdmittedTargets
from chatlog.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.protocol.invitations import Invitation
    from chatlog.protocol.session_settings import SessionSettings


class Carryover:
    """The channels to join, the people answered lately, the rules of privacy and the relays.

    All of them are of one network. `invitations` are those to channels that the configuration
    does not name. `targets` are those that may be recorded, and `overflows` the bounds that
    the server exceeded. `repeats` tells messages that were delivered before.
    `not_understood` counts the lines that are no IRC. A `join_limit` may be shared with other
    connections of the account; without it, the settings have it.
    """

    def __init__(self, settings: SessionSettings, join_limit: SharedLimit | None = None) -> None:
        if join_limit is None and settings.join_pace is not None:
            join_limit = SharedLimit(*settings.join_pace)
        self.joining = Joining(
            settings.channels,
            settings.keys,
            limit=join_limit,
        )
        self.invitations = Invitations(settings.invitations, accepted=settings.accept_invites)
        self.overflows = Overflows()
        self.targets = AdmittedTargets(self.joining, self.overflows)
        self.manners = Manners(settings.manners)
        self.privacy = Privacy(settings.privacy)
        self.relays = Relays(settings.relays)
        self.repeats = Repeats()
        self.not_understood = 0
        self._settings = settings

    def restore(self, invitations: Iterable[Invitation]) -> None:
        """Take the invitations of earlier runs, and want their channels."""
        self.invitations.restore(invitations)
        self._want_invited()

    def _want_invited(self) -> None:
        """Want the channels that we came into on invitation, unless too many are recorded."""
        for name in self.invitations.wanted(self.joining.casemapping):
            if self.targets.admit(name, self.joining.casemapping):
                self.joining.invited(name)

    def _uninvited(self, settings: SessionSettings) -> list[str]:
        """Replace the settings of invitations; return the channels that these refuse now."""
        self.invitations.apply(settings.invitations, accepted=settings.accept_invites)
        self._want_invited()
        wanted = set(self.invitations.wanted(self.joining.casemapping))
        known = (each.channel for each in self.invitations.known())
        return [
            name for name in known if name not in wanted and not self.joining.is_configured(name)
        ]

    def apply(self, settings: SessionSettings) -> list[str]:
        """Replace the settings; return the PARTs of channels that are in them no longer."""
        before, self._settings = self._settings, settings
        if settings.manners != before.manners:
            self.manners = Manners(settings.manners)
        if settings.privacy != before.privacy:
            self.privacy.apply(settings.privacy)
        if settings.relays != before.relays:
            self.relays.apply(settings.relays)
        for name in settings.channels:
            self.joining.want(name, settings.keys.get(name, Secret()))
        gone = [name for name in before.channels if name not in settings.channels]
        gone += self._uninvited(settings)
        return [line for name in gone for line in self.joining.unwant(name)]
