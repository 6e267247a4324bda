"""Counts and durations in words."""

from __future__ import annotations

from typing import Final

_UNITS: Final = ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h"))
_DAY: Final = 86_400


def span(seconds: int) -> str:
    """Return a duration in the largest unit that keeps two digits: `90 s`, `3 h`."""
    for limit, unit, name in _UNITS:
        if seconds < limit:
            return f"{seconds // unit} {name}"
    return f"{seconds // _DAY} d"


def many(number: int, what: str, several: str = "") -> str:
    """Return a count with its noun: `1 line`, `2 lines`; `several` is the irregular plural."""
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"
