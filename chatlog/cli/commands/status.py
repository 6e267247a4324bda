"""`chatlog status`: the recorders of an archive, and the ends of the last runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatlog import clock
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.reading import archive_options
from chatlog.cli.show.damage import say_damaged_run
from chatlog.cli.show.problems import problem_text
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import NothingFoundError
from chatlog.report.runs import observe, observe_collected, problems_of

if TYPE_CHECKING:
    from chatlog.health.status import RunStatus


@click.command(cls=HelpCommand)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each run.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Show all channels and runs, not only the busiest and the latest.",
)
@archive_options()
def command(*, as_json: bool, everything: bool, root: str) -> None:
    """Show the recorders of an archive: connections, channels and problems.

    For an archive that `chatlog collect` made, these are the recorders on all machines that ship
    to it. The exit status is 0 if one runs and is connected to all its networks.

    \b
      chatlog status
      chatlog status --archive /var/lib/chatlog --all
      chatlog status --json | jq '.networks[].lag_seconds'
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    place = Path(root)
    observed, now = observe(place, say_damaged_run), clock.now()
    observed += observe_collected(place, say_damaged_run)
    if as_json:
        from chatlog.report.json_views import run_record

        write(b"".join(json_line(run_record(run)) for run in observed))
    else:
        from chatlog.cli.show.status_tables import show_runs

        show_runs(observed, now, everything=everything)
    sys.stdout.flush()
    _judge(place, [status for status, alive in observed if alive], now)


def _judge(root: Path, living: list[RunStatus], now: str) -> None:
    """Raise NothingFoundError if no run is alive, or a run has a problem."""
    if not living:
        raise NothingFoundError(
            f"no recorder runs in {root}; start one with"
            " `chatlog record --server HOST --channel NAME`,"
            " or name the archive with --archive"
        )
    problems = [problem for status in living for problem in problems_of(status, now)]
    if problems:
        texts = "; ".join(map(problem_text, problems))
        raise NothingFoundError(f"{texts}; see the recorder's log for the cause")
