"""Runs of an archive: whether they are alive, and their problems."""

from __future__ import annotations

from chatlog.health.runs import DIRECTORY, RunFile, run_name
from chatlog.health.status import encode
from chatlog.report.runs import (
    DiskRefuses,
    NotConnected,
    Silent,
    observe,
    problems_of,
)
from tests.support.statuses import network_status, run_status

NOW = "2026-11-23T00:01:01.000Z"


def test_a_run_is_alive_until_its_file_is_closed(tmp_path):
    status = run_status()
    file = RunFile(tmp_path, run_name(status.started, status.pid))
    file.write(encode(status))
    assert [each.alive for each in observe(tmp_path, lambda _: None)] == [True]
    file.close()
    assert [each.alive for each in observe(tmp_path, lambda _: None)] == [False]


def test_a_damaged_run_file_is_told_and_costs_no_other(tmp_path):
    status = run_status()
    file = RunFile(tmp_path, run_name(status.started, status.pid))
    file.write(encode(status))
    file.close()
    damaged = tmp_path / DIRECTORY / f"{run_name(NOW, 1)}.json"
    damaged.write_text("{}")
    told = []
    assert [each.status for each in observe(tmp_path, told.append)] == [status]
    assert told == [damaged]


def test_a_run_that_is_well_has_no_problem():
    status = run_status(network_status(), updated="2026-11-23T00:00:01.000Z")
    assert list(problems_of(status, NOW)) == []


def test_each_problem_of_a_run_is_told():
    offline = network_status(connected=False, state="waiting")
    status = run_status(offline, updated="2026-11-23T00:00:00.000Z", waiting=7)
    assert list(problems_of(status, NOW)) == [
        Silent(4711, 61),
        DiskRefuses(7),
        NotConnected("net", "waiting"),
    ]
