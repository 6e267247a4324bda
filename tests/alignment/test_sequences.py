"""Two witnesses of one conversation: each line once, true repeats kept, in nobody's wrong order."""

from __future__ import annotations

import random
from itertools import accumulate
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.alignment import sequences
from chatlog.alignment.clocks import ClockRelation
from chatlog.alignment.columns import Columns
from chatlog.alignment.sequences import Sequences


class AlignedRow(NamedTuple):
    """A row of the numbers of lines."""

    first: object
    second: object
    is_placed: bool = True


SECOND, MINUTE = 1000, 60_000
EXACT = ClockRelation(jitter=0, lag=0)
"""Clocks that agree to the millisecond, as those of one server do."""


def conversation(*said):
    """Make lines of (milliseconds since the line before, text), each known by its number."""
    times = accumulate(apart for apart, _ in said)
    return [
        (time, text, "", number)
        for number, (time, (_, text)) in enumerate(zip(times, said, strict=True))
    ]


def heard(lines, which, grain=1, offset=0):
    """Return the lines that a witness heard, as its clock stamped them."""
    return [
        ((time + offset) // grain * grain, key, msgid, number)
        for time, key, msgid, number in lines
        if which(number)
    ]


def columns(lines, idents):
    """Yield lines as columns, of one line each: by their keys and msgids, or all apart."""
    for line in lines:
        time, key, msgid, _ = line
        ident = (key, msgid) if idents else object()
        yield Columns([time], [ident], [msgid], [line], [None], [None])


def aligned(sequence, first, second, *, idents=True):
    """Yield the rows of two witnesses: a line of each or None, and what is told of both."""
    for found in sequence.aligned(columns(first, idents), columns(second, idents)):
        for here, there, count in found.runs:
            for at in range(count):
                yield (
                    found.first.values[here + at] if here >= 0 else None,
                    found.second.values[there + at] if there >= 0 else None,
                    found.is_placed,
                    here + at in found.reordered if here >= 0 else False,
                )


def sequences_of(grain=1, other_grain=1, clock=None, grain_of=None):
    return Sequences(grain, other_grain, lambda line: line[1], clock, grain_of=grain_of)


def numbered(found):
    """Return rows with the numbers of their lines, None for none."""
    return [
        AlignedRow(first and first[3], second and second[3], is_placed)
        for first, second, is_placed, _ in found
    ]


def rows(first, second, grain=1, other_grain=1, clock=None):
    found = numbered(aligned(sequences_of(grain, other_grain, clock), first, second))
    slow = aligned(sequences_of(grain, other_grain, clock), first, second, idents=False)
    assert found == numbered(slow)
    return found


def together(first, second, *args, **kwargs):
    """Return the numbers of the lines of both, in their order; of a pair the first's."""
    found = rows(first, second, *args, **kwargs)
    return [row.second if row.first is None else row.first for row in found]


def chat(count, seed=1, repeats=0.3):
    """Make a long conversation, in which short words come back again and again."""
    dice = random.Random(seed)
    return conversation(
        *(
            (
                dice.choice([10, 300, 2000, 5000, MINUTE]),
                dice.choice(["lol", "hi", "yes"]) if dice.random() < repeats else f"text {number}",
            )
            for number in range(count)
        )
    )


def losing(share, seed):
    """Return a choice of lines that loses a share of them."""
    dice = random.Random(seed)
    lost = [dice.random() < share for _ in range(100_000)]
    return lambda number: not lost[number]


# -- properties --------------------------------------------------------------

words = st.sampled_from(["lol", "hi", "yes", "a long sentence"])
spoken = st.lists(st.tuples(st.integers(1, 5000), words), max_size=40)
ears = st.lists(st.sampled_from(["both", "first", "second", "nobody"]), min_size=40, max_size=40)


@given(spoken, ears, st.sampled_from([2, 3, 8, 8192]))
def test_of_clocks_that_agree_each_line_is_there_once_in_the_order_of_the_conversation(
    said, ear, block
):
    lines = conversation(*said)
    first = heard(lines, lambda number: ear[number] in ("both", "first"))
    second = heard(lines, lambda number: ear[number] in ("both", "second"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "BLOCK", block)
        assert together(first, second, clock=EXACT) == [
            number for *_, number in lines if ear[number] != "nobody"
        ]


@given(spoken, ears, st.sampled_from([1, SECOND, MINUTE]), st.sampled_from([1, SECOND, MINUTE]))
def test_each_line_of_each_witness_is_in_one_row_and_the_lines_of_a_row_have_one_key(
    said, ear, grain, other_grain
):
    lines = conversation(*said)
    first = heard(lines, lambda number: ear[number] in ("both", "first"), grain)
    second = heard(lines, lambda number: ear[number] in ("both", "second"), other_grain)
    found = rows(first, second, grain, other_grain)
    assert [row.first for row in found if row.first is not None] == [each[3] for each in first]
    assert sorted(row.second for row in found if row.second is not None) == [
        each[3] for each in second
    ]
    for row in found:
        if row.first is not None and row.second is not None:
            assert lines[row.first][1] == lines[row.second][1]


@given(spoken, st.sampled_from([1, SECOND, MINUTE]), st.sampled_from([1, SECOND, MINUTE]))
def test_a_log_beside_a_coarser_copy_of_itself_gives_each_line_once(said, grain, other_grain):
    lines = conversation(*said)
    first, second = (heard(lines, lambda _: True, each) for each in (grain, other_grain))
    sequence = sequences_of(grain, other_grain)
    found = numbered(aligned(sequence, first, second))
    assert [row.first for row in found] == [number for *_, number in lines]
    assert all(row.second is not None for row in found)


stepping = st.lists(st.tuples(st.integers(-60_000, 60_000), words), max_size=40)
grains = st.sampled_from([1, SECOND, MINUTE])


@given(stepping, grains, grains)
def test_a_log_whose_clock_steps_back_beside_a_copy_of_itself_gives_each_line_once(
    said, grain, other_grain
):
    lines = conversation(*said)
    first, second = (heard(lines, lambda _: True, each) for each in (grain, other_grain))
    found = rows(first, second, grain, other_grain)
    assert [row.first for row in found] == [number for *_, number in lines]
    assert all(row.second is not None for row in found)


@pytest.mark.parametrize("most", [8, 64])
@given(said=spoken, apart=st.integers(-3_600_000, 3_600_000), back=st.integers(0, 3_600_000))
def test_lines_with_equal_msgids_are_one_each_however_far_their_stamps_lie_apart(
    most, said, apart, back
):
    lines = [(time, key, f"m{number}", number) for time, key, _, number in conversation(*said)]
    end = lines[-1][0] if lines else 0
    after = [(end + apart - back + each, f"later {each}", "", each) for each in range(100)]
    late = [(time + apart, *rest) for time, *rest in lines]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "BLOCK", 4)
        patch.setattr(sequences, "MOST_LINES", most)
        found = list(aligned(sequences_of(1, 1), lines, [*late, *after]))
    assert sorted(first for first, *_ in found if first is not None) == lines
    assert len([second for _, second, *_ in found if second is not None]) == len(lines) + 100


@given(spoken, ears, st.lists(st.integers(0, 38), max_size=6), st.sampled_from([3, 8192]))
def test_the_order_contradicts_no_witness_but_in_lines_that_the_two_saw_in_another_order(
    said, ear, swaps, block
):
    lines = conversation(*((apart, number) for number, (apart, _) in enumerate(said)))
    first = heard(lines, lambda number: ear[number] in ("both", "first"))
    second = heard(lines, lambda number: ear[number] in ("both", "second"))
    for at in swaps:
        second[at : at + 2] = second[at : at + 2][::-1]
    order = {line[3]: place for place, line in enumerate(second)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "BLOCK", block)
        found = list(aligned(sequences_of(1, 1, ClockRelation(jitter=0)), first, second))
    assert [here[3] for here, *_ in found if here] == [line[3] for line in first]
    agreed = [order[there[3]] for _, there, _, is_reordered in found if there and not is_reordered]
    assert agreed == sorted(agreed)


def test_lines_of_two_equal_clocks_that_agree_are_the_same_before_any_anchor():
    lines = conversation(*((7000, word) for word in "abcabc"))
    whole = heard(lines, lambda _: True)
    assert rows(whole, whole[1:2] + whole[3:]) == [
        AlignedRow(number, number if number in (1, 3, 4, 5) else None) for number in range(6)
    ]


# -- clocks ------------------------------------------------------------------


@pytest.mark.parametrize("other_grain", [1, SECOND, MINUTE])
@pytest.mark.parametrize("offset", [0, 3000, -1500])
def test_hours_of_talk_with_losses_on_both_sides_give_each_line_once(other_grain, offset):
    lines = chat(20_000)
    first = heard(lines, losing(0.1, 2))
    second = heard(lines, losing(0.1, 3), other_grain, offset)
    either = {each[3] for each in first} | {each[3] for each in second}
    found = together(first, second, 1, other_grain, ClockRelation(offset))
    # A word that each witness heard once of two times, within a grain, cannot be told apart.
    assert abs(len(found) - len(either)) <= len(either) // 500


def test_a_clock_that_drifts_is_followed():
    lines = chat(20_000)
    drifting = [(time + time // 10_000, key, msgid, number) for time, key, msgid, number in lines]
    sequence = sequences_of(1, 1)
    found = numbered(aligned(sequence, lines, drifting))
    assert found == [AlignedRow(number, number) for *_, number in lines]
    assert sequence.clock.offset > 20 * SECOND


def test_a_witness_that_hung_for_a_minute_and_saw_all_late_gives_each_line_once():
    lines = conversation(*((700, f"text {at}" if at % 3 else "lol") for at in range(600)))
    late = [
        (max(time, 160 * SECOND) if 100 * SECOND <= time < 160 * SECOND else time, *rest)
        for time, *rest in lines
    ]
    assert together(lines, late) == [number for *_, number in lines]


def test_lines_that_two_servers_delivered_in_another_order_are_one_each_in_the_firsts_order():
    lines = chat(100, repeats=0)
    other = [*lines]
    at = next(at for at in range(40, 99) if lines[at + 1][0] - lines[at][0] == 10)
    other[at], other[at + 1] = other[at + 1], other[at]
    sequence = sequences_of(1, 1)
    found = numbered(aligned(sequence, lines, other))
    assert [row.first for row in found] == [each[3] for each in lines]
    assert (sequence.tally.both, sequence.tally.reordered) == (100, 1)


# -- one line or two ---------------------------------------------------------


def test_a_word_that_each_witness_heard_on_another_side_of_a_third_line_was_said_twice():
    first = conversation((0, "hi"), (2000, "how are you?"))
    second = conversation((2000, "how are you?"), (1000, "hi"))
    assert (
        len(
            rows(first, heard(second, lambda _: True, MINUTE), 1, MINUTE, ClockRelation(jitter=500))
        )
        == 3
    )


@pytest.mark.parametrize("late", [101, 1500, 4000])
def test_a_sentence_that_one_witness_alone_read_late_is_one_line(late):
    """A packet that is lost is sent again after some seconds, and delays no other line."""
    lines = conversation(*((20_000, f"text {at}") for at in range(40)))
    other = [(time + late * (number == 20), *rest, number) for time, *rest, number in lines]
    assert together(lines, other) == [number for *_, number in lines]


def test_a_sentence_that_each_witness_heard_once_at_another_time_was_said_twice():
    lines = conversation(*((20_000, f"text {at}") for at in range(40)))
    other = [(time + 6000 * (number == 20), *rest, number) for time, *rest, number in lines]
    assert len(together(lines, other)) == 41


def test_a_word_that_each_witness_alone_heard_some_seconds_apart_was_said_twice():
    first = conversation((0, "one"), (0, "lol"), (5000, "five"), (0, "lol"))
    second = conversation((2000, "two"), (0, "lol"), (500, "three"), (0, "lol"))
    assert len(rows(first, second)) == 8


def test_equal_msgids_make_one_line_whatever_the_clocks_say():
    first = [(0, "a", "m1", "A"), (10, "b", "m2", "B")]
    second = [(900_000, "b", "m2", "b")]
    assert rows(first, second) == [AlignedRow("A", None), AlignedRow("B", "b")]


def test_two_msgids_make_two_lines_of_the_same_words():
    assert len(rows([(0, "lol", "m1", 1)], [(0, "lol", "m2", 2)])) == 2


def test_a_line_with_a_msgid_is_the_one_without_if_words_and_clock_agree():
    assert rows([(0, "lol", "m1", 1)], [(3, "lol", "", 2)]) == [AlignedRow(1, 2)]


# -- confidence --------------------------------------------------------------


def test_lines_near_no_line_that_both_have_are_placed_by_the_clock_alone():
    first, second = conversation((0, "a"), (20, "b")), conversation((10, "x"), (20, "y"))
    sequence = sequences_of(1, 1)
    found = numbered(aligned(sequence, first, second))
    assert [row.first if row.second is None else f"x{row.second}" for row in found] == [
        0,
        "x0",
        1,
        "x1",
    ]
    assert not any(row.is_placed for row in found)
    assert (sequence.tally.by_clock, sequence.tally.both) == (4, 0)


# -- bounds ------------------------------------------------------------------


def test_a_flood_within_a_moment_waits_in_bounded_number(monkeypatch):
    monkeypatch.setattr(sequences, "BLOCK", 100)
    monkeypatch.setattr(sequences, "MOST_LINES", 400)
    read, most = [0, 0], 0

    def counted(lines, side):
        for line in lines:
            read[side] += 1
            yield line

    lines = conversation(*((1, f"text {at}") for at in range(5000)))
    done = 0
    for first, second, *_ in aligned(sequences_of(1, 1), counted(lines, 0), counted(lines, 1)):
        assert (first[3], second[3]) == (done, done)
        done += 1
        most = max(most, *(each - done for each in read))
    assert (done, most <= 600) == (5000, True)


def test_a_witness_who_came_years_later_costs_no_memory(monkeypatch):
    monkeypatch.setattr(sequences, "BLOCK", 100)
    early = conversation(*((MINUTE, f"text {at}") for at in range(5000)))
    late = [(time + 10**11, *rest) for time, *rest in early]
    found = rows(early, late)
    assert [row.first for row in found[:5000]] == list(range(5000))
    assert [row.second for row in found[5000:]] == list(range(5000))


@pytest.mark.parametrize("at", [10 * SECOND, MINUTE])
def test_a_line_of_seconds_finds_itself_behind_the_minute_in_which_it_was_said(at):
    """A record of minutes that gained a line from a log of seconds meets another such log.

    The line tells seconds because of its log, also if it was said when a minute began.
    """
    minute = at // MINUTE * MINUTE
    known = [(minute, "a", "", 0), (minute, "b", "", 1), (at, "x", "", 2)]
    other = [
        (at, "x", "", 3),
        (at + 20 * SECOND, "a", "", 4),
        (at + 30 * SECOND, "b", "", 5),
    ]
    grains = {0: MINUTE, 1: MINUTE}
    sequence = sequences_of(
        MINUTE, SECOND, grain_of=lambda line, _mark: grains.get(line[3], SECOND)
    )
    rows = [*aligned(sequence, known, other)]
    assert len(rows) == 3
    assert all(first is not None and second is not None for first, second, *_ in rows)
