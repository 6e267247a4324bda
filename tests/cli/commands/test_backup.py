"""`chatlog backup`: what people type, and what they see of it."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.archive import event_at, read_all, record
from tests.support.tending import tend


@pytest.fixture
def backup(chatlog, archive, tmp_path):
    tend(archive)

    def run(*arguments):
        return chatlog.run("backup", tmp_path / "backup", "--archive", archive, *arguments)

    return run


def test_one_line_says_what_was_copied_and_what_is_unchanged(backup, tmp_path):
    done = backup()
    assert (done.returncode, done.stderr) == (0, "")
    name = r"20\d\d-\d\d-\d\dT\d\d-\d\d-\d\dZ"
    place = re.escape(str(tmp_path / "backup"))
    line = rf"{place}/{name}: \d files copied \([\d.]+ k?B\), 0 unchanged \(0 B\)\n"
    assert re.fullmatch(line, done.stdout), done.stdout
    done = backup()
    assert re.search(r": 1 file copied \([\d.]+ B\), \d unchanged \(\d+ B\)\n", done.stdout), (
        done.stdout
    )


def test_every_command_reads_the_latest_snapshot(backup, chatlog, archive, tmp_path):
    backup()
    latest = tmp_path / "backup" / "latest"
    assert chatlog.run("tail", "-a", latest).stdout == chatlog.run("tail", "-a", archive).stdout
    done = chatlog.run("verify", "-a", latest)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == chatlog.run("verify", "-a", archive).stdout


def test_a_restored_backup_takes_what_was_recorded_since_by_merge(
    backup, chatlog, archive, tmp_path
):
    backup()
    record(tmp_path / "since", event_at(0, "hello"), event_at(60, "since then"))
    restored = tmp_path / "backup" / "latest"
    done = chatlog.run("merge", restored, tmp_path / "since", "--archive", tmp_path / "whole")
    assert (done.returncode, done.stderr) == (0, "")
    assert [event.text for event in read_all(tmp_path / "whole")] == ["hello", "since then"]


def test_json_is_one_object(backup, tmp_path):
    found = json.loads(backup("--json").stdout)
    assert found["type"] == "backup"
    assert found["snapshot"].startswith(str(tmp_path / "backup" / "20"))
    assert (found["target_count"], found["linked_files"], found["why"]) == (1, 0, None)
    assert (
        found["unknown_files"]
        == found["archive_problems"]
        == found["failed"]
        == found["removed"]
        == []
    )


def test_a_dry_run_says_what_would_be_copied_and_makes_nothing(backup, tmp_path):
    assert " files would be copied (" in backup("--dry-run").stdout
    assert not (tmp_path / "backup").exists()


def test_old_snapshots_go_if_that_is_wished(backup, tmp_path):
    backup()
    done = backup("--keep-snapshots", "1")
    assert done.stdout.endswith(", 1 old snapshot removed\n")
    assert len(list((tmp_path / "backup").glob("20*"))) == 1


def test_quiet_prints_nothing_if_all_is_well(backup):
    done = backup("--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_could_not_be_copied_is_told_and_ends_with_3(backup, archive):
    record(archive, event_at(0, "elsewhere", target="#other"))
    (archive / "net" / "#other" / "LEDGER").symlink_to("/dev/null")
    done = backup("--quiet")
    assert done.returncode == 3
    assert done.stderr == (
        f"chatlog: {archive}/net/#other/LEDGER is not a regular file; move it away\n"
        "chatlog: the snapshot lacks 1 channel or file; see above, and run this again\n"
    )


def test_a_segment_that_is_gone_is_told_and_ends_with_1(backup, archive):
    path = next(archive.rglob("*.gz"))
    path.unlink()
    done = backup("--quiet")
    assert done.returncode == 1
    assert done.stderr == (
        f"chatlog: {path} was sealed, and is gone\n"
        "chatlog: the archive has 1 problem; see above, and restore those segments from an"
        " earlier snapshot\n"
    )


def test_an_archive_that_is_not_mounted_makes_no_empty_snapshot(chatlog, tmp_path):
    (tmp_path / "empty").mkdir()
    done = chatlog.run("backup", tmp_path / "backup", "--archive", tmp_path / "empty")
    assert done.returncode == 1
    assert done.stderr == (
        f"chatlog: {tmp_path}/empty holds nothing yet; no snapshot is made of it\n"
    )
    assert not (tmp_path / "backup").exists()


def test_a_place_inside_the_archive_is_a_mistake(chatlog, archive):
    done = chatlog.run("backup", archive / "backup", "--archive", archive)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"chatlog: {archive}/backup is in the archive itself; name a directory outside\n"
    )
