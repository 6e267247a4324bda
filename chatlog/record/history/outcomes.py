"""What became of a gap, in the words of the ledger.

Pure: what is written, and when, is the business of `record.ledgers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.coverage.ledger import LedgerEntry

if TYPE_CHECKING:
    from chatlog.protocol.history.chathistory import Outcome, Point

_FORGOTTEN: Final = "the server's history does not reach back so far"


class Missing(NamedTuple):
    """What to fetch: of a target, from a point to a time.

    It `is_first` where there is nothing of the target yet: what a server does
    not have then is no loss.
    """

    target: str
    since: Point
    until: str
    is_first: bool = False


class Gained(NamedTuple):
    """How a gap was closed: `via` what, by which `kinds` of events, and how many new lines."""

    via: str
    kinds: str
    lines: int


def entries_of(
    missing: Missing, outcome: Outcome, gained: Gained, *, at: str, forgets: bool
) -> list[LedgerEntry]:
    """Say what was had of a gap, what the server has no more, and what stays open and why.

    Only a server that was asked `forgets`: what one plays back by itself may
    begin anywhere.
    """
    entries = []
    if missing.since.time < outcome.begins and forgets and not missing.is_first:
        entries.append(
            LedgerEntry(
                entry="unfillable",
                at=at,
                since=missing.since.time,
                until=outcome.begins,
                why=_FORGOTTEN,
            )
        )
    if outcome.begins < outcome.reached:
        entries.append(
            LedgerEntry(
                entry="covered",
                at=at,
                since=outcome.begins,
                until=outcome.reached,
                via=gained.via,
                kinds=gained.kinds,
                lines=gained.lines,
                why=outcome.why if outcome.reached >= missing.until else "",
            )
        )
    if outcome.reached < missing.until and not missing.is_first:
        entries.append(in_vain(missing, outcome.reached, outcome.why, at=at))
    return entries


def in_vain(missing: Missing, since: str, why: str, *, at: str) -> LedgerEntry:
    """Say why the rest of a gap stays open."""
    return LedgerEntry(entry="asked", at=at, since=since, until=missing.until, why=why)
