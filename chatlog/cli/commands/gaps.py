"""`chatlog gaps`: the coverage of each target, its gaps, their causes and their state."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatlog import clock
from chatlog.archive.targets import Targets, spelled
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.moments import event_time
from chatlog.cli.options.reading import archive_options, network_option, target_options, tz_option
from chatlog.cli.options.types import ParserType
from chatlog.cli.show.damage import Damage, say_damaged_run, say_unread
from chatlog.cli.show.nothing_found import nothing_found, warn_of_unknown
from chatlog.cli.show.progress import counted
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import NothingFoundError
from chatlog.formats.wording import many, span
from chatlog.read.damaged_lines import DamagedLines
from chatlog.report.gaps import (
    GapQuery,
    Unreadable,
    find_gaps,
    not_recovered,
)
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from chatlog.archive.targets import Target
    from chatlog.coverage.gap import Gap
    from chatlog.report.gaps import TargetGaps


@click.command(cls=HelpCommand)
@target_options
@click.option(
    "--since", metavar="WHEN", help="Start of the range to show: 2026-11-23, yesterday, 7d."
)
@click.option("--until", metavar="WHEN", help="End of the range to show. Default: now.")
@click.option(
    "--min",
    "least",
    default="0",
    type=ParserType(parsers.parse_duration),
    metavar="DURATION",
    help="Show only gaps of at least this length.",
)
@click.option("--strict", is_flag=True, help="Exit with 1 also for unfillable and planned gaps.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing if the exit status is 0.")
@tz_option
@network_option
@archive_options()
def command(
    *,
    targets: tuple[str, ...],
    since: str | None,
    until: str | None,
    least: float,
    strict: bool,
    as_json: bool,
    quiet: bool,
    tz: str | None,
    root: str,
    network: str | None,
) -> None:
    """Show when each channel was recorded, and each gap with its cause.

    A gap is open, filled (its lines were recovered from history), unfillable
    (the server no longer has them) or planned (between two batches). The exit
    status is 1 if a gap is open.

    \b
      chatlog gaps
      chatlog gaps python --since -7d --min 10m
      chatlog gaps --json | jq 'select(.state == "open")'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    zone = parsers.parse_zone(tz) if tz else None
    place, now = Path(root), clock.now()
    low, high = (event_time(text, now, tz) for text in (since, until))
    known = Targets(place, targets, (network,) if network else (), joins_renamed=True)
    query, damage = GapQuery(low, high, int(least * 1000)), Damage(DamagedLines())
    shown = not (as_json or quiet)
    found, damaged, unledgered = _find(place, known, query, now, damage, shown=shown)
    if not (found or unledgered):
        damage.end()
        raise nothing_found(known).error()
    warn_of_unknown(known)
    missing = not_recovered(found, strict=strict)
    if as_json:
        _write_json(found, unledgered)
    elif found and (not quiet or missing or damaged):
        _show(found, zone)
    sys.stdout.flush()
    damage.end()
    if verdict := _verdict(missing, damaged, unledgered, strict=strict):
        raise NothingFoundError(verdict)


def _find(
    root: Path, known: Targets, query: GapQuery, now: str, damage: Damage, *, shown: bool
) -> tuple[list[TargetGaps], int, list[Target]]:
    """Return the gaps of each target, the damaged lines of all ledgers, and the lack of any.

    The lack is a list of the channels that have transcripts and no ledger. A bar is `shown`
    if that takes long.
    """
    damaged = Counter[str]()
    unledgered: list[Target] = []

    def report(path: str, lines: int) -> None:
        say_unread(path, lines)
        damaged[path] += lines

    unreadable = Unreadable(report, say_damaged_run, damage.refuse, unledgered.append)
    targets = counted(known.find(), "reading", shown=shown)
    found = list(find_gaps(root, targets, query, now, unreadable=unreadable))
    damage.refuse_all(known.refused)
    damage.report()
    return found, damaged.total(), unledgered


def _show(found: list[TargetGaps], zone: tzinfo | None) -> None:
    from chatlog.cli.show.gap_tables import show_gaps

    show_gaps(found, zone)


def _write_json(found: Iterable[TargetGaps], unledgered: Iterable[Target]) -> None:
    from chatlog.report.json_views import gap_records, unknown_record

    for each in found:
        write(b"".join(map(json_line, gap_records(each))))
    write(b"".join(json_line(unknown_record(target)) for target in unledgered))


def _verdict(missing: list[Gap], damaged: int, unledgered: list[Target], *, strict: bool) -> str:
    told = [_of_gaps(missing, strict=strict)] if missing else []
    if unledgered:
        names = ", ".join(f"{spelled(each.network)}/{spelled(each.name)}" for each in unledgered)
        told.append(
            f"{names} {'has' if len(unledgered) == 1 else 'have'} transcripts and no ledger:"
            " when a recorder heard there is not known"
        )
    if damaged:
        lines = f"{many(damaged, 'line')} of the ledger {'is' if damaged == 1 else 'are'} damaged"
        told.append(f"{lines} and not counted as coverage; `chatlog verify` names the place")
    return "; ".join(told)


def _of_gaps(missing: list[Gap], *, strict: bool) -> str:
    seconds = sum(gap.milliseconds for gap in missing) / 1000
    count = len(missing)
    gaps = f"{many(count, 'gap')} not recovered" if strict else many(count, "open gap")
    return (
        f"{gaps}, {span(seconds)} in all; `chatlog sync`, or the recorder when it rejoins,"
        " asks the server again"
    )
