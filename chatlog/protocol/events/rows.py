"""The row of a command: the function that makes its events, and the parameters that it takes.

`in_channel`, `of_person` and `of_person_in_bounds` make the events of most commands, as
their rows say which parameter is which field. A command that needs more has a
function of its own in `talk`, `moves`, `modes`, `replies` or `twitch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.event import SERVER, Event, EventType
from chatlog.protocol import numerics
from chatlog.protocol.message import MAX_LINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.protocol.line import Line
    from chatlog.protocol.state import State

    Make = Callable[[State, Line, "Row"], list[Event]]
    """Makes the events of a line that has the parameters and source of its row."""

ABSENT: Final = MAX_LINE
"""The position of a field that no parameter fills: no line has as many."""

OTHER: Final = EventType.OTHER.value
PARTED: Final = EventType.PARTED.value
JOINED: Final = EventType.JOINED.value


class Row(msgspec.Struct, frozen=True):
    """A command: its function, the type of its event, and the least that its lines have.

    A line with fewer than `params` parameters, or with no source where the row `source`s
    one, is kept as `other`. `text` and `subject` are positions of parameters, from 0: a
    field stays empty if the line has no such parameter.
    """

    make: Make
    type: str = OTHER
    params: int = 0
    source: bool = False
    text: int = ABSENT
    subject: int = ABSENT


def in_channel(state: State, line: Line, row: Row) -> list[Event]:
    """Make the event of a line whose first parameter is a channel; `other` if we are not in it."""
    params = line.params
    target = line.history_of or state.membership.name(params[0])
    if not target:
        return on_other(state, line)
    return [line.event(row.type, target, *_fields(params, row))]


def of_person(state: State, line: Line, row: Row) -> list[Event]:
    """Make an event in each channel that we share with the line's source, or in `@server`."""
    return line.events(row.type, state.channels_of(line), *_fields(line.params, row))


def of_person_in_bounds(state: State, line: Line, row: Row) -> list[Event]:
    """Make the events as `of_person`, for a line that a server may repeat without end."""
    return line.events(row.type, state.channels_to_tell(line), *_fields(line.params, row))


def nothing(_state: State, _line: Line, _row: Row) -> list[Event]:
    """Make no event of lines of the protocol's own machinery."""
    return []


def on_other(state: State, line: Line) -> list[Event]:
    """Make an `other` with the command and parameters of the line."""
    message = line.message
    if not message.command:
        return [line.event(OTHER, SERVER, line.params[0] if line.params else "")]
    target = known(state, line, line.params[0]) if line.params else ""
    params = tuple(message.params)
    return [line.event(OTHER, target or SERVER, command=message.command, params=params)]


def on_numeric(state: State, line: Line) -> list[Event]:
    """Keep a numeric under the channel that it speaks of, without the server as its nick."""
    name_of = state.membership.name
    target = name_of(text_at(line, 1))
    if not target and line.message.command in numerics.WITH_CHANNEL_BEHIND_NICK:
        target = name_of(text_at(line, 2))
    nobody = {"nick": "", "user": "", "host": ""}
    return [line.event_with(target=target or SERVER, **nobody, **as_other(line))]


def on_standard_reply(state: State, line: Line, _row: Row) -> list[Event]:
    """Keep FAIL, WARN and NOTE as `other`, under the channel of ours that their context names.

    The parameters are a command, a code, the context and a description.
    See https://ircv3.net/specs/extensions/standard-replies
    """
    names = (known(state, line, each) for each in line.params[2:-1])
    target = line.history_of or next(filter(None, names), SERVER)
    return [line.event_with(target=target, **as_other(line))]


def as_other(line: Line) -> dict[str, object]:
    """Return the fields of an `other` that keep the line's command and parameters."""
    message = line.message
    return {"type": OTHER, "command": message.command, "params": tuple(message.params)}


def own_event(
    state: State, kind: str, target: str, text: str, time: str, *, received: str = ""
) -> Event:
    """Make an event of something that we did or noticed ourselves."""
    me = state.me
    return Event(
        time=time,
        received=received,
        network=state.network,
        target=target,
        type=kind,
        nick=me.nick,
        user=me.user,
        host=me.host,
        text=text,
    )


def is_ours(state: State, line: Line) -> bool:
    """Return whether a line of now is about ourselves."""
    return not line.history_of and state.is_me(line.source.nick)


def known(state: State, line: Line, name: str) -> str:
    """Return the target of a line about a channel; "" if we are not in the channel."""
    return line.history_of or state.membership.name(name)


def text_at(line: Line, position: int) -> str:
    """Return a parameter that may be missing; then ""."""
    return line.params[position] if len(line.params) > position else ""


def _fields(params: list[str], row: Row) -> tuple[str, str]:
    count = len(params)
    text = params[row.text] if row.text < count else ""
    return text, params[row.subject] if row.subject < count else ""
