"""State that outlives a connection: each session hands it on to the next one of its network."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    from chatlog.protocol.session_settings import SessionSettings


class Carryover:
    """The channels to join, the people answered lately, the rules of privacy and the relays.

    All of them are of one network. `targets` are those that may be recorded, and `overflows`
    the bounds that the server exceeded. `repeats` tells messages that were delivered before.
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
            accept_invites=settings.accept_invites,
        )
        self.overflows = Overflows()
        self.targets = AdmittedTargets(self.joining, self.overflows)
        self.manners = Manners(settings.manners)
        self.privacy = Privacy(settings.privacy)
        self.relays = Relays(settings.relays)
        self.repeats = Repeats()
        self.not_understood = 0
        self._settings = settings

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
        return [line for name in gone for line in self.joining.unwant(name)]
