"""The coverage of a target that several runs heard at once, or that other witnesses recorded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chatlog.archive.entry_lines import Damaged
from chatlog.coverage.by_hour import attention_to
from chatlog.coverage.entries import (
    ClosedEntry,
    CoveredEntry,
    MissedEntry,
    OpenedEntry,
    UnwantedEntry,
    WishedEntry,
)
from chatlog.coverage.fold import Bound, coverage_of
from chatlog.coverage.stretches import TimeStretch
from chatlog.coverage.unclosed import unclosed
from chatlog.coverage.union import entries_of
from chatlog.event import parse_time
from tests.support.archive import START
from tests.support.counting import lines_executed
from tests.support.ledgers import at, ledgers, several_runs

DAY = 86_400
YEARS = 3650 * DAY


def opened(run, second):
    return OpenedEntry(at=at(second), run=run)


def closed(run, second, cause="stopped", **fields):
    return ClosedEntry(at=at(second), run=run, cause=cause, **fields)


def imported(since, until, via="import:irssi", **fields):
    return CoveredEntry(at=at(until), via=via, since=at(since), until=at(until), **fields)


def fold(*lines, now="", heard=lambda _: None, living=()):
    return coverage_of(lines, now=now, heard=heard, lives=lambda run: run in living)


def gaps(*lines, **options):
    """Return the gaps as (start, end, cause), in seconds."""
    return [
        (second(gap.start.time), second(gap.end), gap.cause) for gap in fold(*lines, **options).gaps
    ]


def second(time):
    return (parse_time(time) - START) // 1000


def recorded(*lines, **options):
    return [(second(since), second(until)) for since, until in fold(*lines, **options).recorded]


# -- ledgers of one recorder after another, as all were before -------------------------------


@given(ledgers())
def test_a_closed_without_its_run_is_that_of_the_one_run_that_hears(drawn):
    entries, end = drawn
    named = [
        replace(entry, run="r") if isinstance(entry, ClosedEntry) else entry for entry in entries
    ]
    assert fold(*named, now=at(end)) == fold(*entries, now=at(end))


# -- runs that hear side by side -------------------------------------------------------------


def test_a_run_that_takes_over_before_the_other_leaves_makes_no_gap():
    assert gaps(opened("a", 0), opened("b", 10), closed("a", 20), closed("b", 30)) == []


def test_the_run_that_came_last_may_leave_first():
    assert gaps(opened("a", 0), opened("b", 10), closed("b", 20), closed("a", 30)) == []


def test_a_gap_begins_with_the_end_of_the_run_that_heard_last_for_its_reason():
    lines = opened("a", 0), opened("b", 10), closed("b", 20), closed("a", 30, "kicked", msgid="m")
    coverage = fold(*lines, opened("c", 50))
    [gap] = coverage.gaps
    assert (gap.start, gap.end, gap.cause) == (Bound(at(30), "m"), at(50), "kicked")


def test_one_run_may_hear_while_others_come_and_go():
    others = opened("b", 10), closed("b", 20), opened("c", 40), closed("c", 50)
    assert gaps(opened("a", 0), *others, closed("a", 60)) == []
    assert gaps(opened("a", 0), *others, closed("a", 45)) == []
    assert gaps(opened("a", 0), *others, closed("a", 30)) == [(30, 40, "stopped")]


def test_a_run_that_never_said_its_end_is_believed_until_the_next_one_began():
    heard = {"a": Bound(at(7)), "b": None}
    lines = opened("a", 0), opened("b", 10), closed("b", 20)
    assert gaps(*lines, heard=lambda each: heard[each.run]) == [(7, 10, "killed")]


def test_a_run_goes_on_though_a_later_one_has_left():
    lines = opened("a", 0), opened("b", 10), closed("b", 20)
    coverage = fold(*lines, now=at(90), heard=lambda _: Bound(at(80)), living="a")
    assert (list(coverage.gaps), coverage.until) == ([], at(80))


def test_the_end_of_a_run_whose_beginning_is_not_there_ends_no_other_run():
    assert gaps(opened("a", 0), closed("x", 5), closed("a", 20), opened("a", 30)) == [
        (20, 30, "stopped")
    ]
    [unended] = unclosed([opened("a", 0), closed("x", 5)])
    assert unended.opened == opened("a", 0)


def test_an_end_that_names_no_run_is_that_of_the_last_beginning():
    assert gaps(opened("a", 0), closed("", 20), opened("b", 30)) == [(20, 30, "stopped")]


def test_behind_damage_the_end_of_an_earlier_run_proves_no_stretch():
    lines = opened("a", 0), opened("b", 10), Damaged(1, "flipped"), closed("a", 30), opened("c", 40)
    assert gaps(*lines) == [(0, 10, "killed"), (10, 30, "damaged ledger"), (30, 40, "stopped")]


@given(several_runs(may_die=False))
def test_of_runs_that_all_said_their_end_the_gaps_are_what_none_heard(ledger):
    entries, later = ledger
    lines = [each for each in entries if not isinstance(each, CoveredEntry)]
    begun, heard = {}, []
    for entry in lines:
        if isinstance(entry, OpenedEntry):
            begun[entry.run] = entry.time
        else:
            heard.append((begun.pop(entry.run), entry.time))
    lines += [closed(run, later) for run in begun]
    heard += [(since, at(later)) for since in begun.values()]
    missed = gaps(*lines) if lines else []
    ends = [moment for stretch in heard for moment in map(second, stretch)]
    for moment in range(min(ends, default=0), max(ends, default=0)):
        is_heard = any(since <= at(moment) < until for since, until in heard)
        assert is_heard != any(since <= moment < until for since, until, _ in missed)


# -- other witnesses -------------------------------------------------------------------------


def test_two_imported_days_ten_years_apart_are_two_days_and_no_gap():
    coverage = fold(imported(0, DAY), imported(YEARS, YEARS + DAY))
    assert coverage.recorded == [
        TimeStretch(at(0), at(DAY)),
        TimeStretch(at(YEARS), at(YEARS + DAY)),
    ]
    assert (list(coverage.gaps), coverage.share) == ([], 1)
    assert (coverage.since, coverage.until) == (at(0), at(YEARS + DAY))


def test_nobody_was_meant_to_hear_the_time_between_two_imported_days():
    coverage = fold(imported(0, DAY), imported(YEARS, YEARS + DAY))
    attention = attention_to([coverage], at(0), at(2 * YEARS))
    assert sum(attention.meant.values()) == sum(attention.heard.values()) == 2 * DAY * 1000


def test_what_lies_between_an_import_and_the_first_recording_was_not_recorded():
    lines = imported(0, DAY), opened("r", YEARS), closed("r", YEARS + 60), opened("r", YEARS + 120)
    assert recorded(*lines) == [(0, DAY), (YEARS, YEARS + 120)]
    assert gaps(*lines) == [(YEARS + 60, YEARS + 120, "stopped")]
    assert fold(*lines).share == pytest.approx((DAY + 60) / (DAY + 120))


def test_an_import_that_reaches_the_recording_joins_it():
    assert recorded(imported(0, DAY), opened("r", DAY), closed("r", DAY + 60)) == [(0, DAY + 60)]


def test_an_import_fills_a_gap_as_surely_as_it_says():
    lines = opened("r", 0), closed("r", 60), opened("r", 120)
    [gap] = fold(*lines, imported(0, DAY, kinds="messages")).gaps
    assert (str(gap.state), gap.via, gap.kinds) == ("filled", "import:irssi", "messages")
    assert recorded(*lines, imported(0, DAY)) == [(0, DAY)]


def test_an_import_of_time_in_which_nobody_wanted_the_channel_makes_no_gap():
    lines = opened("r", 0), closed("r", 60), UnwantedEntry(at=at(60)), opened("r", DAY)
    assert gaps(*lines, imported(600, 660, via="merge")) == []


def test_history_of_the_server_was_meant_to_be_heard_and_so_was_what_was_wished_for():
    fetched = imported(0, 60, via="chathistory")
    assert recorded(fetched, opened("r", 120), closed("r", 180)) == [(0, 180)]
    assert gaps(fetched, opened("r", 120), closed("r", 180))[-1] == (60, 120, "not recorded")
    wish = WishedEntry(since=at(0))
    assert gaps(wish, imported(30, 60), opened("r", 120), closed("r", 180)) == [
        (0, 30, "not recorded"),
        (30, 60, "not recorded"),
        (60, 120, "not recorded"),
    ]


def missed(count):
    """Yield the gaps of another witness, and the stretches that it heard between them."""
    for each in range(count):
        begin = 60 * each
        yield imported(begin, begin + 30, via="merge")
        yield MissedEntry(at=at(0), via="merge", since=at(begin + 30), until=at(begin + 60))


def side_by_side(count):
    for each in range(count):
        begin = 60 * each
        yield from (opened("a", begin), opened("b", begin + 10))
        yield from (closed("b", begin + 20), closed("a", begin + 50))


@pytest.mark.parametrize("story", [missed, side_by_side])
def test_the_fold_of_four_times_as_many_lines_takes_four_times_as_long(story):
    few, many = [*story(100)], [*story(400)]
    assert len(fold(*many).gaps) >= 399
    assert lines_executed(lambda: fold(*many)) < 5 * lines_executed(lambda: fold(*few))


def test_the_coverage_of_four_times_as_many_gaps_is_added_in_four_times_as_long():
    few, many = fold(*missed(100)), fold(*missed(400))
    assert len([*entries_of([many], None, at(0))]) == 800

    def add(coverage):
        return lines_executed(lambda: [*entries_of([coverage], None, at(0))])

    assert add(many) < 5 * add(few)


def test_no_time_from_before_irc_is_recorded():
    coverage = fold(
        CoveredEntry(
            at=at(0),
            via="merge",
            since="1970-01-01T00:00:00.000Z",
            until="1990-01-01T00:00:00.000Z",
        )
    )
    assert coverage.since == "1988-08-01T00:00:00.000Z"


@given(several_runs(), st.integers(0, 400), st.integers(0, 400))
def test_what_is_recorded_lies_in_order_apart_and_holds_every_gap(ledger, low, high):
    entries, later = ledger
    coverage = fold(*entries, now=at(later))
    if coverage is None:
        return
    edges = [edge for stretch in coverage.recorded for edge in stretch]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (coverage.since, coverage.until)
    for gap in coverage.gaps:
        assert any(
            since <= gap.start.time and gap.end <= until for since, until in coverage.recorded
        )
    for stretch in coverage.recorded_between(at(low), at(high)):
        assert at(low) <= stretch.since <= stretch.until <= at(high)
