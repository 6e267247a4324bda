"""The ledger's words for causes of gaps, in the words of people."""

from __future__ import annotations

from typing import Final

_TEXTS: Final = {
    "banned": "recorder banned",
    "closed": "connection lost",
    "damaged ledger": "ledger damaged",
    "disk": "disk refused lines",
    "kicked": "recorder kicked",
    "killed": "recorder died",
    "killed-by-server": "recorder killed by the server",
    "moved": "recorder moved to another server",
    "not recorded": "not recorded yet",
    "parted": "recorder removed by the server",
    "ping-timeout": "connection timed out",
    "refused": "join refused",
    "removed": "recorder removed silently",
    "renamed": "channel renamed",
    "stopped": "recorder stopped",
    "suspended": "machine suspended",
    "unknown": "cause unknown",
}


def cause_text(cause: str) -> str:
    """Return a cause in the words of people; one that is not known stands for itself."""
    return _TEXTS.get(cause, cause)
