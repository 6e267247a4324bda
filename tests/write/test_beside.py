"""A writer beside a recorder: parts of its own that nobody touches before they are closed."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack

import pytest

from chatlog.archive.layout import parse_segment
from chatlog.archive.locks import Locks
from chatlog.archive.segment import NameTakenError, Segment
from chatlog.archive.storage import Storage
from chatlog.errors import HeldError, TranscriptError
from chatlog.formats.table import format_named
from chatlog.read.reader import Reader
from chatlog.upkeep.inspection import inspect
from chatlog.write.beside import BesideWriter, recover_spools
from chatlog.write.writer import Writer
from tests.support.archive import UNSYNCED, event_at, manifest_of, read_all, record
from tests.support.archive import writer_in as recorder_in
from tests.support.crashing import MODES, Fragile, Stopped, texts_in
from tests.support.faults import Refusing
from tests.support.process import holding
from tests.support.tending import HOLDER, age, tend

DAY = 86_400
IMPORTER = """
import os, sys
from pathlib import Path
from chatlog.archive.storage import Storage
from chatlog.write.beside import BesideWriter
from tests.support.archive import event_at
root, formats = Path(sys.argv[1]), tuple(sys.argv[2].split(","))
with BesideWriter(Storage(root=root, formats=formats)).target("net", "#c", "rfc1459") as writer:
    writer.write_all([event_at(5, "imported", via="import:irssi")])
    writer.flush()
    for path in (root / "net" / "#c").glob("2026-11-23_*"):
        if b"imported" in path.read_bytes():
            with path.open("ab") as file:
                file.write(b'{"time":"2026-11-23T00:00:06')
    print("held", flush=True)
    sys.stdin.read()
"""
"""A process that has a part open, behind whose last line another one is half written."""


def imported(seconds, text="imported", **fields):
    return event_at(seconds, text, via="import:irssi", **fields)


def bring(root, *events, system=UNSYNCED, **storage):
    """Write events of `#c` as an import does."""
    writer = BesideWriter(Storage(root=root, **storage), system=system, patience=0)
    try:
        with writer.target("net", "#c", "rfc1459") as target:
            target.write_all(events)
    finally:
        writer.close()


def texts(root):
    return [event.text for event in read_all(root)]


def parts(root, suffix="jsonl"):
    """Return the texts of each part of `#c` that is not sealed, by its number."""
    found = {}
    for path in sorted((root / "net" / "#c").glob(f"*.{suffix}")):
        lines = path.read_text().splitlines()
        found[parse_segment(path.name).part] = [
            line.partition('"text":"')[2].partition('"')[0] for line in lines
        ]
    return found


def findings(root):
    locks = Locks(root)
    try:
        directories = [root / "net" / "#c"]
        found = inspect(
            root, locks, directories, found=(), around=True, advance=lambda _more: None
        ).findings
        return [each.reason for each in found]
    finally:
        locks.close()


@pytest.fixture
def quickly(monkeypatch):
    """Let `verify` wait for nobody."""
    monkeypatch.setattr("chatlog.upkeep.inspection._PATIENCE", 0)


# -- beside a recorder -------------------------------------------------------------


def test_what_is_brought_beside_a_recorder_is_a_part_of_its_own(tmp_path):
    recorder = recorder_in(tmp_path)
    recorder.hold("net", "#c")
    recorder.write(event_at(0, "live 1"))
    recorder.flush()
    bring(tmp_path, imported(1, "a"), imported(-DAY, "before"))
    recorder.write(event_at(2, "live 2"))
    recorder.close()
    assert texts(tmp_path) == ["before", "live 1", "a", "live 2"]
    of_today = (tmp_path / "net" / "#c").glob("2026-11-23_*")
    assert [path.name for path in sorted(of_today)] == [
        "2026-11-23_001.jsonl",
        "2026-11-23_002.jsonl",
    ]
    assert findings(tmp_path) == []


def test_a_target_that_another_process_records_takes_what_is_brought(tmp_path):
    with holding(HOLDER, tmp_path):
        bring(tmp_path, imported(1))
    assert texts(tmp_path) == ["imported"]


def test_each_import_begins_parts_of_its_own(tmp_path):
    for number in range(3):
        bring(tmp_path, imported(number, str(number)))
    assert parts(tmp_path) == {1: ["0"], 2: ["1"], 3: ["2"]}


def test_without_a_line_nothing_is_created_in_the_target(tmp_path):
    bring(tmp_path)
    assert not (tmp_path / "net" / "#c").exists()


def test_a_second_import_of_one_target_is_refused_until_the_first_is_killed(tmp_path):
    with holding(IMPORTER, tmp_path, "jsonl") as process:
        with pytest.raises(HeldError) as caught:
            bring(tmp_path, imported(1))
        process.kill()
        process.wait()
        bring(tmp_path, imported(1, "second"))
    assert str(caught.value) == (
        f"another import or merge writes to '#c' of 'net' in {tmp_path};"
        " run this again when that has ended"
    )
    assert parts(tmp_path) == {1: ["imported", ""], 2: ["second"]}


def test_a_target_that_is_being_sealed_is_refused_after_a_while(tmp_path):
    program = """
import sys, pathlib
from chatlog.archive.locks import Locks
root = pathlib.Path(sys.argv[1])
with Locks(root).sealing(root / "net" / "#c") as ours:
    print("held" if ours else "", flush=True)
    sys.stdin.read()
"""
    with holding(program, tmp_path), pytest.raises(HeldError, match="seals segments of"):
        bring(tmp_path, imported(1))


def test_an_archive_of_a_later_version_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "FORMAT").write_text("chatlog archive, version 99\n")
    with pytest.raises(TranscriptError, match="version 99"):
        bring(tmp_path, imported(1))
    assert [path.name for path in tmp_path.iterdir()] == ["FORMAT"]


def test_lines_of_a_file_that_was_deleted_meanwhile_are_written_again(tmp_path):
    writer = BesideWriter(Storage(root=tmp_path), system=UNSYNCED)
    with writer.target("net", "#c", "rfc1459") as target:
        target.write_all([imported(1, "a")])
        target.flush()
        (tmp_path / "net" / "#c" / "2026-11-23_001.jsonl").unlink()
    writer.close()
    assert texts(tmp_path) == ["a"]


def test_what_a_disk_refuses_is_an_error_and_waits_in_no_spool(tmp_path):
    root, spool = tmp_path / "archive", tmp_path / "spool"
    disk = Refusing(root, UNSYNCED)
    writer = BesideWriter(Storage(root=root, spool_dir=spool), system=disk.system)
    disk.refuses = True
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(TranscriptError, match="No space left"))
        stack.enter_context(writer.target("net", "#c", "rfc1459")).write(imported(1))
    disk.refuses = False
    with writer.target("net", "#c", "rfc1459") as target:
        target.write_all([imported(2, "again")])
    writer.close()
    assert not spool.exists()
    assert texts(root) == ["again"]


# -- numbers -----------------------------------------------------------------------


def test_a_new_segment_is_created_by_one_process_alone(tmp_path):
    path = tmp_path / "segment"
    Segment(path, system=UNSYNCED, is_new=True).close()
    with pytest.raises(NameTakenError, match="was created by another process meanwhile"):
        Segment(path, system=UNSYNCED, is_new=True)


def quicker(taken):
    """Return system calls before each creation of which another process creates that file.

    It does so as often as `taken` has items, each the bytes of that process's file.
    """

    def open_(path, flags, mode):
        if flags & os.O_EXCL and taken and path.parent.is_dir():
            path.write_bytes(taken.pop())
        return os.open(path, flags, mode)

    return dataclasses.replace(UNSYNCED, open=open_)


@pytest.mark.parametrize("beside", [False, True], ids=["recorder", "import"])
@pytest.mark.parametrize("suffix", ["jsonl", "log"])
def test_a_number_that_another_process_takes_in_the_same_instant_is_left_to_it(
    tmp_path, beside, suffix
):
    (tmp_path / "net" / "#c").mkdir(parents=True)
    formats = ("jsonl",) if suffix == "jsonl" else ("text",)
    theirs = [b"one\n", b"two\n"]
    storage = Storage(root=tmp_path, formats=formats)
    writer = Writer(storage, system=quicker([*theirs]), beside=beside)
    writer.set_casemapping("net", "rfc1459")
    writer.write(event_at(1, "ours"))
    writer.close()
    first, second, third = sorted((tmp_path / "net" / "#c").glob(f"*.{suffix}"))
    assert [first.read_bytes(), second.read_bytes()] == theirs[::-1]
    assert b"ours" in third.read_bytes()


RACER = """
import sys
from pathlib import Path
from chatlog.archive.storage import Storage
from chatlog.write.beside import BesideWriter
from tests.support.archive import event_at, writer_in
root, formats = Path(sys.argv[1]), tuple(sys.argv[2].split(","))
sys.stdin.readline()
if sys.argv[3] == "recorder":
    writer = writer_in(root, formats=formats, rotate_size=100)
    writer.hold("net", "#c")
    for number in range(200):
        writer.write(event_at(number, f"live {number:03d} " + 70 * "x"))
        writer.flush()
    writer.close()
else:
    storage = Storage(root=root, formats=formats, rotate_size=100)
    with BesideWriter(storage).target("net", "#c", "rfc1459") as writer:
        for number in range(200):
            text = f"past {number:03d} " + 70 * "x"
            writer.write(event_at(number + 0.5, text, via="import:irssi"))
            writer.flush()
"""


@pytest.mark.parametrize("formats", ["jsonl", "text", "jsonl,text"])
def test_two_processes_that_begin_parts_at_once_never_share_one(tmp_path, formats):
    (tmp_path / "net" / "#c").mkdir(parents=True)
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER, tmp_path, formats, kind], stdin=-1)
        for kind in ("recorder", "import")
    ]
    for racer in racers:
        racer.stdin.write(b"\n")
        racer.stdin.close()
    assert [racer.wait() for racer in racers] == [0, 0]
    for name in formats.split(","):
        suffix, every = format_named(name).suffix, Counter()
        for path in (tmp_path / "net" / "#c").glob(f"*.{suffix}"):
            lines = path.read_text().splitlines()
            assert len({"past" in line for line in lines}) == 1, path
            every.update(line[line.index(" xxx") - 8 : line.index(" xxx")] for line in lines)
        assert sorted(every) == [f"{kind} {n:03d}" for kind in ("live", "past") for n in range(200)]
        assert set(every.values()) == {1}
    described = {}
    for entry in manifest_of(tmp_path / "net" / "#c"):
        described.setdefault(entry["segment"], []).append(entry.get("history", False))
    for name, told in described.items():
        text = (tmp_path / "net" / "#c" / name).read_text()
        assert told == ["past" in text], "a part is described by its own process"
    assert findings(tmp_path) == []


# -- while a part is open ----------------------------------------------------------


def test_an_open_part_is_neither_mended_nor_sealed_nor_removed_before_it_is_closed(tmp_path):
    directory = tmp_path / "net" / "#c"
    with holding(IMPORTER, tmp_path, "jsonl"):
        before = (directory / "2026-11-23_001.jsonl").read_bytes()
        done = tend(tmp_path, keep=DAY, keep_bytes=1)
        assert (done.busy, done.sealed, done.removed, done.mended) == ([directory], [], [], [])
        assert (directory / "2026-11-23_001.jsonl").read_bytes() == before
    assert tend(tmp_path).mended == [directory / "2026-11-23_001.jsonl"]
    assert [each["entry"] for each in manifest_of(directory)] == ["sealed"]
    read = [(entry.event.type, entry.event.text[:8]) for entry in Reader(tmp_path).last(9)]
    assert read == [("message", "imported"), ("recovered", '{"time":')]


@pytest.mark.usefixtures("quickly")
def test_a_line_that_is_being_written_is_no_finding_and_one_that_was_torn_is(tmp_path):
    with holding(IMPORTER, tmp_path, "jsonl"):
        assert findings(tmp_path) == []
    assert findings(tmp_path) == ["28 bytes of a torn line at its end"]


@pytest.mark.parametrize("formats", ["jsonl", "text", "jsonl,text"])
def test_a_recorder_that_begins_beside_an_open_part_continues_another_one(tmp_path, formats):
    suffix = "jsonl" if "jsonl" in formats else "log"
    with holding(IMPORTER, tmp_path, formats):
        before = (tmp_path / "net" / "#c" / f"2026-11-23_001.{suffix}").read_bytes()
        record(tmp_path, event_at(9, "live"), formats=tuple(formats.split(",")))
        assert (tmp_path / "net" / "#c" / f"2026-11-23_001.{suffix}").read_bytes() == before
    assert b"live" in (tmp_path / "net" / "#c" / f"2026-11-23_002.{suffix}").read_bytes()


def test_a_recorder_never_continues_the_part_of_an_import_that_was_killed(tmp_path):
    with holding(IMPORTER, tmp_path, "jsonl"):
        pass
    age(tmp_path)
    tend(tmp_path, now="2026-11-23T01:00:00.000Z")  # mends it, while its day goes on
    record(tmp_path, event_at(9, "live"))
    assert parts(tmp_path) == {1: ["imported", "{\\"], 2: ["live"]}


# -- text --------------------------------------------------------------------------


def test_an_archive_in_text_gets_parts_of_history_which_readers_put_in_order(tmp_path):
    recorder = recorder_in(tmp_path, formats=("text",))
    recorder.hold("net", "#c")
    recorder.write_all([event_at(0, "live 1"), event_at(20, "live 2")])
    recorder.flush()
    bring(tmp_path, imported(10, "a"), imported(30, "b"), formats=("text",))
    recorder.write(event_at(40, "live 3"))
    recorder.close()
    assert [entry.event.text for entry in Reader(tmp_path).last(9)] == [
        "live 1", "a", "live 2", "b", "live 3",
    ]  # fmt: skip
    assert [each["history"] for each in manifest_of(tmp_path / "net" / "#c")[1:]] == [True]
    assert findings(tmp_path) == []


# -- spools ------------------------------------------------------------------------


def test_lines_that_a_killed_run_left_in_its_spool_are_there_before_others_are_brought(tmp_path):
    root, spool = tmp_path / "archive", tmp_path / "spool"
    disk = Refusing(root, UNSYNCED)
    recorder = Writer(Storage(root=root, spool_dir=spool), system=disk.system)
    recorder.set_casemapping("net", "rfc1459")
    recorder.hold("net", "#c")
    disk.refuses = True
    recorder.write(event_at(0, "spooled"))
    with pytest.raises(TranscriptError):
        recorder.close()
    with holding(HOLDER, root):
        recover_spools(Storage(root=root), system=UNSYNCED)
        assert not list(root.rglob("*.jsonl")), "a recorder writes its own"
    recover_spools(Storage(root=root), system=UNSYNCED)
    assert texts(root) == ["spooled"]


# -- kills -------------------------------------------------------------------------


def begin(root):
    recorder = recorder_in(root)
    recorder.hold("net", "#c")
    recorder.write_all([event_at(each, f"live {each}") for each in (0, 1, DAY)])
    recorder.close()


EVENTS = [imported(each + 0.5, f"past {each}") for each in (-DAY, 0, 1, DAY)]


@pytest.mark.parametrize("formats", [("jsonl",), ("jsonl", "text")])
@pytest.mark.parametrize("mode", MODES)
def test_an_import_may_fail_or_be_killed_at_each_call_and_leaves_whole_parts(
    tmp_path, mode, formats
):
    counting = Fragile()
    bring(tmp_path / "count", *EVENTS, system=counting.system, rotate_size=200, formats=formats)
    for nth in range(1, counting.count + 1):
        root = tmp_path / str(nth)
        begin(root)
        fragile = Fragile(nth, mode)
        is_whole = False
        with contextlib.suppress(Stopped, TranscriptError):
            bring(root, *EVENTS, system=fragile.system, rotate_size=200, formats=formats)
            is_whole = True
        fragile.bury()
        recorder = recorder_in(root)
        recorder.hold("net", "#c")
        recorder.write(event_at(DAY + 2, "live again"))
        recorder.close()
        tend(root, rotate_size=200)
        found = texts_in(root)["#c"]
        assert set(found.values()) == {1}, nth
        live = {text for text in found if text.startswith("live")}
        assert live == {"live 0", "live 1", f"live {DAY}", "live again"}, nth
        assert not is_whole or set(found) - live == {event.text for event in EVENTS}
        assert findings(root) == [], nth
