"""Intervals: when each target of a network was heard, and the ledger entries that follow.

Pure: the clock is passed in, and entries are returned, not written. An interval
ends at the last proof of hearing, not when its end is noticed: a connection may
have been dead for minutes by then.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.archive.rules import EVERY_KIND
from chatlog.coverage.causes import cause_text
from chatlog.coverage.entries import (
    AbsentEntry,
    ClosedEntry,
    CoveredEntry,
    NoticedEntry,
    OpenedEntry,
    UnwantedEntry,
    WishedEntry,
)
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.gap_list import Gaps
from chatlog.event import UNEVEN, parse_time, shifted, trusted_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from chatlog.coverage.ledger import LedgerLine
    from chatlog.read.lookup import NewestLine

_CAUSES: Final = (
    ("ping timeout", "ping-timeout"),
    ("chatlog stopped", "stopped"),
    ("moving to another server", "moved"),
    ("killed", "killed-by-server"),
    ("banned", "banned"),
    ("k-lined", "banned"),
    ("g-lined", "banned"),
)

_ENDS: Final = 10
_WINDOW: Final = 60_000
"""How many intervals of a target may end within how many milliseconds.

A server can remove us and let us in again thousands of times a second, and each
time is two lines of the ledger.
"""


def cause_of(reason: str) -> str:
    """Return the ledger's word for the reason why a connection ended."""
    lowered = reason.lower()
    return next((cause for words, cause in _CAUSES if words in lowered), "closed")


class Moment(NamedTuple):
    """A moment by both clocks; the server's is "" if the server tells no times."""

    at: str
    server: str = ""


class NewInterval(NamedTuple):
    """An interval that has just begun, with the gaps before it that history may fill.

    `begins` is in the clock of the events. `is_first` means that the target was
    never recorded before, or that fetching its history never came to a start.
    """

    target: str
    begins: str
    gaps: Gaps
    is_first: bool


class _Open(msgspec.Struct):
    """An interval that goes on: when it began, and the last proof of hearing.

    `is_by_server` tells whether the server's clock was known when it began.
    """

    begins: str
    proof: Moment
    is_by_server: bool
    is_wanted: bool = True


class Intervals:
    """The open interval of each target of a network.

    Each change returns the entries for the ledger of its target, in order. `run`
    is the name of this run's file. `newest_line` returns the newest line of a target,
    `kinds` the classes that are recorded of it from now on. `is_batch_over` marks a stop
    as the planned end of a batch.

    **An interval is of one clock.** One that began before the server's clock was known ends
    by ours. None ends before it began, or before the last line that was heard in it, unless
    by more than `UNEVEN`: then a clock was set, or another server of the network is wrong.

    A target whose intervals end ten times within a minute is heard again from
    the next confirmation on (`prove`), not from the next JOIN: it claims less, and
    a loop of kicks and joins does not fill the disk.
    """

    def __init__(
        self,
        run: str,
        newest_line: Callable[[str], NewestLine],
        kinds: Callable[[str], str] = lambda _target: EVERY_KIND,
    ) -> None:
        self.is_batch_over = False
        self._run = run
        self._newest_line = newest_line
        self._kinds = kinds
        self._open: dict[str, _Open] = {}
        self._ends: dict[str, deque[int]] = {}  # of the last intervals, by our clock
        self._unsteady: set[str] = set()  # in the channel, and not heard before `prove`
        self._absent: dict[str, str] = {}  # the reason that the ledger has by now
        self._slept_until = ""

    def targets(self) -> list[str]:
        """Return the targets that are heard now."""
        return list(self._open)

    def begins(self, target: str) -> str:
        """Return when a target's open interval began, "" if it has none."""
        interval = self._open.get(target)
        return interval.begins if interval is not None else ""

    def enter(self, target: str, moment: Moment, msgid: str) -> list[ClosedEntry | OpenedEntry]:
        """Open an interval at the server's confirmation that we are in a channel.

        The last entry is its `opened`, unless the target is to wait for `prove`.
        """
        entries: list[ClosedEntry | OpenedEntry] = []
        if target in self._open:  # the server removed us and did not tell
            entries = [self._close(target, self._open[target].proof, "removed")]
        if self._is_unsteady(target, moment):
            self._unsteady.add(target)
            return entries
        return [*entries, self._begin(target, moment, msgid)]

    def _begin(self, target: str, moment: Moment, msgid: str) -> OpenedEntry:
        opened = OpenedEntry(
            at=moment.at,
            server=moment.server,
            msgid=msgid,
            run=self._run,
            via="live",
            kinds=self._kinds(target),
        )
        self._open[target] = _Open(opened.time, moment, bool(moment.server))
        self._absent.pop(target, None)
        return opened

    def _is_unsteady(self, target: str, moment: Moment) -> bool:
        ends = self._ends.get(target)
        if ends is None or len(ends) < _ENDS:
            return False
        return parse_time(moment.at) - ends[0] < _WINDOW

    def prove(self, targets: Iterable[str], moment: Moment) -> dict[str, OpenedEntry]:
        """Keep the server's confirmation that we still are in these channels.

        Return the `opened` of each target whose interval waited for that.
        """
        entries = {}
        for target in targets:
            if target in self._open:
                self._open[target].proof = moment
            elif target in self._unsteady:
                self._unsteady.discard(target)
                entries[target] = self._begin(target, moment, "")
        return entries

    def forget_unsteady(self) -> None:
        """Drop the targets that wait for `prove`: the connection is gone."""
        self._unsteady.clear()

    def leave(
        self, target: str, moment: Moment, cause: str, *, for_good: bool = False
    ) -> list[ClosedEntry | UnwantedEntry]:
        """Close an interval; `for_good` if the target is no longer meant to be heard."""
        entries: list[ClosedEntry | UnwantedEntry] = []
        self._unsteady.discard(target)
        if target in self._open:
            for_good = for_good or not self._open[target].is_wanted
            entries.append(self._close(target, moment, cause))
        if for_good:
            entries.append(UnwantedEntry(at=moment.at, server=moment.server))
        return entries

    def unwant(self, target: str, moment: Moment) -> list[UnwantedEntry]:
        """End the range in which a target is meant to be heard, now or with its open interval."""
        self._absent.pop(target, None)
        self._unsteady.discard(target)
        if interval := self._open.get(target):
            interval.is_wanted = False
            return []
        return [UnwantedEntry(at=moment.at, server=moment.server)]

    def absent(self, target: str, moment: Moment, why: str) -> list[AbsentEntry]:
        """Return an entry that says why a channel does not let us in, unless the ledger has it."""
        if self._absent.get(target) == why:
            return []
        self._absent[target] = why
        return [AbsentEntry(at=moment.at, server=moment.server, why=why)]

    def jump(self, moment: Moment, ahead: int, slept: int) -> list[NoticedEntry]:
        """Return the entries of a jump of our clock for every open interval.

        The clock was set forward by `ahead`, the machine asleep for `slept`
        milliseconds; 0 yields no entry.
        """
        if slept:
            self._slept_until = moment.at
        jumps = (("clock", ahead), ("suspended", slept))
        return [NoticedEntry(at=moment.at, cause=cause, by=by) for cause, by in jumps if by]

    def cause_of_loss(self, moment: Moment, reason: str) -> str:
        """Return the cause of a connection's end; `moment` is the last proof of hearing.

        A machine that slept after that proof is the cause, whatever the server says.
        """
        cause = cause_of(reason)
        slept_since = bool(self._slept_until) and self._slept_until >= moment.at
        return "suspended" if slept_since and cause != "stopped" else cause

    def _close(self, target: str, moment: Moment, cause: str) -> ClosedEntry:
        interval, last = self._open.pop(target), self._newest_line(target)
        self._ends.setdefault(target, deque(maxlen=_ENDS)).append(parse_time(moment.at))
        end = _end_of(interval, moment, last.time)
        return ClosedEntry(
            at=end.at,
            server=end.server,
            msgid=last.msgid,
            cause=cause,
            planned=self.is_batch_over and cause == "stopped",
            run=self._run,
        )


def _end_of(interval: _Open, moment: Moment, last: str) -> Moment:
    """Return the end of an interval: no earlier than its beginning, and the last line in it.

    A measure of the server's clock that was taken by a line read late makes each moment that
    is converted by it too early.
    """
    end = moment if interval.is_by_server else Moment(moment.at)
    time = trusted_time(end.at, end.server)
    near = [each for each in (interval.begins, last) if time < each <= shifted(time, UNEVEN)]
    if not near:
        return end
    return end._replace(server=max(near)) if end.server else Moment(max(near))


def new_interval(
    target: str, before: Sequence[LedgerLine], changes: Sequence[ClosedEntry | OpenedEntry]
) -> NewInterval:
    """Return the interval that the last of the changes opens, after the entries before."""
    coverage = coverage_of([*before, *changes], heard=lambda _: None)
    gaps = coverage.wanting() if coverage is not None else Gaps()
    return NewInterval(target, changes[-1].time, gaps, is_first=is_new(before))


def silence_of(entries: Sequence[LedgerLine]) -> str:
    """Return since when and why a target is not heard, "" if it never was."""
    closed = next((each for each in reversed(entries) if isinstance(each, ClosedEntry)), None)
    if closed is None:
        return ""
    return f"nothing was heard since {closed.time}: {cause_text(closed.cause)}"


def is_new(entries: Sequence[LedgerLine]) -> bool:
    """Return whether a target was never heard, or fetching its history never came to a start."""
    wishes = [each.since for each in entries if isinstance(each, WishedEntry)]
    if wishes:
        return not wishes[-1]
    return not any(
        isinstance(each, OpenedEntry) or (isinstance(each, CoveredEntry) and not each.is_witnessed)
        for each in entries
    )
