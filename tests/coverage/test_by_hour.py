"""Attention: coverages added up slot by slot are what a count of every minute says."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatlog.coverage.by_hour import attention_to, share_of
from chatlog.coverage.fold import Bound, Coverage
from chatlog.coverage.gap import Gap, GapState
from chatlog.coverage.gap_list import Gaps
from chatlog.event import format_time
from tests.support.archive import START
from tests.support.counting import lines_executed

LATE = 600  # minutes after START, the last one in question
MINUTE = 60_000


def at(minute):
    return format_time(START + minute * MINUTE)


def gap(begin, end, state=GapState.OPEN):
    return Gap(Bound(at(begin)), at(end), state, "closed")


def coverage(since, until, *gaps):
    return Coverage(at(since), at(until), [], Gaps([list(gaps)]))


minutes = st.integers(0, LATE)
spans = st.tuples(minutes, minutes).map(sorted)
gaps = st.builds(lambda span, state: gap(*span, state), spans, st.sampled_from(GapState))
coverages = st.builds(
    lambda span, missed: coverage(*span, *missed), spans, st.lists(gaps, max_size=5)
)


def slowly(several, since, until, length):
    """Look at each minute of each coverage."""
    meant, heard = {}, {}
    for each in several:
        for minute in range(LATE):
            now = at(minute)
            if max(since, each.since) <= now < min(until, each.until):
                slot = at(minute // length * length)[: len("2026-11-23T18:20")]
                missed = any(
                    one.start.time <= now < one.end
                    for one in each.gaps
                    if one.state is not GapState.FILLED
                )
                meant[slot] = meant.get(slot, 0) + MINUTE
                heard[slot] = heard.get(slot, 0) + (0 if missed else MINUTE)
    return meant, heard


@pytest.mark.parametrize("length", [15, 60])
@given(several=st.lists(coverages, max_size=3), since=minutes, until=minutes)
@example(several=[coverage(0, 100, gap(10, 90), gap(20, 30))], since=0, until=LATE)
@example(several=[coverage(0, 100, gap(20, 40), gap(10, 30))], since=25, until=LATE)
@example(several=[coverage(0, 60), coverage(30, 90), coverage(90, 90)], since=7, until=61)
def test_each_slot_has_what_a_count_of_every_minute_finds(length, several, since, until):
    found = attention_to(several, at(since), at(until), length)
    assert (found.meant, found.heard) == slowly(several, at(since), at(until), length)


def test_slots_are_of_an_hour_where_nobody_says_how_long():
    found = attention_to([coverage(30, 120, gap(60, 75))], "", at(LATE))
    assert found.meant == {"2026-11-23T00:00": 30 * MINUTE, "2026-11-23T01:00": 60 * MINUTE}
    assert found.heard == {"2026-11-23T00:00": 30 * MINUTE, "2026-11-23T01:00": 45 * MINUTE}
    assert found.share == pytest.approx(75 / 90)


def test_coverage_by_hour_counts_milliseconds():
    short = Coverage(format_time(START + 1), format_time(START + 5), [], Gaps())
    assert attention_to([short], "", at(1)).meant == {"2026-11-23T00:00": 4}


def test_what_was_fetched_back_was_heard():
    filled = coverage(0, 60, gap(10, 20, GapState.FILLED))
    assert attention_to([filled], "", at(LATE)).share == 1


@pytest.mark.parametrize("state", [GapState.OPEN, GapState.UNFILLABLE, GapState.PLANNED])
def test_what_was_not_was_missed_for_whatever_reason(state):
    assert attention_to([coverage(0, 60, gap(0, 15, state))], "", at(LATE)).share == 0.75


def test_coverage_by_hour_of_no_time_has_no_share():
    assert attention_to([], "", at(LATE)).share is None
    assert attention_to([coverage(0, 60)], at(60), at(LATE)).share is None
    assert (share_of(0, 0), share_of(0, 5), share_of(5, 5)) == (None, 0, 1)


def test_a_day_in_which_nothing_began_or_ended_is_one_slot():
    days = 3 * 24 * 60
    found = attention_to([coverage(-30, days + 30)], "", at(2 * days))
    assert found.meant == {
        "2026-11-22T23:00": 30 * MINUTE,
        **{f"2026-11-2{day}": 24 * 60 * MINUTE for day in (3, 4, 5)},
        "2026-11-26T00:00": 30 * MINUTE,
    }
    assert found.heard == found.meant


def test_decades_of_coverage_are_the_work_of_their_days():
    since = Coverage("1988-08-01T00:00:00.000Z", at(0), [], Gaps([[gap(-900_000, -100)]]))
    found = attention_to([since], "", at(LATE))
    assert len(found.meant) < 15_000
    assert lines_executed(lambda: attention_to([since], "", at(LATE))) < 500_000
