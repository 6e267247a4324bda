"""Bounds of a channel's playback on joining: the mode +H, `20:1h`, of InspIRCd.

It plays back at most that many lines, of at most that long ago. A recorder that
knows the bounds knows whether the playback was complete.
See https://docs.inspircd.org/3/modules/chanhistory/
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from chatlog.protocol import numerics
from chatlog.protocol.facts import PlaybackLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.protocol.facts import Turn
    from chatlog.protocol.isupport import ISupport
    from chatlog.protocol.line import Handler, Line
    from chatlog.protocol.state import State

_MODE: Final = "H"
_LIMITS: Final = re.compile(r"(\d{1,6}):((?:\d{1,9}[smhdwy]?)+)", re.ASCII | re.IGNORECASE)
_PART: Final = re.compile(r"(\d{1,9})([smhdwy]?)", re.ASCII | re.IGNORECASE)
_SECONDS: Final = {
    "": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_557_600,
}  # fmt: skip


def ask(state: State, target: str) -> list[str]:
    """Return the request for a channel's modes, once until its answer, or nothing.

    The answers to it are no events. Nothing is asked of a server without the mode.
    """
    folded = state.isupport.casemapping[target]
    if not may_be_asked(state.isupport) or folded in state.modes_asked:
        return []
    state.modes_asked.add(folded)
    return [f"MODE {target}"]


def handlers(state: State) -> dict[str, Handler]:
    """Return the handler of the numeric that tells a channel's modes."""
    return {numerics.RPL_CHANNELMODEIS: partial(_on_modes, state)}


def _on_modes(state: State, line: Line, turn: Turn) -> None:
    if len(line.params) > 2:  # noqa: PLR2004 - client, channel, modes
        name, (modes, *arguments) = state.membership.name(line.params[1]), line.params[2:]
        limits = limits_of(name, modes, arguments, state.isupport)
        if name and limits is not None:
            turn.facts.append(limits)


def may_be_asked(isupport: ISupport) -> bool:
    """Return whether the server has the mode, with an argument only where it is set."""
    return isupport.modes_with_argument.get(_MODE) == "+"


def limits_of(
    target: str, modes: str, arguments: Sequence[str], isupport: ISupport
) -> PlaybackLimits | None:
    """Read the limits off a channel's modes; return None if nothing is played back."""
    left = list(arguments)
    for mode in modes.lstrip("+"):
        argument = left.pop(0) if left and mode in isupport.modes_with_argument else ""
        if mode == _MODE and (match := _LIMITS.fullmatch(argument)):
            parts = _PART.findall(match[2])
            seconds = sum(int(number) * _SECONDS[unit.lower()] for number, unit in parts)
            return PlaybackLimits(target, int(match[1]), seconds)
    return None
