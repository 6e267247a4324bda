"""`chatlog ship`: the lines of an archive to a bus, while it is recorded."""

from __future__ import annotations

import logging
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chatlog.cli.help import HelpCommand
from chatlog.cli.options.bus import BUS, bus_options
from chatlog.cli.options.reading import archive_options
from chatlog.cli.show.bus import shipped_line
from chatlog.cli.show.damage import Damage
from chatlog.cli.show.diagnostics import end_diagnostics, set_up_diagnostics
from chatlog.cli.show.nothing_found import no_archive
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import TranscriptError
from chatlog.formats.wording import many

if TYPE_CHECKING:
    from chatlog.bus.archive_feed import ArchiveFeed
    from chatlog.bus.server import BusServer
    from chatlog.bus.shipper import Shipper

logger = logging.getLogger("chatlog")

_SECTIONS = {
    "Shipping": ("--name", "--once", "--until-eof"),
    "Bus": BUS,
    "Archive": ("--archive", "--config"),
    "Messages": ("--json", "--quiet"),
}


@click.command(cls=HelpCommand, sections=_SECTIONS)
@bus_options
@click.option(
    "--name",
    metavar="NAME",
    help="Beginning of the name of this archive on the bus, when it is shipped for the first time."
    " Default: the name of the machine.",
)
@click.option("--once", is_flag=True, help="End when all is shipped that the archive has.")
@click.option(
    "--until-eof",
    is_flag=True,
    help="End when stdin ends, and all is shipped that the archive has then.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@archive_options()
def command(
    *,
    server: BusServer,
    name: str | None,
    once: bool,
    until_eof: bool,
    as_json: bool,
    quiet: bool,
    root: str | Path,
) -> None:
    """Publish the lines and ledgers of an archive on NATS JetStream, until stopped.

    URL is nats://HOST:4222 or tls://HOST:4222. Recorders may write meanwhile, and never wait
    for the bus: if it is away, its lines wait in the archive. `chatlog collect` makes one archive
    of all that is shipped. A shipper that was killed goes on where it was.

    \b
      chatlog ship nats://bus.example.org
      chatlog ship tls://bus.example.org --nats-creds bus.creds -a /var/lib/chatlog
      chatlog ship nats://bus.example.org --once --quiet
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped
    from chatlog.bus.archive_feed import ArchiveFeed
    from chatlog.bus.shipper import Shipper

    place = Path(root)
    if not place.is_dir():
        raise no_archive(place).error()
    set_up_diagnostics(quiet=quiet, verbose=False, look_on=False)
    feed = ArchiveFeed(place, name or socket.gethostname())
    logger.info("shipping %s as %s to %s", place, feed.witness, server.shown)
    shipper = Shipper(feed, server)
    try:
        _run(shipper, once=once, until_eof=until_eof)
    finally:
        feed.close()
        end_diagnostics()
    _show(shipper, feed, as_json=as_json, quiet=quiet)
    if feed.too_long:
        raise TranscriptError(f"{many(feed.too_long, 'line')} too long for the bus; see above")


def _run(shipper: Shipper, *, once: bool, until_eof: bool) -> None:
    from chatlog.cli.bus_process import call_at_end_of_input, run_until_stopped

    async def running() -> None:
        if once:
            shipper.end_when_idle()
        if until_eof:
            call_at_end_of_input(shipper.end_when_idle)
        await shipper.run(patient=not once)

    run_until_stopped(running, shipper.stop)


def _show(shipper: Shipper, feed: ArchiveFeed, *, as_json: bool, quiet: bool) -> None:
    Damage(feed.damaged).report()
    if as_json:
        from chatlog.cli.show.json_views import ship_record

        write(json_line(ship_record(feed.witness, shipper.shipped)))
    elif not quiet:
        click.echo(shipped_line(feed.witness, shipper.shipped))
    sys.stdout.flush()
