"""One JOIN line: how it is written, and how many channels fit in it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from chatlog.protocol.wanted import WantedChannel

MAX_BYTES: Final = 510
"""Bytes that fit in a line beside its CR LF; some servers cut a longer one without a word."""


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
