"""The entries that follow from a fetch: every part of the gap is accounted for once."""

from __future__ import annotations

import pytest

from chatlog.protocol.history.chathistory import Outcome, Point
from chatlog.record.history.gaps import OpenGap
from chatlog.record.history.outcomes import Fetched, entries_of, still_open


def at(minute):
    return f"2026-11-23T18:{minute:02}:00.000Z"


GAP = OpenGap("#demo", Point(at(10)), at(20))
FETCHED = Fetched("chathistory", "all", 7)


def parts(outcome, *, gap=GAP, was_asked=True):
    entries = entries_of(gap, outcome, FETCHED, at=at(59), was_asked=was_asked)
    assert {entry.at for entry in entries} <= {at(59)}
    return [(entry.entry, entry.since, entry.until) for entry in entries]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome(at(10), at(20)), [("covered", at(10), at(20))]),
        (Outcome(at(13), at(20)), [("unfillable", at(10), at(13)), ("covered", at(13), at(20))]),
        (Outcome(at(20), at(20)), [("unfillable", at(10), at(20))]),
        (Outcome(at(10), at(10), "no"), [("asked", at(10), at(20))]),
        (Outcome(at(10), at(15), "no"), [("covered", at(10), at(15)), ("asked", at(15), at(20))]),
        (
            Outcome(at(12), at(15), "no"),
            [
                ("unfillable", at(10), at(12)),
                ("covered", at(12), at(15)),
                ("asked", at(15), at(20)),
            ],
        ),
    ],
)
def test_the_parts_of_a_gap_follow_each_other_without_a_hole(outcome, expected):
    assert parts(outcome) == expected


def test_playback_that_came_by_itself_proves_no_loss_before_its_first_line():
    assert parts(Outcome(at(13), at(20)), was_asked=False) == [("covered", at(13), at(20))]


def test_history_that_the_server_lacks_of_a_new_target_is_no_loss():
    first = GAP._replace(is_first=True)
    assert parts(Outcome(at(13), at(20)), gap=first) == [("covered", at(13), at(20))]
    assert parts(Outcome(at(10), at(10), "no"), gap=first) == []


def test_a_covered_part_has_its_means_and_its_number_of_lines():
    [covered] = entries_of(GAP, Outcome(at(10), at(20)), FETCHED, at=at(59), was_asked=True)
    assert (covered.via, covered.kinds, covered.lines) == FETCHED


def test_the_reason_stands_with_the_part_that_stays_open():
    covered, asked = entries_of(
        GAP, Outcome(at(10), at(15), "no"), FETCHED, at=at(59), was_asked=True
    )
    assert (covered.why, asked.why) == ("", "no")


def test_a_gap_that_nobody_can_be_asked_about_stays_open_with_a_reason():
    entry = still_open(GAP, at(10), "the server offers no history", at=at(59))
    assert (entry.entry, entry.since, entry.until) == ("asked", at(10), at(20))
    assert entry.why == "the server offers no history"
