"""One JOIN line: how it is written, and how many channels fit in it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chatlog.protocol.wanted import WantedChannel

MAX_BYTES: Final = 510
"""Bytes that fit in a line beside its CR LF; some servers cut a longer one without a word."""

LONGEST_NAME: Final = 400
"""Characters of the longest name of a channel that a server may add to ours."""

_NOT_IN_A_NAME: Final = re.compile("[\0\a\r\n ,]")


def is_joinable(name: str) -> bool:
    """Return whether a name can stand in a JOIN as one channel: `#a,0` would part from all."""
    return 0 < len(name) <= LONGEST_NAME and _NOT_IN_A_NAME.search(name) is None


def fitting(due: list[WantedChannel]) -> list[WantedChannel]:
    """Return the first of these that fit in one line; one at least."""
    chosen: list[WantedChannel] = []
    for wanted in due:
        if chosen and len(join_line([*chosen, wanted]).encode()) > MAX_BYTES:
            break
        chosen.append(wanted)
    return chosen


def join_line(channels: list[WantedChannel]) -> str:
    """Write one JOIN; channels with keys come first."""
    names = ",".join(wanted.name for wanted in channels)
    keys = ",".join(wanted.key.reveal() for wanted in channels if wanted.key)
    return f"JOIN {names} {keys}".rstrip()
