"""Lines of JSON as entries of a union: damage is counted, and a later version's lines are kept."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive import entry_lines, files
from chatlog.archive.entry_lines import (
    Damaged,
    EntryReader,
    Later,
    LineReader,
    TaggedEntry,
    check_time,
)
from chatlog.errors import TranscriptError


class Met(TaggedEntry, tag="met", frozen=True, kw_only=True):
    at: str
    why: str = ""

    def __post_init__(self):
        check_time("at", self.at)


class Parted(TaggedEntry, tag="parted", frozen=True, kw_only=True):
    lines: int = 0


READER = EntryReader(Met | Parted)
AT = "2026-11-23T00:00:00.000Z"
MET = Met(at=AT)


def decode(line):
    return READER.decode(7, line)


def read(tmp_path, data, *, with_rest=False):
    path = tmp_path / "FILE"
    path.write_bytes(data)
    return READER.read(path, with_rest=with_rest)


def test_an_entry_names_its_kind_and_has_the_fields_of_that_kind_alone():
    assert decode(b'{"entry":"met","at":"%s","why":"tea"}' % AT.encode()) == Met(at=AT, why="tea")
    assert (MET.entry, Parted().entry) == ("met", "parted")
    assert not hasattr(Parted(), "at")


@pytest.mark.parametrize(
    ("line", "reason", "entry"),
    [
        (b"", "Input data was truncated", ""),
        (b"nonsense", "JSON is malformed", ""),
        (b"[1]", "Expected `object`", ""),
        (b"\xff", "JSON is malformed", ""),
        (b'{"entry":"met","why":"\xff"}', "", ""),
        (b"[" * 100_000, "", ""),
        (b'{"entry":"met","x":' + b"[" * 100_000, "", ""),
        (b'{"at":"%s"}' % AT.encode(), "it names no kind of entry", ""),
        (b'{"entry":""}', "it names no kind of entry", ""),
        (b'{"entry":5}', "it names no kind of entry", ""),
        (b'{"entry":"met"}', "missing required field `at`", "met"),
        (b'{"entry":"met","at":5}', "Expected `str`, got `int`", "met"),
        (b'{"entry":"met","at":"zzz"}', "its `at` is no time: 'zzz'", "met"),
        (b'{"entry":"met","at":"zzz","colour":"red"}', "its `at` is no time: 'zzz'", "met"),
        (b'{"entry":"parted","lines":"many"}', "Expected `int`, got `str`", "parted"),
    ],
)
def test_a_line_that_does_not_decode_is_damage_with_a_reason_and_its_kind(line, reason, entry):
    damaged = decode(line)
    assert isinstance(damaged, Damaged)
    assert reason in damaged.reason
    assert (damaged.line, damaged.entry, damaged.lines) == (7, entry, 1)


def test_a_reason_never_repeats_a_long_value_in_full():
    assert len(decode(b'{"entry":"met","at":"%s"}' % (b"x" * 10_000)).reason) < 100


def test_a_kind_that_is_not_known_was_written_by_a_later_version():
    assert decode(b'{"entry":"hologram","at":[1]}') == Later()


def test_a_key_that_is_not_known_was_too_and_the_rest_of_the_entry_stands():
    line = b'{"entry":"met","colour":{"red":1},"at":"%s"}' % AT.encode()
    assert decode(line) == Later(MET)


@given(st.binary(max_size=80))
def test_no_bytes_raise(data):
    assert isinstance(decode(data), Met | Parted | Damaged | Later)


# -- files --------------------------------------------------------------------------------


def test_neighbours_in_damage_are_one_item_and_each_is_counted(tmp_path):
    lines = read(tmp_path, b'x\ny\n{"entry":"met"}\nz\n{"entry":"parted"}\n')
    assert [type(each) for each in lines] == [Damaged, Damaged, Damaged, Parted]
    assert [(each.line, each.lines) for each in lines[:3]] == [(1, 2), (3, 1), (4, 1)]
    assert (lines.damaged, lines.later) == (4, 0)


def test_lines_of_a_later_version_are_counted_and_known_ones_stay_in_their_place(tmp_path):
    lines = read(
        tmp_path,
        b'{"entry":"new"}\n{"entry":"newer"}\n{"entry":"parted","x":1}\n{"entry":"new"}\n',
    )
    assert lines == [Later(), Parted(), Later()]
    assert (lines.damaged, lines.later) == (0, 4)


def test_a_line_without_its_newline_counts_only_where_it_is_asked_for(tmp_path):
    data = b'{"entry":"parted"}\n{"entry":"parted"}'
    assert len(read(tmp_path, data)) == 1
    assert len(read(tmp_path, data, with_rest=True)) == 2
    assert read(tmp_path, data + b"\n", with_rest=True) == [Parted(), Parted()]


def test_a_file_that_is_not_there_has_no_lines_and_one_that_cannot_be_read_raises(tmp_path):
    assert READER.read(tmp_path / "nowhere", with_rest=True) == []
    with pytest.raises(TranscriptError, match="Is a directory"):
        READER.read(tmp_path, with_rest=True)


@pytest.mark.parametrize("block", [1, 3, 64])
def test_a_line_beyond_the_bound_is_damage_and_the_next_is_read(tmp_path, monkeypatch, block):
    monkeypatch.setattr(entry_lines, "LONGEST", 20)
    monkeypatch.setattr(files, "_BLOCK", block)
    lines = read(tmp_path, b'{"entry":"parted"}\n' + b" " * 21 + b'\n{"entry":"parted"}\n')
    assert [type(each) for each in lines] == [Parted, Damaged, Parted]
    assert lines[1].reason == "it is longer than 20 bytes"


@pytest.mark.parametrize("block", [1, 3, 64])
@given(data=st.lists(st.sampled_from([b"", b"a", b"bcd", b"e" * 9, b"f" * 30])))
def test_lines_are_those_of_the_file_whatever_the_size_of_the_blocks(tmp_path_factory, block, data):
    path = tmp_path_factory.mktemp("lines") / "FILE"
    path.write_bytes(b"\n".join(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry_lines, "LONGEST", 10)
        patch.setattr(files, "_BLOCK", block)
        reader = LineReader(path)
        found = [*reader, reader.rest]
    assert found == [None if len(line) > 10 else line for line in data or [b""]]


def test_a_line_of_many_bytes_is_not_kept_in_memory(tmp_path, monkeypatch):
    path = tmp_path / "FILE"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    monkeypatch.setattr(entry_lines, "LONGEST", 1 << 20)
    reader = LineReader(path)
    tracemalloc.start()
    try:
        assert (list(reader), reader.rest) == ([], None)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
