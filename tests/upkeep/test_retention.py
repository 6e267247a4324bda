"""How long segments are kept: by our clock, whatever a server claims."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chatlog.event import MOST_APART, Event, parse_time, shifted
from tests.support.archive import manifest_of, read_all, record
from tests.support.tending import DAY, tend

RECEIVED = "2026-11-23T18:20:01.123Z"
AN_HOUR_LATER = "2026-11-23T19:20:01.123Z"
FAR = (
    "0001-01-01T00:00:00.000Z",
    "0999-12-31T23:59:59.999Z",
    "1970-01-01T00:00:00.000Z",
    "2001-02-03T04:05:06.789Z",
    "2038-01-19T03:14:08.000Z",
    "9999-12-31T23:59:59.999Z",
)
"""Times of events that earlier versions filed as a server dated them."""
ROTATIONS = ("hourly", "daily", "weekly", "monthly")


def event(time, text, *, received=RECEIVED, via=""):
    return Event(
        time=time, received=received, network="net", target="#c", type="message", nick="ada",
        text=text, via=via,
    )  # fmt: skip


def texts(root):
    return sorted(each.text for each in read_all(root) if each.type == "message")


@pytest.mark.parametrize("sealed", [False, True], ids=["not sealed", "sealed"])
@pytest.mark.parametrize(
    "via", ["", "chathistory", "import:irssi"], ids=["live", "fetched", "imported"]
)
@pytest.mark.parametrize("rotate", ROTATIONS)
@pytest.mark.parametrize("time", FAR)
def test_a_segment_is_kept_from_the_receipt_of_its_last_line(tmp_path, time, rotate, via, sealed):
    record(tmp_path, event(time, "far", via=via), rotate=rotate)
    if sealed:
        tend(tmp_path, now=AN_HOUR_LATER, compress="none")
        assert manifest_of(tmp_path / "net" / "#c")[-1]["received"] == RECEIVED
    within, after = (shifted(RECEIVED, days * DAY * 1000) for days in (89, 122))
    assert tend(tmp_path, now=AN_HOUR_LATER, keep=90 * DAY, compress="none").removed == []
    assert tend(tmp_path, now=within, keep=90 * DAY, compress="none").removed == []
    assert texts(tmp_path) == ["far"]
    assert len(tend(tmp_path, now=after, keep=90 * DAY).removed) == 1


@pytest.mark.parametrize("time", FAR)
def test_the_oldest_segments_are_those_received_first(tmp_path, time):
    later = shifted(RECEIVED, 5 * DAY * 1000)
    old = [event(shifted(RECEIVED, n * 1000 * DAY), f"old {n}", received="") for n in range(4)]
    record(tmp_path, *old)
    record(tmp_path, event(time, "far", received=later))
    sizes = [each.stat().st_size for each in (tmp_path / "net" / "#c").glob("*.jsonl")]
    tend(tmp_path, now=shifted(later, 1000), compress="none", keep_bytes=sum(sizes) - 1)
    assert texts(tmp_path) == ["far", "old 1", "old 2", "old 3"]


def test_a_period_of_the_servers_clock_a_day_ahead_is_no_future(tmp_path):
    record(tmp_path, event(shifted(RECEIVED, MOST_APART), "tomorrow"))
    assert tend(tmp_path, now=AN_HOUR_LATER).sealed == []
    assert tend(tmp_path, now=shifted(RECEIVED, 3 * DAY * 1000), keep=2 * DAY).removed == []


def test_a_receipt_in_the_future_keeps_no_segment_for_ever(tmp_path):
    record(tmp_path, event(RECEIVED, "said", received="9999-12-31T23:59:59.999Z"))
    after = shifted(RECEIVED, 100 * DAY * 1000)
    assert len(tend(tmp_path, now=after, keep=90 * DAY).removed) == 1


@pytest.mark.parametrize("time", FAR)
def test_text_is_kept_from_the_last_change_of_its_file(tmp_path, time):
    record(tmp_path, event(time, "far"), formats=("text",))
    assert tend(tmp_path, now=AN_HOUR_LATER, keep=30 * DAY).removed == []
    assert len(tend(tmp_path, now=shifted(RECEIVED, 60 * DAY * 1000), keep=30 * DAY).removed) == 1


@pytest.mark.parametrize("sealed", [False, True], ids=["not sealed", "sealed"])
@pytest.mark.parametrize("received", ["", RECEIVED, "9999-12-31T23:59:59.999Z"])
def test_merged_lines_are_kept_from_their_arrival_in_this_archive(tmp_path, received, sealed):
    """The witness's receipt is by another clock, and of another archive."""
    arrival = shifted(RECEIVED, 1000 * DAY * 1000)
    record(tmp_path, event(RECEIVED, "own"))
    record(tmp_path, replace(event(RECEIVED, "merged", received=received), witness="other"))
    now, within, after = (shifted(arrival, days * DAY * 1000) for days in (1, 89, 122))
    come = parse_time(arrival) / 1000
    if sealed:
        tend(tmp_path, now=now, compress="none", changed=come)
        assert manifest_of(tmp_path / "net" / "#c")[-1]["received"] == arrival
    kept = {"keep": 90 * DAY, "compress": "none", "changed": come}
    assert tend(tmp_path, now=within, **kept).removed == []
    assert len(tend(tmp_path, now=after, **kept).removed) == 1
