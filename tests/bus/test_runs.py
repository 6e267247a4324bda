"""The runs of recorders elsewhere, and the coverage of those that go on."""

import pytest

from chatlog.archive.system import System
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from chatlog.health.runs import RunFile, run_name
from chatlog.health.status import encode
from chatlog.report.runs import observe, observe_collected
from chatlog.upkeep.witness import Witness
from tests.support.archive import event_at, record
from tests.support.bus import ListCollector, ListShipper, Stream
from tests.support.statuses import network_status, run_status


class Recording:
    """A recorder that goes on, as its files show it."""

    def __init__(self, root):
        self._root = root
        self._started = event_at(0).time
        self.name = run_name(self._started, 4711)
        record(root, event_at(1, "hello"))
        opened = OpenedEntry(at=event_at(1).time, run=self.name)
        ledger.append(System(), root / "net" / "#c", [opened])
        self._file = RunFile(root, self.name)

    def hear(self, second):
        moment = event_at(second).time
        network = network_status(heard=moment)
        self._file.write(encode(run_status(network, started=self._started, updated=moment)))

    def die(self):
        self._file.close()


@pytest.fixture
def machines(tmp_path):
    """A recorder, its shipper, and the collector of all."""
    recording, stream = Recording(tmp_path / "a"), Stream()
    shipper = ListShipper(tmp_path / "a", stream)
    return recording, shipper, ListCollector(tmp_path / "all", stream)


def covered_until(root):
    witness = Witness("", root)
    [target] = witness.targets.values()
    return witness.coverage(target).until


def nothing(_path):
    raise AssertionError("no run file is damaged")


def test_a_collected_archive_shows_the_runs_elsewhere_as_alive_until_they_end(machines, tmp_path):
    recording, shipper, collector = machines
    root = tmp_path / "all"
    for second, is_alive in ((30, True), (60, True), (60, False)):
        recording.hear(second)
        if not is_alive:
            recording.die()
        shipper.ship()
        collector.collect()
        [run] = observe_collected(root, nothing)
        assert (run.alive, run.status.updated) == (is_alive, event_at(second).time)
        assert observe(root, nothing) == []  # a hand-over must not signal a pid of elsewhere
    collector.close()


def test_a_run_is_not_alive_for_longer_than_its_collector(machines, tmp_path):
    recording, shipper, collector = machines
    recording.hear(30)
    shipper.ship()
    collector.collect()
    collector.close()
    [run] = observe_collected(tmp_path / "all", nothing)
    assert not run.alive


def test_an_interval_that_goes_on_is_covered_until_the_last_heartbeat(machines, tmp_path):
    recording, shipper, collector = machines
    for second in (30, 60, 90):
        recording.hear(second)
        shipper.ship()
        collector.collect()
        assert covered_until(tmp_path / "all") == event_at(second).time


def test_no_coverage_is_claimed_before_its_lines_are_there(machines, tmp_path):
    recording, shipper, collector = machines
    recording.hear(30)
    shipper.ship()
    collector.collect()
    record(tmp_path / "a", event_at(40, "later"))
    recording.hear(60)
    assert shipper.publish(most=1)  # the line; the heartbeat is not published
    collector.collect()
    assert covered_until(tmp_path / "all") == event_at(30).time


def test_only_targets_that_are_still_heard_are_looked_at_again(machines, tmp_path, monkeypatch):
    recording, shipper, collector = machines
    recording.hear(30)
    closed, opened = (
        kind(at=event_at(second).time, run=recording.name)
        for kind, second in ((ClosedEntry, 40), (OpenedEntry, 50))
    )
    looks = []
    coverage = Witness.coverage
    monkeypatch.setattr(
        Witness, "coverage", lambda *given: (looks.append(given), coverage(*given))[1]
    )
    for entries, is_looked_at in (((), True), ([closed], True), ((), False), ([opened], True)):
        if entries:
            ledger.append(System(), tmp_path / "a" / "net" / "#c", entries)
        shipper.ship()
        looks.clear()
        collector.collect()
        assert bool(looks) is is_looked_at
    recording.hear(60)
    shipper.ship()
    collector.collect()
    assert covered_until(tmp_path / "all") == event_at(60).time
