"""When each target was heard, as ledger entries: computed without a disk and without a clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.coverage.entries import AbsentEntry, CoveredEntry, OpenedEntry, WishedEntry
from chatlog.event import format_time
from chatlog.read.lookup import NewestLine
from chatlog.record.intervals import (
    Intervals,
    Moment,
    cause_of,
    is_new,
    new_interval,
    silence_of,
)


def at(minute, *, ahead=0):
    """Return a moment of 18 o'clock; the server's clock is `ahead` by minutes."""
    return Moment(
        f"2026-11-23T18:{minute:02}:00.000Z", f"2026-11-23T18:{minute + ahead:02}:00.000Z"
    )


@pytest.fixture
def intervals():
    return Intervals("run-1", lambda target: NewestLine(msgid=f"last of {target}"))


def test_an_interval_opens_at_the_join_by_both_clocks(intervals):
    [opened] = intervals.enter("#demo", at(1, ahead=5), "m1")
    assert opened == OpenedEntry(
        at="2026-11-23T18:01:00.000Z",
        server="2026-11-23T18:06:00.000Z",
        msgid="m1",
        run="run-1",
        via="live",
        kinds="all",
    )
    assert intervals.begins("#demo") == "2026-11-23T18:06:00.000Z"
    assert intervals.targets() == ["#demo"]


def test_an_interval_closes_with_the_msgid_of_the_last_line(intervals):
    intervals.enter("#demo", at(1), "m1")
    [closed] = intervals.leave("#demo", at(3), "kicked")
    assert (closed.entry, closed.at, closed.cause) == ("closed", at(3).at, "kicked")
    assert closed.msgid == "last of #demo"
    assert intervals.begins("#demo") == ""


def test_a_target_that_is_not_heard_has_no_interval_to_close(intervals):
    assert intervals.leave("#demo", at(1), "kicked") == []


def test_leaving_for_good_is_an_entry_even_if_the_target_is_not_heard(intervals):
    [unwanted] = intervals.leave("#demo", at(1), "unwanted", for_good=True)
    assert unwanted.entry == "unwanted"
    intervals.enter("#demo", at(2), "")
    entries = intervals.leave("#demo", at(3), "unwanted", for_good=True)
    assert [entry.entry for entry in entries] == ["closed", "unwanted"]


def test_a_second_join_closes_the_interval_at_the_last_proof_of_hearing(intervals):
    intervals.enter("#demo", at(1), "m1")
    intervals.prove(["#demo", "#never-joined"], at(4))
    closed, opened = intervals.enter("#demo", at(9), "m9")
    assert (closed.entry, closed.cause, closed.at) == ("closed", "removed", at(4).at)
    assert (opened.entry, opened.at) == ("opened", at(9).at)


def test_a_second_join_without_a_proof_closes_the_interval_where_it_began(intervals):
    intervals.enter("#demo", at(1), "m1")
    closed, _ = intervals.enter("#demo", at(9), "m9")
    assert closed.at == at(1).at


OFFSETS = st.integers(-2_000, 2_000)
"""By how many milliseconds a clock is ahead, or a measure of it wrong."""


@given(OFFSETS, st.integers(0, 2_000), st.booleans(), st.lists(st.integers(0, 9_000)), OFFSETS)
def test_no_interval_ends_before_it_began_or_before_a_line_that_was_heard_in_it(
    ahead, late, is_measured, heard, wrong
):
    """The server's clock is `ahead`; a line read `late` measured it, and lines are heard."""
    begin = 1_700_000_000_000
    measured = ahead - late
    times = [format_time(begin + ours + ahead) for ours in sorted(heard)]
    intervals = Intervals("run-1", lambda _: NewestLine(times[-1] if times else ""))

    def there(ours):
        return Moment(format_time(ours), format_time(ours + measured))

    joined = Moment(format_time(begin), format_time(begin + ahead) if is_measured else "")
    [opened] = intervals.enter("#demo", joined, "")
    [closed] = intervals.leave(
        "#demo", there(begin + max(heard, default=0) + abs(wrong)), "stopped"
    )
    assert all(each <= closed.time for each in (opened.time, *times))
    assert bool(closed.server) == bool(opened.server)


def test_a_line_that_a_server_dates_far_ahead_does_not_put_off_the_end():
    intervals = Intervals("run-1", lambda _: NewestLine(at(8).at))
    intervals.enter("#demo", at(1), "")
    [closed] = intervals.leave("#demo", at(3), "stopped")
    assert (closed.at, closed.server) == (at(3).at, at(3).server)


def flap(intervals, times):
    """Kick us out, and let us in again, so many times in one minute; return the entries."""
    entries = []
    for _ in range(times):
        entries += intervals.leave("#demo", at(2), "kicked")
        entries += intervals.enter("#demo", at(2), "")
    return [entry.entry for entry in entries]


def test_a_loop_of_kicks_and_joins_writes_ten_closed_a_minute_and_then_nothing(intervals):
    intervals.enter("#demo", at(1), "")
    assert flap(intervals, 1000) == ["closed", "opened"] * 9 + ["closed"]
    assert intervals.begins("#demo") == ""
    assert intervals.enter("#other", at(2), "") != []


def test_a_loop_of_joins_alone_is_bounded_as_well(intervals):
    entries = [each for _ in range(1000) for each in intervals.enter("#demo", at(2), "")]
    assert [entry.entry for entry in entries] == ["opened", "closed"] * 10


def test_after_a_loop_the_next_confirmation_opens_an_interval(intervals):
    intervals.enter("#demo", at(1), "")
    flap(intervals, 1000)
    assert intervals.prove(["#other"], at(2)) == {}
    opened = intervals.prove(["#demo"], at(4))["#demo"]
    assert (opened.entry, opened.at) == ("opened", at(4).at)
    assert intervals.begins("#demo") == opened.time
    assert intervals.prove(["#demo"], at(5)) == {}


def test_after_a_loop_a_removal_or_the_end_of_the_connection_leaves_nothing_to_confirm(intervals):
    intervals.enter("#demo", at(1), "")
    flap(intervals, 1000)
    assert intervals.leave("#demo", at(2), "kicked") == []
    assert intervals.prove(["#demo"], at(3)) == {}
    flap(intervals, 1)
    intervals.forget_unsteady()
    assert intervals.prove(["#demo"], at(3)) == {}


def test_a_join_a_minute_after_a_loop_opens_an_interval(intervals):
    intervals.enter("#demo", at(1), "")
    flap(intervals, 1000)
    intervals.leave("#demo", at(2), "kicked")
    [opened] = intervals.enter("#demo", at(3), "")
    assert (opened.entry, opened.at) == ("opened", at(3).at)


def test_the_reason_of_an_absence_is_an_entry_once_until_it_changes_or_we_are_in(intervals):
    banned, full = "banned (474)", "full (471)"
    told = [intervals.absent("#demo", at(1), why) for why in (banned, banned, full, banned)]
    assert [[entry.why for entry in entries] for entries in told] == [
        [banned],
        [],
        [full],
        [banned],
    ]
    intervals.enter("#demo", at(5), "")
    assert [entry.why for entry in intervals.absent("#demo", at(6), banned)] == [banned]


@pytest.mark.parametrize(
    ("ahead", "slept", "entries"),
    [
        (0, 0, []),
        (5000, 0, [("clock", 5000)]),
        (-5000, 0, [("clock", -5000)]),
        (0, 9000, [("suspended", 9000)]),
        (5000, 9000, [("clock", 5000), ("suspended", 9000)]),
    ],
)
def test_a_jump_of_the_clock_and_a_sleep_are_an_entry_each(intervals, ahead, slept, entries):
    found = intervals.jump(at(1), ahead, slept)
    assert [(entry.cause, entry.by) for entry in found] == entries
    assert {entry.entry for entry in found} <= {"noticed"}


def test_a_sleep_after_the_last_proof_is_the_cause_of_a_loss(intervals):
    intervals.jump(at(5), 0, 9000)
    assert intervals.cause_of_loss(at(4), "connection reset") == "suspended"
    assert intervals.cause_of_loss(at(6), "connection reset") == "closed"
    assert intervals.cause_of_loss(at(4), "chatlog stopped") == "stopped"


def test_only_the_stop_of_a_batch_is_planned(intervals):
    def end(cause):
        intervals.enter("#demo", at(1), "")
        return intervals.leave("#demo", at(2), cause)[-1].planned

    assert not end("stopped")
    intervals.is_batch_over = True
    assert end("stopped")
    assert not end("ping-timeout")


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Ping timeout: 240 seconds", "ping-timeout"),
        ("chatlog stopped", "stopped"),
        ("moving to another server, as this one asks", "moved"),
        ("Killed (oper (go away))", "killed-by-server"),
        ("K-Lined: spam", "banned"),
        ("Connection reset by peer", "closed"),
    ],
)
def test_the_reason_of_an_end_has_a_word_in_the_ledger(reason, cause):
    assert cause_of(reason) == cause


# -- what a ledger has by now ---------------------------------------------------


def test_a_new_interval_has_the_gaps_before_it_that_history_may_fill(intervals):
    before = [
        *intervals.enter("#demo", at(1), "m1"),
        *intervals.leave("#demo", at(3), "ping-timeout"),
    ]
    interval = new_interval("#demo", before, intervals.enter("#demo", at(8), "m8"))
    assert (interval.target, interval.begins, interval.is_first) == ("#demo", at(8).at, False)
    [gap] = interval.gaps
    assert (gap.start.time, gap.start.msgid, gap.end) == (at(3).at, "last of #demo", at(8).at)


def test_the_first_interval_of_a_target_has_no_gap_before_it(intervals):
    interval = new_interval("#demo", [], intervals.enter("#demo", at(8), "m8"))
    assert interval.gaps == []
    assert interval.is_first


def test_a_target_is_new_until_the_beginning_of_its_history_is_known(intervals):
    wished = WishedEntry()
    [opened] = intervals.enter("#demo", at(1), "")
    assert is_new([])
    assert is_new([AbsentEntry(at=at(1).at, why="banned (474)")])
    assert is_new([wished, opened])
    assert not is_new([opened])
    assert not is_new([wished, opened, WishedEntry(since=at(0).at)])


@pytest.mark.parametrize(("via", "new"), [("merge", True), ("import:irssi", True), ("", False)])
def test_a_target_is_new_also_if_other_witnesses_cover_an_earlier_time(via, new):
    """Its first interval then asks for the history before it, as that of any other."""
    covered = CoveredEntry(at=at(9).at, since=at(0).at, until=at(1).at, via=via)
    assert is_new([covered]) is new


def test_silence_tells_the_last_end_and_its_cause(intervals):
    opened = intervals.enter("#demo", at(1), "")
    assert silence_of(opened) == ""
    closed = intervals.leave("#demo", at(3), "kicked")
    assert silence_of([*opened, *closed]) == f"nothing was heard since {at(3).at}: recorder kicked"
