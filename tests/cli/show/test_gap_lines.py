"""Gaps in words: the times, the cause and the outcome of each."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from chatlog.archive.targets import Target
from chatlog.cli.show.gap_lines import gap_cause, gap_details, gap_line, gap_run_line
from chatlog.coverage.gap import Gap, GapState
from chatlog.coverage.interval_fold import Bound
from chatlog.report.gap_runs import GapRun

START, END = "2026-11-23T11:08:59.000Z", "2026-11-23T11:09:24.000Z"


def gap(state=GapState.OPEN, cause="stopped", *, end=END, **fields):
    return Gap(Bound(START), end, state, cause, **fields)


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        (
            gap(why="the server keeps no history"),
            "recorder stopped; not recovered: the server keeps no history",
        ),
        (gap(GapState.UNFILLABLE, "killed"), "recorder died; not recoverable"),
        (gap(GapState.PLANNED), "recorder stopped; left to the next run"),
        (
            gap(GapState.FILLED, "closed", lines=1, via="chathistory", kinds="all"),
            "connection lost; 1 line recovered",
        ),
        (
            gap(GapState.FILLED, "closed", lines=4, via="x", kinds="messages"),
            "connection lost; 4 lines recovered (messages only)",
        ),
    ],
)
def test_a_line_has_the_times_the_cause_and_the_outcome(shown, line):
    assert gap_line(shown, UTC, dated=False) == f"gap 11:08:59–11:09:24, {line}"


@pytest.mark.parametrize(
    ("kinds", "outcome"),
    [
        (("messages", "messages"), "5 lines recovered (messages only)"),
        (("messages", "all"), "5 lines recovered"),
    ],
)
def test_gaps_in_one_line_that_are_all_filled_have_the_outcome_of_one(kinds, outcome):
    targets = tuple(Target("net", name, "") for name in ("#a", "#b"))
    one, other = (gap(GapState.FILLED, "closed", lines=n, kinds=kinds[n - 2]) for n in (2, 3))
    line = gap_run_line(GapRun(0, targets, (one, other)), UTC, dated=False, names_target=False)
    assert line == f"net: gap 11:08:59–11:09:24 in 2 channels, connection lost; {outcome}"


def test_times_are_of_the_zone_and_have_the_day_if_asked_or_over_midnight():
    tokyo = ZoneInfo("Asia/Tokyo")
    assert gap_line(gap(), tokyo, dated=True).startswith("gap 2026-11-23 20:08:59–20:09:24, ")
    long = gap(end="2026-11-25T09:00:00.000Z")
    assert gap_line(long, UTC, dated=False).startswith(
        "gap 2026-11-23 11:08:59 – 2026-11-25 09:00:00, "
    )


def test_times_that_no_clock_of_the_zone_shows_stand_as_they_are():
    last = gap(end="9999-12-31T23:59:59.999Z")
    assert gap_line(last, ZoneInfo("Asia/Tokyo"), dated=False).startswith(
        "gap 2026-11-23T11:08:59.000Z–9999-12-31T23:59:59.999Z, "
    )


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        ("damaged ledger", "ledger damaged"),
        ("unknown", "cause unknown"),
        ("of a later version", "of a later version"),
    ],
)
def test_a_cause_has_words_or_stands_for_itself(cause, words):
    assert gap_cause(gap(cause=cause)) == words


def test_details_name_the_source_of_recovered_lines_or_the_reason_that_there_are_none():
    filled = gap(GapState.FILLED, lines=2, via="chathistory", kinds="all")
    assert gap_details(filled) == "2 lines recovered by chathistory"
    assert gap_details(gap(why="the server has forgotten")) == "the server has forgotten"
