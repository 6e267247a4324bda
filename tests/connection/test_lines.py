"""Bytes of a connection, in lines."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatlog.connection.lines import Lines
from chatlog.protocol.message import MAX_LINE, parse

FED = {
    "a line": ([b"one\r\n"], [b"one"]),
    "a bare line feed ends one as well": ([b"one\ntwo\r\n"], [b"one", b"two"]),
    "a line in two reads": ([b"on", b"e\r\n"], [b"one"]),
    "a line end in two reads": ([b"one\r", b"\ntwo\r\n"], [b"one", b"two"]),
    "empty lines are none": ([b"\r\n\n\r\r\none\r\n"], [b"one"]),
    "many carriage returns": ([b"one\r\r\r\n"], [b"one"]),
    "a carriage return inside stays": ([b"o\rne\r\n"], [b"o\rne"]),
    "a line that never ends is none yet": ([b"one\r\ntwo"], [b"one"]),
    "nothing": ([b""], []),
    "a character cut between reads": ([b"\xc3", b"\xa9\n"], ["é".encode()]),
}


@pytest.mark.parametrize(("reads", "expected"), FED.values(), ids=FED)
def test_lines_cut_into_reads_come_back_whole(reads, expected):
    lines = Lines()
    assert [line for data in reads for line in lines.feed(data)] == expected


PIECES = st.sampled_from(
    [
        *(b"\n", b"\r\n", b"\r", b"a", b":b PRIVMSG #a :hi\r\n", b"\xc3", b"x" * 5000),
        *(b"x" * MAX_LINE, b"x" * (MAX_LINE - 1) + b"\r\n", b"\r" * (MAX_LINE + 1)),
    ]
)
STREAMS = st.lists(PIECES, max_size=12).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 60_000), max_size=8))
@example(b"x" * MAX_LINE + b"\r\na\n", [MAX_LINE + 1])
@example(b"\r" * (MAX_LINE + 1) + b"\na\n", [MAX_LINE + 1])
def test_however_a_stream_is_cut_into_reads_the_messages_are_the_same(stream, cuts):
    whole = [parse(line) for line in Lines().feed(stream)]
    bounds = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    lines, found = Lines(), []
    for start, end in pairwise(bounds):
        found += [parse(line) for line in lines.feed(stream[start:end])]
        assert len(lines) <= MAX_LINE
    assert found == whole


def test_an_over_long_line_comes_once_and_the_next_one_is_right():
    lines = Lines()
    reads = [b"x" * 10_000] * 10 + [b"x\r\nnext\r\n"]
    found = [line for data in reads for line in lines.feed(data)]
    assert len(found) == 2
    assert found[0].startswith(b"xxx")
    assert len(found[0]) > MAX_LINE
    assert found[1] == b"next"


def test_megabytes_without_a_line_end_are_not_held():
    lines = Lines()
    for _ in range(1000):
        lines.feed(b"x" * 65_536)
        assert len(lines) <= MAX_LINE
