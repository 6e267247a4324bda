"""The ledger's file: appended to, torn by crashes, read by whoever wants."""

from __future__ import annotations

import dataclasses
import errno
import json

import pytest

from chatlog.archive.locks import Locks
from chatlog.archive.syncing import Exposed
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from chatlog.coverage.pending import Notes
from chatlog.errors import TranscriptError
from tests.support.archive import UNSYNCED

ONE = OpenedEntry(at="2026-11-23T00:00:00.000Z", run="r")
TWO = ClosedEntry(at="2026-11-23T00:00:09.000Z", cause="stopped", planned=True)


def test_what_is_appended_is_read_in_its_order_and_empty_fields_are_absent(tmp_path):
    ledger.append(UNSYNCED, tmp_path, [ONE])
    ledger.append(UNSYNCED, tmp_path, [TWO])
    assert ledger.read(tmp_path) == [ONE, TWO]
    first, second = (tmp_path / "LEDGER").read_text().splitlines()
    assert json.loads(first) == {"entry": "opened", "at": ONE.at, "run": "r"}
    assert json.loads(second)["planned"] is True


def test_no_ledger_has_no_entries(tmp_path):
    assert ledger.read(tmp_path / "nowhere") == []


def test_a_torn_line_is_no_entry_yet_and_is_kept_by_the_next(tmp_path):
    ledger.append(UNSYNCED, tmp_path, [ONE])
    with (tmp_path / "LEDGER").open("ab") as file:
        file.write(b'{"entry":"clo')
    assert ledger.read(tmp_path) == [ONE]
    ledger.append(UNSYNCED, tmp_path, [TWO])
    entries = ledger.read(tmp_path)
    assert [each.entry for each in entries] == ["opened", "recovered", "closed"]
    assert entries[1].raw == "eyJlbnRyeSI6ImNsbw=="


def test_what_is_no_entry_is_counted_and_costs_no_neighbour(tmp_path):
    ledger.append(UNSYNCED, tmp_path, [ONE])
    with (tmp_path / "LEDGER").open("ab") as file:
        file.write(b"\xff\n[1]\n" + b'{"entry":5}\n' + b'{"entry":"new","more":[1]}\n')
    lines = ledger.read(tmp_path)
    assert lines[0] == ONE
    assert (lines.damaged, lines.later) == (3, 1)


def test_what_the_disk_refuses_is_written_in_order_when_it_takes_it(tmp_path):
    refuses = True

    def write(fd, data):
        if refuses:
            raise OSError(errno.ENOSPC, "No space left on device")
        return UNSYNCED.write(fd, data)

    system = dataclasses.replace(UNSYNCED, write=write)
    notes = Notes(system=system, locks=Locks(tmp_path), exposed=Exposed())
    directory = tmp_path / "net" / "#c"
    for entry in (ONE, TWO):
        with pytest.raises(TranscriptError, match="make room"):
            notes.add(directory, entry)
    refuses = False
    notes.retry()
    assert ledger.read(directory) == [ONE, TWO]
    assert not notes.unkept
