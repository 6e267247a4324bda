"""The sink of a take-over: what waits in the spool, what passes, and when it is too much."""

from __future__ import annotations

import pytest

from chatlog.archive.syncing import Exposed
from chatlog.archive.system import System
from chatlog.errors import HeldError, TranscriptError
from chatlog.event import Event
from chatlog.record.takeover_sink import TakeoverSink
from chatlog.write import takeover_spool
from chatlog.write.takeover_spool import own_spool


def said(text, target="#a"):
    return Event(
        time="2026-11-23T18:20:01.123Z", network="net", target=target, type="message", text=text
    )


class Behind:
    """The sink behind, of which another recorder holds some targets."""

    def __init__(self, *elsewhere):
        self.elsewhere = {*elsewhere}
        self.unseen = set()
        self.tried = []
        self.held = []
        self.written = []

    def is_held_elsewhere(self, _network, target):
        return target in self.elsewhere - self.unseen

    def hold(self, _network, target):
        self.tried.append(target)
        if target in self.elsewhere:
            raise HeldError(target)
        self.held.append(target)

    def write_all(self, events):
        self.written += [event.text for event in events]


@pytest.fixture
def spool(tmp_path):
    return own_spool(tmp_path, "run", system=System(), mode=0o640, exposed=Exposed())


def spooled(spool, target="#a"):
    events = spool.events_of(("net", target))
    return [event.text for event in events.read(range(len(events)))]


def test_events_of_targets_that_another_recorder_holds_wait_and_others_pass(spool):
    behind = Behind("#a")
    sink = TakeoverSink(behind, spool)
    for target in ("#a", "#b"):
        sink.hold("net", target)
    sink.write_all([said("one"), said("two", "#b"), said("three")])
    assert behind.held == ["#b"]
    assert behind.written == ["two"]
    assert spooled(spool) == ["one", "three"]


def test_a_target_that_another_recorder_holds_is_awaited_without_trying_for_its_lock(spool):
    behind = Behind("#a")
    sink = TakeoverSink(behind, spool)
    sink.hold("net", "#a")
    assert sink.awaits("#a")
    assert behind.tried == [], "each try takes a tenth of a second"


def test_a_target_that_another_recorder_locks_meanwhile_is_awaited(spool):
    behind = Behind("#a")
    behind.unseen.add("#a")
    sink = TakeoverSink(behind, spool)
    sink.hold("net", "#a")
    assert sink.awaits("#a")


def test_a_target_that_is_released_passes_and_is_not_awaited_again(spool):
    behind = Behind("#a")
    sink = TakeoverSink(behind, spool)
    sink.hold("net", "#a")
    behind.elsewhere.clear()
    sink.hold("net", "#a")
    assert sink.awaits("#a"), "its spooled lines are not in the transcript yet"
    sink.write_all([said("one")])
    sink.release("#a")
    sink.hold("net", "#a")
    sink.write_all([said("two")])
    assert behind.written == ["two"]
    assert spooled(spool) == ["one"]


def test_without_anything_held_elsewhere_there_is_no_spool(spool):
    sink = TakeoverSink(Behind(), spool)
    sink.hold("net", "#a")
    sink.write_all([said("one")])
    assert not spool.path.exists()


def test_a_spool_that_is_full_ends_the_run_and_keeps_its_lines(spool, monkeypatch):
    monkeypatch.setattr(takeover_spool, "MOST", 200)
    sink = TakeoverSink(Behind("#a"), spool)
    sink.hold("net", "#a")
    sink.write_all([said("0")])
    sink.write_all([said("1")])
    with pytest.raises(TranscriptError, match="waited for too long"):
        sink.write_all([said("2")])
    assert spooled(spool) == ["0", "1", "2"]
