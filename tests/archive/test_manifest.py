"""The manifest: entries that are chained, kept in order, and survive damage."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from chatlog.archive import manifest
from chatlog.archive.entry_lines import Damaged
from chatlog.archive.manifest_entries import TextEntry
from chatlog.archive.syncing import Exposed
from chatlog.archive.system import System
from chatlog.errors import TranscriptError
from tests.support.faults import Faulty

ENTRY = TextEntry(stamp="time", tz="UTC", copy=False, segment="2026-11-23_001.log")


def append(directory, entry=ENTRY):
    manifest.append(System(), directory, entry)


def test_each_entry_bears_the_hash_of_the_line_before_it(tmp_path):
    for number in range(3):
        append(tmp_path, msgspec.structs.replace(ENTRY, segment=f"{number}"))
    lines = (tmp_path / "MANIFEST").read_bytes().splitlines(keepends=True)
    hashes = ["", *(hashlib.sha256(line).hexdigest() for line in lines[:-1])]
    entries = manifest.read(tmp_path)
    assert [entry.previous for entry in entries] == hashes
    assert [entry.segment for entry in entries] == ["0", "1", "2"]
    assert entries.damaged == 0


def test_where_there_is_no_manifest_there_are_no_entries(tmp_path):
    assert manifest.read(tmp_path / "gone") == []


def test_damaged_lines_are_counted_and_the_others_read(tmp_path):
    append(tmp_path)
    with (tmp_path / "MANIFEST").open("ab") as file:
        file.write(b'\xff\n[]\n\n{"entry":\n')
    append(tmp_path)
    entries = manifest.read(tmp_path)
    assert [type(entry) for entry in entries] == [TextEntry, Damaged, TextEntry]
    assert entries.damaged == 4


def test_what_a_crash_left_of_an_entry_is_kept_in_one_of_its_own(tmp_path):
    append(tmp_path)
    with (tmp_path / "MANIFEST").open("ab") as file:
        file.write(b"torn")
    assert manifest.read(tmp_path).damaged == 1
    append(tmp_path)
    entries = manifest.read(tmp_path)
    assert [entry.entry for entry in entries] == ["text", "recovered", "text"]
    assert entries[1].raw == "dG9ybg=="
    assert entries.damaged == 0


def test_an_entry_is_synced_before_append_returns(tmp_path):
    faulty = Faulty()
    manifest.append(faulty.system, tmp_path, ENTRY)
    assert [call[0] for call in faulty.log].count("fsync") == 2  # the file, and its name


def test_an_entry_can_be_left_to_be_synced_with_others(tmp_path):
    faulty, exposed = Faulty(), Exposed()
    manifest.append(faulty.system, tmp_path, ENTRY, exposed=exposed)
    assert faulty.counts["fsync"] == 0
    assert [item.path for item in exposed.take()] == [tmp_path / "MANIFEST"]


def test_the_zeros_of_a_power_cut_are_cut_off_and_the_chain_goes_on(tmp_path):
    append(tmp_path)
    with (tmp_path / "MANIFEST").open("ab") as file:
        file.write(b'{"entry' + bytes(5000))
    append(tmp_path)
    entries = manifest.read(tmp_path)
    assert [entry.entry for entry in entries] == ["text", "recovered", "text"]
    assert entries.damaged == 0


def test_a_manifest_that_cannot_be_read_is_an_error_for_a_person(tmp_path):
    (tmp_path / "MANIFEST").mkdir()
    with pytest.raises(TranscriptError, match=r"cannot read .*MANIFEST: Is a directory"):
        manifest.read(tmp_path)


def test_an_empty_manifest_says_nothing_and_is_not_damaged(tmp_path):
    (tmp_path / "MANIFEST").write_bytes(b"")
    entries = manifest.read(tmp_path)
    assert (list(entries), entries.damaged) == ([], 0)
