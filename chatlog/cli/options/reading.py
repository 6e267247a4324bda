"""Options of the commands that read an archive: where it is, and its targets.

Reading starts quickly, so little is imported here, not even the table of
settings: a test holds `--archive` to its row. A path is a plain string: pathlib
would be a thirteenth of the start of `tail`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from chatlog.archive.version import expect_known_version
from chatlog.cli.options.completed import completed
from chatlog.cli.options.renamed import RenamedOption
from chatlog.cli.options.types import PathType, stands_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_ARCHIVE: Final[dict[str, Any]] = {
    "cls": RenamedOption,
    "envvar": "CHATLOG_ARCHIVE",
    "former_variable": "CHATLOG_OUTPUT",
    "type": PathType(file_okay=False),
    "metavar": "DIR",
    "help": "Directory of the archive."
    " Default: the configuration's, else the user's data directory.",
}
_config_option = click.option(
    "--config",
    envvar="CHATLOG_CONFIG",
    type=PathType(),
    metavar="FILE",
    help="Configuration that names the archive. Default: the user's, else the system's.",
)
_channel_option = click.option(
    "-c",
    "--channel",
    "channels",
    multiple=True,
    metavar="TARGET",
    shell_complete=completed("targets"),
    help="The same as TARGET. Repeatable.",
)
network_option = click.option(
    "--network",
    envvar="CHATLOG_NETWORK",
    metavar="NAME",
    shell_complete=completed("networks"),
    help="Only targets on this network.",
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


def archive_options(
    *, former: tuple[str, ...] = ("-o", "--output"), any_version: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options that say where the archive is; the command gets it as one `root`.

    `former` are the former names of `--archive`. Unless `any_version`, the command
    is not called for an archive whose version this chatlog does not know: that
    raises TranscriptError.
    """

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        def gathered(*, archive: str | None, config: str | None, **options: Any) -> Any:
            root = _root(archive, config)
            if not any_version:
                expect_known_version(root)
            return command(root=root, **options)

        place = click.option("-a", "--archive", former=former, **_ARCHIVE)
        return place(_config_option(stands_for(gathered, command)))

    return add


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument TARGET and the option `--channel`; the command gets both as `targets`."""

    def gathered(*, targets: tuple[str, ...], channels: tuple[str, ...], **options: Any) -> Any:
        return command(targets=(*targets, *channels), **options)

    argument = click.argument(
        "targets", nargs=-1, metavar="[TARGET]…", shell_complete=completed("targets")
    )
    return argument(_channel_option(stands_for(gathered, command)))


def _root(archive: str | None, config: str | None) -> str | Path:
    """Return the root of the archive to read: as named, else that of the configuration.

    Raise UsageError if the configuration cannot be read.
    """
    if archive is not None:
        return archive
    from pathlib import Path

    from chatlog.settings.locations import archive_of

    return archive_of(Path(config) if config else None)
