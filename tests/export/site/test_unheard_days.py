"""The calendar of a channel shows the days that nobody heard."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from chatlog.event import format_time
from chatlog.export.site.month_pages import GapOfChannel
from chatlog.export.site.unheard_days import unheard_days
from tests.support.archive import START, UNSYNCED, event_at, record
from tests.support.ledgers import at
from tests.support.sites import DAY, build, files_of, pages_of

HOUR = 3_600
BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = int(datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp())
"""The begin of a day of 25 hours in Berlin."""


def stretch(begin, end):
    return format_time(begin * 1000), format_time(end * 1000)


@given(
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 50)), max_size=4),
    st.sampled_from([UTC, BERLIN]),
)
def test_the_share_of_a_day_is_that_of_its_hours(some, tz):
    begins = NIGHT - 24 * HOUR
    hours, gaps, at_hour = set(), [], 0
    for pause, length in some:
        first = at_hour + pause
        at_hour = first + length
        hours.update(range(first, at_hour))
        since, until = stretch(begins + first * HOUR, begins + at_hour * HOUR)
        gaps += [GapOfChannel(since, until, "stopped")] if length else []
    recorded = (stretch(begins, begins + 30 * DAY),)
    found = unheard_days((tuple(gaps), recorded), "2026-10-24", "2026-11-02", tz)
    assert found == expected(begins, hours, tz)


def expected(begins, hours, tz):
    """Return the share of each day that was heard, hour by hour."""
    day = datetime(2026, 10, 24, tzinfo=tz)
    shares = {}
    while day.month < 12:
        following = (day + timedelta(days=1)).replace(tzinfo=tz)
        first, end = (int(each.timestamp() - begins) // HOUR for each in (day, following))
        within = range(max(first, 0), min(end, 30 * 24))
        if lost := len(hours.intersection(within)):
            shares[day.date().isoformat()] = 1 - lost / len(within)
        day = following
    return shares


def test_days_without_lines_that_were_not_heard_are_marked_in_the_calendar(tmp_path):
    root = tmp_path / "archive"
    record(root, event_at(60, "first"), event_at(70 * DAY, "much later"))
    entries = [
        OpenedEntry(at=at(0), server=at(0)),
        ClosedEntry(at=at(2 * DAY + 12 * HOUR), server=at(2 * DAY + 12 * HOUR), cause="stopped"),
        OpenedEntry(at=at(40 * DAY), server=at(40 * DAY)),
    ]
    ledger.append(UNSYNCED, root / "net/#c", entries)
    build(root, tmp_path / "site", now=format_time(START + 71 * DAY * 1000))
    page = pages_of(tmp_path / "site")["net/c/index.html"]
    titles = re.findall(r'<td class="v0 partly"><span title="([^"]+)">(\d+)<span', page)
    assert titles[-1] == ("2026-11-30: 0 lines, 0% of the day heard", "30")
    assert ("2026-11-25: 0 lines, 50% of the day heard", "25") in titles
    assert len(titles) == 38  # from November 25th to January 1st
    assert 'id="2026-12"' in page
    assert "2026-11-24: " not in page


def test_a_gap_that_goes_on_changes_the_calendar_alone_as_time_goes(tmp_path):
    root, site = tmp_path / "archive", tmp_path / "site"
    record(root, event_at(60, "first"))
    entries = [
        OpenedEntry(at=at(0), server=at(0)),
        ClosedEntry(at=at(3 * HOUR), server=at(3 * HOUR), cause="stopped"),
    ]
    ledger.append(UNSYNCED, root / "net/#c", entries)
    build(root, site, state=tmp_path / "state", now=at(5 * HOUR))
    before = files_of(site)
    page = before["net/c/2026-11-23.html"].decode()
    assert '<p class="gap">Not heard since 2026-11-23 03:00 (stopped)</p>' in page
    for now in (7 * HOUR, 3 * DAY, 9 * DAY):
        build(root, site, state=tmp_path / "state", now=at(now))
        after = files_of(site)
        assert {path for path in after if after[path] != before.get(path)} == {"net/c/index.html"}
    closed = OpenedEntry(at=at(10 * DAY), server=at(10 * DAY))
    ledger.append(UNSYNCED, root / "net/#c", [closed])
    build(root, site, state=tmp_path / "state", now=at(11 * DAY))
    page = pages_of(site)["net/c/2026-11-23.html"]
    assert "Not heard from 2026-11-23 03:00 to 2026-12-03 00:00 (stopped)" in page


def test_what_is_delayed_is_not_said_to_be_unheard(tmp_path):
    root = tmp_path / "archive"
    record(root, event_at(60, "first"), event_at(DAY, "second"))
    entries = [
        OpenedEntry(at=at(0), server=at(0)),
        ClosedEntry(at=at(3 * HOUR), server=at(3 * HOUR), cause="stopped"),
    ]
    ledger.append(UNSYNCED, root / "net/#c", entries)
    build(root, tmp_path / "site", now=at(9 * DAY), until=at(2 * DAY))
    page = pages_of(tmp_path / "site")["net/c/index.html"]
    assert page.count("partly") == 2
    assert "<span title" not in page
