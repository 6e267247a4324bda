"""Results of a sync as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from chatlog.cli.show.tables import show
from chatlog.formats.visible import printable
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from chatlog.cli.show.sync_results import SyncResult


def show_results(results: Sequence[SyncResult]) -> None:
    """Write a row for each channel with news, and one line for all others.

    A row has the lines fetched, the open gaps, and why a channel did not let us in. A
    single channel without news has its row too, which takes no more room than the line.
    """
    rows = [each for each in results if each.has_news]
    if len(results) - len(rows) <= 1:
        rows = [*results]
    table = Table.grid(padding=(0, 2))
    for each in rows:
        table.add_row(
            Text(printable(f"{each.network}/{each.target}"), style="bold"),
            Text(f"{each.fetched:,} fetched", justify="right"),
            _state(each),
        )
    shown: list[RenderableType] = [table] if rows else []
    if others := len(results) - len(rows):
        named = many(others, "more channel" if rows else "channel")
        shown.append(Text(f"{named}: nothing new"))
    show(shown)


def _state(result: SyncResult) -> Text:
    bad = [f"not let in: {printable(result.refused)}"] if result.refused else []
    if result.open:
        bad.insert(0, many(len(result.open), "open gap"))
    return Text("; ".join(bad), style="red") if bad else Text("nothing missing", style="green")
