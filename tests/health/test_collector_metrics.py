"""Metrics of a collector, as Prometheus reads them."""

from __future__ import annotations

from msgspec.structs import replace

from chatlog.health.collector_metrics import (
    MOST_WITNESSES,
    CollectorStatus,
    prometheus_of_collector,
)

MOMENT = "2026-11-24T00:00:10.500Z"
COLLECTING = CollectorStatus(
    version="1.2",
    started="2026-11-24T00:00:00.000Z",
    updated=MOMENT,
    left=12,
    caught_up="2026-11-24T00:00:08.000Z",
    lines=1000,
    damaged=1,
    repeated=2,
    lost=3,
    disk_free=10**9,
    heard={"rec1": "2026-11-24T00:00:07.000Z", "rec2": ""},
)


def samples(status):
    lines = prometheus_of_collector(status).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_the_metrics_tell_how_far_a_collector_is_behind():
    found = samples(COLLECTING)
    begin = float(found["chatlog_start_timestamp_seconds"])
    assert float(found["chatlog_collect_timestamp_seconds"]) == begin + 8
    assert float(found["chatlog_heartbeat_timestamp_seconds"]) == begin + 10.5
    assert float(found['chatlog_collect_witness_timestamp_seconds{witness="rec1"}']) == begin + 7
    assert {name: value for name, value in found.items() if "timestamp" not in name} == {
        'chatlog_info{version="1.2"}': "1",
        "chatlog_disk_free_bytes": "1000000000",
        "chatlog_collect_connected": "1",
        "chatlog_collect_left_messages": "12",
        "chatlog_collect_lines_total": "1000",
        "chatlog_collect_damaged_total": "1",
        "chatlog_collect_repeated_total": "2",
        "chatlog_collect_lost_messages": "3",
    }


def test_figures_that_are_unknown_are_absent():
    found = samples(replace(COLLECTING, left=None, caught_up="", disk_free=None))
    assert found["chatlog_collect_connected"] == "0"
    assert "chatlog_collect_left_messages" not in found
    assert "chatlog_collect_timestamp_seconds" not in found
    assert "chatlog_disk_free_bytes" not in found
    assert 'chatlog_collect_witness_timestamp_seconds{witness="rec2"}' not in found


def test_the_page_is_bounded_whatever_the_number_of_recorders():
    many = {f"rec{number}": MOMENT for number in range(3 * MOST_WITNESSES)}
    found = [name for name in samples(replace(COLLECTING, heard=many)) if "witness=" in name]
    assert len(found) == MOST_WITNESSES
