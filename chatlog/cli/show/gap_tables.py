"""Coverage and gaps as text: a bar for each target, and a table of its gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from chatlog.archive.rules import EVERY, kinds_of
from chatlog.cli.show.gap_lines import gap_cause, gap_details
from chatlog.cli.show.tables import show
from chatlog.coverage.gap import GapState
from chatlog.event import parse_time
from chatlog.formats.terminal import local_text
from chatlog.formats.visible import printable
from chatlog.formats.wording import percent, span
from chatlog.report.gaps import timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from chatlog.coverage.gap import Gap
    from chatlog.report.gaps import TargetGaps

_CELLS: Final = 60
_NARROW: Final = 5  # columns whose words are not parted
_MARKS: Final = {
    GapState.OPEN: "░",
    GapState.UNFILLABLE: "▒",
    GapState.PLANNED: "·",
    GapState.FILLED: "▓",
}
_STYLES: Final = {
    GapState.OPEN: "red",
    GapState.UNFILLABLE: "yellow",
    GapState.PLANNED: "dim",
    GapState.FILLED: "green",
}
_HEARD: Final = "█"


def show_gaps(found: Iterable[TargetGaps], zone: tzinfo | None) -> None:
    """Write a head, a bar and a table for each target, and the legend of the bars."""
    show(_tables(found, zone))


def _tables(found: Iterable[TargetGaps], zone: tzinfo | None) -> Iterator[Table | Text]:
    for each in found:
        yield _head(each, zone)
        yield _bar(each)
        if each.gaps:
            yield _table(each.gaps, zone)
    marks = (f"{mark} {state}" for state, mark in _MARKS.items())
    yield Text("  ".join((f"{_HEARD} heard", *marks)), style="dim")


def _head(found: TargetGaps, zone: tzinfo | None) -> Text:
    length = (parse_time(found.until) - parse_time(found.since)) / 1000
    share = percent(found.share, is_certain=not found.damaged)  # damage hides gaps
    heard = f"{share} of {span(length)} since {local_text(found.since, zone)}"
    classes = f", {kinds_of(found.classes)} alone" if found.classes != EVERY else ""
    name = printable(f"{found.network}/{found.target}")
    return Text.assemble((name, "bold"), f"  {heard}{classes}")


def _bar(found: TargetGaps) -> Text:
    bar = Text()
    for state in timeline(found, _CELLS):
        if state is None:
            bar.append(_HEARD)
        else:
            bar.append(_MARKS[state], style=_STYLES[state])
    return bar


def _table(gaps: Iterable[Gap], zone: tzinfo | None) -> Table:
    table = Table.grid(padding=(0, 2))
    for _ in range(_NARROW):
        table.add_column(no_wrap=True)
    table.add_column()
    for gap in gaps:
        table.add_row(
            "",
            local_text(gap.start.time, zone),
            local_text(gap.end, zone),
            Text(span(gap.milliseconds / 1000), justify="right"),
            Text(str(gap.state), style=_STYLES[gap.state]),
            Text(printable("; ".join(filter(None, (gap_cause(gap), gap_details(gap)))))),
        )
    return table
