"""Options of the commands that read an archive.

Reading starts quickly, so nothing is imported here but click, and a path is a
plain string: pathlib would be a thirteenth of the start of `tail`.
"""

from __future__ import annotations

from typing import Any, Final

import click

_PLACE: Final[dict[str, Any]] = {
    "envvar": "CHATLOG_OUTPUT",
    "type": click.Path(file_okay=False),
    "metavar": "DIR",
    "help": "Where the archive is. Default: the user's data directory.",
}
output_option = click.option("-o", "--output", **_PLACE)
archive_option = click.option("--output", **_PLACE)
"""The same for commands whose `-o` is something else."""
network_option = click.option(
    "--network", envvar="CHATLOG_NETWORK", metavar="NAME", help="Only what is of this network."
)
color_option = click.option(
    "--color",
    default="auto",
    type=click.Choice(["auto", "always", "never"]),
    show_default=True,
    help="Colours; auto is where stdout is a terminal and NO_COLOR is not set.",
)
tz_option = click.option(
    "--tz",
    metavar="ZONE",
    help="Time zone of the times shown: UTC, Europe/Berlin. Default: local.",
)
