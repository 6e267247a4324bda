"""A sparkline: the hours of a day as a row of columns, in block elements or in ASCII."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from rich.text import Text

from chatlog.cli.show.screen import can_show
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.report.statistics import TimeRow

_BLOCKS: Final = "·▁▂▃▄▅▆▇█"
_DIGITS: Final = ".12345678"
_FULL: Final = 8
_LABEL: Final = 7  # columns before the first hour
_EVERY: Final = 3  # hours between two names, of two columns for each hour


def hours_of_day(rows: Sequence[TimeRow]) -> Text:
    """Return the 24 hours of a day as lines for the lines and the heard share, and a legend.

    The line of shares is left out if none is known. A share below 1 is never full.
    """
    marks = _BLOCKS if can_show(_BLOCKS) else _DIGITS
    most = max((row.lines for row in rows), default=0)
    names = "".join(f"{row.name:<{2 * _EVERY}}" for row in rows[::_EVERY]).rstrip()
    lines = [f"{'lines':{_LABEL}}{' '.join(marks[_level(row.lines, most)] for row in rows)}"]
    legend = f"{marks[_FULL]} {many(most, 'line')}, {marks[1]} few, {marks[0]} none"
    if any(row.heard is not None for row in rows):
        shares = " ".join(_share(row.heard, marks) for row in rows).rstrip()
        lines.append(f"{'heard':{_LABEL}}{shares}")
        legend += f"; heard: {marks[_FULL]} always, {marks[1]} little, {marks[0]} never"
    head = Text(f"{'hour':{_LABEL}}{names}", style="bold")
    return Text("\n").join([head, *map(Text, lines), Text(f"{'':{_LABEL}}{legend}")])


def _level(number: int, most: int) -> int:
    return ceil(_FULL * number / most) if number else 0


def _share(share: float | None, marks: str) -> str:
    if share is None:
        return " "
    return marks[_FULL if share == 1 else min(_FULL - 1, ceil(_FULL * share))]
