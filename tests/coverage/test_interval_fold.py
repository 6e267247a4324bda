"""The intervals of a ledger that is damaged, or that a later version wrote: they claim less."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from chatlog.archive.entry_lines import Damaged, Later
from chatlog.coverage.entries import (
    AbsentEntry,
    ClosedEntry,
    CoveredEntry,
    NoticedEntry,
    OpenedEntry,
    UnwantedEntry,
)
from chatlog.coverage.fold import Bound, coverage_of
from chatlog.coverage.gap import GapState
from chatlog.coverage.unclosed import unclosed
from chatlog.event import parse_time
from tests.support.archive import START
from tests.support.ledgers import at, harmed, ledgers, read_bytes

DAMAGED = Damaged(1, "flipped")
LATER = Later()
LAST = 1000
OPENED, CLOSED = (
    OpenedEntry(at=at(0), run="r"),
    ClosedEntry(at=at(10), cause="stopped", planned=True),
)
AGAIN, END = OpenedEntry(at=at(30), run="r"), ClosedEntry(at=at(40), cause="unwanted")
NO_LONGER = UnwantedEntry(at=at(40))


def harm(kind):
    return Damaged(1, "flipped", kind)


def fold(*lines, now=LAST, alive=True):
    """Fold a ledger whose run was heard until the very end, wherever its intervals ended."""
    return coverage_of(
        lines, now=at(now), heard=lambda _: Bound(at(LAST)), lives=lambda _run: alive
    )


def gaps(*lines, **options):
    """Return the gaps as (start, end, state, cause), in seconds."""
    return [
        (second(gap.start.time), second(gap.end), str(gap.state), gap.cause)
        for gap in fold(*lines, **options).gaps
    ]


def second(time):
    return (parse_time(time) - START) // 1000


# -- each kind of line, damaged -----------------------------------------------------------


@pytest.mark.parametrize("kind", ["", "closed", "opened", "unwanted"])
def test_damage_in_an_open_interval_ends_it_at_its_beginning(kind):
    assert gaps(OPENED, harm(kind), AGAIN, END, NO_LONGER) == [(0, 30, "open", "damaged ledger")]


@pytest.mark.parametrize("kind", ["", "closed", "opened", "unwanted"])
def test_damage_at_the_end_leaves_nothing_that_a_heartbeat_could_prove(kind):
    assert gaps(OPENED, harm(kind)) == [(0, LAST, "open", "damaged ledger")]


def test_a_closed_behind_damage_proves_one_moment_and_no_stretch():
    assert gaps(OPENED, DAMAGED, CLOSED, AGAIN, END, NO_LONGER) == [
        (0, 10, "open", "damaged ledger"),
        (10, 30, "planned", "stopped"),
    ]


def test_a_closed_without_its_opened_proves_one_moment():
    coverage = fold(DAMAGED, CLOSED, AGAIN, END, NO_LONGER)
    assert (second(coverage.since), second(coverage.until)) == (10, 40)
    assert coverage.share == pytest.approx(1 / 3)


def test_an_unwanted_behind_damage_ends_the_range_there():
    assert gaps(OPENED, DAMAGED, NO_LONGER) == [(0, 40, "open", "damaged ledger")]


def test_a_damaged_unwanted_leaves_the_target_wanted():
    assert gaps(OPENED, CLOSED, harm("unwanted")) == [(10, LAST, "open", "damaged ledger")]


@pytest.mark.parametrize(
    "kind", ["covered", "unfillable", "asked", "absent", "wished", "noticed", "reported"]
)
def test_damage_that_names_a_kind_which_bounds_nothing_leaves_the_interval_as_it_is(kind):
    assert gaps(OPENED, harm(kind), CLOSED, AGAIN, END, NO_LONGER) == [
        (10, 30, "planned", "stopped")
    ]
    assert fold(OPENED, harm(kind), END, NO_LONGER).share == 1


def test_a_damaged_covered_leaves_its_gap_open():
    covered = CoveredEntry(at=at(30), since=at(10), until=at(30))
    story = OPENED, CLOSED, AGAIN, END, NO_LONGER
    assert fold(*story, covered).gaps[0].state is GapState.FILLED
    assert fold(*story, harm("covered")).gaps[0].state is GapState.PLANNED


def test_damage_between_two_batches_makes_an_open_gap_of_a_planned_one():
    assert gaps(OPENED, CLOSED, DAMAGED, AGAIN, END, NO_LONGER) == [
        (10, 30, "open", "damaged ledger")
    ]


def test_damage_while_nobody_wanted_to_hear_may_hide_an_interval_and_is_a_gap():
    before = OPENED, ClosedEntry(at=at(10)), UnwantedEntry(at=at(10))
    assert gaps(*before, DAMAGED, AGAIN, END, NO_LONGER) == [(10, 30, "open", "damaged ledger")]
    assert gaps(*before, DAMAGED, END, NO_LONGER) == [(10, 40, "open", "damaged ledger")]


def test_damage_behind_the_end_of_the_range_does_not_open_it_again():
    coverage = fold(OPENED, END, NO_LONGER, DAMAGED)
    assert (coverage.gaps, second(coverage.until), coverage.damaged) == ([], 40, 1)


def test_damage_is_counted_line_by_line():
    assert fold(OPENED, replace(DAMAGED, lines=7), END, harm("noticed")).damaged == 8


def test_a_whole_opened_behind_damage_begins_an_interval_that_may_go_on():
    coverage = fold(DAMAGED, AGAIN)
    assert (coverage.gaps, coverage.intervals[-1].cause) == ([], "")


# -- an entry of a later version ------------------------------------------------------------


def test_an_entry_of_a_later_version_within_an_interval_changes_nothing():
    assert fold(LATER, OPENED, LATER, END, LATER, NO_LONGER, LATER).share == 1


def test_without_a_closed_behind_it_an_interval_ends_at_its_beginning():
    assert gaps(OPENED, LATER, AGAIN, END, NO_LONGER) == [(0, 30, "open", "unknown")]
    assert gaps(OPENED, LATER) == [(0, LAST, "open", "unknown")]


def test_a_closed_behind_it_alone_proves_one_moment():
    story = OPENED, ClosedEntry(at=at(10)), UnwantedEntry(at=at(10)), LATER
    assert gaps(*story, END, AGAIN, END, NO_LONGER)[0] == (10, 40, "open", "unknown")
    assert gaps(*story, AGAIN, END, NO_LONGER) == []


# -- a run that died ---------------------------------------------------------------------------


def test_a_heartbeat_from_after_the_next_interval_began_proves_nothing_of_this_one():
    assert gaps(OPENED, AGAIN, END, NO_LONGER) == [(0, 30, "open", "killed")]


@pytest.mark.parametrize(
    ("lines", "is_unended"),
    [
        ([OPENED], True),
        ([OPENED, NoticedEntry(at=at(1)), harm("noticed"), AbsentEntry(at=at(2))], True),
        ([DAMAGED, OPENED], True),
        ([OPENED, CLOSED], False),
        ([OPENED, NO_LONGER], False),
        ([OPENED, DAMAGED], False),
        ([OPENED, harm("closed")], False),
        ([OPENED, LATER], False),
        ([], False),
    ],
)
def test_an_interval_is_unended_only_where_nothing_may_have_ended_it(lines, is_unended):
    assert [each.opened for each in unclosed(lines)] == [OPENED] * is_unended


# -- any ledger, and any harm --------------------------------------------------------------------


def heard(coverage):
    """Return the seconds that a coverage claims to have been heard or fetched back."""
    if coverage is None:
        return set()
    seconds = set(range(second(coverage.since), second(coverage.until)))
    for gap in coverage.gaps:
        if gap.state is not GapState.FILLED:
            seconds -= set(range(second(gap.start.time), second(gap.end)))
    return seconds


def claims_no_more(harmed_one, whole):
    """Say that a coverage claims no second that the other does not, and no larger share."""
    assert heard(harmed_one) <= heard(whole)
    if harmed_one is None or whole is None:
        return
    if harmed_one.since <= whole.since and harmed_one.until >= whole.until:
        assert harmed_one.share <= whole.share
    for gap in harmed_one.gaps:
        assert gap.start.time <= gap.end
        assert gap.cause


def is_damage(line):
    """Return whether a line is no entry that this version knows."""
    return isinstance(line, Damaged | Later)


@settings(max_examples=400)
@given(st.data(), ledgers().filter(lambda drawn: drawn[0]), st.booleans())
def test_no_harm_to_any_line_makes_a_ledger_claim_more(tmp_path_factory, data, drawn, alive):
    entries, now = drawn
    lines = read_bytes(tmp_path_factory.mktemp("ledger"), data.draw(harmed(entries)))
    known = [line for line in lines if not is_damage(line)]
    # What is a whole entry all the same says something else, and nobody can tell.
    assume(all(line in entries for line in known) and len(known) < len(entries))
    claims_no_more(fold(*lines, now=now, alive=alive), fold(*entries, now=now, alive=alive))


@given(st.data(), ledgers(), st.booleans())
def test_no_number_of_damaged_lines_makes_a_ledger_claim_more(data, drawn, alive):
    entries, now = drawn
    lines = [data.draw(st.sampled_from([entry, DAMAGED])) for entry in entries]
    claims_no_more(fold(*lines, now=now, alive=alive), fold(*entries, now=now, alive=alive))
