"""Strict Transport Security: a server's demand for TLS, and its duration.

See https://ircv3.net/specs/extensions/sts
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_NUMBER: Final = re.compile(r"(?a)\d{1,10}")
_LAST_PORT: Final = 65_535


class StsPolicy(NamedTuple):
    """The port that speaks TLS, and how many seconds the policy holds; None where not said."""

    port: int | None = None
    duration: int | None = None


def parse_sts(value: str) -> StsPolicy | None:
    """Read the value of the capability; None where it says nothing that can be obeyed."""
    said = dict(key.partition("=")[::2] for key in value.split(","))
    port, duration = _number(said.get("port", "")), _number(said.get("duration", ""))
    if port is not None and not 0 < port <= _LAST_PORT:
        port = None
    return None if port is duration is None else StsPolicy(port, duration)


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None
