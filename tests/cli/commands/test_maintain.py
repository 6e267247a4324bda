"""`chatlog maintain` as cron runs it: beside recorders, silent, and never too much."""

from __future__ import annotations

import json
import os
import re
import stat

import pytest

from chatlog.cli.show.json_views import tended_records
from chatlog.upkeep.tending import Tended
from tests.support.archive import record
from tests.support.process import holding
from tests.support.tending import HOLDER, age, event_ago, segment_ago

OLD, NEW = segment_ago(40), segment_ago(20)
SEALED_OLD, SEALED_NEW = f"{OLD}.gz", f"{NEW}.gz"


@pytest.fixture
def archive(tmp_path):
    root = tmp_path / "archive"
    for days_ago in (40, 20):
        record(root, event_ago(days_ago, f"{days_ago} days"))
        record(root, event_ago(days_ago, "elsewhere", target="#other"))
    age(root)
    return root


@pytest.fixture
def maintain(chatlog, archive):
    def run(*arguments, **env):
        return chatlog.run("maintain", "--archive", archive, *arguments, **env)

    return run


def names(root, target="#c"):
    return sorted(path.name for path in (root / "net" / target).glob("*_*"))


def test_maintain_seals_the_segments_of_periods_that_ended_and_lists_them(maintain, archive):
    done = maintain()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"sealed {archive}/net/{target}/{name}"
        for target in ("#c", "#other")
        for name in (SEALED_OLD, SEALED_NEW)
    ]
    assert names(archive) == [SEALED_OLD, SEALED_NEW]
    assert maintain().stdout == "nothing is due\n"


def test_maintain_prints_nothing_with_quiet(maintain):
    done = maintain("--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(maintain, archive):
    before = {path: path.stat().st_mtime_ns for path in archive.rglob("*_*")}
    done = maintain("--dry-run", "--keep", "30d")
    assert "would remove " + str(archive / "net" / "#c" / OLD) in done.stdout
    assert "would seal " + str(archive / "net" / "#c" / NEW) in done.stdout
    assert {path: path.stat().st_mtime_ns for path in archive.rglob("*_*")} == before


def test_json_has_an_object_for_each_segment(maintain, archive):
    maintain()
    done = [json.loads(line) for line in maintain("--keep", "30d", "--json").stdout.splitlines()]
    assert done == [
        {
            "type": "removed",
            "network": "net",
            "target": target,
            "path": f"net/{target}/{SEALED_OLD}",
        }
        for target in ("#c", "#other")
    ]


def test_json_of_a_dry_run_says_would_for_each_deed(maintain, archive):
    told = maintain("--keep", "30d", "--json", "--dry-run").stdout.splitlines()
    assert {json.loads(line)["type"] for line in told} == {"would_seal", "would_remove"}
    assert names(archive) == [OLD, NEW]
    mended = Tended(mended=[archive / "net" / "#c" / OLD])
    assert [each.type for each in tended_records(archive, mended, dry_run=True)] == ["would_mend"]


def test_what_a_recorder_holds_is_left_for_it_to_seal(maintain, archive):
    with holding(HOLDER, archive):
        maintain()
        assert names(archive) == [OLD, NEW]
        assert names(archive, "#other") == [SEALED_OLD, SEALED_NEW]
    maintain()
    assert names(archive) == [SEALED_OLD, SEALED_NEW]


def test_a_recorder_that_holds_a_target_is_rid_of_its_old_sealed_segments(maintain, archive):
    maintain()
    with holding(HOLDER, archive):
        maintain("--keep", "30d")
    assert names(archive) == [SEALED_NEW]


def test_the_size_of_all_is_a_bound_too(maintain, archive):
    maintain()
    total = sum(path.stat().st_size for path in archive.rglob("*_*"))
    assert maintain("--keep-bytes", str(total)).stdout == "nothing is due\n"
    maintain("--keep-bytes", str(total - 1))
    assert names(archive) == names(archive, "#other") == [SEALED_NEW]


def test_what_would_leave_nothing_is_refused_unless_it_is_meant(maintain, archive):
    done = maintain("--keep", "1d")
    assert done.returncode == 2
    assert re.search(
        r"would remove every segment of .*; add --empty if that is intended", done.stderr
    )
    assert len(names(archive)) == 2
    assert maintain("--keep", "1d", "--empty").returncode == 0
    assert names(archive) == []


def test_settings_come_from_the_configuration(chatlog, archive, tmp_path):
    (tmp_path / "chatlog.toml").write_text(
        '[storage]\narchive = "archive"\ncompress = "none"\nkeep = "30d"\n'
        '[networks.net]\nservers = ["irc.example"]\nchannels = ["#c"]\n'
    )
    done = chatlog.run("maintain", "--config", tmp_path / "chatlog.toml")
    assert (done.returncode, done.stderr) == (0, "")
    assert names(archive) == [NEW]
    assert len((archive / "net" / "#c" / "SHA256SUMS").read_text().splitlines()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_cannot_be_sealed_ends_with_3_and_the_rest_is_done(maintain, archive):
    (archive / "net" / "#c").chmod(stat.S_IRUSR | stat.S_IXUSR)
    done = maintain()
    (archive / "net" / "#c").chmod(stat.S_IRWXU)
    assert done.returncode == 3
    assert "cannot write" in done.stderr
    assert names(archive, "#other") == [SEALED_OLD, SEALED_NEW]


def test_a_damaged_target_ends_with_3_and_the_rest_is_done(maintain, archive):
    (archive / "net" / "#c" / "MANIFEST").mkdir()
    done = maintain()
    assert done.returncode == 3
    assert re.search(r"^chatlog: cannot read .*MANIFEST: Is a directory", done.stderr)
    assert done.stderr.splitlines()[-1].startswith("chatlog: 1 target could not be maintained")
    assert names(archive, "#other") == [SEALED_OLD, SEALED_NEW]


def test_without_an_archive_it_says_where_it_looked_and_makes_none(chatlog, tmp_path):
    done = chatlog.run("maintain", "--archive", tmp_path / "nowhere")
    assert done.returncode == 1
    assert f"no archive in {tmp_path / 'nowhere'}" in done.stderr
    assert not (tmp_path / "nowhere").exists()
