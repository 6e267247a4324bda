"""When a run that died was last known to hear: its heartbeat, or its last line."""

from __future__ import annotations

import msgspec
import pytest

from chatlog.coverage.entries import OpenedEntry
from chatlog.coverage.last_heard import LastHeard
from chatlog.event import format_time
from chatlog.health.runs import RunFile
from chatlog.health.status import NetworkStatus, RunStatus, encode
from tests.support.archive import START, event_at, record

RUN = "2026-11-23T000000.000Z-1"


def at(seconds):
    return format_time(START + int(seconds * 1000))


@pytest.fixture
def root(tmp_path):
    record(tmp_path, event_at(10, "the last", received=at(10.5), msgid="m"))
    return tmp_path


def beat(root, *, heard, offset=None, waiting=0, dies=True):
    """Leave what a run says of itself; return its file while it lives."""
    network = NetworkStatus(name="net", state="", connected=True, heard=heard, offset=offset)
    status = RunStatus(
        pid=1, version="1", root=str(root), started=at(0), updated=at(60), networks=(network,),
        waiting=waiting,
    )  # fmt: skip
    run = RunFile(root, RUN)
    run.write(encode(status))
    if dies:
        run.close()
    return run


def last(root, **fields):
    opened = OpenedEntry(at=at(0), run=RUN, **fields)
    return LastHeard(root).last(root / "net" / "#c", "net", opened)


def test_a_quiet_channel_was_heard_until_the_last_heartbeat(root):
    beat(root, heard=at(40))
    found = last(root)
    assert (found.at, found.server, found.msgid, found.is_alive) == (at(40), "", "m", False)


def test_by_the_servers_clock_as_well_where_it_tells_one(root):
    beat(root, heard=at(40), offset=-2000)
    found = last(root, server=at(-2))
    assert (found.at, found.server) == (at(40), at(38))


def test_what_was_written_after_the_last_heartbeat_was_heard(root):
    beat(root, heard=at(5))
    assert last(root).at == at(10.5)
    assert last(root, server=at(0)).server == at(10)


def test_without_a_heartbeat_the_last_line_counts(root):
    assert last(root).at == at(10.5)


def test_what_waited_in_memory_for_a_disk_is_lost_with_its_run(root):
    beat(root, heard=at(40), waiting=7)
    assert last(root).at == at(10.5)


def test_a_run_that_never_wrote_a_line_heard_its_own_coming(root):
    opened = OpenedEntry(at=at(20), run="another")
    found = LastHeard(root).last(root / "net" / "#quiet", "net", opened)
    assert found.at == at(20)


def test_a_run_without_a_line_of_its_own_heard_last_the_msgid_of_its_coming(root):
    beat(root, heard=at(40))
    opened = OpenedEntry(at=at(20), run=RUN, msgid="our JOIN")
    assert LastHeard(root).last(root / "net" / "#c", "net", opened).msgid == "our JOIN"


def test_the_last_heard_moment_says_if_its_run_is_alive(root):
    run = beat(root, heard=at(40), dies=False)
    assert last(root).is_alive
    assert LastHeard(root).is_alive(RUN)
    run.close()
    assert not last(root).is_alive


def test_a_damaged_file_of_a_run_says_nothing_and_is_named(root):
    run = RunFile(root, RUN)
    run.write(b"nonsense")
    run.close()
    assert last(root).at == at(10.5)
    assert msgspec.json.encode(last(root))
    assert LastHeard(root).damaged == [run.path]


def test_a_heartbeat_from_after_the_file_was_written_says_nothing(root):
    beat(root, heard=at(61))
    assert last(root).at == at(10.5)
    assert LastHeard(root).damaged == []


@pytest.mark.parametrize("fields", [{"time": "9999-99-99"}, {"received": "zzz"}])
def test_a_line_with_a_time_that_there_cannot_be_says_nothing(root, fields):
    path = root / "net" / "#c" / "2026-11-23_001.jsonl"
    line = {"time": at(11), "network": "net", "target": "#c", "type": "message", "nick": "ann"}
    with path.open("ab") as file:
        file.write(msgspec.json.encode(line | fields) + b"\n")
    assert last(root).at == at(10.5)
