"""`chatlog record`: record channels until stopped."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog.cli.help import HelpCommand
from chatlog.cli.options.bus import BUS, bus_server, login_options
from chatlog.cli.options.recording import (
    NETWORK_SECTIONS,
    TRANSCRIPT_SECTIONS,
    network_options,
    transcript_options,
)
from chatlog.cli.options.types import ParserType, given
from chatlog.cli.show.diagnostics import can_look_on, set_up_diagnostics
from chatlog.record.limits import Limits
from chatlog.settings import parsers

if TYPE_CHECKING:
    from chatlog.bus.server import BusServer

_SECTIONS: Final = {
    **NETWORK_SECTIONS,
    **TRANSCRIPT_SECTIONS,
    "End": ("--for", "--until", "--idle", "--max-events"),
    "Upgrade": ("--take-over",),
    "Bus": ("--publish", *BUS),
    "Messages": ("--quiet", "--verbose"),
}
_MAIN: Final = ("--server", "--channel", "--archive", "--config", "--for")


@click.command(cls=HelpCommand, sections=_SECTIONS, main=_MAIN)
@network_options
@transcript_options
@click.option(
    "--for",
    "duration",
    type=ParserType(parsers.parse_duration),
    metavar="DURATION",
    help="Stop after this long: 90s, 55m, 1h30m.",
)
@click.option(
    "--until",
    metavar="HH:MM",
    help="Stop at this time of day, local or in --tz.",
)
@click.option(
    "--idle",
    type=ParserType(parsers.parse_duration),
    metavar="DURATION",
    help="Stop after this long without a live event.",
)
@click.option(
    "--max-events",
    type=click.IntRange(min=1),
    metavar="N",
    help="Stop after exactly N live events.",
)
@click.option(
    "--take-over",
    is_flag=True,
    help="If another run records here, hear its channels beside it, and go on when it leaves"
    " (chatlog handover). Without it, that is an error.",
)
@click.option(
    "--publish",
    envvar="CHATLOG_PUBLISH",
    metavar="URL",
    help="Ship the archive to a bus meanwhile (nats://HOST), by a process of its own: chatlog ship."
    " If the bus is away, the lines wait in the archive.",
)
@login_options
@click.option("-q", "--quiet", is_flag=True, help="Print nothing unless a human is needed.")
@click.option("-v", "--verbose", is_flag=True, help="Print more on stderr.")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Record channels until stopped (Ctrl-C, SIGTERM) or a limit is reached.

    \b
      chatlog record --server libera --channel '#python'
      chatlog record --server irc.oftc.net --channel debian --for 55m --quiet
      chatlog record --config chatlog.toml
      chatlog record --config chatlog.toml --publish nats://bus.example.org
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.cli.options import plans
    from chatlog.cli.process import RecorderProcess
    from chatlog.cli.publishing import publishing

    look_on = can_look_on() and not options["quiet"]
    set_up_diagnostics(quiet=options["quiet"], verbose=options["verbose"], look_on=look_on)
    settings = plans.settings_of(ctx)
    run = RecorderProcess(
        settings, limits_of(ctx), takes_over=options["take_over"], look_on=look_on
    )
    with publishing(_bus(options), plans.storage_of(settings).root, quiet=options["quiet"]):
        run.go(lambda: plans.settings_of(ctx))


def _bus(options: dict[str, Any]) -> BusServer | None:
    """Return the bus to which the archive is shipped, None for none."""
    if options["publish"] is None:
        return None
    return bus_server(options["publish"], options["nats_creds"], options["nats_ca"])


def limits_of(ctx: click.Context) -> Limits:
    """Return the limits at which the run ends by itself.

    `--until` is in the zone of `--tz`, or local if no zone is given.
    """
    options, zone = ctx.params, given(ctx).get("tz")
    durations = [options["duration"]] if options["duration"] is not None else []
    if options["until"]:
        here = datetime.now(UTC).astimezone()
        there = here.astimezone(parsers.parse_zone(zone) if zone else None)
        durations.append(parsers.seconds_until(options["until"], there))
    return Limits(
        duration=min(durations, default=None),
        idle=options["idle"],
        max_events=options["max_events"],
    )
