"""Waiting for an archive to change: woken by the file system where it tells, else gently."""

from __future__ import annotations

import sys
import time

import pytest

from chatlog.cli import waiting
from chatlog.cli.waiting import pausing
from chatlog.read.reader import Reader
from tests.support.archive import event_at, record

_NEVER = 3600


@pytest.fixture
def archive(tmp_path):
    record(tmp_path / "archive", event_at(1, "one"))
    return tmp_path / "archive"


@pytest.fixture
def without_watchfiles(monkeypatch):
    monkeypatch.setitem(sys.modules, "watchfiles._rust_notify", None)


@pytest.fixture
def only_told(monkeypatch):
    """Let no look be taken that nobody told of."""
    pytest.importorskip("watchfiles")
    monkeypatch.setattr(waiting, "_POLL", _NEVER)
    monkeypatch.setattr(waiting, "_UNTOLD", _NEVER * 1000)


@pytest.mark.usefixtures("only_told")
@pytest.mark.parametrize(
    "event",
    [event_at(2, "two"), event_at(90_000, "a new segment"), event_at(3, "new", target="#new")],
    ids=["a line", "a segment", "a channel"],
)
def test_what_is_recorded_ends_the_wait(archive, event):
    wait = pausing(archive)
    record(archive, event)
    wait()


@pytest.mark.usefixtures("only_told")
def test_each_of_several_events_ends_a_wait(archive):
    wait = pausing(archive)
    reader = Reader(archive)
    reader.mark()
    for at in range(3):
        record(archive, event_at(2 + at, f"{at}"))
        while not (found := reader.new()):
            wait()
        assert [entry.event.text for entry in found] == [f"{at}"]


@pytest.mark.usefixtures("only_told")
def test_what_is_put_into_a_new_directory_before_it_is_watched_is_found(archive):
    wait = pausing(archive)
    reader = Reader(archive)
    reader.mark()
    for number in range(20):
        record(archive, event_at(2, f"{number}", target=f"#new{number}"))
        while not (found := reader.new()):
            wait()
        assert [entry.event.text for entry in found] == [f"{number}"]


@pytest.mark.usefixtures("without_watchfiles")
def test_without_watchfiles_a_wait_ends_after_a_fixed_pause(archive, monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    wait = pausing(archive)
    wait()
    assert slept == [waiting._POLL]


def test_an_archive_that_is_not_there_yet_is_looked_for(tmp_path, monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    pausing(tmp_path / "nowhere")()
    assert slept == [waiting._POLL]


@pytest.mark.usefixtures("without_watchfiles")
@pytest.mark.parametrize(("cost", "pause"), [(0.0, 0.25), (0.5, 2.0), (100.0, 5.0)])
def test_the_more_a_look_costs_the_fewer_there_are(archive, monkeypatch, cost, pause):
    spent = iter([0.0, cost, cost])
    slept = []
    monkeypatch.setattr(time, "process_time", lambda: next(spent))
    monkeypatch.setattr(time, "sleep", slept.append)
    pausing(archive)()
    assert slept == [pause]


def cost_of_waiting(archive, seconds):
    """Measure what a reader takes of a core that follows an archive in which nothing happens."""
    reader, wait = Reader(archive), pausing(archive)
    reader.mark()
    looks, began, spent = 0, time.monotonic(), time.process_time()
    while time.monotonic() < began + seconds:
        assert reader.new() == []
        looks += 1
        wait()
    return looks, time.process_time() - spent


@pytest.mark.usefixtures("without_watchfiles")
def test_polling_costs_next_to_nothing(archive):
    looks, spent = cost_of_waiting(archive, 1)
    assert looks <= 4
    assert spent < 0.2


def test_waiting_for_file_events_takes_next_to_no_time_of_the_processor(archive, monkeypatch):
    pytest.importorskip("watchfiles")
    monkeypatch.setattr(waiting, "_UNTOLD", 1000)
    looks, spent = cost_of_waiting(archive, 1)
    assert looks <= 2, "reading is nothing that it is told of"
    assert spent < 0.2
