"""`chatlog sync`: fetch the lines that were missed, and leave; from cron."""

from __future__ import annotations

import random
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from chatlog.cli.help import HelpCommand
from chatlog.cli.options.recording import (
    NETWORK_SECTIONS,
    TRANSCRIPT_SECTIONS,
    network_options,
    transcript_options,
)
from chatlog.cli.options.types import ParserType
from chatlog.cli.show.diagnostics import can_look_on, set_up_diagnostics
from chatlog.cli.show.messages import write_message
from chatlog.cli.show.screen import json_line, write
from chatlog.cli.show.sync_results import SyncResult, verdict
from chatlog.errors import ChatlogError, NothingFoundError
from chatlog.record.limits import Limits
from chatlog.report.gaps import open_gaps
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatlog.cli.process import RecorderProcess
    from chatlog.record.supervisor import Plan
    from chatlog.settings.config import Config

_SECTIONS: Final = {
    "Fetching": ("--history", "--within", "--for", "--jitter"),
    **NETWORK_SECTIONS,
    **TRANSCRIPT_SECTIONS,
    "Messages": ("--json", "--quiet", "--verbose"),
}
_MAIN: Final = ("--server", "--channel", "--archive", "--config", "--history", "--quiet")


@click.command(cls=HelpCommand, sections=_SECTIONS, main=_MAIN)
@network_options
@transcript_options
@click.option(
    "--history",
    default="all",
    type=ParserType(parsers.parse_history),
    metavar="all|N|DURATION",
    show_default=True,
    help="History to fetch for a channel without a transcript: all, 500 (lines) or 7d.",
)
@click.option(
    "--for",
    "linger",
    default="0",
    type=ParserType(parsers.parse_duration),
    metavar="DURATION",
    help="Keep recording this long after everything is fetched.",
)
@click.option(
    "--within",
    default="1h",
    type=ParserType(parsers.parse_duration),
    metavar="DURATION",
    show_default=True,
    help="Leave after this long, even if history is still missing; the next run continues.",
)
@click.option(
    "--jitter",
    default="0",
    type=ParserType(parsers.parse_duration),
    metavar="DURATION",
    help="Wait a random time, up to this long, before connecting.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each channel.")
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
    from chatlog.cli.options import plans
    from chatlog.cli.process import RecorderProcess

    quiet = options["quiet"]
    look_on = can_look_on() and not quiet
    set_up_diagnostics(quiet=quiet, verbose=options["verbose"], look_on=look_on)
    settings = plans.settings_of(ctx)
    wanted = _plans(settings, options)
    if options["jitter"]:
        time.sleep(random.uniform(0, options["jitter"]))  # noqa: S311 - no secret
    limits = Limits(duration=options["within"])
    run = RecorderProcess(
        settings, limits, planned=wanted, linger=options["linger"], look_on=look_on
    )
    failure: ChatlogError | None = None
    try:
        run.go(lambda: plans.settings_of(ctx), goes_on=True)
    except ChatlogError as error:  # another channel or network may have open gaps all the same
        failure = error
    finally:
        results = list(_results(run))
        _show(results, as_json=options["as_json"], quiet=quiet)
    if run.was_interrupted:
        raise failure or KeyboardInterrupt
    _judge(run, results, failure)


def _plans(settings: Config, options: dict[str, Any]) -> list[Plan]:
    """Return plans of one round through each network's servers, with the history to fetch."""
    from chatlog.cli.options.plans import plans_of
    from chatlog.record.history.gaps import HistoryDepth

    history = HistoryDepth(*options["history"])
    retry = bool(options["retry"])
    return [
        msgspec.structs.replace(plan, history=history, retry=retry) for plan in plans_of(settings)
    ]


def _results(run: RecorderProcess) -> Iterator[SyncResult]:
    refusals = run.refusals()
    for network, target, directory in run.channels():
        if run.was_welcomed(network):  # else the error that ends the run says why not
            fetched = run.fetched(network, target)
            refused = refusals.get((network, target), "")
            yield SyncResult(network, target, directory, fetched, *open_gaps(directory), refused)


def _show(results: list[SyncResult], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        from chatlog.cli.show.json_views import sync_record

        write(b"".join(json_line(sync_record(each)) for each in results))
    elif results and (not quiet or any(each.unreported for each in results)):
        from chatlog.cli.show.sync_table import show_results

        show_results(results)
    sys.stdout.flush()


def _judge(run: RecorderProcess, results: list[SyncResult], failure: ChatlogError | None) -> None:
    """Report the open gaps that no run reported before, and end with 1 if there are any.

    A failure of the run is raised after that, and its status counts.
    """
    for result in results:
        for gap in result.unreported:
            run.note_reported(result.directory, gap)
    missing = any(each.unreported for each in results)
    if failure is not None:
        if missing:
            write_message(verdict(results))
        raise failure
    if missing:
        raise NothingFoundError(verdict(results))
