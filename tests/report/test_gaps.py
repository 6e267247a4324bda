"""Gaps of targets: which count as not recovered, and their place in a bar."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.targets import Target
from chatlog.coverage import ledger
from chatlog.coverage.entries import (
    ClosedEntry,
    CoveredEntry,
    OpenedEntry,
    ReportedEntry,
    UnwantedEntry,
)
from chatlog.coverage.gap import Gap, GapState
from chatlog.coverage.interval_fold import Bound
from chatlog.event import format_time
from chatlog.report.gaps import (
    GapQuery,
    TargetGaps,
    Unreadable,
    find_gaps,
    not_recovered,
    open_gaps,
    timeline,
)
from tests.support.archive import START, UNSYNCED
from tests.support.ledgers import at as moment


def at(seconds):
    return format_time(START + int(seconds * 1000))


def gap(start, end, state=GapState.OPEN, **fields):
    return Gap(Bound(at(start)), at(end), state, "killed", **fields)


def found(*gaps, until=100):
    return TargetGaps("net", "#c", at(0), at(until), 0.5, list(gaps))


@pytest.mark.parametrize(
    ("strict", "states"),
    [(False, [GapState.OPEN]), (True, [GapState.OPEN, GapState.UNFILLABLE, GapState.PLANNED])],
)
def test_an_open_gap_is_not_recovered_and_if_strict_none_is_that_was_not_fetched(strict, states):
    gaps = [gap(number, number + 1, state) for number, state in enumerate(GapState)]
    assert {each.state for each in not_recovered([found(*gaps)], strict=strict)} == set(states)


def test_a_cell_of_the_timeline_shows_the_gravest_gap_in_it():
    gaps = gap(10, 20), gap(15, 35, GapState.FILLED), gap(90, 100, GapState.PLANNED)
    shown = timeline(found(*gaps), 10)
    assert shown[:5] == [None, GapState.OPEN, GapState.FILLED, GapState.FILLED, None]
    assert shown[9] is GapState.PLANNED


def test_the_shortest_gap_is_in_a_cell():
    assert timeline(found(gap(55, 55.001)), 10)[5] is GapState.OPEN


def test_a_range_without_length_has_all_its_cells():
    assert timeline(found(until=0), 10) == [None] * 10


def test_an_open_gap_is_unreported_until_an_entry_reports_all_of_it(tmp_path):
    story = [
        OpenedEntry(at=at(0)), ClosedEntry(at=at(10), cause="x"),
        OpenedEntry(at=at(20)), ClosedEntry(at=at(30), cause="y"),
        OpenedEntry(at=at(40)), ClosedEntry(at=at(50), cause="z"),
    ]  # fmt: skip
    reported = ReportedEntry(at=at(60), since=at(10), until=at(20))
    half = ReportedEntry(at=at(60), since=at(30), until=at(35))
    ledger.append(UNSYNCED, tmp_path, [*story, reported, half])
    result = open_gaps(tmp_path)
    assert [each.start.time for each in result.gaps] == [at(10), at(30)]
    assert [each.start.time for each in result.unreported] == [at(30)]


def test_a_target_that_was_never_recorded_has_no_open_gap(tmp_path):
    assert open_gaps(tmp_path) == ([], [])


# -- lines of fetches ------------------------------------------------------------

END = 300


def complain(*_arguments):
    raise AssertionError("nothing of this archive is damaged")


def find(root, entries, query):
    directory = root / "net" / "#c"
    ledger.append(UNSYNCED, directory, entries)
    target = Target("net", "#c", str(directory))
    unreadable = Unreadable(complain, complain, complain)
    return list(find_gaps(Path(root), [target], query, moment(END), unreadable=unreadable))


MOMENTS = st.integers(0, END)
STRETCHES = st.tuples(MOMENTS, MOMENTS).map(sorted)
FETCHES = st.lists(
    st.builds(
        lambda stretch, lines, via: CoveredEntry(
            at=moment(END), since=moment(stretch[0]), until=moment(stretch[1]), lines=lines, via=via
        ),
        STRETCHES,
        st.integers(0, 9),
        st.sampled_from(["chathistory", "playback"]),
    ),
    max_size=6,
    unique_by=lambda piece: piece.since,  # the same beginning again is progress of one fetch
)
HEARD = st.lists(MOMENTS, min_size=2, max_size=8, unique=True).map(sorted)


@given(HEARD, FETCHES, STRETCHES, st.sampled_from([0, 5_000]))
def test_each_fetched_line_counts_once_in_the_gaps_that_are_shown(
    tmp_path_factory, moments, fetches, bounds, least
):
    """However overlapping fetches, the range and the least length cut them."""
    heard = [
        kind(at=moment(second))
        for kind, second in zip([OpenedEntry, ClosedEntry] * 4, moments, strict=False)
    ]
    entries = [*heard, *fetches, UnwantedEntry(at=moment(END))]
    query = GapQuery(moment(bounds[0]), moment(bounds[1]), least)
    for found in find(tmp_path_factory.mktemp("archive"), entries, query):
        within = [
            piece
            for piece in fetches
            if any(
                max(piece.since, gap.start.time) < min(piece.until, gap.end) for gap in found.gaps
            )
        ]
        assert sum(gap.lines for gap in found.gaps) == sum(piece.lines for piece in within)


STRETCHES_OF_TIME = st.lists(STRETCHES.map(lambda each: tuple(map(moment, each))), max_size=6)


@given(STRETCHES_OF_TIME, STRETCHES_OF_TIME)
def test_an_open_gap_is_reported_if_one_report_holds_all_of_it(tmp_path_factory, gaps, reports):
    directory = tmp_path_factory.mktemp("target")
    entries = []
    for start, end in gaps:
        entries += [OpenedEntry(at=start), ClosedEntry(at=start), OpenedEntry(at=end)]
        entries += [ClosedEntry(at=end), UnwantedEntry(at=end)]
    reported = [ReportedEntry(at=until, since=since, until=until) for since, until in reports]
    ledger.append(UNSYNCED, directory, [*entries, *reported])
    found = open_gaps(directory)
    assert found.unreported == [
        gap
        for gap in found.gaps
        if not any(since <= gap.start.time and gap.end <= until for since, until in reports)
    ]
