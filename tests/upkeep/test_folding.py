"""Folding of ledgers: on the record, whole after every crash, and nothing more claimed."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os

import pytest
from msgspec.structs import replace

from chatlog.archive.locks import Locks
from chatlog.archive.system import System
from chatlog.coverage import ledger
from chatlog.coverage.entries import (
    CheckpointEntry,
    ClosedEntry,
    CoveredEntry,
    OpenedEntry,
    encode,
)
from chatlog.coverage.fold import coverage_of
from chatlog.errors import TranscriptError
from chatlog.upkeep import folding
from chatlog.upkeep.folding import fold
from chatlog.upkeep.sealing import Sealer
from chatlog.upkeep.verify import Verifier
from tests.support.archive import UNSYNCED, event_at, manifest_of, record
from tests.support.crashing import MODES, Fragile, Stopped
from tests.support.ledgers import at
from tests.support.tending import LONG_AFTER, tend

SMALL = {"due": 100, "least": 2}


def entries_of(batches):
    """Return the entries of batches, one a minute; every third gap was fetched."""
    entries = []
    for number in range(batches):
        begin = number * 60
        entries.append(OpenedEntry(at=at(begin), msgid=f"o{number}", run="r", via="live"))
        if number % 3 == 1:
            since, until = at(begin - 50), at(begin)
            entries.append(CoveredEntry(at=until, since=since, until=until, lines=number))
        entries.append(
            ClosedEntry(at=at(begin + 10), msgid=f"c{number}", cause="stopped", planned=True)
        )
    return entries


class Target:
    """A target with a ledger, its folding, and its answers."""

    def __init__(self, root, batches=12):
        record(root, event_at(1))
        self.root = root
        self.directory = root / "net" / "#c"
        self.path = self.directory / ledger.NAME
        ledger.append(UNSYNCED, self.directory, entries_of(batches))
        self.original = self.path.read_bytes()
        self.gaps = self.answer()

    def fold(self, system=UNSYNCED, **settings):
        locks = Locks(self.root)
        try:
            return fold(self.directory, Sealer(system, locks), LONG_AFTER, **SMALL | settings)
        finally:
            locks.close()

    def answer(self):
        coverage = coverage_of(ledger.read(self.directory), heard=lambda _: None)
        return [replace(gap, start=gap.start.time) for gap in coverage.gaps]

    def is_folded(self):
        return any(isinstance(e, CheckpointEntry) for e in ledger.read(self.directory))

    def findings(self):
        verifier = Verifier(self.root, lambda _bytes: None)
        return [each.reason for each in verifier.target(self.directory, held=False)]


@pytest.fixture
def target(tmp_path):
    return Target(tmp_path)


def test_a_folded_ledger_is_shorter_and_answers_as_before(target):
    assert target.fold() == target.path
    assert len(target.path.read_bytes()) < len(target.original) / 2
    assert target.answer() == target.gaps
    assert target.findings() == []


def test_the_manifest_has_the_digests_of_the_ledger_before_and_after(target):
    target.fold()
    [entry] = [each for each in manifest_of(target.directory) if each["entry"] == "folded"]
    assert entry | {"previous": ""} == {
        "entry": "folded",
        "file": "LEDGER",
        "sha256": hashlib.sha256(target.original).hexdigest(),
        "bytes": len(target.original),
        "into": hashlib.sha256(target.path.read_bytes()).hexdigest(),
        "into_bytes": len(target.path.read_bytes()),
        "at": LONG_AFTER,
        "previous": "",
    }


def test_a_ledger_that_was_folded_is_not_folded_again_before_there_is_more(target):
    target.fold()
    folded = target.path.read_bytes()
    assert target.fold() is None
    assert target.path.read_bytes() == folded


def test_a_short_ledger_and_none_at_all_are_left_alone(target):
    assert target.fold(due=folding.DUE) is None
    target.path.unlink()
    assert target.fold() is None
    assert not target.path.exists()


def test_what_follows_a_checkpoint_is_folded_into_it_later(target):
    target.fold()
    more = entries_of(20)[len(entries_of(12)) :]
    ledger.append(UNSYNCED, target.directory, more)
    target.fold()
    checkpoints = [e for e in ledger.read(target.directory) if isinstance(e, CheckpointEntry)]
    assert [each.gaps for each in checkpoints] == [19]
    another = Target(target.root / "another", 20)
    assert target.answer() == another.gaps


@pytest.mark.parametrize("blocks", [None, 1])
def test_a_long_ledger_is_folded_piece_by_piece(target, blocks, monkeypatch):
    monkeypatch.setattr(folding, "_BLOCK", 700)
    assert target.fold(blocks=blocks) == target.path
    assert target.answer() == target.gaps
    rest = target.path.read_bytes()
    assert (b'"o5"' in rest) is (blocks == 1)


def test_a_ledger_with_a_torn_end_is_folded_once_that_is_cut_off(target):
    with target.path.open("ab") as file:
        file.write(b'{"entry":"ope')
    assert target.fold() is None
    ledger.append(System(), target.directory, [])
    assert target.fold() == target.path
    assert b'"recovered"' in target.path.read_bytes()


@pytest.mark.parametrize("place", [5, -80, -1])
def test_verify_finds_every_altered_byte_of_the_folded_part(target, place):
    target.fold()
    ledger.append(UNSYNCED, target.directory, entries_of(13)[len(entries_of(12)) :])
    assert target.findings() == []
    data = bytearray(target.path.read_bytes())
    end = manifest_of(target.directory)[-1]["into_bytes"]
    data[place if place >= 0 else end + place] ^= 1
    target.path.write_bytes(data)
    assert "altered: it does not begin as it was folded" in target.findings()


def test_verify_finds_a_folded_ledger_that_is_cut_or_gone(target):
    target.fold()
    target.path.write_bytes(target.path.read_bytes()[:-200])
    assert target.findings() != []
    target.path.unlink()
    assert target.findings() == ["altered: it does not begin as it was folded"]


def test_a_ledger_that_cannot_be_folded_stays_byte_for_byte(target):
    target.path.write_bytes(b"garbage\n" * 100)
    assert target.fold() is None
    assert target.path.read_bytes() == b"garbage\n" * 100


def test_a_checkpoint_whose_columns_are_damaged_is_found_and_stays_byte_for_byte(target):
    target.fold()
    data = target.path.read_bytes()
    place = data.index(b'"columns":"') + 40
    damaged = data[:place] + b"AAAA" + data[place + 4 :]
    target.path.write_bytes(damaged)
    assert len(target.findings()) == 2
    ledger.append(UNSYNCED, target.directory, entries_of(20)[len(entries_of(12)) :])
    assert target.fold() == target.path
    assert target.path.read_bytes().startswith(damaged[: damaged.index(b"\n") + 1])


def test_an_entry_that_comes_meanwhile_is_kept_and_the_ledger_left_as_it_is(target):
    more = encode(OpenedEntry(at=at(9000)))

    def append_first(path, flags, mode):
        if path.name == ".LEDGER.sealing":
            with target.path.open("ab") as file:
                file.write(more)
        return os.open(path, flags, mode)

    system = dataclasses.replace(UNSYNCED, open=append_first)
    assert target.fold(system) is None
    assert target.path.read_bytes() == target.original + more
    assert not (target.directory / ".LEDGER.sealing").exists()
    assert target.fold() == target.path


def test_a_recorder_appends_to_the_new_ledger(target):
    target.fold()
    ledger.append(System(), target.directory, [OpenedEntry(at=at(9000), run="r")])
    assert target.path.read_bytes().endswith(encode(OpenedEntry(at=at(9000), run="r")))
    assert target.answer()[:-1] == target.gaps


def test_maintenance_folds_what_is_due_and_says_so(tmp_path):
    target = Target(tmp_path, 2000)
    assert tend(tmp_path).folded == [target.path]
    assert target.answer() == target.gaps
    assert tend(tmp_path).folded == []


@pytest.mark.parametrize("mode", MODES)
def test_a_crash_at_any_system_call_leaves_the_old_ledger_or_the_new_one(tmp_path, mode):
    counting = Fragile()
    Target(tmp_path / "counted").fold(counting.system)
    counting.bury()
    assert counting.count > 10
    for nth in range(1, counting.count + 1):
        target, fragile = Target(tmp_path / str(nth)), Fragile(nth, mode)
        with contextlib.suppress(Stopped, TranscriptError):
            target.fold(fragile.system)
        fragile.bury()
        assert target.is_folded() or target.path.read_bytes() == target.original
        assert target.answer() == target.gaps
        tend(target.root)
        target.fold()
        assert target.is_folded()
        assert target.answer() == target.gaps
        assert target.findings() == []
