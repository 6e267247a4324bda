"""Gaps in a row, as one line: which are joined, and which lines are the last."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.archive.targets import Target
from chatlog.coverage.gap import Gap, GapState
from chatlog.coverage.interval_fold import Bound
from chatlog.event import format_time
from chatlog.report.gap_feed import PlacedGap
from chatlog.report.gap_runs import last_lines, runs_of
from tests.support.archive import START


def gap(begin, end, cause="killed", target="#c", position=0, network="net"):
    """Place a gap between two seconds."""
    low, high = (format_time(START + each * 1000) for each in (begin, end))
    place = Target(network, target, f"/nowhere/{network}/{target}")
    return PlacedGap(position, place, Gap(Bound(low), high, GapState.OPEN, cause))


@pytest.mark.parametrize(
    ("gaps", "sizes"),
    [
        ([], []),
        ([gap(0, 9)], [1]),
        ([gap(0, 9), gap(20, 29, "closed")], [2]),
        ([gap(0, 9), gap(20, 9000), gap(9010, 9020)], [1, 1, 1]),
        ([gap(0, 9), gap(20, 29, position=1)], [1, 1]),
        ([gap(0, 9), gap(20, 29, network="other"), gap(30, 39)], [2, 1]),
        ([gap(0, 9000), gap(1, 9001, target="#d"), gap(2, 9002, target="#e")], [3]),
        ([gap(0, 9000), gap(1, 9001, "closed", target="#d")], [1, 1]),
        ([gap(0, 9000), gap(1, 99_000, target="#d")], [1, 1]),
    ],
)
def test_short_gaps_of_a_network_and_those_of_one_break_are_joined(gaps, sizes):
    assert [len(run.gaps) for run in runs_of(gaps)] == sizes


def test_the_length_of_a_run_counts_no_time_twice():
    [run] = runs_of([gap(0, 10), gap(5, 20, target="#d"), gap(30, 40)])
    assert run.milliseconds == 30_000
    assert not run.is_one_break
    [run] = runs_of([gap(0, 10), gap(0, 10, target="#d")])
    assert run.is_one_break


def test_tens_of_thousands_of_gaps_in_a_row_are_joined_in_the_time_that_they_take():
    gaps = [gap(30 * each, 30 * each + 9) for each in range(50_000)]
    begin = time.process_time()
    [run] = runs_of(gaps)
    assert time.process_time() - begin < 5  # 0.3 s; 17 s if each gap copies those before it
    assert len(run.gaps) == len(gaps)


GAPS = st.lists(
    st.builds(
        lambda position, begin, length, cause, target, network: gap(
            begin, begin + length, cause, target, position, network
        ),
        *(st.integers(0, 4), st.integers(0, 9999), st.integers(0, 9999)),
        *(st.sampled_from(["killed", "closed"]), st.sampled_from(["#c", "#d"])),
        st.sampled_from(["net", "other"]),
    )
).map(lambda gaps: sorted(gaps, key=lambda each: (each.position, each.gap.start.time)))


@given(GAPS)
def test_no_gap_is_lost_and_each_stays_in_its_place_and_network(gaps):
    runs = runs_of(gaps)
    assert [run.position for run in runs] == sorted(run.position for run in runs)
    found = [
        PlacedGap(run.position, target, each)
        for run in runs
        for target, each in zip(run.targets, run.gaps, strict=True)
    ]
    assert Counter(found) == Counter(gaps)
    assert all(len({target.network for target in run.targets}) == 1 for run in runs)


@given(GAPS, st.integers(0, 12))
def test_the_last_lines_are_the_last_of_lines_and_runs_together(gaps, count):
    lines, runs = list("abcd"), runs_of(gaps)

    def together(lines, runs):
        placed = [(run.position, 0, run.gaps) for run in runs]
        placed += [(number, 1, line) for number, line in enumerate(lines)]
        return [each for *_, each in sorted(placed, key=lambda each: each[:2])]

    kept = together(*last_lines(lines, runs, count))
    whole = together(lines, runs)
    assert kept == whole[max(0, len(whole) - count) :]
