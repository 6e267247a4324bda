"""The intervals in which a target was heard, out of the lines of its ledger.

Pure. The order of the lines counts; the times only say where an interval lies.

**Damage claims less.** A damaged line may have begun or ended an interval,
unless it names a kind of entry that does neither. From there on nothing is
certain until the next entry that is whole:

- An interval that was open ends at its beginning, the last proof that is
  certain: the heartbeats and lines of its run may be from a later interval.
- A whole `closed` or `unwanted` proves one moment, and no stretch before it.
- A whole `opened` begins an interval as always.
- What lies between is a gap, open, with the cause `damaged ledger`, also where
  no gap would be else: between batches, or before a channel was wanted again.

**Several runs at once.** A `closed` names the run whose interval it ends. An `opened` of
another run ends the interval before it only until that one's own `closed` comes: then both
heard at once, from the first's `opened` to its `closed`. So one recorder can take over from
another without a gap.

**An entry of a later version** may have ended the interval in which it stands,
too. A `closed` behind it proves that interval; without one it ends at its
beginning, with the cause `unknown`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from chatlog.archive.entry_lines import Damaged, Later
from chatlog.coverage.entries import (
    BOUNDS,
    CheckpointEntry,
    ClosedEntry,
    OpenedEntry,
    UnwantedEntry,
)
from chatlog.event import UNEVEN, shifted

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatlog.coverage.entries import LedgerEntry

DAMAGED: Final = "damaged ledger"
"""The cause of a gap that nothing is known of."""
_UNKNOWN: Final = "unknown"


class Bound(msgspec.Struct, frozen=True, order=True):
    """One end of an interval: `time` in the clock of the events, and the last msgid there."""

    time: str
    msgid: str = ""


class Interval(msgspec.Struct, frozen=True, order=True):
    """A stretch in which the target was heard; `run` is still hearing it if there is no cause.

    Such a one ends where that run was last known to hear. `kinds` are the classes of
    events that were recorded, as `opened` has them.
    """

    start: Bound
    end: Bound
    cause: str
    run: str
    planned: bool = False
    kinds: str = ""


Bounding = OpenedEntry | ClosedEntry | UnwantedEntry | CheckpointEntry
"""An entry that begins or ends an interval, or stands for many."""


class IntervalFold:
    """The intervals so far, in the order of writing.

    `folded` holds the checkpoints by the numbers of the intervals that stand for them.
    `unwanted` and `in_doubt` hold the numbers of intervals before which nobody
    meant to hear the target, or before which the ledger is damaged, the latter
    with the cause of that gap; the number after the last one stands for the
    time after it. `range_end` is when the target was last said to be unwanted.
    `beside` are the intervals of runs that heard while another one did, by their ends.
    `heard` and `lives` are those of `coverage_of`.
    """

    def __init__(
        self, heard: Callable[[OpenedEntry], Bound | None], lives: Callable[[str], bool]
    ) -> None:
        self.all: list[Interval] = []
        self.unwanted: set[int] = set()
        self.in_doubt: dict[int, str] = {}
        self.folded: dict[int, CheckpointEntry] = {}
        self.beside: list[Interval] = []
        self.range_end = ""
        self._heard = heard
        self._lives = lives
        self._open: OpenedEntry | None = None
        self._before: dict[str, OpenedEntry] = {}  # by their runs, which have said no end
        self._has_later = False  # an entry of a later version, since the last bound

    @property
    def is_wanted(self) -> bool:
        """Whether the target is meant to be heard after the last interval."""
        return self._next not in self.unwanted

    @property
    def is_empty(self) -> bool:
        """Whether it is certain of no interval that the target was heard in it."""
        return not self.all and self._open is None

    def is_seamless(self, number: int) -> bool:
        """Return whether the interval of a number begins where the checkpoint before it ends."""
        before = self.folded.get(number - 1)
        return before is not None and before.until == self.all[number].start.time

    def take(self, line: Bounding | Damaged | Later[LedgerEntry]) -> None:
        """Take the next line that may begin or end an interval."""
        match line:
            case OpenedEntry():
                self._begin(line)
            case ClosedEntry():
                self._take_closed(line)
            case UnwantedEntry():
                self._end_range(Bound(line.time))
            case CheckpointEntry():
                self._add_folded(line)
            case Damaged() if may_bound(line):
                self._doubt()
            case Later():
                self._has_later = True

    def finish(self) -> bool:
        """End an interval that is still open where it was last heard; return whether it goes on."""
        opened = self._open
        goes_on = opened is not None and not self._has_later and self._lives(opened.run)
        if opened is not None:
            self._end_unsaid("" if goes_on else "killed")
        return self._go_on_beside() or goes_on

    def _go_on_beside(self) -> bool:
        """Add the intervals of runs that still hear beside another; return whether there is one."""
        living = [each for run, each in self._before.items() if self._lives(run)]
        for opened in living:
            end = self._heard(opened)
            if end is not None and end.time > opened.time:
                start = _start(opened)
                self.beside.append(Interval(start, end, "", opened.run, kinds=opened.kinds))
        return bool(living)

    def _begin(self, opened: OpenedEntry) -> None:
        """Begin an interval; one that is open ended before, when its run died without a word."""
        if self._open is not None:
            self._end_followed(before=opened.time, run=opened.run)
        self._before.pop(opened.run, None)
        self._open, self._has_later = opened, False

    def _end_followed(self, *, before: str, run: str = "") -> None:
        """End the open interval as another run follows it, unless its own `closed` comes yet."""
        assert self._open is not None  # noqa: S101 - the callers have looked
        if self._open.run not in ("", run) and not self._has_later:
            self._before[self._open.run] = self._open
        self._end_unsaid("killed", before=before)

    def _add_folded(self, entry: CheckpointEntry) -> None:
        """Add a checkpoint as one interval, behind which nothing is known.

        The `opened` that follows is of the moment at which it ends.
        """
        if self._open is not None:
            self._end_followed(before=entry.since)
        self.folded[self._next] = entry
        self.all.append(
            Interval(Bound(entry.since), Bound(entry.until), DAMAGED, "", kinds=entry.kinds)
        )
        self._has_later = False

    def _take_closed(self, closed: ClosedEntry) -> None:
        """End the interval of a run: the open one, or an earlier one that went on beside it.

        A `closed` of another run ends nothing: its own `opened` is not there.
        """
        end, cause = Bound(closed.time, closed.msgid), closed.cause or "closed"
        if closed.run in self._before:
            opened = self._before.pop(closed.run)
            if opened.time < end.time:
                known = closed.run, closed.planned, opened.kinds
                self.beside.append(Interval(_start(opened), end, cause, *known))
        elif self._open is None or closed.run in ("", self._open.run):
            self._close(end, cause, planned=closed.planned)

    def _close(self, end: Bound, cause: str, *, planned: bool = False) -> None:
        """End the open interval; if none is for sure, one that ended here began in doubt."""
        if self._open is not None:
            self._end(end, cause, planned=planned)
        elif self._is_uncertain:
            self._prove(end, cause, planned=planned)
        self._has_later = False

    def _end_range(self, end: Bound) -> None:
        """End the range in which the target is wanted, until the next interval begins."""
        self._before.clear()
        if self._open is not None:
            self._end(end, "unwanted")
        elif self._is_uncertain and self.all and self.all[-1].end.time < end.time:
            self._prove(end, "unwanted")
        self._has_later = False
        self.unwanted.add(self._next)
        self.range_end = end.time

    def _prove(self, moment: Bound, cause: str, *, planned: bool = False) -> None:
        """Add an interval of one moment, behind a gap that is in doubt."""
        self.in_doubt.setdefault(self._next, _UNKNOWN)
        self.all.append(Interval(moment, moment, cause, "", planned))

    def _doubt(self) -> None:
        """Take note of damage that may have begun or ended an interval."""
        self._before.clear()
        if self._open is not None:
            self._end(_start(self._open), DAMAGED)
        self.in_doubt[self._next] = DAMAGED

    @property
    def _next(self) -> int:
        return len(self.all)

    @property
    def _is_uncertain(self) -> bool:
        """Whether an interval may have begun since the last one ended."""
        return self._has_later or self._next in self.in_doubt

    def _end_unsaid(self, cause: str, *, before: str = "") -> None:
        """End the open interval, of whose end the ledger says nothing."""
        assert self._open is not None  # noqa: S101 - the callers have looked
        start = _start(self._open)
        if self._has_later:
            self._end(start, _UNKNOWN)
            return
        heard = self._heard(self._open)
        # Beyond the next interval's beginning it was another one that was heard.
        is_proof = heard is not None and heard.time > start.time
        is_ours = heard is not None and (not before or heard.time <= before)
        self._end(heard if heard is not None and is_proof and is_ours else start, cause)

    def _end(self, end: Bound, cause: str, *, planned: bool = False) -> None:
        assert self._open is not None  # noqa: S101 - the callers have looked
        start = _start(self._open)
        opened = self._open
        # Earlier recorders told both by two clocks. One that was set leaves more between them.
        if end.time < start.time <= shifted(end.time, UNEVEN):
            end = Bound(start.time, end.msgid)
        self.all.append(Interval(start, end, cause, opened.run, planned, opened.kinds))
        self._open = None


def _start(opened: OpenedEntry) -> Bound:
    return Bound(opened.time, opened.msgid)


def may_bound(line: Damaged) -> bool:
    """Return whether a damaged line may have begun or ended an interval."""
    return not line.entry or line.entry in BOUNDS
