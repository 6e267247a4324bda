"""What a session hands on to the next one: a connection ends, these go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatlog.protocol.joining import Joining
from chatlog.protocol.manners import Manners
from chatlog.protocol.privacy import Privacy
from chatlog.secret import Secret

if TYPE_CHECKING:
    from chatlog.protocol.session_settings import SessionSettings


class Carryover:
    """Where we mean to be, whom we answered, and what is kept out of the transcript."""

    def __init__(self, settings: SessionSettings) -> None:
        self.joining = Joining(
            settings.channels,
            settings.keys,
            pace=settings.join_pace,
            accept_invites=settings.accept_invites,
        )
        self.manners = Manners(settings.manners)
        self.privacy = Privacy(settings.privacy)
        self.not_understood = 0
        self._settings = settings

    def apply(self, settings: SessionSettings) -> list[str]:
        """Go by other settings from now on; return what to send, where that means to leave."""
        before, self._settings = self._settings, settings
        if settings.manners != before.manners:
            self.manners = Manners(settings.manners)
        if settings.privacy != before.privacy:
            self.privacy.apply(settings.privacy)
        for name in settings.channels:
            self.joining.want(name, settings.keys.get(name, Secret()))
        gone = [name for name in before.channels if name not in settings.channels]
        return [line for name in gone for line in self.joining.unwant(name)]
