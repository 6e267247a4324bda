"""Whole lines of a growing file: read from the end, and from where reading stopped."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.read import lines


@contextmanager
def file_of(data):
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield file.fileno()


@contextmanager
def blocks_of(size):
    """Read in small blocks, so that lines lie across their bounds."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_BLOCK", "_PROBE", "_AT_ONCE"):
            patch.setattr(lines, name, size)
        yield


def none_is_skipped():
    pytest.fail("no line here is too long")


data = st.lists(st.sampled_from([b"\n", b"a", b"bc", b"\n\n", b"d" * 20])).map(b"".join)
sizes = st.integers(1, 24)


@given(data, sizes)
def test_the_end_of_the_last_whole_line_is_found(content, size):
    with file_of(content) as fd, blocks_of(size):
        assert lines.end_of_lines(fd) == content.rfind(b"\n") + 1


@given(data, sizes)
def test_backwards_gives_the_lines_in_the_other_order(content, size):
    with file_of(content) as fd, blocks_of(size):
        end = content.rfind(b"\n") + 1
        assert list(lines.backwards(fd, end, none_is_skipped)) == content.split(b"\n")[:-1][::-1]


@given(data, sizes)
def test_whole_lines_come_in_pieces_each_once(content, size):
    with file_of(content) as fd, blocks_of(size):
        found, begin = [], 0
        while True:
            piece, begin = lines.lines_after(fd, begin, none_is_skipped)
            if not piece:
                break
            found += piece
        assert found == content.split(b"\n")[:-1]
        assert begin == content.rfind(b"\n") + 1


BOUND = 8


@contextmanager
def lines_of_at_most(bound):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "LONGEST_LINE", bound)
        for name in ("_AT_ONCE", "_BLOCK", "BLOCK_READ", "_SHORT"):
            patch.setattr(lines, name, 4)
        yield


def split_at(content, size):
    return [content[at : at + size] for at in range(0, len(content), size)]


def from_a_stream(content, size, skipped):
    for block in lines.whole_lines(split_at(content[: content.rfind(b"\n") + 1], size), skipped):
        yield from lines.all_lines(block)


def from_a_file(content, _size, skipped):
    with file_of(content) as fd:
        for block in lines.whole_blocks(fd, skipped):
            yield from lines.all_lines(block)


def from_stretches(content, size, skipped):
    with file_of(content) as fd:
        for low in range(0, len(content), size):
            begin, high = lines.line_begins(fd, low, low + size), low + size
            if begin < high:
                for block in lines.whole_blocks(fd, skipped, begin, lines.line_begins(fd, high)):
                    yield from lines.all_lines(block)


def as_it_grows(content, _size, skipped):
    with file_of(content) as fd:
        begin, piece = 0, None
        while piece is None or piece:
            piece, begin = lines.lines_after(fd, begin, skipped)
            yield from piece


def from_the_end(content, _size, skipped):
    with file_of(content) as fd:
        yield from [*lines.backwards(fd, content.rfind(b"\n") + 1, skipped)][::-1]


READERS = [from_a_stream, from_a_file, from_stretches, as_it_grows, from_the_end]


@pytest.mark.parametrize("read", READERS)
@given(
    long=st.lists(st.sampled_from([b"", b"a", b"bc", b"e" * 7, b"f" * 8, b"g" * 9, b"h" * 40])),
    size=st.integers(1, BOUND),
)
def test_every_way_of_reading_skips_and_counts_the_same_lines_that_are_too_long(read, long, size):
    content, skipped = b"".join(line + b"\n" for line in long), []
    with lines_of_at_most(BOUND):
        found = list(read(content, size, lambda: skipped.append(1)))
    assert found == [line for line in long if len(line) <= BOUND]
    assert len(skipped) == sum(len(line) > BOUND for line in long)
