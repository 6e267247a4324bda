"""Results of a sync as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from chatlog.cli.show.tables import show
from chatlog.formats.visible import printable
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.cli.show.sync_results import SyncResult


def show_results(results: Iterable[SyncResult]) -> None:
    """Write a row for each channel: the lines fetched, and the open gaps."""
    table = Table.grid(padding=(0, 2))
    for each in results:
        table.add_row(
            Text(printable(f"{each.network}/{each.target}"), style="bold"),
            Text(f"{each.fetched:,} fetched", justify="right"),
            Text(
                many(len(each.open), "open gap") if each.open else "nothing missing",
                style="red" if each.open else "green",
            ),
        )
    show([table])
