"""Messages that a stream has lost: asked for, answered from the files, and a gap until then."""

import pytest

from chatlog.archive.system import System
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from chatlog.upkeep.witness import Witness
from tests.support.archive import event_at, record
from tests.support.bus import ListCollector, ListShipper, Stream, answer, texts_in


@pytest.fixture
def stream():
    return Stream()


def at(second):
    return event_at(second).time


def hear(root, since, until, run="", words="line"):
    """Record a line each second, and the interval in the ledger."""
    record(root, *(event_at(second, f"{words} {second}") for second in range(since, until + 1)))
    entries = OpenedEntry(at=at(since), run=run), ClosedEntry(at=at(until), run=run, cause="kicked")
    ledger.append(System(), root / "net" / "#c", entries)


def coverage_of(root):
    witness = Witness("", root)
    [target] = witness.targets.values()
    return witness.coverage(target)


def gaps_in(root):
    """Return the gaps between the first and the last moment, in seconds and with their causes."""
    return [
        (gap.start.time[17:19], gap.end[17:19], gap.cause) for gap in coverage_of(root).wanting()
    ]


def test_what_the_stream_has_lost_is_asked_for_and_comes(tmp_path, stream):
    hear(tmp_path / "a", 0, 30)
    shipper = ListShipper(tmp_path / "a", stream)
    shipper.ship()
    stream.discard(*range(5, 15))
    collector = ListCollector(tmp_path / "all", stream)
    collector.collect()
    assert len(texts_in(tmp_path / "all")) == 21
    answer(collector, shipper)
    shipper.ship()
    collector.collect()
    assert texts_in(tmp_path / "all") == [f"line {second}" for second in range(31)]
    assert collector.collection.lost() == []
    assert gaps_in(tmp_path / "all") == []


def test_a_new_collector_asks_for_what_the_stream_no_longer_has(tmp_path, stream):
    hear(tmp_path / "a", 0, 9)
    shipper = ListShipper(tmp_path / "a", stream)
    shipper.ship()
    stream.discard(*[*stream.messages])
    hear(tmp_path / "a", 10, 19)
    shipper.ship()
    collector = ListCollector(tmp_path / "all", stream)
    collector.collect()
    answer(collector, shipper)
    shipper.ship()
    collector.collect()
    assert texts_in(tmp_path / "all") == [f"line {second}" for second in range(20)]
    assert collector.collection.lost() == []
    assert coverage_of(tmp_path / "all").since == at(0)


def test_lost_lines_are_a_gap_until_they_come(tmp_path, stream):
    hear(tmp_path / "a", 0, 30)
    shipper = ListShipper(tmp_path / "a", stream)
    shipper.ship()
    stream.discard(*range(12, 23))
    collector = ListCollector(tmp_path / "all", stream)
    collector.collect()
    lacking = {f"line {second}" for second in range(31)} - {*texts_in(tmp_path / "all")}
    [(since, until, cause)] = gaps_in(tmp_path / "all")
    assert cause == "lost on the bus"
    assert all(int(since) <= int(each.split()[1]) <= int(until) for each in lacking)
    collector.kill()
    answer(collector, shipper)
    shipper.ship()
    collector.collect()
    assert gaps_in(tmp_path / "all") == []
    assert len(texts_in(tmp_path / "all")) == 31


def test_what_one_recorder_lost_is_no_gap_if_another_heard_it(tmp_path, stream):
    for name in "ab":
        hear(tmp_path / name, 0, 30, run="")
    first = ListShipper(tmp_path / "a", stream, "a")
    first.ship()
    stream.discard(*range(12, 23))
    ListShipper(tmp_path / "b", stream, "b").ship()
    collector = ListCollector(tmp_path / "all", stream)
    collector.collect()
    assert gaps_in(tmp_path / "all") == []
    assert texts_in(tmp_path / "all") == [f"line {second}" for second in range(31)]


def test_the_gaps_are_those_in_which_no_recorder_heard(tmp_path, stream):
    hear(tmp_path / "a", 0, 10)
    hear(tmp_path / "a", 30, 40)
    hear(tmp_path / "b", 5, 20)
    for name in "ab":
        ListShipper(tmp_path / name, stream, name).ship()
    collector = ListCollector(tmp_path / "all", stream)
    collector.collect()
    assert gaps_in(tmp_path / "all") == [("20", "30", "kicked")]
    collector.collect()
    before = (tmp_path / "all/net/#c/LEDGER").read_bytes()
    collector.kill()
    collector.collect()
    assert (tmp_path / "all/net/#c/LEDGER").read_bytes() == before
