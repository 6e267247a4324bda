"""`chatlog verify` as people and scripts type it."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.support.archive import append_to_manifest, event_at, record
from tests.support.process import holding
from tests.support.tending import DAY, HOLDER, tend
from tests.support.waiting import PATIENCE


@pytest.fixture
def archive(tmp_path):
    root = tmp_path / "archive"
    record(root, event_at(0, "one"), event_at(1, "two"))
    record(root, event_at(0, "elsewhere", target="#other"))
    tend(root)
    record(root, event_at(DAY, "live"))
    return root


@pytest.fixture
def verify(chatlog, archive):
    def run(*arguments):
        return chatlog.run("verify", "--archive", archive, *arguments)

    return run


def tear(archive):
    with (archive / "net" / "#c" / "2026-11-24_001.jsonl").open("ab") as file:
        file.write(b'{"time":"')


def alter(archive):
    path = archive / "net" / "#other" / "2026-11-23_001.jsonl.gz"
    data = bytearray(path.read_bytes())
    data[5] ^= 1  # of gzip's head, which says when
    path.write_bytes(data)


def test_an_archive_that_is_well_is_counted_and_ends_with_0(verify):
    done = verify()
    assert (done.returncode, done.stderr) == (0, "")
    counted, digest = done.stdout.splitlines()
    assert counted.startswith("3 segments of 2 targets, 4 lines, ")
    assert digest.startswith("digest of all manifests: ")
    assert len(digest.split()[-1]) == 64


def test_verify_creates_and_changes_no_file(verify, archive):
    for path in (archive / ".lock", *archive.glob(".runs")):
        path.unlink()
    before = sorted(str(path) for path in archive.rglob("*"))
    assert verify().returncode == 0
    assert sorted(str(path) for path in archive.rglob("*")) == before


def test_each_finding_is_said_with_its_place_and_ends_with_1(verify, archive):
    tear(archive)
    alter(archive)
    done = verify("--quiet")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "net/#c/2026-11-24_001.jsonl:2: 9 bytes of a torn line at its end",
        "net/#other/2026-11-23_001.jsonl.gz: altered: its SHA-256 is not the one that was sealed",
    ]
    assert done.stderr == ("chatlog: 2 findings; `chatlog verify --repair` can repair 1 of them\n")


def test_each_line_of_a_ledger_that_is_no_entry_is_found_with_its_place(verify, archive):
    (archive / "net" / "#c" / "LEDGER").write_bytes(
        b'{"entry":"opened","at":"2026-11-23T00:00:00.000Z"}\n'
        b'{"entry":"closed","at":"zzz","cause":"kicked"}\nnonsense\n'
    )
    done = verify("--quiet")
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first == "net/#c/LEDGER:2: no entry: its `at` is no time: 'zzz'"
    assert second.startswith("net/#c/LEDGER:3: no entry: ")


def test_many_damaged_lines_of_a_ledger_are_counted_and_not_all_listed(verify, archive):
    (archive / "net" / "#c" / "LEDGER").write_bytes(b"nonsense\n" * 500)
    found = verify("--quiet").stdout.splitlines()
    assert len(found) == 11
    assert found[-1] == "net/#c/LEDGER: and 490 more lines"


def test_a_line_of_a_manifest_that_is_no_entry_is_found_with_its_place(verify, archive):
    path = archive / "net" / "#c" / "MANIFEST"
    path.write_bytes(path.read_bytes().replace(b'"sha256":"', b'"sha256":"x', 1))
    found = verify("--quiet").stdout.splitlines()
    assert found[0].startswith("net/#c/MANIFEST:1: no entry: its `sha256` is none: 'x")


def test_entries_of_a_later_version_are_counted_and_are_no_findings(verify, archive):
    directory = archive / "net" / "#c"
    append_to_manifest(directory, entry="hologram", segment="2026-11-23_001.jsonl.gz")
    (directory / "LEDGER").write_bytes(
        b'{"entry":"hologram","at":7}\n'
        b'{"entry":"opened","at":"2026-11-23T00:00:00.000Z","colour":"red"}\n'
    )
    done = verify()
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 entries of a later version of chatlog, kept as they are" in done.stdout
    assert json.loads(verify("--json").stdout)["later_entries"] == 3


def test_an_entry_of_a_later_version_that_was_altered_breaks_the_chain(verify, archive):
    directory = archive / "net" / "#c"
    append_to_manifest(directory, entry="hologram", segment="x")
    append_to_manifest(directory, entry="hologram", segment="y")
    path = directory / "MANIFEST"
    path.write_bytes(path.read_bytes().replace(b'"x"', b'"z"'))
    done = verify("--quiet")
    reason = "it does not follow from the line before it: one was altered or taken out"
    assert done.stdout == f"net/#c/MANIFEST:3: {reason}\n"


def test_what_is_named_alone_is_looked_at(verify, archive):
    alter(archive)
    assert verify("#c").returncode == 0
    assert verify("#other").returncode == 1


def test_json_has_an_object_for_each_finding_and_one_for_all(verify, archive):
    tear(archive)
    finding, summary = [json.loads(line) for line in verify("--json").stdout.splitlines()]
    assert finding == {
        "type": "finding", "network": "net", "target": "#c",
        "path": "net/#c/2026-11-24_001.jsonl", "line": 2,
        "why": "9 bytes of a torn line at its end", "repairable": True,
    }  # fmt: skip
    assert summary["type"] == "summary"
    assert (summary["findings"], summary["repairable_findings"]) == (1, 1)
    assert [(each["target"], each["path"]) for each in summary["targets"]] == [
        ("#c", "net/#c"), ("#other", "net/#other"),
    ]  # fmt: skip
    assert all(each["sha256"] for each in summary["targets"])


def test_repair_puts_right_what_it_can_and_says_so(verify, archive):
    tear(archive)
    done = verify("--repair")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "mended net/#c/2026-11-24_001.jsonl"
    last = (archive / "net" / "#c" / "2026-11-24_001.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["type"] == "recovered"


def test_what_a_recorder_writes_to_is_neither_repaired_nor_found_torn(verify, archive):
    tear(archive)
    with holding(HOLDER, archive):
        done = verify("--repair")
    assert done.returncode == 0
    assert "is not repaired: a recorder holds it" in done.stderr
    assert verify().returncode == 1


SEALER = """
import os, sys, pathlib
from chatlog.archive.locks import Locks
root = pathlib.Path(sys.argv[1])
directory, aside = root / "net" / "#other", root.parent / "aside"
path = directory / "2026-11-23_001.jsonl.gz"
with Locks(root).sealing(directory):
    path.rename(aside)
    print("held", flush=True)
    sys.stdin.readline()
    aside.rename(path)
"""  # another process, which is in the middle of something


def test_what_maintain_is_sealing_is_looked_at_when_that_is_done(chatlog, archive):
    with holding(SEALER, archive) as sealer:
        verifying = chatlog.start("verify", "--archive", archive)
        with pytest.raises(subprocess.TimeoutExpired):
            verifying.finish(1)
        sealer.communicate(b"\n", timeout=PATIENCE)
        assert verifying.finish() == 0, verifying.stdout


def test_hostile_names_do_not_steer_the_terminal(verify, archive):
    (archive / "net" / "#c" / "\x1b[31mred\n").write_text("")
    done = verify()
    assert "\x1b" not in done.stdout
    assert len(done.stdout.splitlines()) == 3


def test_without_an_archive_it_says_where_it_looked(chatlog, tmp_path):
    done = chatlog.run("verify", "--archive", tmp_path / "nowhere")
    assert done.returncode == 1
    assert f"no archive in {tmp_path / 'nowhere'}" in done.stderr
    assert not (tmp_path / "nowhere").exists()
