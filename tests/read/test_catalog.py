"""Segments read in batches hold the events that are found one by one."""

from __future__ import annotations

import gzip
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.casemapping import Casemapping
from chatlog.formats import jsonl
from chatlog.query.predicates import Between, Contains, Nick
from chatlog.query.selection import query_for
from chatlog.query.texts import literal
from chatlog.read.reader import Reader
from chatlog.search.sieve import sieve_for
from tests.support.archive import event_at, record

FOLDS = Casemapping("rfc1459")
lines = st.one_of(
    st.builds(
        lambda seconds, text, nick: jsonl.encode([event_at(seconds, text, nick=nick)])[:-1],
        st.integers(0, 86_399),
        st.sampled_from(["hello", "help?", "}{", "\n"]),
        st.sampled_from(["ann", "bob"]),
    ),
    st.sampled_from([b"", b" ", b"{}", b"nonsense", b'{"time":"t"', b"\xff"]),
    st.builds(lambda line: line * 2, st.just(jsonl.encode([event_at(5)])[:-1])),
    st.just(b'{"type":"message", "time":"2026-11-23T12:00:00.000Z"}'),
)
terms = st.lists(
    st.sampled_from(
        [
            Between(event_at(100).time, event_at(70_000).time),
            Between(since=event_at(40_000).time),
            Nick("ann"),
            Contains(literal("hel")),
        ]
    ),
    max_size=2,
)


def brief(event):
    """Take what counting needs of an event."""
    return [getattr(event, field) for field in jsonl.Brief.__struct_fields__]


def one_source(root, query):
    """Find the only segment, and what counts lines of it that could not be read."""
    reader = Reader(root, query.places, query.networks)
    [segment] = reader.segments(query)
    return segment.source, reader.damaged


def both_ways(root, query, *stretches):
    """Return the events of the segment one by one and in batches, and the damage met."""
    found = []
    for in_batches in (False, True):
        source, damaged = one_source(root, query)
        sift = sieve_for(query.term, source.suffix)
        events = []
        for stretch in stretches or (None,):
            asked = (query, sift, lambda _network: FOLDS, stretch)
            if in_batches:
                events += [event for batch in source.batches(*asked) for event in batch]
            else:
                events += [entry.event for entry in source.matching(*asked)]
        found.append(([brief(event) for event in events], Counter(damaged)))
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Write lines to the one segment of an archive."""
    root = tmp_path_factory.mktemp("archive")
    record(root, event_at(0))
    [path] = (root / "net" / "#c").glob("*.jsonl")

    def write(several):
        path.write_bytes(b"".join(line + b"\n" for line in several))
        return root, path

    return write


@given(several=st.lists(lines, min_size=1, max_size=8), asked=terms)
def test_batches_hold_what_matches_whatever_else_stands_there(written, several, asked):
    root, _ = written(several)
    one_by_one, in_batches = both_ways(root, query_for(*asked))
    assert in_batches[0] == one_by_one[0]


@given(several=st.lists(lines, min_size=1, max_size=8))
def test_of_everything_they_count_the_same_lines_as_damaged(written, several):
    root, _ = written(several)
    one_by_one, in_batches = both_ways(root, query_for())
    assert in_batches == one_by_one


@given(several=st.lists(lines, min_size=1, max_size=8), data=st.data())
def test_stretches_of_a_file_come_to_the_whole(written, several, data):
    root, path = written(several)
    size = path.stat().st_size
    cut = data.draw(st.integers(0, size))
    whole, _ = both_ways(root, query_for())
    for parts in both_ways(root, query_for(), (0, cut), (cut, size)):
        assert parts == whole


def test_what_is_longer_than_a_block_is_read_on(written):
    several = [event_at(each, "x" * 200) for each in range(5000)]
    root, path = written([])
    path.write_bytes(jsonl.encode(several) + b"\n" + jsonl.encode(several))
    one_by_one, in_batches = both_ways(root, query_for())
    assert in_batches == one_by_one == ([brief(each) for each in several * 2], {str(path): 1})


@pytest.mark.parametrize("asked", [[], [Contains(literal("hello"))]])
def test_text_and_sealed_segments_are_read_so_as_well(tmp_path, asked):
    several = [event_at(each, "hello") for each in range(2500)]
    record(tmp_path / "text", *several, formats=("text",))
    record(tmp_path / "json", *several)
    [plain] = (tmp_path / "json" / "net" / "#c").glob("*.jsonl")
    plain.with_name(f"{plain.name}.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    for name in ("text", "json"):
        one_by_one, in_batches = both_ways(tmp_path / name, query_for(*asked))
        assert in_batches == one_by_one
        assert len(in_batches[0]) == 2500
