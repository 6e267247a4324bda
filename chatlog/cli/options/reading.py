"""Options of the commands that read an archive, and the archive that they name.

Reading starts quickly, so little is imported here, not even the table of
settings: a test holds `--archive` to its row. A path is a plain string: pathlib
would be a thirteenth of the start of `tail`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog.archive.version import expect_known_version
from chatlog.cli.options.renamed import RenamedOption
from chatlog.settings import parsers

if TYPE_CHECKING:
    from pathlib import Path

_PLACE: Final[dict[str, Any]] = {
    "cls": RenamedOption,
    "envvar": "CHATLOG_ARCHIVE",
    "former_variable": "CHATLOG_OUTPUT",
    "type": click.Path(file_okay=False),
    "metavar": "DIR",
    "help": "Directory of the archive. Default: the user's data directory.",
}
archive_option = click.option("-a", "--archive", former=("-o", "--output"), **_PLACE)
archive_option_of_search = click.option("-a", "--archive", former=("--output",), **_PLACE)
"""The same for `search`, whose `-o` meant something else."""
network_option = click.option(
    "--network", envvar="CHATLOG_NETWORK", metavar="NAME", help="Only targets on this network."
)
color_option = click.option(
    "--color",
    default="auto",
    type=click.Choice(["auto", "always", "never"]),
    show_default=True,
    help="Use colours; auto: if stdout is a terminal and NO_COLOR is not set.",
)
tz_option = click.option(
    "--tz",
    metavar="ZONE",
    help="Time zone of the times shown: UTC, Europe/Berlin. Default: local.",
)


def archive_root(archive: str | None) -> str | Path:
    """Return the root of the archive to read.

    Raise TranscriptError if its version is not one that this chatlog knows.
    """
    root = parsers.archive_root(archive, os.environ)
    expect_known_version(root)
    return root
