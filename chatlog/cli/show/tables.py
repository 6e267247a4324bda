"""Tables on stdout."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console

from chatlog.cli.show.screen import encoded, write

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

_WIDE: Final = 200


def show(things: Iterable[RenderableType]) -> None:
    """Write tables to stdout: in colour on a terminal, wide and plain elsewhere."""
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
