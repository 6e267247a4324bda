"""Netsplits: which two servers parted, by the reason with which their people quit. Pure.

A server writes `hub.example leaf.example`, the names of the two, or `*.net *.split`
if it hides them. What a person types is told from it by nearly all servers, which begin
it with `Quit: `, or put it in quotes; so a reason that is two names, and nothing else, is
believed. On a server that does neither, a person can forge one; docs/trust.md says what
follows from that.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

from chatlog.event import EventType


class Move(Protocol):
    """The fields of an event that tell its netsplit."""

    @property
    def type(self) -> str:
        """The type of the event."""

    @property
    def text(self) -> str:
        """The reason of a quit."""

    @property
    def split(self) -> str:
        """The two servers, if the recorder knew them."""


LONGEST_NAMES: Final = 256
"""Characters of the names of two servers; what is longer is believed to be none."""

_NAME: Final = r"(?:\*|[A-Za-z0-9_-]+)(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9-]+"
# Compiled at its first use: most commands that read never need it.
_REASON: Final = rf"(?a)({_NAME}) (?!\1$){_NAME}"


def split_in_reason(reason: str) -> str:
    """Return the two servers that the reason of a quit names; "" if it is any other reason."""
    # Most reasons have no such shape, and are told without the pattern.
    first, _, second = reason.partition(" ")
    if "." not in second or "." not in first or len(reason) > LONGEST_NAMES:
        return ""
    return reason if re.fullmatch(_REASON, reason) else ""


def split_of(event: Move) -> str:
    """Return the two servers of the netsplit that made an event; "" for any other event.

    Text, and JSONL of earlier versions, tell it by the reason of a quit alone.
    """
    if event.split:
        return event.split
    return split_in_reason(event.text) if event.type == EventType.QUIT else ""
