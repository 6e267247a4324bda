"""Counts, sizes and durations in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.event import parse_time

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS: Final = ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h"))
_DAY: Final = 86_400
_TENTHS: Final = 10  # below it a fraction is shown
_SIZES: Final = ("B", "kB", "MB", "GB", "TB")
_THOUSAND: Final = 1000


def many(number: int, what: str, several: str = "") -> str:
    """Return a count with its noun: `1 line`, `2,000 lines`; `several` is an irregular plural."""
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"


def percent(share: float, *, is_certain: bool = True) -> str:
    """Return a share as `68.30 %`; only a certain one that is no less than 1 is `100 %`."""
    return "100 %" if share == 1 and is_certain else f"{min(share * 100, 99.99):.2f} %"


def span(seconds: float) -> str:
    """Return a duration in the largest unit that leaves two digits: `0.5 s`, `90 s`, `3 h`."""
    if seconds < _TENTHS and seconds % 1:
        return f"{seconds:.1f} s"
    for limit, unit, name in _UNITS:
        if seconds < limit:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds // _DAY:.0f} d"


def size(number: float) -> str:
    """Return a number of bytes in the largest unit, a power of 1,000: `512 B`, `1.5 GB`."""
    unit = 0
    while number >= _THOUSAND and unit < len(_SIZES) - 1:
        number, unit = number / _THOUSAND, unit + 1
    digits = 1 if unit and number < _TENTHS else 0
    return f"{number:,.{digits}f} {_SIZES[unit]}"


def seconds_between(then: str, now: str) -> int:
    """Return the whole seconds between two times of events; 0 if `then` is the later one."""
    return max(0, parse_time(now) - parse_time(then)) // 1000


def ago(then: str, now: str) -> str:
    """Return the distance of a time of an event: `3 min ago`, `never` for an empty one."""
    return f"{span(seconds_between(then, now))} ago" if then else "never"


def some_of(names: Sequence[str], most: int = 3) -> str:
    """Return names with commas between, and the number of those beyond the first few."""
    rest = len(names) - most
    listed = ", ".join(names[:most])
    return f"{listed} and {rest:,} more" if rest > 0 else listed
