"""The events of numerics: the topic, the names of a channel, the answers to WHOIS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import EventType
from chatlog.protocol.accounts import is_own_answer, is_own_end
from chatlog.protocol.events.rows import on_numeric

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.protocol.events.rows import Row
    from chatlog.protocol.line import Line
    from chatlog.protocol.state import State

CONTINUED: Final = "continued"
"""The parameter of a `names` that goes on with the list of the one before."""


def on_topic_reply(state: State, line: Line, row: Row) -> list[Event]:
    """Make a `topic` without nick: the topic that stood when we joined."""
    if target := state.membership.name(line.params[1]):
        return [line.event_with(type=row.type, target=target, text=line.params[2], nick="")]
    return on_numeric(state, line)


def on_names_reply(state: State, line: Line, _row: Row) -> list[Event]:
    """Keep a list of names that is not of a channel that we are in; others are gathered.

    A `names` is made of those before this line when they are many.
    """
    target = state.membership.name(line.params[2])
    if not target:
        return on_numeric(state, line)
    return _names(state, line, target) if state.names_lists.is_full(target) else []


def on_end_of_names(state: State, line: Line, _row: Row) -> list[Event]:
    """Make a `names` of the names that are gathered."""
    target = state.membership.name(line.params[1])
    if not target:
        return on_numeric(state, line)
    return _names(state, line, target)


def _names(state: State, line: Line, target: str) -> list[Event]:
    text, continued = state.names_lists.take(target)
    fields = {"text": text, "params": (CONTINUED,) if continued else (), "nick": ""}
    return [line.event_with(type=EventType.NAMES.value, target=target, **fields)] if text else []


def on_whox(state: State, line: Line, _row: Row) -> list[Event]:
    """Keep WHOX lines as `other`; nothing for answers to our own request."""
    return [] if is_own_answer(state, line) else on_numeric(state, line)


def on_end_of_who(state: State, line: Line, _row: Row) -> list[Event]:
    """Keep the end of WHO as `other`, unless it ends the answer to our own request."""
    return [] if is_own_end(state, line) else on_numeric(state, line)


def on_whois(state: State, line: Line, _row: Row) -> list[Event]:
    """Keep WHOIS lines as `other`; nothing for answers to our own WHOIS of ourselves."""
    ours = state.places is not None and len(line.params) > 1 and state.is_me(line.params[1])
    return [] if ours else on_numeric(state, line)
