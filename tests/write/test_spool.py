"""The spool: what waits for a disk waits elsewhere, outlives its process, and is written once."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.rules import Rules
from chatlog.archive.system import System
from chatlog.errors import HeldError, TranscriptError
from chatlog.write.spool import Belonging, path_name
from chatlog.write.spool_list import left_behind
from chatlog.write.writer import Storage, Writer
from tests.support.archive import UNSYNCED, event_at
from tests.support.crashing import MODES, Fragile, Stopped, texts_in
from tests.support.examples import examples_times
from tests.support.faults import Refusing


class Place:
    def __init__(self, tmp_path, **storage):
        self.root, self.spool = tmp_path / "archive", tmp_path / "spool"
        self.storage = Storage(root=self.root, spool_dir=self.spool, **storage)
        self.number = 0

    def writer(self, system=UNSYNCED):
        writer = Writer(self.storage, system=system)
        writer.hold("net", "#c")
        writer.set_casemapping("net", "rfc1459")
        return writer

    def say(self, writer, count, **fields):
        for _ in range(count):
            writer.write(event_at(self.number / 1000, f"{self.number:05d}", **fields))
            self.number += 1
        with contextlib.suppress(TranscriptError):
            writer.flush()

    def texts(self):
        return list(texts_in(self.root).get("#c", ()))

    def expected(self, upto=None):
        return [f"{number:05d}" for number in range(self.number if upto is None else upto)]

    def spooled(self):
        return list(self.spool.iterdir()) if self.spool.exists() else []


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def begin_refusing(place):
    disk = Refusing(place.root, UNSYNCED)
    writer = place.writer(disk.system)
    place.say(writer, 3)
    disk.refuses = True
    place.say(writer, 5)
    return disk, writer


def test_what_the_disk_refuses_waits_in_the_spool_and_is_written_in_order(place):
    disk, writer = begin_refusing(place)
    assert writer.waiting_lines == 5
    assert len(place.spooled()) == 1
    assert b"00007" in place.spooled()[0].read_bytes()
    with pytest.raises(TranscriptError):
        writer.retry()
    place.say(writer, 2)
    disk.refuses = False
    writer.retry()
    place.say(writer, 2)
    writer.close()
    assert place.texts() == place.expected()
    assert place.spooled() == []


def test_what_waits_when_the_process_is_killed_is_written_by_the_next_one(place):
    _, writer = begin_refusing(place)
    writer.locks.close()  # which a killed process does not hold
    second = place.writer()
    assert second.in_trouble
    assert second.waiting_lines == 5
    place.say(second, 2)
    second.retry()
    place.say(second, 2)
    second.close()
    assert place.texts() == place.expected()
    assert place.spooled() == []


def test_what_waits_of_a_class_is_written_to_a_part_of_that_class_by_the_next_run(place):
    rules = Rules(keep={"presence": 86_400})
    place.storage = msgspec.structs.replace(place.storage, rules=rules)
    _, writer = begin_refusing(place)
    place.say(writer, 2, type="away")
    place.say(writer, 2)
    writer.locks.close()  # killed
    writer = place.writer()
    writer.retry()
    writer.close()
    found = {path.name: path.read_text().count("\n") for path in place.root.glob("net/#c/2*")}
    assert found["2026-11-23_001.presence.jsonl"] == 2
    assert sum(found.values()) == place.number
    assert (place.root / "FORMAT").read_text() == "chatlog archive, version 2\n"


@pytest.mark.parametrize("elsewhere", [None, "another"])
def test_a_run_with_another_spool_directory_or_none_writes_what_an_earlier_run_left(
    place, tmp_path, elsewhere
):
    _, writer = begin_refusing(place)
    writer.locks.close()
    spool_dir = tmp_path / elsewhere if elsewhere else None
    place.storage = msgspec.structs.replace(place.storage, spool_dir=spool_dir)
    second = place.writer()
    assert second.waiting_lines == 5
    place.say(second, 2)
    second.close()
    assert place.texts() == place.expected()
    assert place.spooled() == []


@pytest.mark.parametrize("content", [b"", b"nonsense\n7\n", b'"/nowhere"\n', b"\xff\n", b'"x'])
def test_a_list_of_spool_directories_that_cannot_be_read_costs_nothing_else(place, content):
    place.root.mkdir()
    (place.root / ".spools").write_bytes(content)
    writer = place.writer()
    place.say(writer, 2)
    writer.close()
    assert place.texts() == place.expected()


def test_of_many_spool_directories_the_last_used_ones_are_known(place, tmp_path):
    _, writer = begin_refusing(place)
    writer.locks.close()
    ours = place.storage.spool_dir
    for spool_dir in [*(tmp_path / f"spool{number}" for number in range(15)), ours, tmp_path / "x"]:
        storage = msgspec.structs.replace(place.storage, spool_dir=spool_dir)
        left = left_behind(storage, system=UNSYNCED)
        assert [each.directory for each in left] == [ours]
    assert left_behind(storage, system=UNSYNCED)[0].directory == ours


def test_archives_of_one_relative_path_share_a_spool_directory_and_no_line(tmp_path, monkeypatch):
    lines = {}
    for name in ("one", "two", "one", "two"):
        (tmp_path / name).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / name)
        disk = Refusing(Path("logs"), UNSYNCED)
        writer = Writer(
            Storage(root=Path("logs"), spool_dir=tmp_path / "spool"), system=disk.system
        )
        writer.hold("net", "#c")
        writer.set_casemapping("net", "rfc1459")
        disk.refuses = not lines.get(name)
        lines.setdefault(name, []).append(f"line {len(lines.get(name, []))} of {name}")
        writer.write(event_at(len(lines[name]), lines[name][-1]))
        with contextlib.suppress(TranscriptError):
            writer.flush()
        if disk.refuses:
            writer.locks.close()
        else:
            writer.close()
    for name, expected in lines.items():
        assert list(texts_in(tmp_path / name / "logs")["#c"]) == expected


def test_a_spool_directory_and_an_archive_may_have_any_bytes_in_their_paths(tmp_path):
    place = Place(tmp_path / os.fsdecode(b"\xff\xe9"))
    test_what_waits_when_the_process_is_killed_is_written_by_the_next_one(place)
    again = Place(tmp_path / os.fsdecode(b"\xfe"))
    test_a_run_with_another_spool_directory_or_none_writes_what_an_earlier_run_left(
        again, tmp_path, None
    )


def test_an_archive_that_never_had_a_spool_has_no_list_of_them(place):
    place.storage = msgspec.structs.replace(place.storage, spool_dir=None)
    place.writer().close()
    assert not (place.root / ".spools").exists()


def test_a_list_of_spool_directories_that_cannot_be_written_does_not_stop_a_run(place):
    disk = Refusing(place.root, UNSYNCED)
    place.writer(disk.system).close()
    (place.root / ".spools").unlink()
    disk.refuses = True
    writer = place.writer(disk.system)
    place.say(writer, 2)
    disk.refuses = False
    writer.close()
    assert place.texts() == place.expected()


def test_what_could_not_be_saved_in_the_end_waits_for_the_next_run_and_that_is_said(place):
    _, writer = begin_refusing(place)
    with pytest.raises(TranscriptError, match=r"5 lines could not be saved \(but wait in .*spool"):
        writer.close()
    second = place.writer()
    second.close()
    assert place.texts() == place.expected()


def test_where_the_spool_is_refused_as_well_lines_wait_in_memory(place):
    disk = Refusing(place.root.parent, UNSYNCED)
    writer = place.writer(disk.system)
    place.say(writer, 3)
    disk.refuses = True
    place.say(writer, 5)
    assert writer.waiting_lines == 5
    disk.refuses = False
    place.say(writer, 2)
    writer.retry()
    writer.close()
    assert place.texts() == place.expected()
    assert place.spooled() == []


def test_a_line_that_was_torn_in_the_spool_is_kept_in_a_recovered_event(place):
    _, writer = begin_refusing(place)
    writer.locks.close()
    with place.spooled()[0].open("ab") as file:
        file.write(b'{"time":"torn')
    second = place.writer()
    second.close()
    assert place.texts() == place.expected()
    (segment,) = (place.root / "net" / "#c").glob("*.jsonl")
    assert b'"type":"recovered","text":"{\\"time\\":\\"torn"' in segment.read_bytes()


def test_what_waits_for_another_archive_or_another_target_is_left_alone(place, tmp_path):
    _, writer = begin_refusing(place)
    writer.locks.close()
    other = Writer(place.storage, system=UNSYNCED)
    other.hold("net", "#other")
    assert not other.in_trouble
    other.close()
    elsewhere = Place(tmp_path / "b")
    elsewhere.spool = place.spool
    elsewhere.storage = Storage(root=elsewhere.root, spool_dir=place.spool)
    second = elsewhere.writer()
    assert not second.in_trouble
    second.close()
    assert len(place.spooled()) == 1


@pytest.mark.parametrize("content", [b"", b"nonsense\n", b'{"root":"/"}\n'])
def test_a_file_that_is_no_spool_is_passed_over(place, content):
    place.spool.mkdir(parents=True)
    (place.spool / "x.spool").write_bytes(content)
    writer = place.writer()
    place.say(writer, 2)
    writer.close()
    assert place.texts() == place.expected()
    assert len(place.spooled()) == 1


def test_a_second_recorder_takes_nothing_of_the_first_one(place):
    _, writer = begin_refusing(place)
    second = Writer(place.storage, system=UNSYNCED)
    second.locks._try = lambda _offset: False  # as the lock of another process would
    with pytest.raises(HeldError):
        second.hold("net", "#c")
    assert not second.in_trouble
    writer.locks.close()


@pytest.mark.parametrize("size", [None, 700])
@pytest.mark.parametrize("mode", MODES)
def test_each_call_may_fail_or_be_the_last_while_it_drains_and_nothing_is_lost_or_doubled(
    tmp_path, mode, size
):
    def run(root, fragile):
        place = Place(root, rotate_size=size)
        disk = Refusing(place.root, fragile.system)
        with contextlib.suppress(Stopped):
            writer = place.writer(disk.system)
            place.say(writer, 2)
            disk.refuses = True
            place.say(writer, 4)
            place.say(writer, 3)
            disk.refuses = False
            for _ in range(4):
                with contextlib.suppress(TranscriptError):
                    writer.retry()
            with contextlib.suppress(TranscriptError):
                writer.close()
        fragile.bury()
        return place

    counting = Fragile()
    assert run(tmp_path / "count", counting).texts() == run(tmp_path / "b", Fragile()).expected()
    for nth in range(1, counting.count + 1):
        try:
            place = run(tmp_path / str(nth), Fragile(nth, mode))
        except TranscriptError:
            continue  # it could not even begin
        second = place.writer()
        second.write(event_at(9, "the next run"))
        second.flush()
        second.close()
        counts = texts_in(place.root).get("#c", {})
        assert set(counts.values()) <= {1}, nth
        # What the process was told of and stopped in the middle of is not promised.
        found = sorted(set(counts) - {"the next run"})
        assert found == place.expected(None if mode == "fail" else len(found)), nth
        # A file without lines may be left where its first call was the last.
        assert not any(b"\n" in path.read_bytes() for path in place.spool.glob("*.spool")), nth


@examples_times(0.4)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["say", "refuse", "allow", "retry", "kill"]), st.integers(1, 9)),
        max_size=20,
    ),
    size=st.sampled_from([None, 500]),
)
def test_whatever_the_disk_does_each_line_is_there_once_and_in_order(tmp_path_factory, steps, size):
    place = Place(tmp_path_factory.mktemp("spool"), rotate_size=size)
    disk = Refusing(place.root, UNSYNCED)
    writer = place.writer(disk.system)
    for step, count in steps:
        if step == "say":
            place.say(writer, count)
        elif step in {"refuse", "allow"}:
            disk.refuses = step == "refuse"
        elif step == "retry":
            with contextlib.suppress(TranscriptError):
                writer.retry()
        else:
            refused = disk.refuses
            writer.locks.close()
            disk = Refusing(place.root, UNSYNCED)
            writer = place.writer(disk.system)
            disk.refuses = refused
    disk.refuses = False
    for _ in range(3):
        writer.retry()
    writer.close()
    assert place.texts() == place.expected()
    assert place.spooled() == []


def test_the_system_calls_of_the_spool_are_those_that_are_handed_over(place):
    fragile = Fragile()
    disk = Refusing(place.root, fragile.system)
    writer = place.writer(disk.system)
    place.say(writer, 1)
    before = fragile.count
    disk.refuses = True
    place.say(writer, 1)
    assert fragile.count > before
    assert isinstance(disk.system, System)
    writer.locks.close()


@pytest.mark.parametrize("directory", ["/etc", "{root}/net/../../elsewhere", "{root}"])
def test_a_spool_file_that_names_another_place_is_named_and_not_written(place, caplog, directory):
    writer = place.writer()
    writer.close()
    belonging = Belonging(
        root=path_name(place.root),
        directory=directory.format(root=place.root),
        network="net",
        target="#c",
        history=False,
        period="2026-11-23",
        suffix="jsonl",
    )
    head = msgspec.json.encode(belonging)
    place.spool.mkdir(exist_ok=True)
    path = place.spool / f"{hashlib.sha256(head).hexdigest()[:32]}.spool"
    path.write_bytes(head + b"\n{}\n")
    (place.spool / "0.spool").symlink_to(path)
    place.writer().close()
    assert path.read_bytes() == head + b"\n{}\n"
    assert [str(each) in caplog.text for each in (path, path.with_name("0.spool"))] == [True] * 2
