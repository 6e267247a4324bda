"""Options of the commands that record: where to go, and how transcripts are kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from chatlog.archive.compression import COMPRESSIONS
from chatlog.archive.layout import Rotate
from chatlog.archive.storage import FORMATS, Sync
from chatlog.cli.options.types import Checked, network_option, output_option
from chatlog.settings import parsers, server_names

if TYPE_CHECKING:
    from collections.abc import Callable


def _text(*names: str, **settings: Any) -> Callable[..., Any]:
    envvar = f"CHATLOG_{names[-1].removeprefix('--').replace('-', '_').upper()}"
    return click.option(*names, envvar=envvar, **settings)


def _file(name: str, what: str) -> Callable[..., Any]:
    kind = click.Path(exists=True, dir_okay=False)
    return _text(name, type=kind, metavar="FILE", help=what)


def _secret_file(name: str, what: str) -> Callable[..., Any]:
    secret = name.removeprefix("--").removesuffix("-file").replace("-", "_").upper()
    return _file(name, f"{what}; or in CHATLOG_{secret}.")


def _duration(name: str, default: str, what: str) -> Callable[..., Any]:
    kind = Checked(parsers.parse_duration)
    return click.option(name, default=default, type=kind, show_default=True, help=what)


_NETWORK: Final = (
    _text(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Networks, channels and settings; see `chatlog config init`.",
    ),
    _text(
        "-s",
        "--server",
        multiple=True,
        type=Checked(server_names.parse_server),
        metavar="HOST[:PORT]",
        help="The server; a URL: ircs://HOST:PORT/#channel; or libera, oftc, twitch."
        " Repeated: each is tried in turn.",
    ),
    _text(
        "-c",
        "--channel",
        multiple=True,
        type=Checked(parsers.channel_name),
        metavar="NAME",
        help="A channel to record, repeatable: '#python' quoted, or python.",
    ),
    network_option,
    _file("--channel-keys-file", "Keys of channels: lines of '#channel key'."),
    _text(
        "--nick",
        default="chatlog",
        type=Checked(parsers.parse_nick),
        show_default=True,
        help="Who we are in the channels.",
    ),
    click.option(
        "--alternate",
        "alternates",
        multiple=True,
        type=Checked(parsers.parse_nick),
        metavar="NICK",
        help="A nick to take while the other is in use, repeatable.",
    ),
    _text("--realname", metavar="TEXT", help="What WHOIS says of us."),
    click.option(
        "--user-modes",
        type=Checked(parsers.parse_user_modes),
        metavar="MODES",
        help="Modes to set on ourselves: +i.",
    ),
    click.option(
        "--accept-invites", is_flag=True, help="Record the channels that we are invited to."
    ),
)

_LOGIN: Final = (
    _secret_file("--password-file", "The server's password"),
    _text(
        "--sasl",
        type=Checked(str.upper),
        metavar="MECHANISM",
        help="Log in by this mechanism alone. Default: the best that both sides know.",
    ),
    _text("--sasl-user", metavar="ACCOUNT", help="The account to log in to."),
    _secret_file("--sasl-password-file", "Its password"),
    _file("--sasl-key", "A private key (PEM) for ECDSA-NIST256P-CHALLENGE."),
    click.option(
        "--sasl-plain-without-tls",
        is_flag=True,
        help="Send the password over a connection that is not encrypted.",
    ),
    _secret_file("--nickserv-password-file", "Identify to NickServ, where there is no SASL"),
)

_TRANSPORT: Final = (
    click.option(
        "--tls/--no-tls",
        default=None,
        envvar="CHATLOG_TLS",
        help="Encrypt, with a verified certificate. Default: yes.",
    ),
    _file("--tls-ca", "Trust this certificate authority and no other."),
    _text(
        "--tls-fingerprint",
        multiple=True,
        type=Checked(parsers.parse_fingerprint),
        metavar="SHA256",
        help="Trust the certificate with this fingerprint and no other, repeatable.",
    ),
    _file("--client-cert", "The certificate (PEM) that we show."),
    _file("--client-key", "Its key, where it is in a file of its own."),
    _text(
        "--proxy",
        type=Checked(parsers.parse_proxy),
        metavar="URL",
        help="Go through socks5://HOST:PORT or http://HOST:PORT, which resolves names.",
    ),
    _secret_file("--proxy-password-file", "Its password"),
    _text(
        "--bind",
        type=Checked(parsers.parse_bind),
        metavar="ADDRESS",
        help="Our own address to connect from.",
    ),
    _duration("--connect-timeout", "30s", "How long each step of connecting may take."),
    _duration("--timeout", "150s", "A link on which nothing is heard for so long is dead."),
    _duration("--reconnect-min", "2s", "The first wait before a reconnection."),
    _duration("--reconnect-max", "5m", "The longest wait before a reconnection."),
    click.option(
        "--retry/--no-retry",
        default=None,
        help="Keep trying even if the first connection fails. Default: with --config.",
    ),
)

_MANNERS: Final = (
    click.option("--queries", is_flag=True, help="Record private messages as well."),
    _duration(
        "--max-skew", "5m", "A line older than this was not said now: it is filed as playback."
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
    _text("--answer-text", metavar="TEXT", help="What to answer: where the log can be read."),
    _text("--announce", metavar="TEXT", help="Say this in a channel on joining it, once a day."),
    click.option(
        "--off-record-prefix",
        multiple=True,
        default=("[off]", "[nolog]"),
        show_default=True,
        metavar="TEXT",
        help="What begins so is counted and not recorded, repeatable.",
    ),
    click.option(
        "--ignore",
        multiple=True,
        type=Checked(parsers.parse_mask),
        metavar="MASK",
        help="Do not record who matches nick!user@host, with * and ?, repeatable.",
    ),
)

_UNATTENDED: Final = (
    _text(
        "--metrics-file",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Keep metrics there for the Prometheus node exporter.",
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
        type=Checked(parsers.parse_size),
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
        type=Checked(parsers.parse_file_mode),
        show_default=True,
        help="Permissions of new segments.",
    ),
    click.option(
        "--sync",
        default="interval",
        type=click.Choice([each.value for each in Sync]),
        show_default=True,
        help="When lines are made safe from a power cut; no killed process takes any.",
    ),
    _duration("--sync-interval", "1s", "How much of the talk a power cut may take."),
    _text(
        "--spool-dir",
        type=click.Path(file_okay=False),
        metavar="DIR",
        help="Let what waits for a full disk wait there, safe from a crash, and not in memory.",
    ),
    click.option(
        "--spool-size",
        default="64M",
        type=Checked(parsers.parse_size),
        show_default=True,
        help="How much may wait for a full disk before reading pauses.",
    ),
    click.option(
        "--min-free",
        default="100M",
        type=Checked(parsers.parse_room),
        metavar="SIZE",
        show_default=True,
        help="Warn when the disk has less room than this; 0: never.",
    ),
)

_KEEPING: Final = (
    click.option(
        "--compress",
        default="gzip",
        type=click.Choice(list(COMPRESSIONS)),
        show_default=True,
        help="How segments are sealed when their period is over.",
    ),
    click.option(
        "--keep",
        type=Checked(parsers.parse_duration),
        metavar="DURATION",
        help="Remove segments so long after their period: 90d.  [default: never]",
    ),
    click.option(
        "--keep-bytes",
        type=Checked(parsers.parse_size),
        metavar="SIZE",
        help="Remove the oldest segments of an archive larger than this: 10G.",
    ),
)


def network_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that goes to a network."""
    return _with(_NETWORK + _LOGIN + _TRANSPORT + _MANNERS + _UNATTENDED, function)


def connection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that goes to a network and says nothing there."""
    return _with(_NETWORK + _LOGIN + _TRANSPORT, function)


def transcript_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that writes transcripts."""
    return _with(_TRANSCRIPT + _KEEPING, function)


def keeping_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that seals and removes segments."""
    return _with(_KEEPING, function)


def _with(
    options: tuple[Callable[..., Any], ...], function: Callable[..., Any]
) -> Callable[..., Any]:
    for option in reversed(options):
        function = option(function)
    return function
