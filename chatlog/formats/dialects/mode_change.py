"""Changes of modes, as logs write them: modes and arguments with spaces between. Pure."""

from __future__ import annotations

from typing import Final

_HIDDEN: Final = "*"
_WITH_ARGUMENT: Final = {
    "+": frozenset("ohvaqbeIklfjL"),
    "-": frozenset("ohvaqbeIk"),
}
"""The modes that take an argument on most networks; a log does not tell which do."""


def mode_change(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the modes and their arguments, with each key of a channel hidden.

    Where modes and arguments do not go together, any of them may be the key.
    """
    modes, *arguments = text.split() or [""]
    if "k" not in modes:
        return modes, tuple(arguments)
    safe = list(arguments)
    position, sign = 0, "+"
    for mode in modes:
        if mode in "+-":
            sign = mode
        elif mode in _WITH_ARGUMENT[sign]:
            if mode == "k" and position < len(safe):
                safe[position] = _HIDDEN
            position += 1
    if position != len(safe):
        safe = [_HIDDEN] * len(safe)
    return modes, tuple(safe)
