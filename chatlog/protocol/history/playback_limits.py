"""How much a channel's server plays back on joining: the mode +H, `20:1h`, of InspIRCd.

At most so many lines, of at most so long. Whoever knows that, knows whether what
was played back is all there was.
See https://docs.inspircd.org/3/modules/chanhistory/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.protocol.isupport import ISupport

_MODE: Final = "H"
_LIMITS: Final = re.compile(r"(\d{1,6}):((?:\d{1,9}[smhdwy]?)+)", re.ASCII | re.IGNORECASE)
_PART: Final = re.compile(r"(\d{1,9})([smhdwy]?)", re.ASCII | re.IGNORECASE)
_SECONDS: Final = {
    "": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_557_600,
}  # fmt: skip


class PlaybackLimits(msgspec.Struct, frozen=True):
    """The limit of a target's playback: a number of lines, of a number of seconds."""

    target: str
    lines: int
    seconds: int


def may_be_asked(isupport: ISupport) -> bool:
    """Return whether the server has such a mode, with an argument when it is set."""
    return isupport.modes_with_argument.get(_MODE) == "+"


def limits_of(
    target: str, modes: str, arguments: Sequence[str], isupport: ISupport
) -> PlaybackLimits | None:
    """Read the limits off a channel's modes; None where nothing is played back."""
    left = list(arguments)
    for mode in modes.lstrip("+"):
        argument = left.pop(0) if left and mode in isupport.modes_with_argument else ""
        if mode == _MODE and (match := _LIMITS.fullmatch(argument)):
            parts = _PART.findall(match[2])
            seconds = sum(int(number) * _SECONDS[unit.lower()] for number, unit in parts)
            return PlaybackLimits(target, int(match[1]), seconds)
    return None
