"""How two witnesses' clocks stand to each other, read off the lines that both have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.alignment.clocks import MOST_JITTER, ClockRelation, Stamps, compare_clocks

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000


def stamps(*lines, grain=1):
    return Stamps([time // grain * grain for time, _ in lines], [key for _, key in lines], grain)


def talk(count, offset=0):
    return [(at * 17_345 + offset, f"text {at}") for at in range(count)]


@given(st.integers(-9 * HOUR, 9 * HOUR), st.sampled_from([1, SECOND]))
def test_the_offset_is_what_all_lines_agree_on_as_far_as_the_grain_tells(offset, grain):
    clock = compare_clocks(stamps(*talk(50)), stamps(*talk(50, offset), grain=grain))
    assert abs(clock.offset - offset) < grain
    assert clock.pairs == 50


@pytest.mark.parametrize("grain", [SECOND, MINUTE])
def test_stamps_that_agree_within_their_grain_show_no_offset(grain):
    assert compare_clocks(stamps(*talk(50)), stamps(*talk(50), grain=grain)).offset == 0
    assert compare_clocks(stamps(*talk(50), grain=grain), stamps(*talk(50))).offset == 0


@pytest.mark.parametrize("minutes", [-720, -60, 60, 120, 330, 345, 840])
def test_an_offset_of_whole_quarters_of_an_hour_is_a_time_zone(minutes):
    other = [(time + 700, key) for time, key in talk(50, minutes * MINUTE)]
    assert compare_clocks(stamps(*talk(50)), stamps(*other)).zone == minutes


@pytest.mark.parametrize("offset", [0, 30 * SECOND, 7 * MINUTE, -7 * MINUTE, 40 * HOUR])
def test_a_clock_that_is_wrong_by_something_else_is_no_time_zone(offset):
    assert compare_clocks(stamps(*talk(50)), stamps(*talk(50, offset))).zone == 0


def test_words_that_are_said_on_many_days_prove_no_offset():
    first = [(day * 24 * HOUR + day * day * MINUTE, f"word {day}") for day in range(50)]
    second = [(day * 23 * HOUR + 30 * 24 * HOUR, f"word {day}") for day in range(50)]
    assert compare_clocks(stamps(*first), stamps(*second)) is None


def test_less_than_three_lines_prove_nothing():
    assert compare_clocks(stamps(*talk(2)), stamps(*talk(2))) is None
    assert compare_clocks(stamps(), stamps()) is None


def test_words_said_more_than_once_prove_nothing():
    lines = [(at * 1000, "lol") for at in range(50)]
    assert compare_clocks(stamps(*lines), stamps(*lines)) is None


def test_the_jitter_is_as_small_as_the_stamps_allow():
    assert compare_clocks(stamps(*talk(50)), stamps(*talk(50))).jitter < SECOND
    late = [(time + (at % 5) * 500, key) for at, (time, key) in enumerate(talk(50))]
    assert SECOND < compare_clocks(stamps(*talk(50)), stamps(*late)).jitter <= MOST_JITTER


def test_of_few_lines_the_jitter_is_assumed():
    assert compare_clocks(stamps(*talk(4)), stamps(*talk(4))) == ClockRelation(0, MOST_JITTER, 4)


@pytest.mark.parametrize("late", [1, 3, 9, 24])
def test_lines_that_were_read_late_do_not_move_the_offset_of_all_others(late):
    lines = talk(2 * late + 1)
    others = [(time + 44 * (at < late), key) for at, (time, key) in enumerate(lines)]
    assert compare_clocks(stamps(*lines), stamps(*others)).offset == 0
    assert compare_clocks(stamps(*others), stamps(*lines)).offset == 0


def test_the_offset_of_lines_that_all_differ_is_that_of_the_line_in_the_middle():
    lateness = [7, 8, 11, 900, 3000]
    others = [(time + late, key) for late, (time, key) in zip(lateness, talk(5), strict=True)]
    assert compare_clocks(stamps(*talk(5)), stamps(*others)).offset == 11
