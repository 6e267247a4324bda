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
def test_the_last_fetch_decides_each_moment_and_where_there_is_none_the_last_piece(pieces, stretch):
    since, until = stretch
    parts = list(Pieces(pieces).parts(at(since), at(until)))
    assert [part.since for part in parts[1:]] == [part.until for part in parts[:-1]]
    assert (parts[0].since, parts[-1].until) == (at(since), at(until))
    for second in range(since, until):
        [part] = [each for each in parts if each.since <= at(second) < each.until]
        assert part.piece is deciding(pieces, at(second))


def deciding(pieces, moment):
    """Return the piece that decides a moment, by the rule itself."""
    over = [piece for piece in pieces if piece.since <= moment < piece.until]
    fetched = [piece for piece in over if isinstance(piece, CoveredEntry)]
    return next(reversed(fetched or over), None)


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 5)), max_size=12),
    st.integers(0, 1),
)
def test_an_entry_that_reaches_further_with_no_fewer_lines_replaces_those_before(fetches, since):
    pieces = [covered(since, until + since, lines) for until, lines in fetches]
    expected = []
    for piece in pieces:
        expected = [
            each
            for each in expected
            if not (each.until <= piece.until and each.lines <= piece.lines)
        ]
        expected.append(piece)
    assert Pieces(pieces).covered() == expected


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
