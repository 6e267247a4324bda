"""Entries of a network's ledgers meet the disk: appended, held back, or waiting for room."""

from __future__ import annotations

import fcntl

import pytest
from msgspec.structs import replace

from chatlog.archive.rules import Rules
from chatlog.coverage import ledger
from chatlog.coverage.entries import CoveredEntry, UnfillableEntry
from chatlog.errors import TranscriptError
from chatlog.event import Event
from chatlog.record import ledgers
from chatlog.record.intervals import Moment
from chatlog.record.ledgers import Ledgers
from chatlog.write.writer import Storage, Writer
from tests.support.faults import Faulty


def at(minute):
    return Moment(f"2026-11-23T18:{minute:02}:00.000Z")


def message(minute, msgid):
    time = at(minute).at
    return Event(
        time=time, network="net", target="#demo", type="message", nick="ada", text="", msgid=msgid
    )


COVERED = CoveredEntry(at=at(3).at, since=at(1).at, until=at(2).at, via="chathistory", lines=3)


class Disk:
    """Ledgers of #demo on a disk that may refuse to write."""

    def __init__(self, root):
        self.is_full = False
        self.troubles = []
        faulty = Faulty(lambda name, _nth: self.is_full and name == "write")
        self.writer = Writer(Storage(root=root), system=faulty.system)
        self.writer.hold("net", "#demo")
        self.writer.set_casemapping("net", "rfc1459")
        self.ledgers = self.another("run-1")
        self.directory = root / "net" / "#demo"

    def another(self, run):
        return Ledgers("net", self.writer, run=run, trouble=self.troubles.append)

    def write(self, *events):
        self.writer.write_all(events)
        try:
            self.writer.flush()
        except TranscriptError as error:
            self.troubles.append(error)

    def entries(self):
        return [(entry.entry, entry.at) for entry in ledger.read(self.directory)]


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path)
    yield disk
    disk.is_full = False
    disk.writer.close()


def test_an_interval_that_closes_has_the_msgid_of_the_last_line_on_disk(disk):
    disk.ledgers.entered("#demo", at(1), "m1")
    disk.write(message(2, "m2"))
    disk.ledgers.left("#demo", at(3), "kicked")
    assert [entry.msgid for entry in ledger.read(disk.directory)] == ["m1", "m2"]


def test_a_lost_connection_closes_every_interval_at_the_last_proof_of_hearing(disk):
    disk.ledgers.entered("#demo", at(1), "m1")
    list(disk.ledgers.losing(at(4), "Ping timeout: 240 seconds"))
    closed = ledger.read(disk.directory)[-1]
    assert (closed.at, closed.cause) == (at(4).at, "ping-timeout")
    assert disk.ledgers.begins("#demo") == ""


def test_the_intervals_of_many_channels_are_closed_under_few_locks(disk, monkeypatch):
    channels = [f"#c{number}" for number in range(100)]
    for channel in channels:
        disk.writer.hold("net", channel)
        disk.ledgers.entered(channel, at(1), "m1")
    locked = []
    lock = fcntl.lockf
    monkeypatch.setattr("fcntl.lockf", lambda *given: (locked.append(given), lock(*given)))
    list(disk.ledgers.losing(at(4), "Ping timeout: 240 seconds"))
    monkeypatch.undo()
    assert len(locked) == 2 * 4  # 32 ledgers each; each lock is given up
    root = disk.directory.parent
    assert {ledger.read(root / each)[-1].at for each in channels} == {at(4).at}


def test_of_many_ledgers_all_are_written_but_those_that_the_disk_refuses(disk):
    disk.writer.hold("net", "#other")
    for channel in ("#demo", "#other"):
        disk.ledgers.entered(channel, at(1), "m1")
    written = disk.directory / ledger.NAME
    written.rename(disk.directory / "aside")
    written.mkdir()
    list(disk.ledgers.losing(at(4), "Ping timeout: 240 seconds"))
    assert len(disk.troubles) == 1
    assert len(ledger.read(disk.directory.parent / "#other")) == 2
    written.rmdir()
    (disk.directory / "aside").rename(written)
    disk.writer.retry()
    assert disk.entries() == [("opened", at(1).at), ("closed", at(4).at)]


def test_coverage_ends_at_the_last_line_on_disk_while_later_ones_wait_in_memory(disk):
    disk.ledgers.entered("#demo", at(1), "m1")
    disk.write(message(2, "m2"))
    disk.is_full = True
    disk.write(message(3, "m3"))
    list(disk.ledgers.losing(at(4), "chatlog stopped"))
    disk.is_full = False
    disk.writer.retry()
    closed = ledger.read(disk.directory)[-1]
    assert (closed.at, closed.cause) == (at(2).at, "disk")


def test_messages_do_not_fill_a_gap_of_a_channel_of_which_no_talk_is_recorded(disk):
    disk.writer.use(Storage(root=disk.directory, rules=Rules(record=frozenset({"presence"}))))
    for kinds in ("messages", "all"):
        disk.ledgers.append_when_written("#demo", replace(COVERED, kinds=kinds))
    unfillable, covered = ledger.read(disk.directory)
    assert isinstance(unfillable, UnfillableEntry)
    assert unfillable.why == "the server's history has messages alone"
    assert (unfillable.since, unfillable.until) == (COVERED.since, COVERED.until)
    assert covered == replace(COVERED, kinds="presence")


def test_fetched_history_is_claimed_only_when_no_line_waits_for_the_disk(disk):
    disk.ledgers.append_when_written("#demo", COVERED)
    assert ledger.read(disk.directory) == [COVERED]
    disk.is_full = True
    disk.write(message(3, "m3"))
    disk.ledgers.append_when_written("#demo", COVERED)
    disk.ledgers.append_held_back()
    disk.is_full = False
    disk.ledgers.append_held_back()
    assert ledger.read(disk.directory) == [COVERED]
    disk.writer.retry()
    disk.ledgers.append_held_back()
    assert ledger.read(disk.directory) == [COVERED, COVERED]


def test_an_entry_that_the_disk_refuses_is_reported_counts_and_is_written_later(disk):
    disk.ledgers.entered("#demo", at(1), "m1")
    disk.is_full = True
    disk.ledgers.left("#demo", at(3), "kicked")
    assert len(disk.troubles) == 1
    assert disk.entries() == [("opened", at(1).at)]
    assert disk.ledgers.silence("#demo") == f"nothing was heard since {at(3).at}: recorder kicked"
    disk.is_full = False
    disk.writer.retry()
    assert disk.entries() == [("opened", at(1).at), ("closed", at(3).at)]


def test_the_next_run_closes_the_interval_of_one_that_died_at_its_last_line(disk):
    disk.ledgers.entered("#demo", at(1), "m1")
    disk.write(message(2, "m2"))
    disk.another("run-2").begin("#demo")
    closed = ledger.read(disk.directory)[-1]
    assert (closed.at, closed.msgid, closed.cause) == (at(2).at, "m2", "killed")


def test_a_target_that_is_heard_is_not_silent(disk):
    disk.ledgers.entered("#demo", at(1), "m1")
    disk.ledgers.left("#demo", at(2), "kicked")
    disk.ledgers.entered("#demo", at(3), "m3")
    assert disk.ledgers.silence("#demo") == ""


def test_a_ledger_is_read_once_from_the_start_of_a_run_until_its_interval(disk, monkeypatch):
    disk.ledgers.entered("#demo", at(1), "m1")
    disk.ledgers.left("#demo", at(2), "stopped")
    reads, read = [], ledger.read
    monkeypatch.setattr(ledger, "read", lambda path: reads.append(path) or read(path))
    run = disk.another("run-2")
    run.begin("#demo")
    assert run.silence("#demo") == f"nothing was heard since {at(2).at}: recorder stopped"
    [gap] = run.entered("#demo", at(3), "m3").gaps
    assert (gap.start.time, gap.end) == (at(2).at, at(3).at)
    assert len(reads) == 1


def test_of_many_ledgers_no_more_than_a_bound_are_kept_from_the_start_of_a_run(disk, monkeypatch):
    channels = [f"#channel-{number}" for number in range(9)]
    for channel in channels:
        disk.writer.hold("net", channel)
        disk.ledgers.entered(channel, at(1), "m1")
        disk.ledgers.left(channel, at(2), "stopped")
    size = (disk.directory.parent / channels[0] / ledger.NAME).stat().st_size
    monkeypatch.setattr(ledgers, "_KEPT", 3 * size)
    run = disk.another("run-2")
    for channel in channels:
        run.begin(channel)
        assert len(run._known) <= 3
    for channel in channels:
        [gap] = run.entered(channel, at(3), "m3").gaps
        assert (gap.start.time, gap.end) == (at(2).at, at(3).at)
    monkeypatch.setattr(ledgers, "_KEPT", size // 2)
    run = disk.another("run-3")
    run.begin(channels[0])
    assert len(run._known) == 1, "one that is larger is kept alone"


def test_a_ledger_that_changed_since_it_was_read_is_read_again(disk):
    disk.ledgers.entered("#demo", at(1), "m1")
    run = disk.another("run-2")
    run.begin("#demo")
    disk.ledgers.left("#demo", at(2), "kicked")
    assert run.silence("#demo") == f"nothing was heard since {at(2).at}: recorder kicked"


def test_an_interval_that_waited_for_a_confirmation_has_the_gap_before_it(disk):
    disk.ledgers.entered("#demo", at(1), "m1")
    for _ in range(20):
        disk.ledgers.left("#demo", at(2), "kicked")
        disk.ledgers.entered("#demo", at(2), "")
    assert len(disk.entries()) == 20
    [interval] = disk.ledgers.proved(["#demo"], at(5))
    assert (interval.begins, interval.gaps[-1].end) == (at(5).at, at(5).at)
    assert disk.entries()[-1] == ("opened", at(5).at)
