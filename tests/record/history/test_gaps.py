"""How far back a channel is fetched that was never recorded before."""

from __future__ import annotations

from chatlog.coverage.gap import Gap, GapState
from chatlog.coverage.interval_fold import Bound
from chatlog.protocol.history.chathistory import Point, Terms
from chatlog.record.history.gaps import HistoryDepth, OpenGap

TERMS = Terms(page=50, by_msgid=False)
UNTIL = "2026-11-23T18:00:00.000Z"


def first_request(depth):
    return depth.walk("#demo", TERMS).ask.line


def test_a_depth_in_seconds_begins_so_long_before_the_interval():
    assert HistoryDepth(seconds=90).since(UNTIL) == "2026-11-23T17:58:30.000Z"


def test_a_depth_in_seconds_begins_no_earlier_than_time_itself():
    assert HistoryDepth(seconds=1e12).since(UNTIL) == "1970-01-01T00:00:00.000Z"


def test_a_depth_in_lines_is_found_from_the_latest_line_backwards():
    assert HistoryDepth(lines=7).since(UNTIL) == ""
    assert first_request(HistoryDepth(lines=7)) == "CHATHISTORY LATEST #demo * 7"


def test_all_history_begins_with_the_first_line_that_the_server_has():
    assert HistoryDepth().since(UNTIL) == ""
    assert first_request(HistoryDepth()).startswith("CHATHISTORY AFTER #demo timestamp=1970-01-01")


def test_a_gap_is_fetched_from_the_last_message_before_it():
    gap = Gap(Bound(UNTIL, "m1"), "2026-11-23T18:05:00.000Z", GapState.OPEN, "stopped")
    found = OpenGap.of("#demo", gap)
    assert found == OpenGap("#demo", Point(UNTIL, "m1"), "2026-11-23T18:05:00.000Z")
