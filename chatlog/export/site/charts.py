"""Charts as SVG: bars that need no script and no style of their own. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.export.site.markup import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEIGHT: Final = 120
_BAR: Final = 18
_GAP: Final = 4
_LABEL: Final = 18
_LETTER: Final = 6
"""The width of a letter of a label, at most."""


def bars(values: Sequence[int], labels: Sequence[str], title: str) -> str:
    """Return a chart with a bar for each value; its numbers are in the bars' titles.

    As many bars have labels as fit beside each other.
    """
    step = _BAR + _GAP
    label_width = _LETTER * max(map(len, labels), default=0)
    margin = max(0, label_width - _BAR) // 2
    width = max(1, len(values)) * step + 2 * margin
    most = max(values, default=0) or 1
    every = -(-label_width // step) or 1
    drawn = []
    for number, (value, label) in enumerate(zip(values, labels, strict=True)):
        height = round(value / most * _HEIGHT)
        x = margin + number * step
        drawn.append(
            f'<rect x="{x}" y="{_HEIGHT - height}" width="{_BAR}" height="{height}">'
            f"<title>{escaped(label)}: {value:,}</title></rect>"
        )
        if number % every == 0:
            drawn.append(
                f'<text x="{x + _BAR // 2}" y="{_HEIGHT + _LABEL - 4}">{escaped(label)}</text>'
            )
    return (
        f'<svg class="chart" role="img" aria-label="{escaped(title)}" '
        f'viewBox="0 0 {width} {_HEIGHT + _LABEL}" preserveAspectRatio="xMinYMin meet">'
        f"{''.join(drawn)}</svg>"
    )
