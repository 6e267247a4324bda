"""`chatlog collect`: one archive of all that recorders ship to a bus."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from chatlog.archive.version import expect_known_version
from chatlog.cli.help import HelpCommand
from chatlog.cli.options.bus import BUS, bus_options
from chatlog.cli.options.recording import archive_option
from chatlog.cli.options.storage import storage_config_option, typed_storage
from chatlog.cli.options.types import ParserType
from chatlog.cli.show.bus import collected_line, lost_line
from chatlog.cli.show.diagnostics import end_diagnostics, set_up_diagnostics
from chatlog.cli.show.messages import write_message
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import NothingFoundError, TranscriptError
from chatlog.formats.wording import many
from chatlog.settings import parsers
from chatlog.settings.listen import parse_listen

if TYPE_CHECKING:
    from chatlog.bus.collection import Collection
    from chatlog.bus.collector import Collector
    from chatlog.bus.server import BusServer
    from chatlog.settings.listen import Listen

logger = logging.getLogger("chatlog")

_SECTIONS = {
    "Stream": ("--stream", "--create", "--max-size", "--max-age"),
    "Bus": BUS,
    "Archive": ("--archive", "--config"),
    "Collecting": ("--once", "--metrics-listen", "--json", "--quiet"),
}


@click.command(cls=HelpCommand, sections=_SECTIONS)
@bus_options
@click.option(
    "--stream",
    default="CHATLOG",
    metavar="NAME",
    show_default=True,
    help="Name of the stream on the server.",
)
@click.option("--create", is_flag=True, help="Make the stream if the server has none of that name.")
@click.option(
    "--max-size",
    default="10G",
    type=ParserType(parsers.parse_size),
    metavar="SIZE",
    show_default=True,
    help="With --create: room of the stream; beyond it, the oldest messages go.",
)
@click.option(
    "--max-age",
    default="7d",
    type=ParserType(parsers.parse_duration),
    metavar="DURATION",
    show_default=True,
    help="With --create: time for which messages stay in the stream.",
)
@click.option("--once", is_flag=True, help="End when all is collected that the stream has.")
@click.option(
    "--metrics-listen",
    type=ParserType(parse_listen),
    metavar="ADDRESS:PORT",
    help="Serve metrics to Prometheus there, such as 127.0.0.1:9464.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@archive_option
@storage_config_option
@click.pass_context
def command(
    ctx: click.Context,
    /,
    *,
    server: BusServer,
    stream: str,
    create: bool,
    max_size: int,
    max_age: float,
    once: bool,
    metrics_listen: Listen | None,
    as_json: bool,
    quiet: bool,
    **_: Any,
) -> None:
    """Collect the lines that recorders ship, each line once, into one archive.

    Lines of several recorders of a channel are aligned as by `chatlog merge`, and the archive's
    ledgers tell when nobody heard it. Messages that the stream has lost are asked for. A
    collector that was killed goes on where it was. The archive must have no recorder of the same
    channels. The exit status is 1 if messages stay lost.

    \b
      chatlog collect nats://bus.example.org --archive all --create
      chatlog collect tls://bus.example.org --nats-creds bus.creds -a all
      chatlog collect nats://bus.example.org --archive all --once --json
      chatlog collect nats://bus.example.org -a all --metrics-listen 127.0.0.1:9465
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.bus.collection import Collection
    from chatlog.bus.collector import Collector
    from chatlog.bus.server import StreamLimits

    storage = typed_storage(ctx)
    expect_known_version(storage.root)
    set_up_diagnostics(quiet=quiet, verbose=False, look_on=False)
    limits = StreamLimits(size=max_size, age=max_age) if create else None
    collection = Collection(storage, time.monotonic)
    logger.info("collecting %s of %s into %s", stream, server.shown, storage.root)
    try:
        _run(Collector(collection, server, stream, limits), metrics_listen, once=once)
    finally:
        collection.close()
        end_diagnostics()
    _show(collection, as_json=as_json, quiet=quiet)


def _run(collector: Collector, listen: Listen | None, *, once: bool) -> None:
    from chatlog.cli.bus_process import run_until_stopped
    from chatlog.cli.metrics_page import serving

    async def run() -> None:
        async with serving(listen, collector.metrics):
            await collector.run(once=once)

    run_until_stopped(run, collector.stop)


def _show(collection: Collection, *, as_json: bool, quiet: bool) -> None:
    """Print the counts.

    Raise TranscriptError if lines were left out, NothingFoundError if messages are lost.
    """
    lost = collection.lost()
    if as_json:
        from chatlog.cli.show.json_views import collect_record

        write(json_line(collect_record(collection)))
    elif not quiet:
        click.echo(collected_line(collection))
    sys.stdout.flush()
    for witness, ask in lost:
        write_message(lost_line(witness, ask))
    if collection.at_odds:
        count = collection.left_out.total()
        raise TranscriptError(
            f"left out: {many(count, 'line')} of {', '.join(collection.at_odds)}, as the archive"
            " folds the names of a network in another way; collect them into another one"
        )
    if lost:
        count = sum(ask.last - ask.first + 1 for _, ask in lost)
        raise NothingFoundError(
            f"{many(count, 'message')} are lost; run this again while their shippers run"
        )
