"""Answers to people: the messages that ask for one, and the greeting of a channel that we join.

`Manners` has their words, and bounds how often they are given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.protocol import numerics
from chatlog.protocol.events.talk import ctcp_of
from chatlog.protocol.manners import is_service

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.carryover import Carryover
    from chatlog.protocol.line import Line
    from chatlog.protocol.state import State

    Respond = Callable[[Line, State, Carryover], list[str]]
    """Returns the lines that politeness asks us to send after a line of now."""


def _to_talk(line: Line, state: State, carryover: Carryover) -> list[str]:
    nick, params = line.source.nick, line.params
    if line.via or len(params) < 2 or not line.source.user:  # noqa: PLR2004 - target and text
        return []
    if state.is_me(nick) or is_service(nick):
        return []
    manners = carryover.manners
    target, text = params[0], params[1]
    if state.is_me(target):
        if ctcp := ctcp_of(text):
            return manners.answer_ctcp(nick, *ctcp, line.now)
        return manners.answer_whisper(nick, line.now)
    if state.membership.name(target) and _is_addressed(text, state):
        return manners.answer_addressed(nick, target, line.now)
    return []


def _is_addressed(text: str, state: State) -> bool:
    length = len(state.me.nick)
    return state.is_me(text[:length]) and text[length : length + 1] in (":", ",", "")


def _to_names(line: Line, state: State, carryover: Carryover) -> list[str]:
    """Return the notice for a channel that we joined on invitation: who invited us is known."""
    channel = "" if line.via else state.membership.name("".join(line.params[1:2]))
    text = carryover.invitations.greeting(channel) if channel else ""
    return carryover.manners.greeting(channel, text, line.now) if text else []


def _to_our_join(line: Line, state: State, carryover: Carryover) -> list[str]:
    if line.via or not (line.params and line.source.nick and state.is_me(line.source.nick)):
        return []
    channel = line.params[0]
    if not (state.is_channel(channel) and state.membership.name(channel)):
        return []
    if carryover.privacy.is_silent(channel, state.isupport.casemapping):
        return []
    return carryover.manners.announcement(channel, line.now)


ANSWERS: Final[dict[str, Respond]] = {
    "PRIVMSG": _to_talk,
    "JOIN": _to_our_join,
    numerics.RPL_ENDOFNAMES: _to_names,
}
"""The commands whose lines may ask for an answer."""
