"""`chatlog sync`: the cron batch that fetches what was missed, and leaves."""

from __future__ import annotations

import json
import random
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from chatlog.cli.options.recording import network_options, transcript_options
from chatlog.cli.options.types import Checked
from chatlog.errors import NothingFoundError
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chatlog.cli.process import Run
    from chatlog.coverage.fold import Gap
    from chatlog.record.supervisor import Plan
    from chatlog.settings.config import Config


class Result(NamedTuple):
    """What became of one channel: lines fetched, and the gaps that are still open."""

    network: str
    target: str
    directory: Path
    fetched: int
    open: list[Gap]
    news: list[Gap]


@click.command()
@network_options
@transcript_options
@click.option(
    "--history",
    default="all",
    type=Checked(parsers.parse_history),
    metavar="all|N|DURATION",
    show_default=True,
    help="History to fetch for a channel without a transcript: all, 500 (lines) or 7d.",
)
@click.option(
    "--for",
    "linger",
    default="0",
    type=Checked(parsers.parse_duration),
    metavar="DURATION",
    help="Keep recording this long after everything is fetched.",
)
@click.option(
    "--within",
    default="1h",
    type=Checked(parsers.parse_duration),
    metavar="DURATION",
    show_default=True,
    help="Leave after this long, even if history is still missing; the next run continues.",
)
@click.option(
    "--jitter",
    default="0",
    type=Checked(parsers.parse_duration),
    metavar="DURATION",
    help="Wait a random time, up to this long, before connecting.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing unless a human is needed.")
@click.option("-v", "--verbose", is_flag=True, help="Print more on stderr.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Fetch the history since the last run, and leave.

    Connects, joins the channels, fetches everything since the end of coverage,
    and disconnects. The next run continues an interrupted one. The exit status
    is 1 if a gap stays open that no earlier run reported.

    \b
      chatlog sync --server irc.example.org --channel python --quiet
      chatlog sync --config chatlog.toml --jitter 2m --quiet
      chatlog sync --server irc.example.org --channel python --history 7d
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.cli.options import plans  # noqa: PLC0415 - --help does not pay for the network
    from chatlog.cli.process import Run  # noqa: PLC0415
    from chatlog.cli.show import live  # noqa: PLC0415 - --help does not pay for the network
    from chatlog.record.limits import Limits  # noqa: PLC0415

    quiet = options["quiet"]
    look_on = sys.stderr.isatty() and not quiet
    live.set_up_diagnostics(quiet=quiet, verbose=options["verbose"], look_on=look_on)
    settings = plans.settings_of(ctx)
    wanted = _plans(settings, options)
    if options["jitter"]:
        time.sleep(random.uniform(0, options["jitter"]))  # noqa: S311 - no secret
    limits = Limits(duration=options["within"])
    run = Run(settings, limits, planned=wanted, linger=options["linger"])
    try:
        run.go(lambda: plans.settings_of(ctx), look_on=look_on)
    finally:
        results = list(_results(run))
        _say(results, as_json=options["as_json"], quiet=quiet)
    if run.was_interrupted:
        raise KeyboardInterrupt
    _judge(run, results)


def _plans(settings: Config, options: dict[str, Any]) -> list[Plan]:
    """Plan one round of each network's servers, and its history from where there is none."""
    import msgspec  # noqa: PLC0415 - as above

    from chatlog.cli.options.plans import plans_of  # noqa: PLC0415
    from chatlog.record.history.gaps import HistoryDepth  # noqa: PLC0415

    history = HistoryDepth(*options["history"])
    retry = bool(options["retry"])
    return [
        msgspec.structs.replace(plan, history=history, retry=retry) for plan in plans_of(settings)
    ]


def _results(run: Run) -> Iterator[Result]:
    from chatlog.coverage import ledger  # noqa: PLC0415 - as above
    from chatlog.coverage.fold import GapState, coverage_of  # noqa: PLC0415

    for network, target, directory in run.channels():
        if not run.was_welcomed(network):
            continue  # its end says why
        entries = ledger.read(directory)
        coverage = coverage_of(entries, heard=lambda _: None, lives=lambda _: False)
        gaps = coverage.gaps if coverage is not None else []
        still = [gap for gap in gaps if gap.state is GapState.OPEN]
        reported = [(each.since, each.until) for each in entries if each.entry == "reported"]
        news = [gap for gap in still if not _is_reported(gap, reported)]
        yield Result(network, target, directory, run.fetched(network, target), still, news)


def _is_reported(gap: Gap, reported: list[tuple[str, str]]) -> bool:
    return any(since <= gap.start.time and gap.end <= until for since, until in reported)


# -- what is said ------------------------------------------------------------------


def _say(results: list[Result], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        click.echo(json.dumps({"type": "sync", "channels": [_fields(each) for each in results]}))
    elif results and (not quiet or any(each.news for each in results)):
        _show(results)
    sys.stdout.flush()


def _fields(result: Result) -> dict[str, object]:
    return {
        "network": result.network,
        "target": result.target,
        "fetched": result.fetched,
        "open": [[gap.start.time, gap.end, gap.why or gap.cause] for gap in result.open],
    }


def _show(results: list[Result]) -> None:
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415

    from chatlog.cli.show.tables import safe, show  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    for each in results:
        open_ = "1 gap open" if len(each.open) == 1 else f"{len(each.open)} gaps open"
        table.add_row(
            Text(safe(f"{each.network}/{each.target}"), style="bold"),
            Text(f"{each.fetched:,} fetched", justify="right"),
            Text(open_ if each.open else "nothing missing", style="red" if each.open else "green"),
        )
    show([table])


def _judge(run: Run, results: list[Result]) -> None:
    """End with 1 where gaps stay open that nobody was told of, and take note that they were."""
    news = [(each, gap) for each in results for gap in each.news]
    if not news:
        return
    for result, gap in news:
        run.note_reported(result.directory, gap)
    first, gap = news[0]
    place = f"{first.network}/{first.target}"
    more = f" (and {len(news) - 1} more)" if len(news) > 1 else ""
    raise NothingFoundError(
        f"{place}: what was said from {gap.start.time} to {gap.end} is still missing:"
        f" {gap.why or gap.cause}{more}; see `chatlog gaps`"
    )
