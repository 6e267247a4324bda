"""Charts as SVG: bars that need no script and no style of their own. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chatlog.export.site.markup import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH: Final = 400
"""The width of every chart: so its labels have one size, which a phone still shows readably."""

_HEIGHT: Final = 120
_STEP: Final = 22
"""The place of a bar, at most."""

_BAR: Final = 0.82
"""The part of its place that a bar fills."""

_LABEL: Final = 18
_LETTER: Final = 7
"""The width of a letter of a label, at most."""


def bars(values: Sequence[int], labels: Sequence[str], title: str) -> str:
    """Return a chart with a bar for each value; its numbers are in the bars' titles.

    As many bars have labels as fit beside each other. The more bars, the narrower they are.
    """
    label_width = _LETTER * max(map(len, labels), default=0)
    margin = label_width / 2
    step = min(_STEP, (_WIDTH - 2 * margin) / max(1, len(values)))
    width = step * _BAR
    most = max(values, default=0) or 1
    every = -int(-(label_width + _LETTER) // step) or 1  # with a letter's space between labels
    drawn = []
    for number, (value, label) in enumerate(zip(values, labels, strict=True)):
        height = round(value / most * _HEIGHT)
        x = margin + number * step
        drawn.append(
            f'<rect x="{x:.2f}" y="{_HEIGHT - height}" width="{width:.2f}" height="{height}">'
            f"<title>{escaped(label)}: {value:,}</title></rect>"
        )
        if number % every == 0:
            drawn.append(
                f'<text x="{x + width / 2:.2f}" y="{_HEIGHT + _LABEL - 4}">{escaped(label)}</text>'
            )
    return (
        f'<svg class="chart" role="img" aria-label="{escaped(title)}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT + _LABEL}" preserveAspectRatio="xMinYMin meet">'
        f"{''.join(drawn)}</svg>"
    )
