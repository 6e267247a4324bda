"""Runs of identical lines: found by whole columns, the same lines as one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatlog.alignment.columns import Columns
from chatlog.alignment.identical import identical_runs


def columns_of(lines):
    times, idents = [time for time, _ in lines], [ident for _, ident in lines]
    return Columns(times, idents, [""] * len(lines), lines, lines, [0] * len(lines))


def pairs_of(first, second):
    """Return the pairs of positions of all runs."""
    runs = identical_runs(columns_of(first), columns_of(second))
    return [(here + at, there + at) for here, there, count in runs for at in range(count)]


lines = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([b"a", b"b"])), max_size=30)


@given(lines, lines)
def test_each_pair_is_of_equal_lines_and_no_line_is_in_two(first, second):
    pairs = pairs_of(first, second)
    assert all(first[here] == second[there] for here, there in pairs)
    assert pairs == sorted({(here, there) for here, there in pairs})
    assert len({here for here, _ in pairs}) == len({there for _, there in pairs}) == len(pairs)


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), max_size=300),
    st.integers(1, 5),
)
def test_of_two_records_of_one_conversation_no_line_of_both_is_passed_over(heard, same):
    """Each line has a stamp of its own, and texts repeat."""
    said = [(at, b"%d" % (at % same)) for at in range(len(heard))]
    first = [line for line, (by_first, _) in zip(said, heard, strict=True) if by_first]
    second = [line for line, (_, by_second) in zip(said, heard, strict=True) if by_second]
    both = [line for line, by_both in zip(said, heard, strict=True) if all(by_both)]
    assert [first[here] for here, _ in pairs_of(first, second)] == both


def test_a_run_is_as_long_as_two_records_agree():
    first = [(at, b"x") for at in range(1000)]
    second = [line for line in first if line[0] != 700]
    runs = [*identical_runs(columns_of(first), columns_of(second))]
    assert runs == [(0, 0, 700), (701, 700, 299)]
