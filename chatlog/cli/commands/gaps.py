"""`chatlog gaps`: when which channel was heard, when not, why, and what came back."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from chatlog import clock
from chatlog.cli.options.moments import event_time
from chatlog.cli.options.reading import archive_root, network_option, output_option, tz_option
from chatlog.cli.options.types import Checked
from chatlog.cli.show.damage import say_unread
from chatlog.cli.show.tables import safe, show
from chatlog.cli.show.wording import many, span
from chatlog.errors import NothingFoundError
from chatlog.event import parse_time
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from rich.table import Table
    from rich.text import Text

    from chatlog.coverage.fold import Gap
    from chatlog.report.gaps import TargetGaps

_CELLS: Final = 60
_NARROW: Final = 5  # columns whose words are not parted
_MARKS: Final = {"open": "░", "unfillable": "▒", "planned": "·", "filled": "▓"}
_STYLES: Final = {"open": "red", "unfillable": "yellow", "planned": "dim", "filled": "green"}
_GRAVEST: Final = ("open", "unfillable", "planned", "filled")
_HEARD: Final = "█"


@click.command()
@click.argument("patterns", metavar="[TARGET]...", nargs=-1)
@click.option("--since", metavar="WHEN", help="From then on: 2026-11-23, yesterday, -2h.")
@click.option("--until", metavar="WHEN", help="Before then.")
@click.option(
    "--min",
    "least",
    default="0",
    type=Checked(parsers.parse_duration),
    metavar="DURATION",
    help="Only gaps of at least so long.",
)
@click.option("--strict", is_flag=True, help="End with 1 for any gap that was not fetched back.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing unless a gap is open.")
@tz_option
@network_option
@output_option
def command(
    *,
    patterns: tuple[str, ...],
    since: str | None,
    until: str | None,
    least: float,
    strict: bool,
    as_json: bool,
    quiet: bool,
    tz: str | None,
    output: str | None,
    network: str | None,
) -> None:
    """Say when each channel was heard and when it was not, and why.

    A gap is open, filled (fetched back), unfillable (the server does not have
    it any more) or planned (between two batches). The exit status is 1 where
    one is open.

    \b
      chatlog gaps
      chatlog gaps python --since -7d --min 10m
      chatlog gaps --json | jq 'select(.state == "open")'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    zone = parsers.parse_zone(tz) if tz else None
    now = clock.now()
    low, high = (event_time(text, now, tz) for text in (since, until))
    networks = (network,) if network else ()
    found = _find(output, patterns, networks, (low, high or now, int(least * 1000)), now)
    missing = _missing(found, strict=strict)
    if as_json:
        _say_json(found)
    elif not quiet or missing:
        show(_tables(found, zone))
    sys.stdout.flush()
    if missing:
        raise NothingFoundError(_verdict(missing, strict=strict))


def _find(
    output: str | None,
    patterns: tuple[str, ...],
    networks: tuple[str, ...],
    bounds: tuple[str, str, int],
    now: str,
) -> list[TargetGaps]:
    """Return the gaps of each target; raise NothingFoundError if no ledger is found."""
    from chatlog.archive.targets import Targets  # noqa: PLC0415 - --help does not pay for these
    from chatlog.report.gaps import GapQuery, find_gaps  # noqa: PLC0415

    root = Path(archive_root(output))
    targets = Targets(root, patterns, networks).find()
    found = list(find_gaps(root, targets, GapQuery(*bounds), now, unread=say_unread))
    if not found:
        raise NothingFoundError(
            f"nothing is known of when {' '.join(patterns) or 'anything'} was heard in {root};"
            " record with `chatlog record`, or say where the archive is with --output"
        )
    return found


def _missing(found: list[TargetGaps], *, strict: bool) -> list[Gap]:
    wanted = {"open", "unfillable", "planned"} if strict else {"open"}
    return [gap for each in found for gap in each.gaps if gap.state in wanted]


def _verdict(missing: list[Gap], *, strict: bool) -> str:
    seconds = sum(gap.milliseconds for gap in missing) // 1000
    what = "was not fetched back" if strict else "is open"
    gaps = f"1 gap {what}" if len(missing) == 1 else f"{len(missing)} gaps {_plural(what)}"
    return (
        f"{gaps}, {span(seconds)} in all; a recorder that rejoins, or `chatlog sync`, asks for it"
    )


def _plural(what: str) -> str:
    return what.replace("was ", "were ").replace("is ", "are ")


# -- what is shown -----------------------------------------------------------------


def _say_json(found: list[TargetGaps]) -> None:
    for each in found:
        for gap in each.gaps:
            click.echo(json.dumps({"type": "gap", **_place(each), **_gap_fields(gap)}))
        click.echo(json.dumps({"type": "coverage", **_place(each), **_coverage_fields(each)}))


def _place(found: TargetGaps) -> dict[str, str]:
    return {"network": found.network, "target": found.target}


def _gap_fields(gap: Gap) -> dict[str, object]:
    fields = {
        "start": gap.start.time,
        "end": gap.end,
        "seconds": gap.milliseconds / 1000,
        "state": str(gap.state),
        "cause": gap.cause,
        "why": gap.why,
        "via": gap.via,
        "kinds": gap.kinds,
        "lines": gap.lines,
    }
    return {key: value for key, value in fields.items() if value != ""}


def _coverage_fields(found: TargetGaps) -> dict[str, object]:
    counts = {state: sum(gap.state == state for gap in found.gaps) for state in _GRAVEST}
    return {
        "since": found.since,
        "until": found.until,
        "share": round(found.share, 6),
        **counts,
    }


def _tables(found: list[TargetGaps], zone: tzinfo | None) -> Iterator[Table | Text]:
    from rich.text import Text  # noqa: PLC0415 - only who shows it pays for rich

    for each in found:
        length = (parse_time(each.until) - parse_time(each.since)) // 1000
        head = f"{each.network}/{each.target}"
        heard = f"  {_percent(each.share)} of {span(length)} since {_local(each.since, zone)}"
        yield Text.assemble((safe(head), "bold"), heard)
        yield _bar(each)
        if each.gaps:
            yield _table(each, zone)
    yield Text(
        f"{_HEARD} heard  " + "  ".join(f"{mark} {state}" for state, mark in _MARKS.items()),
        style="dim",
    )


def _percent(share: float) -> str:
    # What is not whole is never called so.
    return "100 %" if share == 1.0 else f"{min(share * 100, 99.99):.2f} %"


def _bar(found: TargetGaps) -> Text:
    """Draw the range in cells, each in the mark of the gravest that lies in it."""
    from rich.text import Text  # noqa: PLC0415 - as above

    bar = Text()
    begin, end = parse_time(found.since), max(parse_time(found.until), parse_time(found.since) + 1)
    for number in range(_CELLS):
        low = begin + (end - begin) * number // _CELLS
        high = begin + (end - begin) * (number + 1) // _CELLS
        states = {
            str(gap.state)
            for gap in found.gaps
            if parse_time(gap.start.time) < max(high, low + 1) and parse_time(gap.end) > low
        }
        state = next((each for each in _GRAVEST if each in states), "")
        bar.append(_MARKS.get(state, _HEARD), style=_STYLES.get(state, ""))
    return bar


def _table(found: TargetGaps, zone: tzinfo | None) -> Table:
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    for _ in range(_NARROW):
        table.add_column(no_wrap=True)
    table.add_column()
    for gap in found.gaps:
        table.add_row(
            "",
            _local(gap.start.time, zone),
            _local(gap.end, zone),
            Text(_length(gap), justify="right"),
            Text(str(gap.state), style=_STYLES[str(gap.state)]),
            Text(safe(_explained(gap))),
        )
    return table


def _length(gap: Gap) -> str:
    seconds = gap.milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 10 else span(int(seconds))  # noqa: PLR2004 - of seconds


def _explained(gap: Gap) -> str:
    if gap.state == "filled":
        only = ", messages only" if gap.kinds == "messages" else ""
        said = f"{many(gap.lines, 'line')} by {gap.via}{only}"
    else:
        said = gap.why
    return f"{gap.cause}: {said}" if said else gap.cause


def _local(time: str, zone: tzinfo | None) -> str:
    return f"{datetime.fromisoformat(time).astimezone(zone):%Y-%m-%d %H:%M:%S}"
