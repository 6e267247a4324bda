"""What the styles of a rendered line look like.

A terminal's colours go through rich, which knows what the terminal can do;
where there are none, rich is not even imported.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

    from chatlog.formats.terminal import Span

_NICKS: Final = (
    "red", "green", "yellow", "blue", "magenta", "cyan",
    "bright_red", "bright_green", "bright_yellow", "bright_blue", "bright_magenta", "bright_cyan",
)  # fmt: skip
STYLES: Final = {
    "time": "dim",
    "target": "bold",
    "mark": "dim",
    "via": "italic dim",
    "event": "dim",
    "own": "bold yellow",
    **{f"nick{number}": color for number, color in enumerate(_NICKS)},
}


class Painter:
    """Give spans their colours: `always`, `never`, or `auto` as the terminal and NO_COLOR say."""

    def __init__(self, color: str) -> None:
        wanted = color == "always" or (
            color == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        )
        self._console = _console(force=color == "always") if wanted else None
        self._painted: dict[str, tuple[str, str]] = {}

    def __call__(self, span: Span) -> str:
        """Return the text of a span between what turns its style on and off."""
        if self._console is None or not span.style:
            return span.text
        before, after = self._painted.get(span.style) or self._learn(self._console, span.style)
        return f"{before}{span.text}{after}"

    def _learn(self, console: Console, name: str) -> tuple[str, str]:
        from rich.text import Text  # noqa: PLC0415 - only colour pays for rich

        mark = "\N{OBJECT REPLACEMENT CHARACTER}"
        with console.capture() as captured:
            console.print(Text(mark, style=STYLES.get(name, "")), end="")
        before, _, after = captured.get().partition(mark)
        self._painted[name] = before, after
        return before, after


def _console(*, force: bool) -> Console:
    from rich.console import Console  # noqa: PLC0415 - as above

    return Console(
        force_terminal=True if force else None,
        color_system="standard" if force else "auto",
        no_color=False if force else None,  # what was asked for counts more than NO_COLOR
    )
