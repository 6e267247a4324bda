"""`.rooms.json`: the names of each room, and which former name belongs to which present one."""

from __future__ import annotations

import pytest

from chatlog.archive import rooms
from chatlog.archive.rooms import NAME, encoded_rooms, present_names, read_rooms, with_name
from chatlog.archive.targets import Targets
from chatlog.errors import TranscriptError


def test_what_is_written_is_read(tmp_path):
    known = {"77": ("#old", "#new"), "78": ("#other",)}
    (tmp_path / NAME).write_bytes(encoded_rooms(known))
    assert read_rooms(tmp_path) == known


def test_without_a_file_there_are_no_rooms(tmp_path):
    assert read_rooms(tmp_path) == {}
    assert read_rooms(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff", b'{"1": "#a"}', b'{"1": []}', b'{"1": [2]}', b"[" * 100_000],
)
def test_a_file_that_is_no_list_of_names_by_id_is_damage(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(TranscriptError, match="damaged; restore it, or remove it"):
        read_rooms(tmp_path)


def test_a_file_that_is_too_long_is_damage_and_is_never_written(tmp_path, monkeypatch):
    monkeypatch.setattr(rooms, "_LONGEST", 30)
    known = {"77": ("#old", "#new"), "78": ("#other",)}
    (tmp_path / NAME).write_bytes(b'{"77": ["#old", "#new"]}' + b" " * 30)
    with pytest.raises(TranscriptError, match="damaged"):
        read_rooms(tmp_path)
    with pytest.raises(TranscriptError, match="would have more than 30 bytes"):
        encoded_rooms(known)


def test_every_former_name_stands_for_the_present_one():
    assert present_names({"1": ("#a", "#b", "#c"), "2": ("#d",)}) == {"#a": "#c", "#b": "#c"}


def test_a_name_that_two_rooms_had_belongs_to_neither():
    assert present_names({"1": ("#a", "#b"), "2": ("#a",)}) == {}
    assert present_names({"1": ("#a", "#b"), "2": ("#a", "#c")}) == {}


def test_a_channel_that_takes_its_former_name_back_has_that_as_its_present_one():
    names = with_name(with_name(with_name((), "#a"), "#b"), "#a")
    assert present_names({"1": names}) == {"#b": "#a"}


def test_of_very_many_names_of_a_room_the_oldest_are_left_out():
    names = ()
    for number in range(40):
        names = with_name(names, f"#{number}")
    assert names == tuple(f"#{number}" for number in range(24, 40))


@pytest.fixture
def archive(tmp_path):
    for name in ("#old", "#new", "#other"):
        (tmp_path / "twitch" / name).mkdir(parents=True)
    (tmp_path / "libera" / "#new").mkdir(parents=True)
    (tmp_path / "twitch" / NAME).write_text('{"77": ["#old", "#new"]}')
    return tmp_path


def found(root, *patterns, networks=(), **options):
    selected = Targets(root, patterns, networks, **options)
    return [f"{each.network}/{each.name}" for each in selected.find()]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("new", ["libera/#new", "twitch/#new", "twitch/#old"]),
        ("twitch/#new", ["twitch/#new", "twitch/#old"]),
        ("libera/new", ["libera/#new"]),
        ("old", ["twitch/#old"]),
        ("ne?", ["libera/#new", "twitch/#new"]),
        ("other", ["twitch/#other"]),
    ],
)
def test_a_name_stands_for_the_former_names_of_its_channel_and_a_glob_does_not(
    archive, pattern, names
):
    assert found(archive, pattern, joins_renamed=True) == names


def test_names_are_joined_only_where_that_is_wanted_and_in_the_networks_that_are(archive):
    assert found(archive, "twitch/#new") == ["twitch/#new"]
    assert found(archive, "new", networks=["libera"], joins_renamed=True) == ["libera/#new"]


def test_a_damaged_list_joins_nothing_and_is_told(archive):
    (archive / "twitch" / NAME).write_text("{")
    selected = Targets(archive, ["twitch/#new"], joins_renamed=True)
    assert [each.name for each in selected.find()] == ["#new"]
    (error,) = selected.refused.values()
    assert f"{archive}/twitch/{NAME} is damaged" in str(error)
