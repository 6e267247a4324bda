"""Addresses to listen on, as `--metrics-listen` names one."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from chatlog.errors import UsageError
from chatlog.settings.parsers import parse_bind

_LISTEN: Final = re.compile(r"(?:\[(?P<six>[^]]+)\]|(?P<host>[^][:]+)):(?P<port>[0-9]{1,5})")
_HIGHEST: Final = 65_535


class Listen(msgspec.Struct, frozen=True):
    """An address of this machine and a port; port 0 is any free one."""

    host: str
    port: int


def parse_listen(text: str) -> Listen | None:
    """Return the address of a text such as `127.0.0.1:9464` or `[::1]:9464`; None for "".

    Raise UsageError for any other text: an address is never guessed, as the wrong one would
    show the names of channels to the network.
    """
    if not text:
        return None
    found = _LISTEN.fullmatch(text)
    if found is None or int(found["port"]) > _HIGHEST:
        raise UsageError(f"{text!r} is no address to listen on; say 127.0.0.1:9464")
    host = found["six"] or found["host"]
    return Listen("127.0.0.1" if host == "localhost" else parse_bind(host), int(found["port"]))


def spell_listen(listen: Listen | None) -> str:
    """Return the text of an address."""
    if listen is None:
        return ""
    host = f"[{listen.host}]" if ":" in listen.host else listen.host
    return f"{host}:{listen.port}"
