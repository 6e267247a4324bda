"""The targets of an archive as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from chatlog.cli.show.tables import show
from chatlog.event import is_time
from chatlog.formats.terminal import local_text
from chatlog.formats.visible import printable
from chatlog.formats.wording import percent, size

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from chatlog.report.channels import TargetSummary

_COUNTED: Final = ("lines", "size", "heard")
_DAY: Final = len("2026-11-23")
_MINUTE: Final = len("2026-11-23 18:20")


def show_channels(found: Iterable[TargetSummary], zone: tzinfo | None) -> None:
    """Write a row for each target; times are in the zone, None is the local one."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("channel", overflow="fold")
    for name in ("first line", "last line", *_COUNTED, "now"):
        table.add_column(name, justify="right" if name in _COUNTED else "left", no_wrap=True)
    for each in found:
        table.add_row(
            Text(printable(f"{each.network}/{each.target}"), style="bold"),
            _local(each.since, zone)[:_DAY],
            _local(each.until, zone)[:_MINUTE],
            f"{each.lines:,}",
            size(each.bytes),
            "unknown" if each.share is None else percent(each.share),
            "" if each.pid is None else "recorded",
        )
    show([table])


def _local(time: str, zone: tzinfo | None) -> str:
    return local_text(time, zone) if is_time(time) else ""
