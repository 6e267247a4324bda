"""Servers as people name them: `HOST`, `HOST:PORT`, `[v6]:PORT` or an irc:// URL.

Knows the usual ports, and no network: presets.py has the known ones.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from chatlog.errors import UsageError
from chatlog.host_names import wire_host
from chatlog.settings.parsers import channel_name

TLS_PORT: Final = 6697
PLAIN_PORT: Final = 6667
_MAX_PORT: Final = 65_535
_URL_TLS: Final = {"ircs": True, "irc": False}


class ServerName(NamedTuple):
    """A server as it was named; `port` and `tls` are None, `channels` empty, unless given."""

    host: str
    port: int | None = None
    tls: bool | None = None
    channels: tuple[str, ...] = ()


def parse_server(text: str) -> ServerName:
    """Parse `HOST`, `HOST:PORT`, `[v6]:PORT` or `ircs://HOST:PORT/#channel`.

    Refuse a login, without showing it.
    """
    scheme, separator, rest = text.partition("://")
    if "@" in re.split("[/?#]", rest or text, maxsplit=1)[0]:
        raise UsageError(
            "a server is named without a login, which every process could see;"
            " give it by --sasl-user and --sasl-password-file, or --password-file"
        )
    if not separator:
        return ServerName(*_host_and_port(text))
    from urllib.parse import unquote, urlsplit

    if scheme.lower() not in _URL_TLS:
        raise UsageError(f"{text}: the URL of a server begins with ircs:// or irc://")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no URL: {error}") from error
    # An unquoted # of a channel's name begins the fragment of the URL.
    path = unquote(parts.path.removeprefix("/")) + ("#" + parts.fragment if parts.fragment else "")
    channels = tuple(channel_name(name) for name in path.split(",") if name)
    host, port = _host_and_port(parts.netloc)
    return ServerName(host, port, _URL_TLS[scheme.lower()], channels)


def _host_and_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    try:
        wire_host(host)
    except ValueError as error:
        raise UsageError(f"{text!r} names no host; say HOST or HOST:PORT") from error
    return host.removesuffix("."), _port(port, text) if port else None


def _port(digits: str, text: str) -> int:
    if not (re.fullmatch(r"[0-9]{1,5}", digits) and 0 < int(digits) <= _MAX_PORT):
        raise UsageError(f"{text}: {digits!r} is no port; ports are 1 to {_MAX_PORT}")
    return int(digits)


def choose_tls(server: ServerName, option: bool | None) -> bool:  # noqa: FBT001 - as the option
    """Return whether to encrypt: the option, else the URL, else yes."""
    if option is not None:
        return option
    return True if server.tls is None else server.tls


def network_name(option: str | None, server: ServerName, *, tls: bool) -> str:
    """Return the network's name in the archive: the option, else the host with an unusual port."""
    if option:
        return option
    usual = (None, TLS_PORT if tls else PLAIN_PORT)
    return server.host.lower() + ("" if server.port in usual else f"-{server.port}")
