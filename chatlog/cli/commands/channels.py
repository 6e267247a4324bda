"""`chatlog channels`: the targets of an archive, with their lines, size and coverage."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatlog import clock
from chatlog.archive.targets import Targets
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.reading import archive_options, network_option, target_options, tz_option
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.nothing_found import nothing_found, warn_of_unknown
from chatlog.cli.show.progress import progress
from chatlog.cli.show.screen import json_line, write
from chatlog.cli.show.unreadable import reported_by
from chatlog.errors import NothingFoundError
from chatlog.formats.wording import many
from chatlog.read.damaged_lines import DamagedLines
from chatlog.report.channels import channels_in
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.archive.targets import Target
    from chatlog.report.channels import TargetSummary


@click.command(cls=HelpCommand)
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each target.")
@tz_option
@network_option
@archive_options()
def command(
    *,
    targets: tuple[str, ...],
    as_json: bool,
    tz: str | None,
    network: str | None,
    root: str,
) -> None:
    """List the channels and queries of the archive.

    A row shows the first and the last line, the number of lines, their size, the
    share of the time that was heard, and whether a recorder is at work. The lines
    of servers are listed only if @server is named. The exit status is 1 if a line
    could not be read, 3 if a file could not.

    \b
      chatlog channels
      chatlog channels 'libera/*' @server
      chatlog channels --json | jq -r 'select(.recorded | not) | .target'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    zone = parsers.parse_zone(tz) if tz else None
    damaged = DamagedLines()
    damage = Damage(damaged)
    known = _targets(Path(root), targets, network, damage)
    unreadable = reported_by(damage)._replace(ledger=damaged.add)
    found = channels_in(Path(root), known, clock.now(), unreadable=unreadable, damaged=damaged)
    if as_json:
        from chatlog.report.json_views import target_record

        for each in found:
            write(json_line(target_record(each)))
    else:
        from chatlog.cli.show.channel_table import show_channels

        show_channels(_summaries(found, len(known)), zone)
    sys.stdout.flush()
    damage.end()
    if lines := damaged.total():
        raise NothingFoundError(
            f"{many(lines, 'line')} could not be read, and {'is' if lines == 1 else 'are'}"
            " not counted; `chatlog verify` names the places"
        )


def _summaries(found: Iterable[TargetSummary], total: int) -> list[TargetSummary]:
    """Return the summaries; show how many of the total there are."""
    summaries = []
    with progress("reading", total, shown=True) as advance:
        for each in found:
            summaries.append(each)
            advance(1)
    return summaries


def _targets(
    root: Path, patterns: tuple[str, ...], network: str | None, damage: Damage
) -> list[Target]:
    """Return the targets that match; raise NothingFoundError if none does."""
    targets = Targets(root, patterns, (network,) if network else (), joins_renamed=True)
    found = targets.find()
    damage.refuse_all(targets.refused)
    if not found:
        damage.end()
        raise nothing_found(targets).error()
    warn_of_unknown(targets)
    return found
