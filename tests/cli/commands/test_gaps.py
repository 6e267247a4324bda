"""`chatlog gaps` as people and scripts type it."""

from __future__ import annotations

import json

import pytest

from chatlog.coverage import ledger
from chatlog.coverage.ledger import LedgerEntry
from chatlog.event import format_time
from tests.support.archive import START, UNSYNCED, event_at, record


def at(seconds):
    return format_time(START + seconds * 1000)


def opened(seconds, **fields):
    return LedgerEntry(entry="opened", at=at(seconds), server=at(seconds), **fields)


def closed(seconds, cause, **fields):
    return LedgerEntry(entry="closed", at=at(seconds), server=at(seconds), cause=cause, **fields)


def covered(since, until, lines, kinds="all"):
    return LedgerEntry(
        entry="covered", since=at(since), until=at(until), via="chathistory", kinds=kinds,
        lines=lines,
    )  # fmt: skip


UNWANTED = LedgerEntry(entry="unwanted", at=at(7200), server=at(7200))
STORY = [
    opened(0), closed(600, "ping-timeout"),
    opened(1200), closed(2400, "stopped", planned=True),
    opened(3000), closed(3600, "killed"),
    opened(4800), closed(7200, "unwanted"), UNWANTED,
]  # fmt: skip


@pytest.fixture
def archive(tmp_path):
    root = tmp_path / "archive"
    record(root, event_at(0, "one"), event_at(1, "elsewhere", target="#other"))
    return root


@pytest.fixture
def tell(archive):
    def tell(*entries, target="#c"):
        ledger.append(UNSYNCED, archive / "net" / target, entries)

    return tell


@pytest.fixture
def gaps(chatlog, archive):
    def run(*arguments):
        return chatlog.run("gaps", "--output", archive, "--tz", "UTC", *arguments)

    return run


def rows(done):
    return [line.split(maxsplit=6) for line in done.stdout.splitlines() if line.startswith("  ")]


def test_each_gap_has_its_bounds_its_length_its_state_and_its_cause(gaps, tell):
    lost = {"since": at(3600), "until": at(4800), "why": "the server has forgotten"}
    tell(*STORY, covered(600, 1200, 42), LedgerEntry(entry="unfillable", **lost))
    done = gaps()
    assert rows(done) == [
        ["2026-11-23", "00:10:00", "2026-11-23", "00:20:00", "10", "min",
         "filled      ping-timeout: 42 lines by chathistory"],
        ["2026-11-23", "00:40:00", "2026-11-23", "00:50:00", "10", "min",
         "planned     stopped"],
        ["2026-11-23", "01:00:00", "2026-11-23", "01:20:00", "20", "min",
         "unfillable  killed: the server has forgotten"],
    ]  # fmt: skip
    assert done.stdout.splitlines()[0] == "net/#c  75.00 % of 2 h since 2026-11-23 00:00:00"
    assert (done.returncode, done.stderr) == (0, "")


def test_a_bar_shows_where_it_was_not_heard(gaps, tell):
    tell(*STORY, covered(600, 1200, 42))
    bar = gaps().stdout.splitlines()[1]
    assert len(bar) == 60
    assert bar == "█████▓▓▓▓▓██████████·····█████░░░░░░░░░░████████████████████"


def test_open_gaps_end_with_1_and_strict_asks_for_more(gaps, tell):
    tell(*STORY)
    done = gaps()
    assert done.returncode == 1
    assert "2 open gaps, 30 min in all" in done.stderr
    tell(covered(600, 1200, 0), covered(3600, 4800, 0))
    assert gaps().returncode == 0
    assert gaps("--strict").returncode == 1
    tell(covered(2400, 3000, 0))
    assert gaps("--strict").returncode == 0


def test_the_range_and_the_least_length_choose(gaps, tell):
    tell(*STORY)
    assert len(rows(gaps("--since", "2026-11-23 00:30"))) == 2
    assert len(rows(gaps("--until", "2026-11-23T00:30:00Z"))) == 1
    assert len(rows(gaps("--min", "15m"))) == 1
    assert gaps("--until", "2026-11-23 00:05").returncode == 0


def test_a_gap_is_cut_at_the_range(gaps, tell):
    tell(*STORY)
    [gap] = [
        json.loads(line)
        for line in gaps("--json", "--since", "2026-11-23 01:10").stdout.splitlines()
        if '"gap"' in line
    ]
    assert (gap["start"], gap["end"], gap["seconds"]) == (at(4200), at(4800), 600)


def test_json_has_an_object_for_each_gap_and_one_for_each_target(gaps, tell):
    tell(*STORY, covered(600, 1200, 42, kinds="messages"))
    lines = [json.loads(line) for line in gaps("--json").stdout.splitlines()]
    assert lines[0] == {
        "type": "gap", "network": "net", "target": "#c", "start": at(600), "end": at(1200),
        "seconds": 600.0, "state": "filled", "cause": "ping-timeout", "via": "chathistory",
        "kinds": "messages", "lines": 42,
    }  # fmt: skip
    assert lines[-1] == {
        "type": "coverage", "network": "net", "target": "#c", "since": at(0), "until": at(7200),
        "share": 0.75, "open": 1, "unfillable": 0, "planned": 1, "filled": 1,
    }  # fmt: skip


def test_targets_are_chosen_by_name(gaps, tell):
    tell(*STORY)
    tell(opened(0), closed(10, "unwanted"), UNWANTED, target="#other")
    assert gaps("other").stdout.startswith("net/#other  100 %")
    assert gaps().returncode == 1
    assert gaps("other").returncode == 0


def test_what_was_heard_all_the_time_is_silent_with_quiet(gaps, tell):
    tell(opened(0), closed(10, "unwanted"), UNWANTED)
    done = gaps("--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_run_that_died_is_known_to_have_heard_its_last_line(gaps, tell, archive):
    tell(opened(0, run="2026-11-23T000000.000Z-1"))
    record(archive, event_at(90, "the last", received=at(90)))
    first, *_ = [json.loads(line) for line in gaps("--json").stdout.splitlines()]
    assert (first["start"], first["cause"], first["state"]) == (at(90), "killed", "open")


def test_a_line_of_the_ledger_that_makes_no_sense_is_told_and_costs_no_neighbour(
    gaps, tell, archive
):
    tell(*STORY)
    with (archive / "net" / "#c" / "LEDGER").open("ab") as file:
        file.write(b"nonsense\n")
    done = gaps()
    assert len(rows(done)) == 3
    assert done.stderr.startswith("chatlog: 1 line of ")


@pytest.mark.parametrize("when", ["soon", "2026-13-01", "-2x", "25:00"])
def test_what_is_no_moment_is_a_usage_error(gaps, when):
    done = gaps("--since", when)
    assert done.returncode == 2
    assert "is no moment; say 2026-11-23" in done.stderr


def test_where_nothing_was_ever_heard_it_says_where_it_looked(gaps, archive):
    done = gaps()
    assert done.returncode == 1
    assert str(archive) in done.stderr
