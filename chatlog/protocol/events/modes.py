"""The events of modes, in which no channel's key appears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import SERVER
from chatlog.protocol.events.rows import known, on_numeric, on_other

if TYPE_CHECKING:
    from chatlog.event import Event
    from chatlog.protocol.events.rows import Row
    from chatlog.protocol.line import Line
    from chatlog.protocol.state import State

HIDDEN: Final = "*"
"""The substitute of a channel's key, which no transcript holds."""


def on_mode(state: State, line: Line, row: Row) -> list[Event]:
    """Make a `mode`: the command is the modes, the params are their arguments."""
    _without_keys(state, line, 1)
    name, modes, *arguments = line.params
    if not state.is_channel(name):
        return [line.event(row.type, SERVER, subject=name, command=modes, params=tuple(arguments))]
    if target := known(state, line, name):
        return [line.event(row.type, target, command=modes, params=tuple(arguments))]
    return on_other(state, line)


def on_channel_modes(state: State, line: Line, _row: Row) -> list[Event]:
    """Keep RPL_CHANNELMODEIS as `other`, but for the key; not where it was us who asked."""
    if state.isupport.casemapping[line.params[1]] in state.modes_asked:
        return []
    _without_keys(state, line, 2)
    return on_numeric(state, line)


def on_creation_time(state: State, line: Line, _row: Row) -> list[Event]:
    """Keep RPL_CREATIONTIME, which follows the modes, unless we had asked for those."""
    folded = state.isupport.casemapping[line.params[1]]
    if folded in state.modes_asked:
        state.modes_asked.discard(folded)
        return []
    return on_numeric(state, line)


def _without_keys(state: State, line: Line, modes_at: int) -> None:
    """Replace channel keys in a message, so that no event made from it holds them."""
    if "k" not in line.params[modes_at]:
        return
    # Some servers send the modes and their arguments as one parameter.
    modes, *arguments = line.params[modes_at].split(" ") + line.params[modes_at + 1 :]
    safe = hide_keys(modes, arguments, state.isupport.modes_with_argument)
    if safe != arguments:
        line.params[modes_at:] = [modes, *safe]
        if line.rare:
            line.rare.pop("raw", None)


def hide_keys(modes: str, arguments: list[str], takes_argument: dict[str, str]) -> list[str]:
    """Return the arguments of a mode change with every channel key hidden.

    Where modes and arguments do not go together, any of them may be the key.
    """
    safe = list(arguments)
    position, sign = 0, "+"
    for mode in modes:
        if mode in "+-":
            sign = mode
        elif mode == "k" or sign in takes_argument.get(mode, ""):
            if mode == "k" and position < len(safe):
                safe[position] = HIDDEN
            position += 1
    if "k" in modes and position != len(safe):
        return [HIDDEN] * len(safe)
    return safe
