"""`chatlog stats`: lines by person, hour, weekday and period."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from chatlog import clock
from chatlog.archive.targets import Targets
from chatlog.cli.help import HelpCommand
from chatlog.cli.options import terms
from chatlog.cli.options.query import FILTERS, match_option, query_options
from chatlog.cli.options.reading import archive_options, network_option, target_options, tz_option
from chatlog.cli.options.renamed import RenamedOption
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.nothing_found import nothing_found, warn_of_unknown
from chatlog.cli.show.progress import counted
from chatlog.cli.show.screen import json_line, write
from chatlog.cli.show.unreadable import reported_by
from chatlog.query.selection import query_for
from chatlog.read.reader import Reader
from chatlog.report.tally import count_targets, statistics_of
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from chatlog.cli.options.query import Wanted
    from chatlog.report.statistics import Statistics


_SECTIONS: Final = {
    "Counts": ("--top", "--each", "--by", "--join", "--merge-networks"),
    "Filters": ("--match", *FILTERS),
    "Output": ("--json", "--tz"),
    "Archive": ("--archive", "--config", "--jobs"),
}


@click.command(cls=HelpCommand, sections=_SECTIONS)
@target_options
@click.option(
    "--top",
    cls=RenamedOption,
    former=("-n",),
    default=20,
    show_default=True,
    metavar="N",
    type=click.IntRange(1),
    help="Number of people to show.",
)
@click.option("--each", is_flag=True, help="Count each channel separately.")
@click.option(
    "--by", "period", type=click.Choice(["year", "month", "day"]), default="month",
    show_default=True, help="Length of the periods.",
)  # fmt: skip
@click.option("--join/--no-join", default=True, help="Count the nicks of one person together.")
@click.option("--merge-networks", is_flag=True, help="Count a nick as one person on all networks.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Number of processes. Default: one per core.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@match_option
@query_options
@tz_option
@network_option
@archive_options()
def command(
    *, wanted: Wanted, targets: tuple[str, ...], match: str, tz: str | None,
    network: str | None, root: str, jobs: int | None, each: bool, as_json: bool,
    top: int, period: str, join: bool, merge_networks: bool,
) -> None:  # fmt: skip
    """Count lines by person, hour, weekday and period; in all channels if none is named.

    Nicks of one network count as one person if they share an account, or while
    one was changed into the other. Beside each count stands the share of the time that was
    recorded: a gap is not silence.

    \b
      chatlog stats python
      chatlog stats --since 2026-01 --by day --each
      chatlog stats --json | jq 'select(.type == "person") | [.nick, .lines]'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    zone = parsers.parse_zone(tz) if tz else None
    query = query_for(
        *terms.terms_of(wanted, tz), terms.matching(match, tz), *terms.places(targets, network)
    )
    reader = Reader(root, query.places, query.networks)
    query = terms.followed(query, wanted, reader, jobs or 0)
    watch = partial(counted, what="counting", shown=not as_json)
    found = count_targets(
        reader, query, zone,
        jobs=jobs or 0, join=join, merge_networks=merge_networks, watch=watch,
    )  # fmt: skip
    damage = Damage(reader.damaged)
    damage.report()
    if not found:
        damage.end()
        raise nothing_found(reader.selected).error()
    warn_of_unknown(Targets(root, targets, query.networks))
    shown = statistics_of(
        Path(root), found, query, zone, clock.now(), each=each, unreadable=reported_by(damage)
    )
    if as_json:
        _write_json(shown, zone, period=period, join=join)
    else:
        from chatlog.cli.show.sheet import Sheet

        Sheet(zone, top=top, period=period, join=join).show(shown)
    damage.end()


def _write_json(
    shown: Iterable[Statistics], zone: tzinfo | None, *, period: str, join: bool
) -> None:
    from chatlog.report.json_views import statistics_records

    for statistics in shown:
        records = statistics_records(statistics, zone, period=period, join=join)
        write(b"".join(map(json_line, records)))
