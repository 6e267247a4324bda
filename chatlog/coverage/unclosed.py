"""The intervals of a ledger that no line has ended: those of runs that go on, or that died.

Pure. The order of the lines counts, as in `interval_fold`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.archive.entry_lines import Damaged, Later
from chatlog.coverage.entries import CheckpointEntry, ClosedEntry, OpenedEntry, UnwantedEntry
from chatlog.coverage.interval_fold import may_bound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatlog.coverage.ledger import LedgerLine

_EVER: Final = "~"  # after every time


class Unclosed(NamedTuple):
    """An interval without an end.

    `others_until` is when another run may last have written lines beside it or after it: they
    prove nothing of this run. It is "" if none did.
    """

    opened: OpenedEntry
    others_until: str


def unclosed(lines: Iterable[LedgerLine], but: str = "") -> list[Unclosed]:
    """Return the intervals that no line has ended, in the order in which they began.

    The entries of the run `but` are passed over.
    """
    found: list[Unclosed] = []
    for line in lines:
        match line:
            case OpenedEntry(run=run) | ClosedEntry(run=run) if run and run == but:
                pass
            case OpenedEntry():
                found = [each._replace(others_until=_EVER) for each in _of_others(found, line)]
                found.append(Unclosed(line, ""))
            case ClosedEntry():
                found = _after(found, line)
            case UnwantedEntry() | CheckpointEntry() | Later():
                found = []
            case Damaged() if may_bound(line):
                found = []
    return found


def _of_others(found: list[Unclosed], opened: OpenedEntry) -> list[Unclosed]:
    """Return the intervals that the next one of a run does not end."""
    return [each for each in found if opened.run and each.opened.run not in ("", opened.run)]


def _after(found: list[Unclosed], closed: ClosedEntry) -> list[Unclosed]:
    """Return the intervals that the `closed` of a run does not end."""
    if not closed.run:
        return found[:-1]
    rest = [each for each in found if each.opened.run not in ("", closed.run)]
    if len(rest) == len(found) or not rest:  # of a run that had no interval here
        return rest
    # Of the intervals that go on, only the last one has nobody after it from now on.
    *before, last = rest
    until = max(last.others_until if last.others_until != _EVER else "", closed.time)
    return [*before, last._replace(others_until=until)]
