"""The colours of the styles of a rendered line.

A terminal's colours go through rich, which knows what the terminal can do;
where there are none, rich is not even imported.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "day": "bold",
    "found": "bold black on yellow",
    **{f"nick{number}": color for number, color in enumerate(_NICKS)},
}


class Painter:
    """Give spans their colours: `always`, `never`, or `auto` as the terminal and NO_COLOR say."""

    def __init__(self, color: str) -> None:
        wanted = color == "always" or (color == "auto" and _has_colors(os.environ))
        self._console = _console(force=color == "always") if wanted else None
        self.has_colors = self._console is not None and self._console.color_system is not None
        self._painted: dict[str, tuple[str, str]] = {}

    def __call__(self, span: Span) -> str:
        """Return the text of a span between the codes that turn its style on and off."""
        if self._console is None or not span.style:
            return span.text
        before, after = self._painted.get(span.style) or self._learn(self._console, span.style)
        return f"{before}{span.text}{after}"

    def _learn(self, console: Console, name: str) -> tuple[str, str]:
        from rich.text import Text

        mark = "\N{OBJECT REPLACEMENT CHARACTER}"
        with console.capture() as captured:
            style = name[1:] if name.startswith("=") else STYLES.get(name, "")
            console.print(Text(mark, style=style), end="")
        before, _, after = captured.get().partition(mark)
        self._painted[name] = before, after
        return before, after


def _has_colors(environment: Mapping[str, str]) -> bool:
    """Return whether stdout is a terminal with colours, and colours are wanted."""
    return sys.stdout.isatty() and not (_is_dumb(environment) or environment.get("NO_COLOR"))


def _is_dumb(environment: Mapping[str, str]) -> bool:
    return environment.get("TERM", "") in ("", "dumb", "unknown")


def _console(*, force: bool) -> Console:
    from rich.console import Console

    if not force:
        return Console()
    # What was asked for counts more than NO_COLOR and a terminal that nothing is known of.
    color_system: Literal["auto", "standard"] = "standard" if _is_dumb(os.environ) else "auto"
    return Console(force_terminal=True, color_system=color_system, no_color=False)
