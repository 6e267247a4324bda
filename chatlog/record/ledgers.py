"""Ledgers: the entries of one network's targets, appended to the archive.

Intervals computes the entries; here they meet the disk. Entries that the disk
refuses wait in the writer, which tries them again.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from chatlog.archive.files import state_of
from chatlog.coverage import ledger
from chatlog.coverage.entries import (
    AbsentEntry,
    ClosedEntry,
    CoveredEntry,
    OpenedEntry,
    UnfillableEntry,
    UnwantedEntry,
    WishedEntry,
)
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.gap_list import Gaps
from chatlog.coverage.last_heard import LastHeard
from chatlog.coverage.pending import AT_ONCE
from chatlog.coverage.unclosed import unclosed
from chatlog.errors import TranscriptError
from chatlog.event import SERVER
from chatlog.read.lookup import last_lines, newest_line
from chatlog.record.intervals import Intervals, Moment, NewInterval, new_interval, silence_of
from chatlog.record.recorded_classes import RecordedClasses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from chatlog.coverage.entries import LedgerEntry
    from chatlog.coverage.fold import Coverage
    from chatlog.coverage.ledger import LedgerLine, LedgerLines
    from chatlog.read.lookup import NewestLine
    from chatlog.record.rooms import Rooms
    from chatlog.write.writer import Writer


_OF_RANGES: Final = (AbsentEntry, OpenedEntry, ClosedEntry, UnwantedEntry)
"""The entries that tell whether a target is meant to be heard."""

_MESSAGES_ALONE: Final = "the server's history has messages alone"

_KEPT: Final = 16 * 1024 * 1024
"""Bytes of the ledgers that are kept; in memory they take three times as many."""


class _Known(NamedTuple):
    """The lines of a ledger, and the state of its file before they were read."""

    state: tuple[int, int, int] | None
    lines: LedgerLines


class Ledgers:
    """Appends to the ledgers of one network.

    `run` is the name of this run's file. `trouble` is called with each refusal
    of the disk; no method raises one. `waiting_msgid` returns the last msgid of a target
    that no file has yet, "" for none. `classes` tell the kinds of events that are recorded,
    `rooms` which channels were renamed. `awaits` tells whether another recorder still holds
    a target that this run takes over: then there is no gap to fetch.
    """

    def __init__(
        self,
        network: str,
        writer: Writer,
        *,
        run: str,
        trouble: Callable[[TranscriptError], None],
        waiting_msgid: Callable[[str], str] = lambda _target: "",
        classes: RecordedClasses | None = None,
        rooms: Rooms | None = None,
        awaits: Callable[[str], bool] = lambda _target: False,
    ) -> None:
        self._network = network
        self._writer = writer
        self._trouble = trouble
        self._waiting_msgid = waiting_msgid
        self._classes = classes or RecordedClasses(network, lambda: writer.storage.rules)
        self._run = run
        self._awaits = awaits
        self._intervals = Intervals(run, self._newest_line, self._classes.enter)
        self._rooms = rooms
        self.heard_before = ""
        """When the network was heard last before the connection under way, "" if unknown."""
        self._held_back: list[tuple[str, LedgerEntry]] = []
        self._last_heard: LastHeard | None = None
        self._known: dict[Path, _Known] = {}
        self._kept = 0

    # -- intervals -----------------------------------------------------------------

    def begin(self, target: str) -> None:
        """Close the intervals of earlier runs that died, before this run's first line."""
        if not self._awaits(target):
            self.close_dead(target)

    def close_dead(self, target: str) -> None:
        """Close the intervals of other runs, none of which holds the target any more."""
        try:
            self._close_dead(target)
        except TranscriptError as error:
            self._trouble(error)

    def _close_dead(self, target: str) -> None:
        directory = self._directory(target)
        for opened, others_until in unclosed(self._read(directory), but=self._run):
            if self._last_heard is None:
                self._last_heard = LastHeard(self._writer.storage.root)
            last = self._last_heard.last(directory, self._network, opened, others_until)
            closed = ClosedEntry(
                at=last.at, server=last.server, msgid=last.msgid, cause="killed", run=opened.run
            )
            self._append(target, closed)

    def entered(self, target: str, moment: Moment, msgid: str) -> NewInterval | None:
        """Open an interval at the moment and msgid of our JOIN; return it with the gaps before.

        None means that the target waits for `proved`, as its intervals end too often.
        """
        changes = self._intervals.enter(target, moment, msgid)
        if changes and isinstance(changes[-1], OpenedEntry):
            return self._opened(target, changes)
        self._append(target, *changes)
        return None

    def _opened(self, target: str, changes: Sequence[ClosedEntry | OpenedEntry]) -> NewInterval:
        before = self._entries(target)
        self._known.pop(self._directory(target), None)  # not needed until the next interval
        self._append(target, *changes)
        if self._awaits(target):
            return NewInterval(target, changes[-1].time, Gaps(), is_first=False)
        return new_interval(target, before, changes)

    def resumed(self, target: str) -> NewInterval | None:
        """Return the open interval of a target that was taken over, with the gaps before it.

        None if it is not heard now.
        """
        begins = self._intervals.begins(target)
        if not begins:
            return None
        coverage = self.coverage(target)
        gaps = coverage.wanting() if coverage is not None else Gaps()
        return NewInterval(target, begins, gaps, is_first=False)

    def left(self, target: str, moment: Moment, cause: str, *, for_good: bool = False) -> None:
        """Close an interval; `for_good` if the target is no longer meant to be heard."""
        self._append(target, *self._intervals.leave(target, moment, cause, for_good=for_good))

    def unwanted(self, target: str, moment: Moment) -> None:
        """End the range of a channel that is no longer in the configuration.

        A channel that was never recorded, or whose range has ended, gets no entry.
        """
        try:
            casemapping = self._writer.known_casemapping(self._network)
        except TranscriptError as error:
            self._trouble(error)
            return
        if casemapping is None:  # no channel of this network was ever recorded
            return
        spelled = (each for each in self._intervals.targets() if casemapping.equal(each, target))
        name = next(spelled, target)
        last = [each for each in self._entries(name) if isinstance(each, _OF_RANGES)][-1:]
        if last and not isinstance(last[0], UnwantedEntry):
            self._append(name, *self._intervals.unwant(name, moment))

    def losing(self, moment: Moment, reason: str) -> Iterator[None]:
        """Close every interval at the last proof of hearing before a connection ended.

        Yield after some intervals, as there may be thousands.
        """
        self._intervals.forget_unsteady()
        self.heard_before = moment.server or moment.at
        cause = self._intervals.cause_of_loss(moment, reason)
        targets = iter(self._intervals.targets())
        while some := [*islice(targets, AT_ONCE)]:
            ends = [(each, *self._saved(each, moment, cause)) for each in some]
            self._append_all((end[0], self._intervals.leave(*end)) for end in ends)
            yield
        if self._rooms is not None:
            self._rooms.save()

    def _saved(self, target: str, moment: Moment, cause: str) -> tuple[Moment, str]:
        """Return the end of coverage and its cause, without lines that only memory has."""
        if not self._writer.waiting_lines or self._writer.storage.spool_dir is not None:
            return moment, cause
        lines = last_lines(self._directory(target))
        if lines is None:
            return moment, "disk"
        event = lines.event
        return Moment(event.received or event.time, event.received and event.time), "disk"

    def proved(self, targets: list[str], moment: Moment) -> list[NewInterval]:
        """Keep the server's confirmation that we are in these channels.

        Return the intervals that waited for it.
        """
        opened = self._intervals.prove(targets, moment)
        return [self._opened(target, [entry]) for target, entry in opened.items()]

    def absent(self, target: str, moment: Moment, why: str) -> None:
        """Append why a channel does not let us in, unless its ledger has that already."""
        self._append(target, *self._intervals.absent(target, moment, why))
        if self._rooms is not None:
            self._rooms.absent(target, moment)

    def room_shown(self, target: str, room: str, moment: Moment) -> None:
        """Keep the room of a channel; append to the ledgers of both names if it was renamed."""
        if self._rooms is not None:
            self._rooms.shown(target, room, moment)

    def jumped(self, moment: Moment, ahead: int, slept: int) -> None:
        """Append a jump of our clock, or a sleep of the machine, in milliseconds."""
        entries = self._intervals.jump(moment, ahead, slept)
        self._append_all((target, entries) for target in self._intervals.targets())

    def end_batch(self) -> None:
        """Mark the stop that follows as the planned end of a batch."""
        self._intervals.is_batch_over = True

    def silence(self, target: str) -> str:
        """Return since when and why a target is not heard, "" if it is heard or never was."""
        is_heard = self.begins(target) or self._awaits(target)
        return "" if is_heard else silence_of(self._entries(target))

    def is_unknown(self, target: str) -> bool:
        """Return whether a target has no ledger."""
        return not self._entries(target)

    def heard_by_earlier_run(self) -> str:
        """Return when an earlier run heard this network last, by `@server`; "" if unknown."""
        try:
            if self._writer.known_casemapping(self._network) is None:
                return ""
            lines = last_lines(self._directory(SERVER))
        except TranscriptError as error:
            self._trouble(error)
            return ""
        return lines.event.time if lines is not None else ""

    def begins(self, target: str) -> str:
        """Return when a target's open interval began, "" if it has none."""
        return self._intervals.begins(target)

    # -- history -------------------------------------------------------------------

    def note_depth(self, target: str, since: str = "") -> None:
        """Append that a new target's history is to be fetched, since a time once it is known."""
        self._append(target, WishedEntry(since=since))

    def append_when_written(self, target: str, *entries: LedgerEntry) -> None:
        """Append the results of a fetch once no line waits for the disk.

        A ledger must never claim lines that a crash could still take. History that brought
        all classes that are recorded has brought all.
        """
        self._held_back += [(target, self._of_recorded(target, entry)) for entry in entries]
        self.append_held_back()

    def _of_recorded(self, target: str, entry: LedgerEntry) -> LedgerEntry:
        """Return an entry of history; its `kinds` are the recorded ones if it brought all those.

        Messages alone cannot fill a gap of a channel of which no talk is recorded.
        """
        if not isinstance(entry, CoveredEntry):
            return entry
        kinds = self._classes.brought(target, entry.kinds)
        if entry.kinds and not kinds:
            at, since, until = entry.at, entry.since, entry.until
            return UnfillableEntry(at=at, since=since, until=until, why=_MESSAGES_ALONE)
        return msgspec.structs.replace(entry, kinds=kinds)

    def append_held_back(self) -> None:
        """Append the entries that were held back, unless lines still wait for the disk."""
        if self._held_back and not self._writer.in_trouble:
            held, self._held_back = self._held_back, []
            for target, entry in held:
                self._append(target, entry)

    def coverage(self, target: str) -> Coverage | None:
        """Return a target's coverage, None if it was never heard or its ledger is unreadable."""
        return coverage_of(self._entries(target), heard=lambda _: None)

    # -- the archive ---------------------------------------------------------------

    def _directory(self, target: str) -> Path:
        return self._writer.path(self._network, target)

    def _entries(self, target: str) -> list[LedgerLine]:
        """Read a target's ledger, with the entries that wait for the disk."""
        directory = self._directory(target)
        try:
            entries = self._read(directory)
        except TranscriptError as error:
            self._trouble(error)
            return []
        return [*entries, *self._writer.notes.unkept.get(directory, [])]

    def _read(self, directory: Path) -> LedgerLines:
        """Read a ledger, once from the beginning of a run until its next interval.

        Of large ones in great number some are read again: memory holds `_KEPT` bytes or one.
        """
        state = state_of(str(directory / ledger.NAME))
        known = self._known.get(directory)
        if known is None or known.state != state:
            known = _Known(state, ledger.read(directory))
            size = state[1] if state else 0
            self._kept += size
            if self._kept > _KEPT:
                self._known.clear()
                self._kept = size
            self._known[directory] = known
        return known.lines

    def _append(self, target: str, *entries: LedgerEntry) -> None:
        if not entries:
            return
        try:
            self._writer.notes.add(self._directory(target), *entries)
        except TranscriptError as error:
            self._trouble(error)

    def _append_all(self, entries: Iterable[tuple[str, Sequence[LedgerEntry]]]) -> None:
        """Append entries to the ledgers of many targets, of which some may get none."""
        try:
            self._writer.notes.add_all((self._directory(target), some) for target, some in entries)
        except TranscriptError as error:
            self._trouble(error)

    def _newest_line(self, target: str) -> NewestLine:
        last = newest_line(self._writer.current(self._network, target))
        return last._replace(msgid=self._waiting_msgid(target) or last.msgid)
