"""Outcomes: the ledger entries that follow from the fetch of a gap.

Pure: `record.ledgers` appends them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.coverage.entries import AskedEntry, CoveredEntry, UnfillableEntry

if TYPE_CHECKING:
    from chatlog.coverage.entries import LedgerEntry
    from chatlog.protocol.history.chathistory import Outcome
    from chatlog.record.history.gaps import OpenGap

_FORGOTTEN: Final = "the server's history does not reach back so far"


class Fetched(NamedTuple):
    """The means by which a gap was filled: `via`, `kinds` of events, number of new lines."""

    via: str
    kinds: str
    lines: int


def entries_of(
    gap: OpenGap, outcome: Outcome, fetched: Fetched, *, at: str, was_asked: bool
) -> list[LedgerEntry]:
    """Return the entries for a gap's parts: unfillable, covered, and still open, in order.

    The part before the outcome is unfillable only if the server `was_asked`:
    playback that comes by itself may begin anywhere.
    """
    entries: list[LedgerEntry] = []
    if gap.since.time < outcome.begins and was_asked and not gap.is_first:
        entries.append(
            UnfillableEntry(
                at=at,
                since=gap.since.time,
                until=outcome.begins,
                why=_FORGOTTEN,
            )
        )
    if outcome.begins < outcome.reached:
        entries.append(
            CoveredEntry(
                at=at,
                since=outcome.begins,
                until=outcome.reached,
                via=fetched.via,
                kinds=fetched.kinds,
                lines=fetched.lines,
                why=outcome.why if outcome.reached >= gap.until else "",
            )
        )
    if outcome.reached < gap.until and (outcome.is_stopped or not gap.is_first):
        still = still_open(gap, outcome.reached, outcome.why, at=at)
        entries.append(msgspec.structs.replace(still, stopped=outcome.is_stopped))
    return entries


def still_open(gap: OpenGap, since: str, why: str, *, at: str) -> AskedEntry:
    """Return the entry that says why a gap stays open from a time to its end."""
    return AskedEntry(at=at, since=since, until=gap.until, why=why)
