"""The targets of an archive as a table."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from chatlog.cli.show.tables import show
from chatlog.event import is_time
from chatlog.formats.visible import printable
from chatlog.formats.wording import size

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from chatlog.report.channels import TargetSummary

_COUNTED = ("lines", "size", "heard")


def show_channels(found: Iterable[TargetSummary], zone: tzinfo | None) -> None:
    """Write a row for each target; times are in the zone, None is the local one."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("channel", overflow="fold")
    for name in ("first line", "last line", *_COUNTED, "now"):
        table.add_column(name, justify="right" if name in _COUNTED else "left", no_wrap=True)
    for each in found:
        table.add_row(
            Text(printable(f"{each.network}/{each.target}"), style="bold"),
            _local(each.since, zone, "%Y-%m-%d"),
            _local(each.until, zone, "%Y-%m-%d %H:%M"),
            f"{each.lines:,}",
            size(each.bytes),
            _percent(each.share),
            "" if each.pid is None else "recorded",
        )
    show([table])


def _local(time: str, zone: tzinfo | None, form: str) -> str:
    return format(datetime.fromisoformat(time).astimezone(zone), form) if is_time(time) else ""


def _percent(share: float | None) -> str:
    """Return a share in percent; one below 1 is never 100 %."""
    if share is None:
        return "unknown"
    return "100 %" if share == 1 else f"{min(share * 100, 99.99):.2f} %"
