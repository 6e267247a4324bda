"""The pieces of gaps that history gave: found by their stretches, each line counted once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chatlog.coverage.entries import AskedEntry, CoveredEntry, UnfillableEntry
from chatlog.coverage.pieces import Pieces, lines_in
from tests.support.ledgers import at


def covered(since, until, lines=0, **fields):
    return CoveredEntry(at=at(until), since=at(since), until=at(until), lines=lines, **fields)


def lines(*pieces):
    return sum(piece.lines for piece in Pieces(pieces).covered())


MOMENTS = st.integers(0, 60)
STRETCHES = st.tuples(MOMENTS, MOMENTS).map(sorted)
PIECES = st.lists(
    st.builds(
        lambda kind, stretch: kind(at=at(99), since=at(stretch[0]), until=at(stretch[1])),
        st.sampled_from([CoveredEntry, UnfillableEntry, AskedEntry]),
        STRETCHES,
    ),
    max_size=12,
)


@given(PIECES, STRETCHES.filter(lambda stretch: stretch[0] < stretch[1]))
def test_all_pieces_that_overlap_a_stretch_are_found_in_the_order_of_writing(pieces, stretch):
    since, until = map(at, stretch)
    expected = [piece for piece in pieces if max(piece.since, since) < min(piece.until, until)]
    assert Pieces(pieces).overlapping(since, until) == expected


def test_fetches_of_one_gap_after_the_other_add_up():
    assert lines(covered(0, 10, 10), covered(10, 30, 15)) == 25


def test_the_progress_of_one_long_fetch_counts_once():
    progress = covered(0, 10, 1000), covered(0, 20, 2000), covered(0, 30, 2500)
    assert lines(*progress) == 2500
    assert lines(*progress, covered(30, 40, 7)) == 2507


def test_fetches_by_different_means_or_with_fewer_lines_are_not_one():
    assert lines(covered(0, 10, 5, via="playback"), covered(0, 20, 7, via="chathistory")) == 12
    assert lines(covered(0, 10, 5), covered(0, 20, 3)) == 8
    assert lines(covered(0, 20, 5), covered(0, 10, 7)) == 12


def test_lines_count_in_the_earliest_stretch_that_their_piece_overlaps():
    stretches = [(at(0), at(10)), (at(20), at(30))]
    assert lines_in(stretches, [covered(5, 25, 7)]) == [7, 0]
    assert lines_in(stretches[::-1], [covered(5, 25, 7)]) == [0, 7]
    assert lines_in(stretches, [covered(10, 20, 7), covered(30, 40, 9)]) == [0, 0]
    assert lines_in([], [covered(0, 10, 7)]) == []


def test_a_stretch_of_no_length_has_no_lines():
    assert lines_in([(at(5), at(5)), (at(7), at(8))], [covered(0, 10, 7)]) == [0, 7]


@given(
    st.lists(STRETCHES, max_size=8),
    st.lists(
        st.builds(lambda stretch, count: covered(*stretch, count), STRETCHES, st.integers(0, 9)),
        max_size=12,
    ),
)
def test_the_lines_of_all_stretches_are_those_of_the_pieces_that_overlap_one(spans, pieces):
    stretches = [(at(since), at(until)) for since, until in spans]
    overlapping = [
        piece
        for piece in pieces
        if any(max(piece.since, since) < min(piece.until, until) for since, until in stretches)
    ]
    assert sum(lines_in(stretches, Pieces(pieces).covered())) == sum(
        piece.lines for piece in Pieces(overlapping).covered()
    )
