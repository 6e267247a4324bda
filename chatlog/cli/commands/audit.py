"""`chatlog audit`: compare the transcript with the server's history."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog import clock
from chatlog.archive.targets import Targets
from chatlog.archive.version import expect_known_version
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.moments import event_time
from chatlog.cli.options.recording import CONNECTION_SECTIONS, archive_option, connection_options
from chatlog.cli.options.types import ParserType
from chatlog.cli.show.audits import finding_lines, verdict
from chatlog.cli.show.diagnostics import set_up_diagnostics
from chatlog.cli.show.nothing_found import nothing_found
from chatlog.cli.show.progress import stages
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import NothingFoundError
from chatlog.settings import parsers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from chatlog.audit.compare import Findings
    from chatlog.audit.visit import Watch
    from chatlog.record.supervisor import Plan

_SECTIONS: Final = {
    "Comparison": ("--archive", "--since", "--until", "--tz", "--within"),
    **CONNECTION_SECTIONS,
    "Messages": ("--json", "--quiet"),
}
_MAIN: Final = ("--server", "--channel", "--archive", "--config", "--since")


@click.command(cls=HelpCommand, sections=_SECTIONS, main=_MAIN)
@connection_options
@archive_option
@click.option(
    "--since",
    metavar="WHEN",
    help="Start of the range to compare. Default: start of the recording.",
)
@click.option("--until", metavar="WHEN", help="End of the range to compare. Default: a minute ago.")
@click.option("--tz", metavar="ZONE", help="Time zone of --since and --until. Default: local.")
@click.option(
    "--within",
    default="1h",
    type=ParserType(parsers.parse_duration),
    metavar="DURATION",
    show_default=True,
    help="Stop after this long.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each channel.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing if the exit status is 0.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Fetch the server's history again, and compare it with the transcript.

    Nothing is written, and a recorder may run meanwhile: choose a --nick that it
    does not use.
    The exit status is 1 if a line is missing, or is only in the transcript.

    \b
      chatlog audit --server irc.example.org --channel python --nick auditor
      chatlog audit --config chatlog.toml --since -1d --json
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.cli.options import plans

    set_up_diagnostics(quiet=True, verbose=False, look_on=False)
    settings = plans.settings_of(ctx)
    root = plans.storage_of(settings).root
    expect_known_version(root)
    low, high = (
        event_time(options[name], clock.now(), options["tz"]) for name in ("since", "until")
    )
    planned = plans.plans_of(settings)
    found: list[tuple[str, Findings]] = []
    channels = sum(len(plan.session.channels) for plan in planned)
    with stages(channels, shown=not options["quiet"]) as show:
        for plan in planned:
            watch = partial(_show_stage, show, len(found)) if show else None
            found += _audit(root, plan, low, high, within=options["within"], watch=watch)
    _show(found, as_json=options["as_json"], quiet=options["quiet"])
    if not found:
        raise _nothing_recorded(root, planned)
    wrong = [findings for _, findings in found if findings.differs]
    if wrong:
        raise NothingFoundError(verdict(wrong))


def _show_stage(show: Watch, before: int, stage: str, done: int) -> None:
    """Show a stage of one network, after the channels of those before it."""
    show(stage, before + done)


def _audit(
    root: Path, plan: Plan, low: str, high: str, *, within: float, watch: Watch | None
) -> Iterator[tuple[str, Findings]]:
    """Yield the findings of each channel of a network, with the network's name."""
    from chatlog.audit.visit import audit, silent, stretches_of

    network = plan.session.network
    stretches = stretches_of(root, network, low, high, clock.now)
    findings = audit(silent(plan), now=clock.now, stretches=stretches, within=within, watch=watch)
    yield from ((network, each) for each in findings)


def _nothing_recorded(root: Path, planned: Sequence[Plan]) -> NothingFoundError:
    """Return the error for channels that have no recorded range, or are not in the archive."""
    names = [f"{plan.session.network}/{each}" for plan in planned for each in plan.session.channels]
    selected = Targets(root, names)
    if not selected.find():
        return nothing_found(selected).error()
    return NothingFoundError(f"none of these channels is recorded in {root}")


def _show(found: list[tuple[str, Findings]], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        from chatlog.cli.show.json_views import audit_record

        write(b"".join(json_line(audit_record(*each)) for each in found))
        return
    for network, findings in found:
        if not quiet or findings.differs:
            for line in finding_lines(network, findings):
                click.echo(line)
    sys.stdout.flush()
