"""The events of messages: PRIVMSG, NOTICE, TAGMSG, WHISPER."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from chatlog.event import SERVER, EventType
from chatlog.protocol.events.rows import OTHER, on_other
from chatlog.protocol.manners import is_service

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.protocol.events.rows import Row
    from chatlog.protocol.line import Line
    from chatlog.protocol.state import State

CTCP: Final = "\x01"
_ACTION: Final = "ACTION"
_EVERYBODY: Final = "*"
_MASK: Final = "$"
_AFTER_NICK: Final = re.compile("[!@%]")
_REACTIONS: Final = {
    "+draft/react": EventType.REACT.value,
    "+react": EventType.REACT.value,
    "+draft/unreact": EventType.UNREACT.value,
    "+unreact": EventType.UNREACT.value,
}
"""See https://ircv3.net/specs/client-tags/react"""

_TYPING: Final = frozenset({"+typing", "+draft/typing"})
"""See https://ircv3.net/specs/client-tags/typing"""

_CONTEXTS: Final = frozenset({"+channel-context", "+draft/channel-context"})
"""Where something is typed, in a private message; no more than typing is it said.

See https://ircv3.net/specs/client-tags/channel-context
"""


def ctcp_of(text: str) -> tuple[str, str] | None:
    """Part a CTCP message into command and argument; None for any other text.

    The closing delimiter may be missing.
    """
    if not text.startswith(CTCP) or len(text) == 1:
        return None
    command, _, argument = text[1:].removesuffix(CTCP).partition(" ")
    return command.upper(), argument


def on_message(state: State, line: Line, row: Row) -> list[Event]:
    """Make events of PRIVMSG and NOTICE."""
    if len(line.params) > 2:  # noqa: PLR2004 - target and text; more has no meaning, but is kept
        return on_other(state, line)
    if state.bare_playback.take(line.message):
        return []
    text = line.params[1]
    ctcp = ctcp_of(text)
    if ctcp is None:
        return said(state, line, row.type, text)
    if ctcp[0] == _ACTION and line.message.command == "PRIVMSG":
        return said(state, line, EventType.ACTION.value, ctcp[1])
    return _other_said(state, line)


def on_tagmsg(state: State, line: Line, _row: Row) -> list[Event]:
    """Make a `react`, an `unreact` or an `other` of a message of tags alone; none of typing."""
    reactions = ((tag, kind) for tag, kind in _REACTIONS.items() if line.tags.get(tag))
    tag, kind = next(reactions, ("", ""))
    if not tag:
        return [] if _is_typing(line) else _other_said(state, line)
    made = said(state, line, kind, line.tags[tag])
    if any(event.type == kind for event in made):
        line.tags.pop(tag)  # which the text of the event has
    return made


def _is_typing(line: Line) -> bool:
    """Return whether a line tells of typing, and no other tag of a client is in it."""
    of_clients = {tag for tag in line.tags if tag.startswith("+")}
    return bool(of_clients & _TYPING) and not of_clients - _TYPING - _CONTEXTS


def _other_said(state: State, line: Line) -> list[Event]:
    """Return an `other` of a message, filed as `said` files it."""
    message = line.message
    return said(state, line, OTHER, command=message.command, params=tuple(message.params))


def said(state: State, line: Line, kind: str, text: str = "", **others: Any) -> list[Event]:
    """Return the event of a message to a channel, to us or to all, filed under its target.

    `others` are the other fields of the event. Nothing is made of a private message, unless
    those are recorded.
    """
    statusmsg, channel = state.channel_said_to(line.params[0])
    # History that belongs to no channel of ours is private like any other line.
    if line.history_of not in ("", SERVER):
        channel = line.history_of
    if channel:
        if statusmsg:
            others["statusmsg"] = statusmsg
        return [_filed(line, kind, channel, text, others)]
    if statusmsg or state.is_channel(line.params[0]):
        return on_other(state, line)
    if _is_server(state, line):
        return [_filed(line, kind, SERVER, text, others)]
    if not _is_private(state, line):
        return on_other(state, line)
    return _query(state, line, kind, text, others) if state.queries else []


def _is_private(state: State, line: Line) -> bool:
    """Return whether a message is between our nick and another.

    `$*` and `*` are everybody, and another nick than ours is none of the two.
    """
    target = line.params[0]
    # In a line of the past, another nick may have been ours then.
    if state.is_me(line.source.nick) or line.via:
        return target != _EVERYBODY and not target.startswith(_MASK)
    # `nick@server` and `nick!user@host` name us as well, and so does a list with our nick.
    return any(state.is_me(_AFTER_NICK.split(name, maxsplit=1)[0]) for name in target.split(","))


def _is_server(state: State, line: Line) -> bool:
    # Of ourselves, too, we know no host before the first JOIN tells it.
    return not (line.source.user or line.source.host or state.is_me(line.source.nick))


def _query(state: State, line: Line, kind: str, text: str, others: dict[str, Any]) -> list[Event]:
    """Return a private message filed under the other nick; nothing for our lines to services."""
    ours = state.is_me(line.source.nick)
    other = line.params[0] if ours else line.source.nick
    if ours and is_service(other):
        return []
    # A nick that looks like a channel must not write into that channel's transcript.
    if not other or other.startswith("@") or state.is_channel(other):
        return on_other(state, line)
    if not state.admits(other):
        return on_other(state, line)
    return [_filed(line, kind, state.query_name(other), text, others)]


def _filed(line: Line, kind: str, target: str, text: str, others: dict[str, Any]) -> Event:
    if others:
        return line.event_with(type=kind, target=target, text=text, **others)
    return line.event(kind, target, text)
