"""`chatlog config`: check the configuration, or begin one."""

from __future__ import annotations

import os
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from chatlog.cli.help import HelpCommand, HelpGroup
from chatlog.cli.options.types import PathType
from chatlog.cli.show.messages import write_message
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import UsageError
from chatlog.formats.visible import printable
from chatlog.formats.wording import many
from chatlog.settings.file import load
from chatlog.settings.locations import found_config, user_config

if TYPE_CHECKING:
    from chatlog.settings.config import Config

_OURS_ALONE: Final = 0o600


@click.group(cls=HelpGroup)
def command() -> None:
    """Check the configuration, or write an example to start from.

    \b
      chatlog config init
      chatlog config check
    """  # noqa: D301 - click's mark for a paragraph that is not to be wrapped


@command.command(cls=HelpCommand, short_help="Check a configuration; connects to nothing.")
@click.argument("file", required=False, envvar="CHATLOG_CONFIG", type=PathType(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(*, file: Path | None, as_json: bool) -> None:
    """Check FILE, or the configuration in use: CHATLOG_CONFIG, the user's, the system's.

    It connects to nothing. Each error names its key.

    \b
      chatlog config check
      chatlog config check --json chatlog.toml
    """  # noqa: D301 - as above
    named = file or found_config() or user_config()
    found = load(named)
    for warning in found.warnings:
        write_message(warning)
    if as_json:
        from chatlog.cli.show.json_views import config_record

        write(json_line(config_record(named, found)))
    else:
        click.echo(_sentence(named, found))


@command.command(cls=HelpCommand, short_help="Write a commented example.")
@click.argument(
    "file",
    required=False,
    envvar="CHATLOG_CONFIG",
    type=PathType(path_type=Path, allow_dash=True),
)
def init(*, file: Path | None) -> None:
    """Write a commented example to FILE, or print it for -.

    Without FILE it becomes the configuration that every command uses: CHATLOG_CONFIG,
    or the user's. An existing file is not changed.

    \b
      chatlog config init
      chatlog config init ./chatlog.toml
      chatlog config init - | less
    """  # noqa: D301 - as above
    example = pkgutil.get_data("chatlog", "data/chatlog.toml") or b""
    named = file or user_config()
    if str(file) == "-":
        write(example)
        return
    _create(named, example)
    checking = f"chatlog config check {printable(str(file))}" if file else "chatlog config check"
    click.echo(f"{printable(str(named))}: written; change it, then check it with `{checking}`")


def _create(file: Path, content: bytes) -> None:
    """Write a new file that others cannot read, as secrets may be added to it."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OURS_ALONE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
    except OSError as error:
        there = "exists already, and is not changed; edit it, or name another FILE"
        reason = there if file.exists() else f"cannot be written: {error.strerror}"
        raise UsageError(f"{file} {reason}") from error


def _sentence(file: Path, found: Config) -> str:
    channels = sum(len(network.channels) for network in found.networks.values())
    said = [many(len(found.networks), "network"), many(channels, "channel")]
    return f"{printable(str(file))}: {', '.join(said)}, valid"
