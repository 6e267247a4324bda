"""Tables on stdout, and what stands in them: names made safe, and how long something is."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

_WIDE: Final = 200
_UNITS: Final = ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h"))
_DAY: Final = 86_400


def show(things: Iterable[RenderableType]) -> None:
    """Write tables to stdout: in colour on a terminal, wide and plain elsewhere."""
    from rich.console import Console  # noqa: PLC0415 - help and --json do not pay for rich

    from chatlog.cli.screen import encoded, write  # noqa: PLC0415

    console = Console(
        width=None if sys.stdout.isatty() else _WIDE,
        highlight=False,
        color_system=None if os.environ.get("NO_COLOR") else "auto",  # nor bold, as elsewhere
    )
    with console.capture() as captured:
        for thing in things:
            console.print(thing)
    text = "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())
    write(encoded(text))


def safe(text: str) -> str:
    """Make what others chose safe for the terminal."""
    from chatlog.cli.live import printable  # noqa: PLC0415 - imports asyncio

    return printable(text)


def span(seconds: int) -> str:
    """Say how long that is, in the unit that fits."""
    for limit, unit, name in _UNITS:
        if seconds < limit:
            return f"{seconds // unit} {name}"
    return f"{seconds // _DAY} d"


def many(number: int, what: str, several: str = "") -> str:
    """Say how many there are of something; several are called so, or end in an s."""
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"
