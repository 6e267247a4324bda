"""Rooms: a channel that shows up under a new name was renamed, unless both names are heard."""

from __future__ import annotations

import pytest

from chatlog.archive.rooms import NAME, encoded_rooms, read_rooms
from chatlog.coverage import ledger
from chatlog.coverage.entries import OpenedEntry
from chatlog.record import rooms
from chatlog.record.intervals import Moment
from chatlog.record.rooms import Rooms
from chatlog.write.writer import Storage, Writer
from tests.support.faults import Faulty

NOW = Moment("2026-11-23T18:20:00.000Z")


class Run:
    """A run of a network, whose channels of the configuration are `heard`."""

    def __init__(self, root, *heard):
        self.heard = set(heard)
        self.troubles = []
        self.is_full = False
        faulty = Faulty(lambda name, _nth: self.is_full and name == "write")
        self.writer = Writer(Storage(root=root), system=faulty.system)
        for channel in heard:
            self.writer.hold("net", channel)
        self.writer.set_casemapping("net", "rfc1459")
        for channel in heard:
            self.writer.hold("net", channel)
            self.writer.notes.add(self.writer.path("net", channel), OpenedEntry(at=NOW.at))
        self.rooms = Rooms(
            "net", self.writer, hears=self.heard.__contains__, trouble=self.troubles.append
        )

    def shows(self, channel, room="77"):
        self.rooms.shown(channel, room, NOW)

    def end(self):
        self.rooms.save()
        self.writer.close()


@pytest.fixture
def begin(tmp_path):
    runs = []

    def begin(*heard):
        if runs:
            runs[-1].end()
        runs.append(Run(tmp_path, *heard))
        return runs[-1]

    yield begin
    runs[-1].end()


def renames(root, channel):
    entries = ledger.read(root / "net" / channel)
    return [(each.former, each.onto) for each in entries if each.entry == "renamed"]


def names(root):
    return read_rooms(root / "net")


def test_both_ledgers_have_a_new_name_once(begin, tmp_path):
    begin("#Old").shows("#Old")
    run = begin("#new")
    run.shows("#new")
    run.shows("#new")
    begin("#new").shows("#new")
    assert renames(tmp_path, "#old") == [("", "#new")]
    assert renames(tmp_path, "#new") == [("#old", "")]
    assert names(tmp_path) == {"77": ("#old", "#new")}


def test_two_channels_that_are_heard_with_one_id_are_not_joined_in_any_order(begin, tmp_path):
    for order in (("#a", "#b"), ("#b", "#a"), ("#a", "#b")):
        run = begin("#a", "#b")
        for channel in order * 2:
            run.shows(channel)
    assert names(tmp_path) == {"77": ("#a",)}
    assert renames(tmp_path, "#a") == renames(tmp_path, "#b") == []


def test_a_former_name_that_another_recorder_holds_is_not_joined(begin, tmp_path):
    begin("#a").shows("#a")
    run = begin("#b")
    run.writer.is_held_elsewhere = lambda _network, target: target == "#a"
    run.shows("#b")
    assert names(tmp_path) == {"77": ("#a",)}


def test_a_former_name_that_is_configured_is_joined_once_it_does_not_let_us_in(begin, tmp_path):
    begin("#old").shows("#old")
    run = begin("#old", "#new")
    run.shows("#new")
    assert renames(tmp_path, "#new") == []
    run.heard.remove("#old")
    run.rooms.absent("#elsewhere", NOW)
    run.rooms.absent("#old", NOW)
    run.rooms.absent("#old", NOW)
    assert renames(tmp_path, "#new") == [("#old", "")]


def test_a_channel_may_have_many_names_and_come_back_to_the_first(begin, tmp_path):
    for name in ("#a", "#b", "#a", "#c"):
        begin(name).shows(name)
    assert names(tmp_path) == {"77": ("#b", "#a", "#c")}
    assert renames(tmp_path, "#a") == [("", "#b"), ("#b", ""), ("", "#c")]


def test_a_former_name_whose_transcript_is_gone_gets_no_ledger(begin, tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / NAME).write_bytes(encoded_rooms({"77": ("#gone",)}))
    begin("#new").shows("#new")
    assert renames(tmp_path, "#new") == [("#gone", "")]
    assert not (tmp_path / "net" / "#gone").exists()


def test_the_rooms_of_two_recorders_are_kept_beside_each_other(begin, tmp_path):
    run = begin("#a")
    run.shows("#a", "1")
    (tmp_path / "net" / NAME).write_bytes(encoded_rooms({"1": ("#a",), "2": ("#b",)}))
    run.shows("#c", "3")
    run.end()
    assert names(tmp_path) == {"1": ("#a",), "2": ("#b",), "3": ("#c",)}


def test_thousands_of_rooms_are_written_a_few_times_and_all_in_the_end(
    begin, tmp_path, monkeypatch
):
    writes = []
    monkeypatch.setattr(
        rooms, "encoded_rooms", lambda rooms: writes.append(1) or encoded_rooms(rooms)
    )
    run = begin("#x")
    for number in range(3000):
        run.shows(f"#c{number}", str(number))
    run.rooms.save()
    assert len(names(tmp_path)) == 3000
    assert len(writes) < 100


def test_no_more_rooms_are_remembered_than_a_bound(begin, tmp_path, monkeypatch):
    monkeypatch.setattr(rooms, "MOST_ROOMS", 3)
    run = begin("#x")
    for number in range(10):
        run.shows(f"#c{number}", str(number))
    run.rooms.save()
    assert len(names(tmp_path)) == 3


def test_a_damaged_file_is_told_once_and_stays_as_it_is(begin, tmp_path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / NAME).write_text("damage")
    run = begin("#a")
    run.shows("#a")
    run.shows("#b", "78")
    run.end()
    (trouble,) = run.troubles
    assert "is damaged" in str(trouble)
    assert (tmp_path / "net" / NAME).read_text() == "damage"


def test_a_disk_that_refuses_is_told_and_the_rooms_are_written_later(begin, tmp_path):
    run = begin("#a")
    run.is_full = True
    run.shows("#a")
    assert run.troubles
    run.is_full = False
    run.rooms.save()
    assert names(tmp_path) == {"77": ("#a",)}
