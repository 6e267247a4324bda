"""`chatlog config`: check the configuration, or begin one."""

from __future__ import annotations

import os
import pkgutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from chatlog.casemapping import CHANTYPES, Casemapping
from chatlog.cli.help import HelpCommand, HelpGroup
from chatlog.cli.options.storage import rules_of
from chatlog.cli.options.types import PathType
from chatlog.cli.show.messages import write_message
from chatlog.cli.show.rulings import Explained, explained_lines
from chatlog.cli.show.screen import json_line, write
from chatlog.errors import UsageError
from chatlog.event import SERVER
from chatlog.formats.visible import printable
from chatlog.formats.wording import many
from chatlog.settings.file import load
from chatlog.settings.locations import found_config, user_config

if TYPE_CHECKING:
    from chatlog.archive.rules import Rules
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
@click.option(
    "--explain",
    "targets",
    multiple=True,
    metavar="CHANNEL",
    help="Show which rule holds for a channel, what is recorded of it, and how long that is"
    " kept. Repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def check(*, file: Path | None, targets: tuple[str, ...], as_json: bool) -> None:
    """Check FILE, or the configuration in use: CHATLOG_CONFIG, the user's, the system's.

    It connects to nothing. Each error names its key.

    \b
      chatlog config check
      chatlog config check --json chatlog.toml
      chatlog config check --explain '#python' --explain libera/@server
    """  # noqa: D301 - as above
    named = file or found_config() or user_config()
    found = load(named)
    rules = rules_of(found.storage)
    explained = [each for target in targets for each in _explained(target, found, rules)]
    for warning in found.warnings:
        write_message(warning)
    if as_json:
        from chatlog.cli.show.json_views import config_record, explained_record

        write(json_line(config_record(named, found)))
        write(b"".join(json_line(explained_record(each)) for each in explained))
    else:
        click.echo(_sentence(named, found))
        for line in explained_lines(explained, rules):
            click.echo(line)


def _explained(target: str, found: Config, rules: Rules) -> list[Explained]:
    """Return the ruling for a channel on each network where it is configured, else on all.

    Before its name may stand a network and a slash. Raise UsageError for an unknown one.
    """
    name, slash, rest = target.partition("/")
    networks = dict(found.networks)
    if slash and name.lower() in {each.lower() for each in networks}:
        networks = {each: networks[each] for each in networks if each.lower() == name.lower()}
        target = rest
    elif slash:
        raise UsageError(f"there is no network {name!r}; known are {', '.join(networks)}")
    if not target:
        raise UsageError("--explain needs a channel; say --explain '#python'")
    channel = target if target == SERVER or target[0] in CHANTYPES else f"#{target}"
    folds = Casemapping()
    configured = {
        network: each
        for network, settings in networks.items()
        for each in settings.channels
        if folds.equal(each.name, channel)
    }
    return [
        Explained(
            network,
            configured[network].name if network in configured else channel,
            rules.of(network, channel, folds),
            nolog=network in configured and configured[network].nolog,
        )
        for network in configured or networks
    ]


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
