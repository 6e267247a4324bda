"""When we heard which channel of a network: what is said in its ledgers, and what is missing.

Coverage ends at the last proof that we were hearing, and not when its end is
noticed. It knows no connection and reads no clock.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from chatlog.coverage import ledger
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.last_heard import LastHeard
from chatlog.coverage.ledger import LedgerEntry
from chatlog.errors import TranscriptError
from chatlog.read.lookup import last_lines, last_msgid, lines_between
from chatlog.record.intervals import Moment, cause_of, is_new, last_open

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chatlog.coverage.fold import Coverage, Gap
    from chatlog.read.lookup import KnownLine
    from chatlog.write.writer import Writer

_TRIES: Final = 200
_SHORTLY: Final = 0.05


class Ledgers:
    """Keep the ledgers of one network.

    `first` are channels of which nothing was known when we entered, `fetched`
    counts the lines of history that were new, of each.

    `run` is this run's name, `trouble` takes what a disk refused. `planned`
    says that a batch ends as it was meant to. What history covered is said only
    while nothing waits for the disk, so that a ledger never claims what a crash
    could still take.
    """

    def __init__(
        self,
        network: str,
        writer: Writer,
        *,
        run: str,
        trouble: Callable[[TranscriptError], None],
    ) -> None:
        self.planned = False
        self.first: set[str] = set()
        self.fetched: Counter[str] = Counter()
        self._network = network
        self._writer = writer
        self._run = run
        self._trouble = trouble
        self._open: dict[str, str] = {}
        self._proved: dict[str, Moment] = {}
        self._absent: dict[str, str] = {}
        self._suspended = ""
        self._held_back: list[tuple[str, LedgerEntry]] = []
        self._hearing: LastHeard | None = None

    # -- intervals -----------------------------------------------------------------

    def begin(self, target: str) -> None:
        """Say where an earlier run ended that died without a word; before any line of ours."""
        try:
            self._close_what_died(target)
        except TranscriptError as error:
            self._trouble(error)

    def _close_what_died(self, target: str) -> None:
        directory = self.directory(target)
        opened = last_open(ledger.read(directory))
        if opened is None:
            return
        if self._hearing is None:
            self._hearing = LastHeard(self._writer.storage.root)
        last = self._hearing.last(directory, self._network, opened)
        closed = LedgerEntry(
            entry="closed", at=last.at, server=last.server, msgid=last.msgid, cause="killed"
        )
        self._note(target, closed)

    def entered(self, target: str, moment: Moment, msgid: str) -> list[Gap]:
        """Begin to hear a channel; return what history may still bring of it, in order."""
        if target in self._open:  # somebody had us leave it, and nobody told us
            self._close(target, self._proved.get(target, moment), "removed")
        opened = LedgerEntry(
            entry="opened",
            at=moment.at,
            server=moment.server,
            msgid=msgid,
            run=self._run,
            via="live",
            kinds="all",
        )
        entries = self._entries(target)
        if is_new(entries):
            self.first.add(target)
        self._open[target] = opened.time
        self._proved[target] = moment
        self._absent.pop(target, None)
        self._note(target, opened)
        coverage = coverage_of([*entries, opened], heard=lambda _: None)
        return coverage.wanting() if coverage is not None else []

    def wish(self, target: str, since: str = "") -> None:
        """Say that history from before is wanted, and once that is known, since when."""
        self._note(target, LedgerEntry(entry="wished", since=since))

    def silence(self, target: str) -> str:
        """Say since when nothing was heard of a channel, and why; "" where it never was."""
        if target in self._open:
            return ""
        entries = reversed(self._entries(target))
        closed = next((each for each in entries if each.entry == "closed"), None)
        if closed is None:
            return ""
        return f"nothing was heard since {closed.time}: {closed.cause}"

    def left(self, target: str, moment: Moment, cause: str, *, for_good: bool = False) -> None:
        """Hear a channel no longer, from a moment at which that was said.

        Where that is for good, nobody means to hear it any more.
        """
        if target in self._open:
            self._close(target, moment, cause)
        if for_good:
            entry = LedgerEntry(entry="unwanted", at=moment.at, server=moment.server)
            self._note(target, entry)

    def lost(self, moment: Moment, reason: str) -> None:
        """Hear nothing any more; `moment` is when something was heard last."""
        cause = cause_of(reason)
        if self._suspended >= moment.at and self._suspended and cause != "stopped":
            cause = "suspended"
        for target in list(self._open):
            self._close(target, *self._safe(target, moment, cause))

    def _safe(self, target: str, moment: Moment, cause: str) -> tuple[Moment, str]:
        """Say to when we heard and will still have it: not what waits in memory for a disk."""
        if not self._writer.waiting_lines or self._writer.storage.spool_dir is not None:
            return moment, cause
        lines = last_lines(self.directory(target))
        if lines is None:
            return moment, "disk"
        event = lines.event
        return Moment(event.received or event.time, event.received and event.time), "disk"

    def proved(self, targets: list[str], moment: Moment) -> None:
        """Take note that the server says that we are in these channels."""
        for target in targets:
            if target in self._open:
                self._proved[target] = moment

    def absent(self, target: str, moment: Moment, why: str) -> None:
        """Take note why we are not in a channel; what is the same as before is not said again."""
        if self._absent.get(target) != why:
            self._absent[target] = why
            entry = LedgerEntry(entry="absent", at=moment.at, server=moment.server, why=why)
            self._note(target, entry)

    def jumped(self, moment: Moment, ahead: int, slept: int) -> None:
        """Take note that our clock was set, or that the machine slept, by so many milliseconds."""
        if slept:
            self._suspended = moment.at
        for what, by in (("clock", ahead), ("suspended", slept)):
            if by:
                for target in self._open:
                    entry = LedgerEntry(entry="noticed", at=moment.at, cause=what, by=by)
                    self._note(target, entry)

    def _close(self, target: str, moment: Moment, cause: str) -> None:
        del self._open[target]
        self._proved.pop(target, None)
        paths = self._writer.current(self._network, target)
        self._note(
            target,
            LedgerEntry(
                entry="closed",
                at=moment.at,
                server=moment.server,
                msgid=last_msgid(paths),
                cause=cause,
                planned=self.planned and cause == "stopped",
            ),
        )

    # -- history -------------------------------------------------------------------

    def had(self, target: str, *entries: LedgerEntry) -> None:
        """Say what history brought of a gap, once nothing of it waits for the disk."""
        self._held_back += [(target, entry) for entry in entries]
        self.settle()

    @property
    def is_waiting(self) -> bool:
        """Say whether anything waits for a disk that refuses it."""
        return self._writer.in_trouble

    def settle(self) -> None:
        """Say what was held back while lines waited for the disk."""
        if self._held_back and not self._writer.in_trouble:
            held, self._held_back = self._held_back, []
            for target, entry in held:
                self._note(target, entry)

    def coverage(self, target: str) -> Coverage | None:
        """Say what of a channel was heard; None where nothing ever was, or nobody can tell."""
        return coverage_of(self._entries(target), heard=lambda _: None)

    def _entries(self, target: str) -> list[LedgerEntry]:
        directory = self.directory(target)
        try:
            entries = ledger.read(directory)
        except TranscriptError as error:
            self._trouble(error)
            return []
        return [*entries, *self._writer.notes.unkept.get(directory, [])]

    def directory(self, target: str) -> Path:
        """Say where a channel's transcript is."""
        return self._writer.path(self._network, target)

    def lines_between(self, target: str, low: str, high: str) -> list[KnownLine]:
        """Read what the transcript has of a stretch, in any thread, while nobody seals it."""
        directory = self.directory(target)
        for _ in range(_TRIES):
            with self._writer.locks.sealing(directory) as nobody_else_is:
                if nobody_else_is:
                    return list(lines_between(directory, low, high))
            time.sleep(_SHORTLY)
        return list(lines_between(directory, low, high))

    def begins(self, target: str) -> str:
        """Say when the hearing of a channel began that goes on, "" where none does."""
        return self._open.get(target, "")

    def _note(self, target: str, *entries: LedgerEntry) -> None:
        try:
            self._writer.notes.add(self.directory(target), *entries)
        except TranscriptError as error:
            self._trouble(error)
