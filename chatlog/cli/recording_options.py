"""Options of the commands that record: where to go, and how transcripts are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog import config
from chatlog.cli.options import Checked, network_option, output_option
from chatlog.errors import UsageError
from chatlog.transcript.layout import Rotate
from chatlog.transcript.storage import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable


def parse_file_mode(text: str) -> int:
    """Read permissions as chmod does: `640`."""
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0o400 <= mode <= 0o777:  # noqa: PLR2004 - readable by us, and nothing but permissions
        raise UsageError(f"{text!r} is no file mode; say 640")
    return mode


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
        type=click.Choice(FORMATS),
        show_default=True,
        help="How transcripts are written; may be given twice.",
    ),
    click.option(
        "--rotate",
        default="daily",
        type=click.Choice([each.value for each in Rotate]),
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
