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
        assert list(lines.backwards(fd, end)) == content.split(b"\n")[:-1][::-1]


@given(data, sizes)
def test_whole_lines_come_in_pieces_each_once(content, size):
    with file_of(content) as fd, blocks_of(size):
        found, begin = [], 0
        while True:
            piece, begin = lines.lines_after(fd, begin)
            if not piece:
                break
            found += piece
        assert found == content.split(b"\n")[:-1]
        assert begin == content.rfind(b"\n") + 1
