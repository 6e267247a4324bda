"""Intervals: when each target of a network was heard. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from chatlog.coverage.ledger import LedgerEntry

_CAUSES: Final = (
    ("ping timeout", "ping-timeout"),
    ("chatlog stopped", "stopped"),
    ("moving to another server", "moved"),
    ("killed", "killed-by-server"),
    ("banned", "banned"),
    ("k-lined", "banned"),
    ("g-lined", "banned"),
)


def cause_of(reason: str) -> str:
    """Name the cause of a connection's end after what was said of it."""
    lowered = reason.lower()
    return next((cause for words, cause in _CAUSES if words in lowered), "closed")


class Moment(NamedTuple):
    """A moment by both clocks; the server's is "" where it tells no times."""

    at: str
    server: str = ""


def is_new(entries: list[LedgerEntry]) -> bool:
    """Say whether nothing is known of a channel, or what was wanted of its past never came."""
    wishes = [each.since for each in entries if each.entry == "wished"]
    if wishes:
        return not wishes[-1]
    return not any(each.entry in {"opened", "covered"} for each in entries)


def last_open(entries: list[LedgerEntry]) -> LedgerEntry | None:
    """Return the last `opened` that no entry has ended."""
    opened = None
    for entry in entries:
        if entry.entry in {"opened", "closed", "unwanted"}:
            opened = entry if entry.entry == "opened" else None
    return opened
