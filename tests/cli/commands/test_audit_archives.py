"""`chatlog audit --with ARCHIVE` as people type it."""

from __future__ import annotations

import json

import pytest

from chatlog.archive.system import System
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from tests.support.archive import event_at, record
from tests.support.ledgers import at
from tests.support.process import holding
from tests.support.tending import HOLDER


@pytest.fixture
def backup(tmp_path):
    """Record three lines, of which the archive has none but `hello`."""
    root = tmp_path / "backup"
    record(root, *(event_at(second, text) for second, text in ((0, "hello"), (5, "a"), (9, "b"))))
    return root


@pytest.fixture
def audit(chatlog, archive, backup):
    def run(*arguments, **env):
        return chatlog.run("audit", "--with", backup, "--archive", archive, *arguments, **env)

    return run


def listened(root, since, until):
    entries = [OpenedEntry(at=at(since), run="r"), ClosedEntry(at=at(until), run="r")]
    ledger.append(System(), root / "net" / "#c", entries)


def test_lines_that_only_the_other_has_are_printed_and_end_with_1(audit):
    done = audit()
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "net/#c  1 line in both, 2 only in backup, 0 only here",
        "  missing 2026-11-23T00:00:05.000Z <ann> message: a",
        "  missing 2026-11-23T00:00:09.000Z <ann> message: b",
    ]
    assert done.stderr == "chatlog: 2 missing lines, 0 conflicts; see above\n"


@pytest.mark.parametrize("pattern", ["dan", "net/dan", "d*"])
def test_a_query_is_chosen_by_its_name_as_a_channel_is(audit, archive, backup, pattern):
    for root in (archive, backup):
        record(root, event_at(1, "psst", target="dan"))
    done = audit("-c", pattern)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "net/dan  1 line in both, 0 only in backup, 0 only here\n"
    assert audit("-c", "c").stdout.startswith("net/#c  1 line in both, 2 only in backup")


def test_a_backup_that_lacks_a_line_which_it_did_not_hear_ends_with_0(audit, archive):
    record(archive, *(event_at(second, text) for second, text in ((5, "a"), (9, "b"), (12, "c"))))
    done = audit()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "net/#c  3 lines in both, 0 only in backup, 1 only here",
        "  extra 2026-11-23T00:00:12.000Z <ann> message: c",
    ]
    assert audit("--quiet").stdout == ""


def test_a_conflict_of_the_other_archive_ends_with_1(audit, archive, backup):
    record(archive, *(event_at(second, text) for second, text in ((5, "a"), (9, "b"), (12, "c"))))
    listened(backup, -60, 60)
    done = audit("--quiet")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "net/#c  3 lines in both, 0 only in backup, 1 only here, 1 conflict",
        "  extra 2026-11-23T00:00:12.000Z <ann> message: c (backup was listening)",
    ]
    assert done.stderr == "chatlog: 0 missing lines, 1 conflict; see above\n"


def test_a_range_leaves_out_what_lies_outside(audit):
    done = audit("--since", "2026-11-23 00:00:07", "--until", "2026-11-23 01:00", "--tz", "UTC")
    assert done.stdout.splitlines()[0] == "net/#c  0 lines in both, 1 only in backup, 0 only here"
    done = audit("--until", "2026-11-23 01:00:05", "--tz", "Europe/Berlin")
    assert (done.returncode, done.stdout) == (
        0,
        "net/#c  1 line in both, 0 only in backup, 0 only here\n",
    )


def test_only_the_channels_that_are_named_are_compared(audit, backup):
    record(backup, event_at(0, "elsewhere", target="#other"))
    assert len(audit().stdout.splitlines()) == 5
    done = audit("-c", "other")
    assert done.stdout.startswith("net/#other  0 lines in both, 1 only in backup, ")
    done = audit("-c", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere" in done.stderr


def test_json_has_an_object_for_each_target(audit, archive):
    listened(archive, -60, 7)
    done = audit("--json", "--until", "2026-11-23T00:01:00Z")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["type"], found["network"], found["target"]) == ("comparison", "net", "#c")
    assert (found["since"], found["until"]) == (None, "2026-11-23T00:01:00.000Z")
    assert (found["shared"], found["missing_lines"], found["extra_lines"]) == (1, 2, 0)
    assert [each["text"] for each in found["missing"]] == ["a", "b"]
    assert (found["extra"], found["why"], found["conflicting"]) == ([], None, 0)


def test_recorders_and_unwritable_archives_are_no_obstacle_as_nothing_is_written(
    audit, archive, backup
):
    with holding(HOLDER, archive), holding(HOLDER, backup):
        assert audit("--quiet").stderr == "chatlog: 2 missing lines, 0 conflicts; see above\n"


@pytest.mark.parametrize(
    "option",
    [("--server", "irc.example.org"), ("--nick", "ann"), ("--within", "1h"), ("--no-tls",)],
)
def test_an_option_for_a_server_beside_with_is_one_clear_mistake(audit, option):
    done = audit(*option)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"chatlog: {option[0]} does not go with --with, which connects nowhere\n"
    )


def test_a_variable_for_the_recorder_is_no_mistake(audit):
    assert audit(CHATLOG_SERVER="irc.example.org", CHATLOG_NICK="ann").returncode == 1


def test_the_archive_itself_and_one_that_is_not_there_are_mistakes(chatlog, archive):
    done = chatlog.run("audit", "--with", archive, "--archive", archive)
    assert (done.returncode, done.stdout) == (2, "")
    done = chatlog.run("audit", "--with", "nowhere", "--archive", archive)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("chatlog: no archive in ")
    assert done.stderr.endswith("; name the directory that its recorder writes to\n")


def test_an_archive_of_another_time_zone_is_not_compared_and_the_rest_is(audit, archive, backup):
    lines = [(60 * each, f"text {each}") for each in range(20)]
    record(archive, *(event_at(second, text, target="#z") for second, text in lines))
    record(backup, *(event_at(second + 7200, text, target="#z") for second, text in lines))
    done = audit()
    assert done.returncode == 3
    assert "net/#z  not compared: " in done.stdout
    assert "--tz" in done.stdout
    assert done.stdout.startswith("net/#c  1 line in both")
    assert done.stderr == "chatlog: 1 target could not be compared; see above\n"
