"""Reports as records of JSON."""

from __future__ import annotations

from datetime import UTC

from chatlog.coverage.by_hour import Attention
from chatlog.coverage.gap import Gap, GapState
from chatlog.coverage.interval_fold import Bound
from chatlog.event import CLASSES
from chatlog.report.counts import Counts, Person
from chatlog.report.gaps import TargetGaps
from chatlog.report.json_records import CoverageRecord, GapRecord, TotalRecord
from chatlog.report.json_views import gap_records, statistics_records
from chatlog.report.statistics import Statistics, TargetName
from tests.support.ledgers import at


def test_a_gap_has_none_for_empty_texts_and_the_coverage_counts_gaps_by_state():
    gap = Gap(
        Bound(at(10)), at(20), GapState.FILLED, "killed", via="chathistory", kinds="all", lines=3
    )
    found = TargetGaps("net", "#c", at(0), at(100), 0.5, [gap])
    place = {"network": "net", "target": "#c"}
    assert list(gap_records(found)) == [
        GapRecord(
            **place, since=at(10), until=at(20), seconds=10.0, state="filled", cause="killed",
            why=None, via="chathistory", kinds="all", fetched=3,
        ),
        CoverageRecord(
            **place, since=at(0), until=at(100), share=0.5, open=0, unfillable=0, planned=0,
            filled=1, damaged=0, classes=list(CLASSES),
        ),
    ]  # fmt: skip


def records_of(*targets, people=None):
    counts = Counts(people=people or {}, types={"message": 6})
    attention = Attention({"2026-11-23T18:00": 1000}, {"2026-11-23T18:00": 666})
    statistics = Statistics([TargetName(*each) for each in targets], counts, 1, attention)
    return list(statistics_records(statistics, UTC, period="month", join=True))


def test_a_row_names_the_network_and_the_target_where_there_is_one_alone():
    def places(*targets):
        return {(record.network, record.target) for record in records_of(*targets)}

    assert places(("net", "#c")) == {("net", "#c")}
    assert places(("net", "#c"), ("net", "#d")) == {("net", None)}
    assert places(("net", "#c"), ("other", "#c")) == {(None, None)}


def test_records_are_a_total_the_rows_of_time_and_the_people():
    people = {("net", "ann", "", "ann"): Person("ann", "1", "2", lines=6, words=9)}
    total, *rows, person = records_of(("net", "#c"), people=people)
    assert isinstance(total, TotalRecord)
    assert (total.share, total.words) == (0.666, 9)
    assert len(rows) == 24 + 7 + 1
    assert (person.nicks, person.account) == (["ann"], None)
