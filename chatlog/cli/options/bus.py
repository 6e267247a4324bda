"""Options of the commands that talk to a bus: its address, and how to log in there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog.cli.options.types import PathType, stands_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.bus.server import BusServer

BUS: Final = ("--nats-creds", "--nats-ca")
"""The options of `bus_options`."""


def bus_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument and the options of a bus; the command gets them as one `server`."""

    def gathered(*, bus: str, nats_creds: Path | None, nats_ca: Path | None, **options: Any) -> Any:
        return command(server=bus_server(bus, nats_creds, nats_ca), **options)

    stands_for(gathered, command)
    return click.argument("bus", metavar="URL", envvar="CHATLOG_BUS")(login_options(gathered))


def login_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to log in at a bus."""
    for add in reversed(_LOGIN):
        command = add(command)
    return command


_LOGIN: Final = (
    click.option(
        "--nats-creds",
        envvar="CHATLOG_NATS_CREDS",
        type=PathType(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Credentials for the NATS server: a .creds file.",
    ),
    click.option(
        "--nats-ca",
        envvar="CHATLOG_NATS_CA",
        type=PathType(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Certificates that the NATS server's must be signed by; for tls://. Default: the"
        " system's.",
    ),
)


def bus_server(url: str, credentials: Path | None, authority: Path | None) -> BusServer:
    """Return the server of an address; raise UsageError if it is none, or without nats-py.

    Credentials are read once here, so that a wrong file ends `record --publish` at its start.
    """
    from chatlog.bus.server import BusServer, expect_credentials, expect_library

    expect_library()
    if credentials is not None:
        expect_credentials(credentials)
    return BusServer(url=url, credentials=credentials, authority=authority)
