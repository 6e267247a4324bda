"""Statistics: rows of time beside their coverage, and the busiest period."""

from __future__ import annotations

from datetime import UTC

from chatlog.coverage.by_hour import Attention
from chatlog.report.counts import Counts, Person
from chatlog.report.statistics import (
    Statistics,
    TargetName,
    TimeRow,
    busiest,
    hour_rows,
    period_rows,
    sums_of,
    weekday_rows,
)

SLOTS = {"2026-11-23T18": 2, "2026-11-24T18": 1, "2026-12-01T09": 3}
HEARD = {"2026-11-23T18:00": 900, "2026-11-25T00:00": 50}
MEANT = {"2026-11-23T18:00": 1000, "2026-11-25T00:00": 100}


def statistics(people=None, slots=SLOTS):
    people = {("net", nick, "", nick): person for nick, person in (people or {}).items()}
    counts = Counts(slots=slots, people=people, types={"message": sum(slots.values())})
    return Statistics([TargetName("net", "#c")], counts, 1, Attention(MEANT, HEARD))


def test_every_hour_and_weekday_has_a_row_and_unknown_coverage_is_none():
    rows = hour_rows(statistics(), UTC)
    assert [row.name for row in rows] == [f"{hour:02}" for hour in range(24)]
    assert rows[18] == TimeRow("18", 3, 0.9)
    assert rows[9] == TimeRow("09", 3, None)
    assert [row.lines for row in weekday_rows(statistics(), UTC)] == [2, 4, 0, 0, 0, 0, 0]


def test_a_period_has_a_row_if_it_has_lines_or_was_to_be_covered():
    assert period_rows(statistics(), UTC, "day") == [
        TimeRow("2026-11-23", 2, 0.9),
        TimeRow("2026-11-24", 1, None),
        TimeRow("2026-11-25", 0, 0.5),
        TimeRow("2026-12-01", 3, None),
    ]


def test_the_busiest_period_is_the_first_of_those_with_the_most_lines():
    assert busiest(statistics(), UTC, "month") == TimeRow("2026-11", 3, 950 / 1100)
    assert busiest(statistics(slots={}), UTC, "month") is None


def test_the_sums_are_those_of_all_people():
    people = {"a": Person("a", "", "", 1, 2, 3, 4, 5), "b": Person("b", "", "", 1, 1, 1, 1, 1)}
    assert sums_of(statistics(people=people).counts) == {
        "words": 3, "letters": 4, "questions": 5, "links": 6,
    }  # fmt: skip
