"""Which run waits to take over from which, and what it has to hear before that."""

from __future__ import annotations

import os

from chatlog.health.handover import (
    is_followed_by,
    is_process_of,
    left_behind,
    name_of,
    successors,
    unheard,
)
from chatlog.health.runs import RunFile
from tests.support.statuses import network_status, run_status

OLD = run_status(network_status(holds={"@server": True, "#a": True, "#b": False}), pid=1)


def new(**awaits):
    return run_status(network_status(awaits={f"#{name}": heard for name, heard in awaits.items()}))


def test_a_run_follows_those_whose_targets_it_waits_for_however_they_are_spelled():
    assert is_followed_by(OLD, new(A=True))
    assert not is_followed_by(OLD, new(c=True))
    assert not is_followed_by(OLD, run_status(network_status("other", awaits={"#a": True})))
    assert not is_followed_by(OLD, run_status(network_status(holds={"#a": True})))


def test_a_channel_counts_as_unheard_if_the_old_run_hears_it_and_the_new_one_does_not_yet():
    assert unheard(new(a=False, b=False), OLD) == ["net/#a"]
    assert unheard(new(a=True, b=False), OLD) == []


def test_a_channel_is_left_behind_if_no_other_run_waits_for_it_and_hears_it():
    old = run_status(network_status(holds={"@server": True, "#a": True, "#b": True}), pid=1)
    assert left_behind(old, [old]) == ["net/#a", "net/#b"]
    assert left_behind(old, [old, new(A=True)]) == ["net/#b"]
    assert left_behind(old, [new(a=True, b=False)]) == ["net/#b"]
    assert left_behind(old, [new(a=True), new(b=True)]) == [], "two share the channels"


def test_neither_a_query_nor_a_channel_that_is_not_heard_is_left_behind():
    old = run_status(network_status(holds={"@server": True, "ada": True, "#b": False}), pid=1)
    assert left_behind(old, []) == []


def test_a_run_of_an_earlier_version_is_followed_on_its_network():
    earlier = run_status(network_status(), pid=1)
    assert is_followed_by(earlier, new(a=True))
    assert unheard(new(a=False), earlier) == []


def test_successors_come_newest_first_and_a_run_is_none_of_its_own():
    first = run_status(
        network_status(awaits={"#a": True}), pid=2, started="2026-11-23T18:20:01.123Z"
    )
    second = run_status(
        network_status(awaits={"#a": True}), pid=3, started="2026-11-23T18:20:02.123Z"
    )
    own = run_status(network_status(holds={"#a": True}, awaits={"#a": True}), pid=1)
    assert [name_of(each) for each in successors(OLD, [first, own, second])] == [
        "2026-11-23T182002.123Z-3",
        "2026-11-23T182001.123Z-2",
    ]


def test_a_process_is_that_of_a_run_only_if_it_holds_its_lock(tmp_path):
    run_file = RunFile(tmp_path, "2026-11-23T182001.123Z-1")
    run_file.write(b"{}\n")
    assert is_process_of(run_file.path, os.getpid())
    assert not is_process_of(run_file.path, os.getppid())
    run_file.close()
    assert not is_process_of(run_file.path, os.getpid())
