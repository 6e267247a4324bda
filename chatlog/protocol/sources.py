"""Sources of live lines, parsed once and remembered for the fast lane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import Source
from chatlog.protocol.history import bare_playback

if TYPE_CHECKING:
    from chatlog.protocol.privacy import Privacy
    from chatlog.protocol.relays import Relays
    from chatlog.protocol.state import State

REMEMBERED: Final = 16_384
"""Entries of each memory of the fast lane; a server that fills one has it emptied."""

LONGEST_SOURCE: Final = 512
"""Characters of a source or target that is remembered; servers send some hundred at most."""


class SourceCache:
    """The parsed sources of one connection whose lines need no closer look.

    `known` maps their text to them. It holds nobody whom privacy ignores, no relay, and
    no bouncer that plays back lines of others under its own name.
    """

    def __init__(self, state: State, privacy: Privacy, relays: Relays) -> None:
        self.known: dict[str, Source] = {}
        self._state = state
        self._privacy = privacy
        self._relays = relays

    def learn(self, text: str) -> Source | None:
        """Parse a source and remember it; return None if its lines need a closer look."""
        source = Source.parse(text)
        if bare_playback.is_bouncer(text):
            return None
        casemapping = self._state.isupport.casemapping
        if self._privacy.has_accounts:  # which a tag of any line can tell
            return None
        if self._privacy.is_wide and self._privacy.ignores(source, casemapping):
            return None
        if self._relays.may_be(source, casemapping):
            return None
        if len(text) <= LONGEST_SOURCE:
            if len(self.known) >= REMEMBERED:
                self.known.clear()
            self.known[text] = source
        return source

    def parse(self, text: str) -> Source:
        """Return the source of a line of any kind."""
        return self.known.get(text) or self.learn(text) or Source.parse(text)
