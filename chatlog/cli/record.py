"""`chatlog record`: record channels until stopped."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from chatlog import config
from chatlog.cli.options import Checked
from chatlog.cli.recording_options import network_options, transcript_options
from chatlog.errors import UsageError

if TYPE_CHECKING:
    from chatlog.recorder import Limits, Plan, Recorder
    from chatlog.transcript.writer import Writer

logger = logging.getLogger("chatlog")


@click.command()
@network_options
@transcript_options
@click.option(
    "--for",
    "duration",
    type=Checked(config.parse_duration),
    metavar="DURATION",
    help="Stop after so long: 90s, 55m, 1h30m.",
)
@click.option(
    "--until",
    metavar="HH:MM",
    help="Stop at the next such time of day, local or in --tz.",
)
@click.option(
    "--idle",
    type=Checked(config.parse_duration),
    metavar="DURATION",
    help="Stop when nobody did anything for so long.",
)
@click.option(
    "--max-events",
    type=click.IntRange(min=1),
    metavar="N",
    help="Stop after exactly N events of people in the channels.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing unless a human is needed.")
@click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
def command(**options: Any) -> None:
    """Record channels until stopped (Ctrl-C, SIGTERM) or a limit is reached.

    \b
      chatlog record --server irc.libera.chat --channel '#python'
      chatlog record --server irc.oftc.net --channel debian --for 55m --quiet
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.cli import live  # noqa: PLC0415 - --help does not pay for the network
    from chatlog.clock import now  # noqa: PLC0415
    from chatlog.recorder import Recorder  # noqa: PLC0415

    look_on = sys.stderr.isatty() and not options["quiet"]
    live.set_up_diagnostics(quiet=options["quiet"], verbose=options["verbose"], look_on=look_on)
    plan, writer = plan_of(options), writer_of(options)
    recorder = Recorder(plan, writer, now=now, limits=limits_of(options))
    _collect_seldom()
    asyncio.run(_record(recorder, look_on=look_on))
    say_where(recorder.plan, writer)


async def _record(recorder: Recorder, *, look_on: bool) -> None:
    from chatlog.cli import live  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, recorder.stop, signal.Signals(number).name)
    if look_on:
        async with live.view(recorder):
            await recorder.run()
    else:
        await recorder.run()


def _collect_seldom() -> None:
    """Let the collector of cycles look less often: a line of IRC makes none.

    As it is set by default it takes a twentieth of the time of a flood.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def plan_of(options: dict[str, Any]) -> Plan:
    """Turn options into what the recorder is to do."""
    from chatlog.connection import Address  # noqa: PLC0415 - imports the library
    from chatlog.protocol.manners import MannersSettings  # noqa: PLC0415
    from chatlog.protocol.registration import Identity  # noqa: PLC0415
    from chatlog.protocol.session import SessionSettings  # noqa: PLC0415
    from chatlog.recorder import Plan  # noqa: PLC0415

    server = config.parse_server(options["server"])
    tls = config.choose_tls(server, options["tls"])
    port = server.port or (config.TLS_PORT if tls else config.PLAIN_PORT)
    address = Address(host=server.host, port=port, tls=tls, ca=str(options["tls_ca"] or ""))
    channels = tuple(dict.fromkeys((*server.channels, *options["channel"])))
    if not channels:
        raise UsageError("no channel to record; say --channel '#python' or --channel python")
    session = SessionSettings(
        network=config.network_name(options["network"], server, tls=tls),
        server=str(address),
        identity=Identity(nick=options["nick"]),
        channels=channels,
        queries=options["queries"],
        max_skew=int(options["max_skew"] * 1000),
        manners=MannersSettings(
            whisper=options["answer_whispers"],
            addressed=options["answer_addressed"],
            ctcp=options["answer_ctcp"],
        ),
    )
    return Plan(
        session=session,
        address=address,
        reconnect_min=options["reconnect_min"],
        reconnect_max=max(options["reconnect_min"], options["reconnect_max"]),
        retry=options["retry"],
    )


def writer_of(options: dict[str, Any]) -> Writer:
    """Turn options into where and how transcripts are kept."""
    from chatlog.transcript.layout import Rotate  # noqa: PLC0415 - as above
    from chatlog.transcript.writer import Storage, Writer  # noqa: PLC0415

    config.parse_zone(options["tz"] or "UTC")
    storage = Storage(
        root=config.archive_root(options["output"], os.environ),
        formats=tuple(dict.fromkeys(options["format"])),
        rotate=Rotate(options["rotate"]),
        rotate_size=options["rotate_size"],
        tz=options["tz"] or "UTC",
        keep_formatting=options["keep_formatting"],
        file_mode=options["file_mode"],
    )
    return Writer(storage)


def limits_of(options: dict[str, Any]) -> Limits:
    """Turn options into when the run ends by itself."""
    from chatlog.recorder import Limits  # noqa: PLC0415 - as above

    durations = [options["duration"]] if options["duration"] is not None else []
    if options["until"]:
        here = datetime.now(UTC).astimezone()
        zone = config.parse_zone(options["tz"]) if options["tz"] else None
        durations.append(config.seconds_until(options["until"], here.astimezone(zone)))
    return Limits(
        duration=min(durations, default=None),
        idle=options["idle"],
        max_events=options["max_events"],
    )


def say_where(plan: Plan, writer: Writer) -> None:
    """Say where each channel's transcript is, if the network ever told how to name it."""
    network = plan.session.network
    if writer.known_casemapping(network) is not None:
        for channel in plan.session.channels:
            logger.info("recorded %s in %s", channel, writer.path(network, channel))
