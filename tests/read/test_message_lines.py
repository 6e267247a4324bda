"""Messages of several lines in text: each read as a whole, wherever reading is cut."""

from __future__ import annotations

import gzip
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.query.predicates import Type
from chatlog.query.selection import query_for
from chatlog.read import lines, message_lines, sealed_reader, segment_reader
from chatlog.read.lines import all_lines
from chatlog.read.message_lines import joined, joined_backwards, whole_messages
from chatlog.read.reader import Reader
from tests.support.archive import event_at, record
from tests.support.examples import examples_times

MARK = b"\t"
draw = random.Random(18)
SAID = [
    "\n".join(f"{number} {'word ' * draw.randrange(30)}" for _ in range(draw.choice([1, 1, 2, 9])))
    for number in range(60)
]
FILES = st.lists(st.sampled_from([b"a", b"bc", b"\td", b"e\tf", b""]), max_size=12)


def texts(entries):
    return [" ".join(entry.event.text.split()) for entry in entries]


WANTED = [" ".join(text.split()) for text in SAID]


@pytest.fixture(params=["live", "sealed"])
def archive(request, tmp_path, monkeypatch):
    """An archive of text whose readers take few bytes at once."""
    record(tmp_path, *map(event_at, range(len(SAID)), SAID), formats=("text",))
    if request.param == "sealed":
        (path,) = tmp_path.rglob("*.log")
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    monkeypatch.setattr(segment_reader, "BLOCK_READ", 0)
    monkeypatch.setattr(lines, "BLOCK_READ", 200)
    monkeypatch.setattr(lines, "_BLOCK", 150)
    monkeypatch.setattr(lines, "_AT_ONCE", 2000)  # more than a message has
    monkeypatch.setattr(sealed_reader, "_AT_ONCE", 300)
    return tmp_path


@pytest.mark.parametrize("count", [1, 2, 3, 7, 30, 59, 60])
def test_the_last_messages_are_counted_and_shown_whole(archive, count):
    assert texts(Reader(archive).last(count)) == WANTED[-count:]


def test_new_messages_come_whole_in_pieces_of_few_bytes(archive):
    reader, found = Reader(archive), []
    while entries := reader.new():
        found += entries
    assert texts(found) == WANTED


def test_a_message_matches_whole_across_blocks(archive):
    (located,) = Reader(archive).segments(query_for(Type("message")))
    matching = located.source.matching(query_for(Type("message")), all_lines, {})
    assert texts(matching) == WANTED


@pytest.mark.parametrize("archive", ["live"], indirect=True)
@pytest.mark.parametrize("size", [1, 50, 333, 4096])
def test_a_message_belongs_to_the_one_stretch_in_which_it_begins(archive, size):
    (located,) = Reader(archive).segments(query_for(Type("message")))
    found = [
        text
        for low in range(0, located.source.size(), size)
        for text in texts(
            located.source.matching(query_for(Type("message")), all_lines, {}, (low, low + size))
        )
    ]
    assert found == WANTED


@examples_times(1)
@given(file=FILES, cuts=st.lists(st.integers(0, 12)))
def test_blocks_and_both_directions_have_the_same_messages(file, cuts):
    edges = [0, *sorted(min(cut, len(file)) for cut in cuts), len(file)]
    blocks = [b"".join(line + b"\n" for line in file[begin:end]) for begin, end in pairwise(edges)]
    whole = [*joined(file, MARK)]
    assert [*joined_backwards(file[::-1], MARK)] == whole[::-1]
    assert [
        message
        for block in whole_messages(blocks, MARK)
        for message in joined(all_lines(block), MARK)
    ] == whole


def test_a_file_of_nothing_but_further_lines_comes_in_pieces(monkeypatch):
    monkeypatch.setattr(message_lines, "LONGEST_LINE", 100)
    file = [b"\tmore and more"] * 1000
    for pieces in (joined(file, MARK), joined_backwards(file, MARK)):
        assert max(map(len, pieces)) < 150
    blocks = (b"\tmore\n" * 10 for _ in range(100))
    assert max(map(len, whole_messages(blocks, MARK))) < 200


def test_lines_before_damage_are_given():
    def damaged():
        yield b"a\n\tb\n"
        raise ValueError("damaged")

    blocks = whole_messages(damaged(), MARK)
    assert next(blocks) == b"a\n\tb\n"
    with pytest.raises(ValueError, match="damaged"):
        next(blocks)
