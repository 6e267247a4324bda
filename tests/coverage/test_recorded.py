"""The recorded range of a target."""

from __future__ import annotations

from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from chatlog.coverage.recorded import RecordedRange, RecordedRanges
from chatlog.event import format_time
from tests.support.archive import START, UNSYNCED, event_at, record


def at(seconds):
    return format_time(START + seconds * 1000)


def test_it_is_from_the_first_interval_to_the_end_of_the_last(tmp_path):
    record(tmp_path, event_at(5))
    directory = tmp_path / "net" / "#c"
    entries = [
        OpenedEntry(at=at(0)), ClosedEntry(at=at(10), cause="x"),
        OpenedEntry(at=at(20)), ClosedEntry(at=at(30), cause="y"),
    ]  # fmt: skip
    ledger.append(UNSYNCED, directory, entries)
    assert RecordedRanges(tmp_path, "net").of("#C") == RecordedRange(directory, at(0), at(30))


def test_it_begins_behind_the_last_interval_in_which_no_talk_was_recorded(tmp_path):
    record(tmp_path, event_at(5))
    directory = tmp_path / "net" / "#c"
    entries = [
        OpenedEntry(at=at(0)), ClosedEntry(at=at(10), cause="x"),
        OpenedEntry(at=at(20), kinds="presence"), ClosedEntry(at=at(30), cause="y"),
        OpenedEntry(at=at(40), kinds="talk"), ClosedEntry(at=at(50), cause="z"),
    ]  # fmt: skip
    ledger.append(UNSYNCED, directory, entries[:4])
    assert RecordedRanges(tmp_path, "net").of("#c") is None
    ledger.append(UNSYNCED, directory, entries[4:])
    assert RecordedRanges(tmp_path, "net").of("#c") == RecordedRange(directory, at(30), at(50))


def test_a_target_or_a_network_that_was_never_recorded_has_none(tmp_path):
    assert RecordedRanges(tmp_path, "net").of("#c") is None
    record(tmp_path, event_at(5))
    assert RecordedRanges(tmp_path, "net").of("#d") is None
