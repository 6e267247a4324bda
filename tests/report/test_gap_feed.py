"""Gaps among events: each once, before the first event after its start."""

from __future__ import annotations

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, CoveredEntry, OpenedEntry
from chatlog.coverage.gap import Gap, GapState
from chatlog.coverage.interval_fold import Bound
from chatlog.event import format_time
from chatlog.read.reader import Reader
from chatlog.report.gap_feed import GapFeed, _Given
from tests.support.archive import START, UNSYNCED, event_at, record
from tests.support.counting import lines_executed


def at(seconds):
    return format_time(START + seconds * 1000)


def interval(start, end):
    return [
        OpenedEntry(at=at(start)),
        ClosedEntry(at=at(end), cause="killed"),
    ]


@pytest.fixture
def archive(tmp_path):
    record(tmp_path, *(event_at(seconds, str(seconds)) for seconds in (0, 5, 25, 45)))
    ledger.append(UNSYNCED, tmp_path / "net" / "#c", [*interval(0, 10), *interval(20, 30)])
    return tmp_path


def given(feed, entries):
    return [(each.position, each.target.name, each.gap.start.time) for each in feed.among(entries)]


def test_a_gap_stands_before_the_first_event_after_its_start_and_comes_once(archive):
    reader = Reader(archive)
    entries, feed = reader.last(3), GapFeed(reader)
    assert given(feed, entries) == [(1, "#c", at(10))]
    assert given(feed, entries) == []


def test_a_gap_before_the_first_event_shown_does_not_come(archive):
    reader = Reader(archive)
    assert given(GapFeed(reader), reader.last(2)) == []
    assert given(GapFeed(reader, since=at(6)), reader.last(2)) == [(0, "#c", at(10))]


def test_a_gap_that_the_ledger_shows_later_comes_after_another_look(archive):
    reader = Reader(archive)
    entries, feed = reader.last(4), GapFeed(reader)
    assert given(feed, entries) == [(2, "#c", at(10))]
    ledger.append(UNSYNCED, archive / "net" / "#c", interval(40, 50))
    assert given(feed, entries) == []
    feed.look_again()
    assert given(feed, entries) == [(3, "#c", at(30))]


def test_the_rest_of_a_gap_that_was_filled_in_part_does_not_come_again(archive):
    reader = Reader(archive)
    entries, feed = reader.last(4), GapFeed(reader)
    assert given(feed, entries) == [(2, "#c", at(10))]
    covered = CoveredEntry(at=at(15), since=at(10), until=at(15), via="chathistory", lines=1)
    ledger.append(UNSYNCED, archive / "net" / "#c", [covered])
    feed.look_again()
    assert given(feed, entries) == []


def test_without_events_there_is_no_gap(archive):
    assert GapFeed(Reader(archive)).among([]) == []


def test_a_ledger_that_may_not_be_read_costs_no_event(archive):
    ledger_file = archive / "net" / "#c" / ledger.NAME
    ledger_file.unlink()
    ledger_file.mkdir()
    reader = Reader(archive)
    assert GapFeed(reader).among(reader.last(4)) == []


@given_any(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted), max_size=9))
def test_a_gap_is_given_if_it_starts_in_one_that_was_given_before(stretches):
    given_before, seen = _Given(), []
    for start, end in stretches:
        gap = Gap(Bound(at(start)), at(end), GapState.OPEN, "killed")
        assert (gap in given_before) == any(one <= start < other for one, other in seen)
        given_before.add(gap)
        seen.append((start, end))


def test_many_gaps_among_many_events_are_linear_work(tmp_path):
    def work(number):
        archive = tmp_path / str(number)
        record(archive, *(event_at(second) for second in range(number)))
        gaps = [each for second in range(number) for each in interval(second, second)]
        ledger.append(UNSYNCED, archive / "net" / "#c", gaps)
        entries, feed = Reader(archive).last(number), GapFeed(Reader(archive))

        def show():
            feed.among(entries)
            feed.look_again()
            feed.among(entries)

        return lines_executed(show)

    assert work(400) < 5 * work(100)
