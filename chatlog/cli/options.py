"""Options that several commands share, each with its environment variable.

What is typed is checked by `config`; here its words become click's usage errors.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog import config
from chatlog.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    _ParamType = click.ParamType[object]
else:
    _ParamType = click.ParamType  # generic only in newer releases of click

_ROTATIONS: Final = ("hourly", "daily", "weekly", "monthly", "never")


class Checked(_ParamType):
    """A parameter read by a function that raises UsageError."""

    def __init__(self, parse: Callable[[str], object]) -> None:
        self._parse = parse
        self.name = parse.__name__.removeprefix("parse_")

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        """Return what the function makes of the text."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


def parse_file_mode(text: str) -> int:
    """Read permissions as chmod does: `640`."""
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0o400 <= mode <= 0o777:  # noqa: PLR2004 - readable by us, and nothing but permissions
        raise UsageError(f"{text!r} is no file mode; say 640")
    return mode


output_option = click.option(
    "-o",
    "--output",
    envvar="CHATLOG_OUTPUT",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the archive is. Default: the user's data directory.",
)
network_option = click.option(
    "--network",
    envvar="CHATLOG_NETWORK",
    metavar="NAME",
    help="How the network is called in the archive. Default: the server's host.",
)

_NETWORK: Final = (
    click.option(
        "-s",
        "--server",
        envvar="CHATLOG_SERVER",
        required=True,
        metavar="HOST[:PORT]",
        help="The server, or a URL: ircs://HOST:PORT/#channel.",
    ),
    click.option(
        "-c",
        "--channel",
        multiple=True,
        envvar="CHATLOG_CHANNEL",
        type=Checked(config.channel_name),
        metavar="NAME",
        help="A channel to record, repeatable: '#python' quoted, or python.",
    ),
    network_option,
    click.option(
        "--nick",
        envvar="CHATLOG_NICK",
        default="chatlog",
        type=Checked(config.parse_nick),
        show_default=True,
        help="Who we are in the channels.",
    ),
    click.option(
        "--tls/--no-tls",
        default=None,
        envvar="CHATLOG_TLS",
        help="Encrypt, with a verified certificate. Default: yes.",
    ),
    click.option(
        "--tls-ca",
        envvar="CHATLOG_TLS_CA",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Trust this certificate authority and no other.",
    ),
    click.option(
        "--reconnect-min",
        default="2s",
        type=Checked(config.parse_duration),
        show_default=True,
        help="The first wait before a reconnection.",
    ),
    click.option(
        "--reconnect-max",
        default="5m",
        type=Checked(config.parse_duration),
        show_default=True,
        help="The longest wait before a reconnection.",
    ),
    click.option("--retry", is_flag=True, help="Keep trying even if the first connection fails."),
    click.option("--queries", is_flag=True, help="Record private messages as well."),
    click.option(
        "--max-skew",
        default="5m",
        type=Checked(config.parse_duration),
        show_default=True,
        help="A line older than this was not said now: it is filed as playback.",
    ),
    click.option(
        "--answer-whispers/--no-answer-whispers",
        default=True,
        help="Tell who whispers, once an hour, that this is a recorder.",
    ),
    click.option(
        "--answer-addressed/--no-answer-addressed",
        default=True,
        help="Answer a line that begins with our nick, once in ten minutes.",
    ),
    click.option(
        "--answer-ctcp/--no-answer-ctcp",
        default=True,
        help="Answer CTCP VERSION, PING, TIME, SOURCE and CLIENTINFO.",
    ),
)

_TRANSCRIPT: Final = (
    output_option,
    click.option(
        "--format",
        multiple=True,
        default=("jsonl",),
        type=click.Choice(["jsonl", "text"]),
        show_default=True,
        help="How transcripts are written; may be given twice.",
    ),
    click.option(
        "--rotate",
        default="daily",
        type=click.Choice(_ROTATIONS),
        show_default=True,
        help="When a new segment begins.",
    ),
    click.option(
        "--rotate-size",
        type=Checked(config.parse_size),
        metavar="SIZE",
        help="Begin a new part before a segment grows beyond this: 10M.",
    ),
    click.option(
        "--tz",
        envvar="CHATLOG_TZ",
        metavar="ZONE",
        help="Time zone of text transcripts and --until: Europe/Berlin.  [default: UTC; local]",
    ),
    click.option(
        "--keep-formatting", is_flag=True, help="Keep mIRC colours and bold in text transcripts."
    ),
    click.option(
        "--file-mode",
        default="640",
        type=Checked(parse_file_mode),
        show_default=True,
        help="Permissions of new segments.",
    ),
)


def network_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that goes to a network."""
    return _with(_NETWORK, function)


def transcript_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that writes transcripts."""
    return _with(_TRANSCRIPT, function)


def _with(
    options: tuple[Callable[..., Any], ...], function: Callable[..., Any]
) -> Callable[..., Any]:
    for option in reversed(options):
        function = option(function)
    return function
