"""`chatlog maintain --export`: the exports of an archive, brought up to date from cron."""

from __future__ import annotations

import json
import os

import pytest

from chatlog import cli
from chatlog.export.past_exports import ExportEntry, read_exports, remembered
from tests.support.archive import event_at, record
from tests.support.tending import age, event_ago

DAY = 86_400


@pytest.fixture
def archive(tmp_path):
    root = tmp_path / "archive"
    for day in range(3):
        record(root, event_at(day * DAY, f"day {day}"), event_at(day * DAY, "other", target="#d"))
    return root


@pytest.fixture
def ask(archive, capfd, monkeypatch, tmp_path):
    """Return the function that runs a command in a directory; it returns what people see."""
    (tmp_path / "here").mkdir()

    def ask(*arguments, directory="here"):
        monkeypatch.chdir(tmp_path / directory)
        status = cli.run([*map(str, arguments), "--archive", str(archive)])
        return status, *capfd.readouterr()

    return ask


@pytest.fixture
def maintain(ask):
    def maintain(*arguments):
        return ask("maintain", "--export", *arguments, directory=".")

    return maintain


def states(directory):
    return {
        str(path.relative_to(directory)): (path.stat().st_mtime_ns, path.stat().st_ino)
        for path in directory.rglob("*")
        if path.is_file()
    }


def changed(before, after):
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_a_lake_is_exported_again_from_another_directory_and_only_its_changed_days(
    ask, maintain, archive, tmp_path
):
    ask("export", "--to", "parquet", "--partition", "day", "-o", "lake/")
    lake = tmp_path / "here/lake"
    before = states(lake)
    assert len(before) == 6
    status, out, err = maintain()
    assert (status, err) == (0, "")
    assert out.splitlines()[-1].startswith(f"{lake}/: 6 lines, ")
    assert out.endswith("; 0 files written, 6 unchanged\n")
    assert states(lake) == before
    record(archive, event_at(DAY + 60, "late", target="#d"))
    assert maintain("--quiet") == (0, "", "")
    assert changed(before, states(lake)) == {
        "network_key=net/target_key=_23d/date=2026-11-24/events.parquet"
    }


def test_an_export_is_made_again_with_all_its_options(ask, maintain, archive, tmp_path):
    place = ("--to", "csv", "-o", "{date}.csv", "--tz", "Asia/Tokyo")
    people = ("--nick", "ann", "--pseudonyms")
    ask("export", "-c", "c", *people, "--match", "day", "--delay", "1h", *place)
    here = tmp_path / "here"
    assert "2026-11-24.csv" in states(here)
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    maintain()
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before
    record(archive, event_at(-DAY, "day 9"), event_at(-DAY, "day 9", nick="ben"))
    maintain()
    after = {path.name: path.read_bytes() for path in here.iterdir()}
    assert changed(before, after) == {"2026-11-22.csv"}
    assert after["2026-11-22.csv"].count(b"day 9") == 1
    assert b"ann" not in after["2026-11-22.csv"]


def test_a_site_is_brought_up_to_date(ask, maintain, archive, tmp_path):
    ask("export", "--to", "site", "-o", "site", "--title", "-- of #c")
    before = states(tmp_path / "here/site")
    assert "0 files written" in maintain()[1]
    assert states(tmp_path / "here/site") == before
    record(archive, event_at(2 * DAY + 60, "late"))
    maintain()
    assert "net/c/2026-11-25.html" in changed(before, states(tmp_path / "here/site"))
    assert "-- of #c" in (tmp_path / "here/site/index.html").read_text()


def test_an_export_whose_files_are_gone_is_left_out_and_the_others_are_made(
    ask, maintain, archive, tmp_path
):
    ask("export", "--to", "csv", "-o", "once.csv")
    ask("export", "--to", "site", "-o", "site")
    ask("export", "--to", "jsonl", "-o", "kept.jsonl")
    here = tmp_path / "here"
    (here / "once.csv").unlink()
    (here / "site").rename(tmp_path / "moved")
    record(archive, event_at(-DAY, "more"))
    status, out, err = maintain()
    assert (status, err) == (0, "")
    gone = "its files are gone; export it by hand to have them back"
    assert out.splitlines()[-3:] == [
        f"left out {here}/once.csv: {gone}",
        f"left out {here}/site: {gone}",
        f"{here}/kept.jsonl: 7 lines, 776 B; 1 file written",
    ]
    assert [path.name for path in here.iterdir()] == ["kept.jsonl"]
    assert maintain("--quiet") == (0, "", "")
    status, out, err = maintain("--json")
    assert [json.loads(line)["destination"] for line in out.splitlines()] == [f"{here}/kept.jsonl"]
    assert f"left out {here}/site: {gone}" in err


def test_an_export_that_fails_is_told_and_the_others_are_made(ask, maintain, archive, tmp_path):
    ask("export", "--to", "csv", "-o", "busy.csv")
    (tmp_path / "here/mine").mkdir()
    ask("export", "--to", "site", "-o", "site", "--templates", "mine")
    ask("export", "--to", "jsonl", "-o", "kept.jsonl")
    here = tmp_path / "here"
    record(archive, event_at(-DAY, "more"))
    (here / "mine").rmdir()
    with remembered(archive, read_exports(archive)[0], "", pytest.fail):
        status, out, err = maintain("--quiet")
    assert (status, out) == (3, "")
    busy = f"another export to {here}/busy.csv is running; try again later"
    assert err.splitlines() == [
        f"chatlog: {here}/site: --templates: Directory '{here}/mine' does not exist",
        f"chatlog: {here}/busy.csv: {busy}",
        "chatlog: 2 exports could not be made; see above, and run this again",
    ]
    assert b"more" in (here / "kept.jsonl").read_bytes()


def test_an_export_that_lost_all_its_lines_loses_its_files_and_lives_on(maintain, ask, archive,
                                                                      tmp_path):  # fmt: skip
    record(archive, event_ago(40, "old", target="#old"))
    age(archive)
    ask("export", "old", "--to", "jsonl", "-o", "old/")
    files = tmp_path / "here/old"
    assert len(states(files)) == 1
    assert maintain("--keep", "30d", "--quiet") == (0, "", "")
    assert states(files) == {}
    record(archive, event_ago(1, "new", target="#old"))
    maintain()
    assert len(states(files)) == 1


def test_an_export_without_a_command_line_is_left_out(maintain, archive, tmp_path):
    with remembered(archive, ExportEntry.made("csv", "/x.csv", {}), "", pytest.fail):
        pass
    assert maintain()[1].endswith(
        "left out /x.csv: its options are not known; export it by hand once more\n"
    )


def test_no_export_is_made_that_another_user_can_have_written(
    maintain, ask, archive, tmp_path, monkeypatch
):
    ask("export", "--to", "jsonl", "-o", "x.jsonl")
    before = states(tmp_path / "here")
    record(archive, event_at(-DAY, "more"))
    (archive / "EXPORTS").chmod(0o660)
    status, _, err = maintain()
    assert status == 3
    assert f"{archive}/EXPORTS can be written by another user" in err
    (archive / "EXPORTS").chmod(0o640)
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert maintain()[0] == 3
    assert states(tmp_path / "here") == before
    monkeypatch.undo()
    assert maintain()[0] == 0
    assert states(tmp_path / "here") != before


def test_an_archive_without_exports_has_nothing_to_bring_up_to_date(maintain):
    assert maintain("--quiet") == (0, "", "")


def test_a_list_of_exports_that_is_far_too_long_is_not_read(maintain, archive):
    (archive / "EXPORTS").write_bytes(b"x" * (16 * 1024 * 1024 + 1))
    status, _, err = maintain()
    assert status == 3
    assert "EXPORTS is longer than 16,777,216 bytes; remove it" in err


def test_a_dry_run_refuses_to_foresee_exports(maintain):
    status, out, err = maintain("--dry-run")
    assert (status, out) == (2, "")
    assert err == "chatlog: --dry-run cannot list exports; leave out --export\n"
