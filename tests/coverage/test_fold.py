"""What a ledger comes to, whatever clocks and crashes did to it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chatlog.archive.entry_lines import Damaged, Later
from chatlog.coverage.entries import (
    AbsentEntry,
    AskedEntry,
    ClosedEntry,
    CoveredEntry,
    NoticedEntry,
    OpenedEntry,
    RenamedEntry,
    UnfillableEntry,
    UnwantedEntry,
    WishedEntry,
)
from chatlog.coverage.fold import Bound, coverage_of
from chatlog.coverage.gap import GapState
from chatlog.event import format_time
from tests.support.counting import lines_executed

START = 1_795_392_000_000  # 2026-11-23T00:00Z


def at(seconds):
    return format_time(START + int(seconds * 1000))


def opened(ours, server=None, run="r"):
    return OpenedEntry(at=at(ours), server=_server(server), run=run)


def closed(ours, server=None, cause="closed", **fields):
    return ClosedEntry(at=at(ours), server=_server(server), cause=cause, **fields)


def _server(seconds):
    return "" if seconds is None else at(seconds)


def covered(since, until, **fields):
    return CoveredEntry(at=at(until), since=at(since), until=at(until), **fields)


def unfillable(since, until, why="gone"):
    return UnfillableEntry(at=at(until), since=at(since), until=at(until), why=why)


def asked(since, until, why="no answer"):
    return AskedEntry(at=at(until), since=at(since), until=at(until), why=why)


def fold(*entries, now=None, heard=lambda _: None, lives=lambda _: True):
    return coverage_of(entries, heard=heard, now="" if now is None else at(now), lives=lives)


def gaps(*entries, **options):
    """Return the gaps as (start, end, state), in seconds."""
    return [
        (_seconds(g.start.time), _seconds(g.end), str(g.state))
        for g in fold(*entries, **options).gaps
    ]


def _seconds(time):
    return int(time[11:13]) * 3600 + int(time[14:16]) * 60 + int(time[17:19])


# -- intervals and what lies between -------------------------------------------------


def test_a_target_that_was_never_heard_has_no_coverage():
    assert fold() is None
    assert fold(NoticedEntry(at=at(1), by=5)) is None
    assert fold(RenamedEntry(at=at(1), room="77", former="#old")) is None


def test_what_lies_between_two_intervals_is_an_open_gap_with_the_cause_of_the_first_end():
    coverage = fold(opened(0), closed(10, cause="ping-timeout", msgid="m"), opened(30))
    [gap] = coverage.gaps
    assert gap.start == Bound(at(10), "m")
    assert (gap.end, gap.state, gap.cause) == (at(30), GapState.OPEN, "ping-timeout")


def test_the_servers_clock_counts_where_it_tells_one():
    assert gaps(opened(100, 0), closed(110, 10), opened(130, 30)) == [(10, 30, "open")]


def test_after_the_last_interval_the_gap_lasts_until_now():
    assert gaps(opened(0), closed(10), now=60) == [(10, 60, "open")]
    assert gaps(opened(0), closed(10)) == []


def test_who_hears_now_has_no_gap_behind():
    assert gaps(opened(0), now=60, heard=lambda _: Bound(at(50))) == []


def test_a_run_that_died_heard_as_far_as_is_known():
    coverage = fold(
        opened(0, run="dead"), now=60, heard=lambda _: Bound(at(7), "m"), lives=lambda _: False
    )
    [interval] = coverage.intervals
    assert (interval.end, interval.cause) == (Bound(at(7), "m"), "killed")
    assert [(gap.start.time, gap.end) for gap in coverage.gaps] == [(at(7), at(60))]


def test_an_end_that_another_clock_puts_a_moment_before_the_beginning_proves_that_beginning():
    coverage = fold(opened(10), closed(13, 8, cause="stopped"), UnwantedEntry(at=at(40)))
    assert (coverage.since, coverage.until) == (at(10), at(10))
    assert [(each.start.time, each.end.time) for each in coverage.intervals] == [(at(10), at(10))]
    assert gaps(opened(10), closed(13, 8), opened(30)) == [(10, 30, "open")]
    assert gaps(opened(100), closed(113, 8), opened(130, 30)) == [(8, 30, "open")]  # it was set


def test_a_run_that_died_and_was_never_closed_claims_nothing_more_than_is_known():
    assert gaps(opened(0), opened(30)) == [(0, 30, "open")]
    assert gaps(opened(0), opened(30), heard=lambda _: Bound(at(7))) == [(7, 30, "open")]


def test_between_two_batches_a_gap_is_planned():
    batch = opened(0), closed(10, cause="stopped", planned=True), opened(30)
    assert gaps(*batch) == [(10, 30, "planned")]


def test_who_leaves_a_target_out_ends_the_range():
    left = (opened(0), closed(10, cause="unwanted"), UnwantedEntry(at=at(10)))
    assert gaps(*left, now=99) == []
    assert gaps(*left, opened(50), closed(60), opened(70)) == [(60, 70, "open")]
    assert fold(*left, now=99).until == at(10)


def test_a_channel_that_never_let_us_in_is_one_long_gap_and_says_why():
    absent = AbsentEntry(at=at(5), why="Cannot join channel (+i) (473)")
    [gap] = fold(absent, now=60).gaps
    assert (gap.start.time, gap.end, gap.cause) == (at(5), at(60), "refused")
    assert gaps(absent, opened(50)) == [(5, 50, "open")]


def test_a_gap_says_why_nobody_came_back():
    absent = AbsentEntry(at=at(15), why="banned (474)")
    [gap] = fold(opened(0), closed(10, cause="kicked"), absent, opened(30)).gaps
    assert (gap.cause, gap.why) == ("kicked", "banned (474)")


# -- clocks -------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-3600, 3600, -120, 120])
def test_a_clock_that_jumps_between_two_intervals_hides_no_gap(jump):
    [(start, end, state)] = gaps(opened(7200), closed(7300), opened(7400 + jump))
    assert state == "open"
    assert {start, end} == {7300, 7400 + jump}


def test_a_clock_of_ours_that_is_off_moves_nothing_where_the_server_tells_the_time():
    entries = (opened(9000, 0), closed(9010, 10), opened(30, 30), closed(40, 40), opened(9060, 60))
    assert gaps(*entries) == [(10, 30, "open"), (40, 60, "open")]


# -- history ------------------------------------------------------------------------


def test_what_history_gave_is_filled_and_the_rest_stays_what_it_was():
    parts = gaps(opened(0), closed(10), opened(90), unfillable(10, 30), covered(30, 70))
    assert parts == [(10, 30, "unfillable"), (30, 70, "filled"), (70, 90, "open")]


def test_what_one_source_lost_another_may_have():
    assert gaps(opened(0), closed(10), opened(30), unfillable(10, 30), covered(10, 30)) == [
        (10, 30, "filled")
    ]


def test_pieces_of_one_fetching_are_one_gap():
    assert gaps(opened(0), closed(10), opened(30), covered(10, 20), covered(20, 30)) == [
        (10, 30, "filled")
    ]


def test_who_asked_in_vain_says_why_and_the_gap_stays_as_it_was():
    [gap] = fold(
        opened(0), closed(10, cause="stopped", planned=True), opened(30), asked(10, 30)
    ).gaps
    assert (gap.state, gap.why) == (GapState.PLANNED, "no answer")
    assert fold(opened(0), closed(10), opened(30), asked(10, 30)).wanting()


def test_history_from_before_the_first_interval_lengthens_the_range():
    assert fold(opened(50), closed(60), covered(20, 50)).since == at(20)


def test_between_such_history_and_the_first_interval_nothing_was_heard():
    assert gaps(opened(50), closed(60), covered(20, 40)) == [
        (20, 40, "filled"), (40, 50, "planned"),
    ]  # fmt: skip
    assert gaps(covered(20, 40), covered(50, 60)) == [
        (20, 40, "filled"), (40, 50, "planned"), (50, 60, "filled"),
    ]  # fmt: skip


def test_history_that_was_wanted_ends_where_the_channel_first_refused_us():
    absent = AbsentEntry(at=at(30), why="banned (474)")
    coverage = fold(absent, WishedEntry(since=at(10)), opened(50), closed(110))
    assert gaps(absent, WishedEntry(since=at(10)), opened(50), closed(110)) == [
        (10, 30, "planned"), (30, 50, "open"),
    ]  # fmt: skip
    assert coverage.share == pytest.approx(0.6)


def test_a_channel_that_never_let_us_in_was_missed_until_it_was_left_out():
    entries = AbsentEntry(at=at(5), why="banned (474)"), UnwantedEntry(at=at(25))
    coverage = fold(*entries, now=99)
    assert gaps(*entries, now=99) == [(5, 25, "open")]
    assert (coverage.until, coverage.share) == (at(25), 0)


# -- how many lines history brought ----------------------------------------------------


def lines(*entries):
    return [gap.lines for gap in fold(*entries).gaps]


TWO_HOURS_MISSED = opened(0), closed(10), opened(90)


def test_a_gap_that_was_fetched_over_two_connections_has_the_lines_of_both():
    assert lines(*TWO_HOURS_MISSED, covered(10, 30, lines=10), covered(30, 90, lines=15)) == [25]


def test_a_fetch_counts_once_into_however_many_gaps_it_is_cut():
    assert lines(*TWO_HOURS_MISSED, closed(95), opened(99), covered(10, 99, lines=7)) == [7, 0]
    cut = covered(10, 90, lines=7, via="a"), covered(30, 50, lines=5, via="b")
    assert lines(*TWO_HOURS_MISSED, *cut) == [7, 5, 0]


def test_the_progress_of_one_long_fetch_counts_once():
    told = (covered(10, until, lines=until) for until in (30, 60, 90))
    assert lines(*TWO_HOURS_MISSED, *told) == [90]


def test_the_share_counts_what_was_fetched_back_as_heard():
    entries = opened(0), closed(40), opened(60), closed(100)
    assert fold(*entries).share == pytest.approx(0.8)
    assert fold(*entries, covered(40, 60)).share == 1.0
    assert fold(*entries, covered(40, 50)).share == pytest.approx(0.9)


# -- any ledger -----------------------------------------------------------------------

KINDS = ["opened", "closed", "unwanted", "covered", "noticed"]
MOMENTS = st.integers(0, 500)
STRETCHES = st.tuples(MOMENTS, MOMENTS).map(sorted)
ENTRIES = st.lists(
    st.one_of(
        st.builds(opened, MOMENTS, st.none() | MOMENTS),
        st.builds(closed, MOMENTS, st.none() | MOMENTS, planned=st.booleans()),
        st.builds(lambda bounds: covered(*bounds), STRETCHES),
        st.builds(lambda bounds: unfillable(*bounds), STRETCHES),
        st.builds(lambda bounds: asked(*bounds), STRETCHES),
        st.builds(lambda t: UnwantedEntry(at=at(t)), MOMENTS),
        st.builds(lambda t: AbsentEntry(at=at(t), why="x"), MOMENTS),
        st.builds(Later),
        st.builds(Damaged, st.just(1), st.just("flipped"), st.sampled_from(["", *KINDS])),
    ),
    max_size=20,
)


@given(ENTRIES, st.none() | MOMENTS)
def test_the_lines_of_all_gaps_are_those_of_the_fetches_that_reach_into_one(entries, now):
    entries = [
        covered(_seconds(each.since), _seconds(each.until), lines=number)
        if isinstance(each, CoveredEntry)
        else each
        for number, each in enumerate(entries)
    ]
    coverage = fold(*entries, now=now)
    if coverage is None:
        return
    within = [
        piece
        for piece in coverage.covered
        if any(piece.since < gap.end and gap.start.time < piece.until for gap in coverage.gaps)
    ]
    assert sum(gap.lines for gap in coverage.gaps) == sum(piece.lines for piece in within)


@given(ENTRIES, st.none() | MOMENTS)
def test_no_ledger_makes_a_claim_twice_or_fails(entries, now):
    coverage = fold(*entries, now=now)
    assume(coverage is not None)
    assert 0 <= coverage.share <= 1
    for gap in coverage.gaps:
        assert gap.start.time <= gap.end
        assert gap.cause


@given(ENTRIES, st.integers(0, 20))
def test_a_ledger_that_lost_its_end_claims_no_more_than_the_whole_one(entries, kept):
    """A power cut takes the end of a file: what was heard before stays what it was."""
    whole, cut = fold(*entries), fold(*entries[:kept])
    assume(cut is not None)
    assert whole is not None
    closed_before = cut.intervals[:-1]
    assert whole.intervals[: len(closed_before)] == closed_before


# -- long ledgers --------------------------------------------------------------------


def batches(number, more):
    """Return the entries of batches, one a minute, each with more entries of its own."""
    entries = []
    for batch in range(number):
        begin = batch * 60
        entries += [opened(begin), *more(batch, begin), closed(begin + 4, planned=True)]
    return entries


FAR = 10_000_000
PATTERNS = {
    "each batch fetches the gap before it": lambda batch, begin: (
        [covered(begin - 56, begin, lines=1)] if batch else []
    ),
    "each batch asks for everything so far": lambda _, begin: [asked(0, begin)],
    "each fetch reaches further": lambda batch, begin: [covered(0, begin, lines=batch)],
    "each fetch reaches less far": lambda batch, _: [covered(0, FAR - batch, lines=batch)],
    "each batch asks for the same": lambda *_: [asked(0, FAR)],
    "each stretch lies in the one before": lambda batch, _: [unfillable(batch, FAR - batch)],
    "each batch is refused": lambda _, begin: [AbsentEntry(at=at(begin - 9), why="banned")],
    "each batch is refused before the first": lambda *_: [AbsentEntry(at=at(1), why="banned")],
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_four_times_as_many_batches_are_about_four_times_the_work(pattern):
    few, many = (batches(number, PATTERNS[pattern]) for number in (100, 400))
    assert lines_executed(lambda: fold(*many)) < 5 * lines_executed(lambda: fold(*few))


# -- times far from ours -------------------------------------------------------------

FAR_TIMES = ("0001-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z")


@pytest.mark.parametrize("far", FAR_TIMES)
def test_intervals_lie_where_our_clock_has_them_if_the_servers_is_far_from_it(far):
    coverage = fold(
        OpenedEntry(at=at(0), server=far, run="r"),
        ClosedEntry(at=at(10), server=far, cause="closed"),
        OpenedEntry(at=at(30), server=far, run="r"),
        ClosedEntry(at=at(40), server=far, cause="stopped"),
        now=60,
    )
    assert (coverage.since, coverage.until) == (at(0), at(60))
    assert [(gap.start.time, gap.end) for gap in coverage.gaps] == [
        (at(10), at(30)), (at(40), at(60)),
    ]  # fmt: skip


def test_a_range_begins_with_irc_whatever_a_history_claims():
    long_ago = "0001-01-01T00:00:00.000Z"
    before = CoveredEntry(at=at(0), since=long_ago, until=at(0), lines=1)
    coverage = fold(opened(0), WishedEntry(since=long_ago), before, closed(10))
    assert (coverage.since, coverage.until) == ("1988-08-01T00:00:00.000Z", at(10))


def test_a_pause_between_batches_is_open_once_a_fetch_stopped_in_it():
    pause = [opened(0), closed(10, planned=True), opened(30)]
    stopped = AskedEntry(at=at(30), since=at(20), until=at(30), why="no end", stopped=True)
    assert gaps(*pause, asked(10, 30)) == [(10, 30, "planned")]
    assert gaps(*pause, stopped) == [(10, 20, "planned"), (20, 30, "open")]
    assert gaps(*pause, stopped, covered(20, 30)) == [(10, 20, "planned"), (20, 30, "filled")]
