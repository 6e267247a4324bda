"""WHOIS of ourselves: a check of the channels in which the server says that we are.

A server may remove somebody from a channel without a word to them, so the
session asks from time to time. See https://modern.ircdocs.horse/#whois-message
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.casemapping import PREFIXES
from chatlog.protocol import numerics
from chatlog.protocol.facts import Proved

if TYPE_CHECKING:
    from chatlog.protocol.facts import Turn
    from chatlog.protocol.line import Handler, Line
    from chatlog.protocol.state import State

_MOST_PREFIXES: Final = 8
"""Prefixes of one channel that are looked at; servers have five kinds."""


class WhoisCheck:
    """The WHOIS of ourselves on one connection: the request, and the proof in its answers.

    `state.places` is None unless a request is under way, so that its answers
    become no events.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._is_known = True

    def ask(self) -> list[str]:
        """Return the request; nothing in no channel, or of a server without WHOIS."""
        asks = self._is_known and bool(self._state.membership.names())
        self._state.places = set() if asks else None
        return [f"WHOIS {self._state.me.nick}"] if asks else []

    def handlers(self) -> dict[str, Handler]:
        """Return the handlers of the numerics that answer WHOIS."""
        return {
            numerics.RPL_WHOISCHANNELS: self._on_channels,
            numerics.RPL_ENDOFWHOIS: self._on_end,
            numerics.ERR_UNKNOWNCOMMAND: self._on_unknown_command,
        }

    def _on_channels(self, line: Line, _turn: Turn) -> None:
        """Collect our channels out of `@#chan +#other`; all other names count as one, ""."""
        places = self._state.places
        if places is not None and len(line.params) > 2 and self._state.is_me(line.params[1]):  # noqa: PLR2004 - RPL_WHOISCHANNELS
            for place in line.params[2].split():
                # A channel's own name may begin with a character that is a prefix, too.
                before = len(place) - len(place.lstrip(PREFIXES))
                for start in range(min(before, _MOST_PREFIXES) + 1):
                    places.add(self._state.membership.name(place[start:]))

    def _on_end(self, line: Line, turn: Turn) -> None:
        """Compare the channels in the answer with those of our state; join the others again."""
        there, self._state.places = self._state.places, None
        if not there or len(line.params) < 2 or not self._state.is_me(line.params[1]):  # noqa: PLR2004 - client and nick
            return
        names = self._state.membership.names()
        if proved := [name for name in names if name in there]:
            turn.facts.append(Proved(proved))
        # If we are there all the same, the server ignores the JOIN.
        turn.replies += [f"JOIN {name}" for name in names if name not in there]

    def _on_unknown_command(self, line: Line, _turn: Turn) -> None:
        if line.params[1:2] == ["WHOIS"]:
            self._is_known = False
