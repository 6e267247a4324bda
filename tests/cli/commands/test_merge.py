"""`chatlog merge`: what people type, and what they see of it."""

from __future__ import annotations

import json
import os

import pytest

from chatlog import clock
from chatlog.archive.system import System
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from chatlog.event import parse_time
from tests.support.archive import START, event_at, read_all, record
from tests.support.ledgers import at
from tests.support.process import holding
from tests.support.tending import HOLDER, IMPORTER


@pytest.fixture
def laptop(tmp_path):
    """Record three lines, of which the archive has none but `hello`."""
    root = tmp_path / "laptop"
    record(root, *(event_at(second, text) for second, text in ((0, "hello"), (5, "a"), (9, "b"))))
    return root


@pytest.fixture
def merge(chatlog, archive, laptop):
    def run(*arguments, **env):
        return chatlog.run("merge", laptop, "--archive", archive, *arguments, **env)

    return run


LONG = 400 * 86_400  # seconds ago


def listened(root, since, until):
    entries = [OpenedEntry(at=at(since), run="r"), ClosedEntry(at=at(until), run="r")]
    ledger.append(System(), root / "net" / "#c", entries)


def test_it_says_what_each_channel_gained(merge, archive):
    done = merge()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "net/#c  2 lines added, 1 stand as they are, 1 in more than one archive\n"
    )
    assert [event.text for event in read_all(archive)] == ["hello", "a", "b"]
    assert "0 lines added" in merge().stdout


def test_several_channels_have_a_line_of_sums(merge, laptop):
    record(laptop, event_at(0, "elsewhere", target="#other"))
    assert merge().stdout.splitlines()[-1] == "3 lines added in 2 targets"


def test_a_dry_run_says_what_would_be_added_and_adds_nothing(merge, archive):
    assert merge("--dry-run").stdout.startswith("net/#c  2 lines would be added, ")
    assert [event.text for event in read_all(archive)] == ["hello"]


def test_only_the_channels_that_are_named_are_merged(merge, archive, laptop):
    record(laptop, event_at(0, "elsewhere", target="#other"))
    assert merge("-c", "other").stdout == "net/#other  1 line added\n"
    assert not (archive / "net" / "#c" / "LEDGER").exists()


def test_a_conflict_is_printed_and_ends_with_1_also_when_quiet(merge, archive, laptop):
    listened(archive, -60, 60)
    done = merge("--quiet")
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == [
        "  2026-11-23T00:00:05.000Z <ann> message: a (not in the archive, which was listening)",
        "  2026-11-23T00:00:09.000Z <ann> message: b (not in the archive, which was listening)",
    ]
    assert done.stderr == (
        "chatlog: 2 lines that an archive lacks although it was listening; see above\n"
    )


def test_json_has_an_object_for_each_target(merge, archive):
    listened(archive, -60, 60)
    [found] = map(json.loads, merge("--json").stdout.splitlines())
    assert (found["type"], found["network"], found["target"]) == ("merge", "net", "#c")
    assert (found["added"], found["known"], found["shared"], found["why"]) == (2, 1, 1, None)
    [conflict] = found["conflicts"]
    assert (conflict["lacking"], [each["text"] for each in conflict["missing"]]) == (
        None,
        ["a", "b"],
    )


def test_quiet_prints_nothing_if_all_is_well(merge):
    done = merge("--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_a_recorder_holds_is_merged_beside_it(merge, archive):
    with holding(HOLDER, archive):
        done = merge()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("net/#c  2 lines added, ")
    assert [event.text for event in read_all(archive)] == ["hello", "a", "b"]


def test_what_another_merge_writes_to_is_left_out_and_ends_with_5_while_the_rest_is_merged(
    merge, archive, laptop
):
    record(laptop, event_at(0, "elsewhere", target="#other"))
    with holding(IMPORTER, archive):
        done = merge()
    assert done.returncode == 5
    assert "net/#c  not merged: another import or merge writes to '#c'" in done.stdout
    assert "net/#other  1 line added" in done.stdout
    assert [event.text for event in read_all(archive)] == ["hello", "elsewhere"]


def test_lines_that_a_recorder_may_just_be_writing_are_left_to_the_next_merge(
    merge, archive, laptop
):
    moment = (parse_time(clock.now()) - START) / 1000
    record(laptop, event_at(moment, "new"))
    with holding(HOLDER, archive):
        assert ", 1 of the last minute left to the next merge\n" in merge().stdout
    with holding(HOLDER, archive):
        assert json.loads(merge("--json").stdout)["left"] == 1
    assert "1 line added" in merge().stdout


def test_an_archive_into_itself_and_one_that_is_named_twice_are_mistakes(chatlog, archive, laptop):
    done = chatlog.run("merge", archive, "--archive", archive)
    assert (done.returncode, done.stdout) == (2, "")
    done = chatlog.run("merge", laptop, laptop, "--archive", archive)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "chatlog: an archive is named twice\n"


def test_archives_that_lie_within_each_other_are_a_mistake(chatlog, archive, laptop):
    for arguments in ([laptop, "--archive", laptop / "all"], [laptop, laptop / "net"]):
        done = chatlog.run("merge", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"chatlog: {arguments[-1]} lies in the archive {laptop}, ")


def test_an_archive_that_is_not_there_is_named(chatlog, archive):
    done = chatlog.run("merge", "nowhere", "--archive", archive)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("chatlog: no archive in ")
    assert done.stderr.endswith("; name the directory that its recorder writes to\n")


def test_a_channel_that_no_archive_has_is_not_found(merge):
    done = merge("-c", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere" in done.stderr


def test_lines_that_cannot_be_read_are_counted_and_the_rest_is_merged(merge, laptop, archive):
    path = laptop / "net" / "#c" / "2026-11-23_001.jsonl"
    path.write_bytes(b"rubbish\n" + path.read_bytes())
    done = merge()
    assert "2 lines added" in done.stdout
    assert done.stderr == f"chatlog: 1 line of {path} could not be read\n"


def test_an_archive_that_may_not_be_read_ends_with_3_and_leaves_the_rest_merged(
    merge, laptop, archive
):
    record(laptop, event_at(0, "elsewhere", target="#other"))
    (laptop / "net" / "#c" / "LEDGER").mkdir()
    done = merge()
    assert done.returncode == 3
    assert "net/#c  not merged: " in done.stdout
    assert "net/#other  1 line added" in done.stdout


def test_added_lines_are_kept_as_long_as_the_rule_of_their_channel_says(
    chatlog, archive, laptop, tmp_path
):
    config = tmp_path / "chatlog.toml"
    config.write_text(
        f"""
        [storage]
        archive = "{archive}"
        keep = {{presence = "1d"}}
        compress = "none"
        [[storage.rules]]
        channels = ["#short"]
        keep = {{talk = "1d"}}
        """
    )
    for target in ("#c", "#short"):
        record(laptop, event_at(3 - LONG, "gone", type="join", target=target))
        record(laptop, event_at(4 - LONG, "said", target=target))
    assert chatlog.run("merge", laptop, "--config", config).returncode == 0
    assert [event.text for event in read_all(archive)].count("said") == 2
    two_days_ago = parse_time(clock.now()) / 1000 - 2 * 86_400
    for path in archive.glob("*/*/*.jsonl"):  # it counts from their arrival here
        os.utime(path, (two_days_ago, two_days_ago))
    assert chatlog.run("maintain", "--config", config).returncode == 0
    found = [(event.target, event.text) for event in read_all(archive)]
    assert ("#c", "said") in found
    assert ("#c", "gone") not in found
    assert [text for target, text in found if target == "#short"] == []
