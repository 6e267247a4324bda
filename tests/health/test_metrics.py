"""Metrics: the status of a run as a collector of Prometheus reads it."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from chatlog.health.metrics import MOST_TARGETS, prometheus
from tests.health.test_status import MOMENT, networks
from tests.support.statuses import network_status, run_status

SAMPLE = re.compile(r'(chatlog_[a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\[\\n"])*",?)+)\})? (\S+)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"', re.DOTALL)
UNESCAPED = {r"\\": "\\", r"\n": "\n", r"\"": '"'}


FULL = run_status(
    network_status(
        lag=0.25, since=MOMENT, last_event=MOMENT, reconnects=2, joined=3, wanted=4,
        events={"#python": 7, "@server": 1}, problems=("cannot join #x",),
        off_record=5, ignored=6, not_understood=8, heard=MOMENT, gaps=12,
        holds={"#python": True, "#x": False}, awaits={"#y": False}, deaf={"#x": MOMENT, "#y": ""},
    ),
    started=MOMENT, updated=MOMENT, loop_lag=0.5, errors=9, disk_free=10**15, waiting=3,
    waiting_bytes=300, piped=MOMENT, shipped=MOMENT,
)  # fmt: skip
"""A status of which every metric has a sample."""


def unescape(value):
    return re.sub(r"\\.", lambda match: UNESCAPED[match[0]], value)


def samples(text):
    """Read metrics as the collector does: {(name, labels): value}."""
    found = {}
    kinds = {}
    for line in text.split("\n")[:-1]:
        if line.startswith("# TYPE "):
            _, _, name, kinds[name] = line.split(" ")
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            assert name in kinds, "a sample comes after its type"
            assert name.endswith("_total") == (kinds[name] == "counter")
            pairs = tuple((key, unescape(raw)) for key, raw in LABEL.findall(labels or ""))
            assert (name, pairs) not in found, "no series twice"
            found[name, pairs] = float(value)
    return found


def test_the_metrics_say_what_the_status_says():
    net = (("network", "net"),)
    assert samples(prometheus(FULL)) == {
        ("chatlog_info", (("version", "1.2.3"),)): 1,
        ("chatlog_up", ()): 1,
        ("chatlog_start_timestamp_seconds", ()): 1_795_458_001.123,
        ("chatlog_heartbeat_timestamp_seconds", ()): 1_795_458_001.123,
        ("chatlog_loop_lag_seconds", ()): 0.5,
        ("chatlog_disk_free_bytes", ()): 10**15,
        ("chatlog_errors_total", ()): 9,
        ("chatlog_waiting_lines", ()): 3,
        ("chatlog_waiting_bytes", ()): 300,
        ("chatlog_pipe_timestamp_seconds", ()): 1_795_458_001.123,
        ("chatlog_ship_timestamp_seconds", ()): 1_795_458_001.123,
        ("chatlog_targets_left_out", ()): 0,
        ("chatlog_connected", net): 1,
        ("chatlog_lag_seconds", net): 0.25,
        ("chatlog_connected_timestamp_seconds", net): 1_795_458_001.123,
        ("chatlog_last_event_timestamp_seconds", net): 1_795_458_001.123,
        ("chatlog_reconnects_total", net): 2,
        ("chatlog_channels_joined", net): 3,
        ("chatlog_channels_wanted", net): 4,
        ("chatlog_targets_deaf", net): 2,
        ("chatlog_gaps_waiting", net): 12,
        ("chatlog_problems", net): 1,
        ("chatlog_off_record_total", net): 5,
        ("chatlog_ignored_total", net): 6,
        ("chatlog_not_understood_total", net): 8,
        ("chatlog_events_total", (*net, ("target", "#python"))): 7,
        ("chatlog_events_total", (*net, ("target", "@server"))): 1,
        ("chatlog_network_events_total", net): 8,
        ("chatlog_target_heard", (*net, ("target", "#python"))): 1,
        ("chatlog_target_heard", (*net, ("target", "#x"))): 0,
        ("chatlog_target_heard", (*net, ("target", "#y"))): 0,
        (
            "chatlog_target_heard_timestamp_seconds",
            (*net, ("target", "#python")),
        ): 1_795_458_001.123,
        ("chatlog_target_heard_timestamp_seconds", (*net, ("target", "#x"))): 1_795_458_001.123,
    }


def test_what_is_not_known_has_no_sample_and_no_head():
    text = prometheus(run_status(network_status()))
    assert "chatlog_connected{" in text
    for name in ("lag", "connected_timestamp", "last_event_timestamp"):
        assert f"chatlog_{name}_seconds" not in text
    assert "chatlog_events_total" not in text


def test_a_run_that_has_ended_is_not_up():
    assert samples(prometheus(run_status(ended=MOMENT)))["chatlog_up", ()] == 0


def test_a_network_without_a_connection_is_not_connected():
    found = samples(prometheus(run_status(network_status(connected=False))))
    assert found["chatlog_connected", (("network", "net"),)] == 0


@given(st.lists(networks, max_size=3, unique_by=lambda network: _mended(network.name)))
def test_no_name_can_forge_a_metric(found):
    read = samples(prometheus(run_status(*found)))
    names = {value for (_, labels) in read for key, value in labels if key == "network"}
    assert names == {_mended(network.name) for network in found}
    assert all(math.isfinite(value) for value in read.values())


def _mended(text):
    return re.sub("[\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


def test_the_samples_of_ten_thousand_channels_are_bounded_and_name_the_deaf_ones():
    held = {f"#{number}": number not in (7, 9_999) for number in range(10_000)}
    events = {f"#{number}": number for number in range(10_000)}
    network = network_status(holds=held, deaf={"#7": MOMENT, "#9999": ""}, events=events)
    found = samples(prometheus(run_status(network)))
    heard = {dict(labels)["target"]: value for (name, labels), value in found.items()
             if name == "chatlog_target_heard"}  # fmt: skip
    assert len(heard) == MOST_TARGETS
    assert [target for target, value in heard.items() if not value] == ["#7", "#9999"]
    busy = [labels for name, labels in found if name == "chatlog_events_total"]
    assert len(busy) == MOST_TARGETS
    assert (("network", "net"), ("target", "#9999")) in busy
    assert found["chatlog_targets_left_out", ()] == 8000
    assert found["chatlog_targets_deaf", (("network", "net"),)] == 2
    assert found["chatlog_network_events_total", (("network", "net"),)] == sum(range(10_000))


def test_names_that_are_the_same_once_mended_are_one_series():
    network = network_status(events={f"#{chr(0xD800)}": 7, f"#{chr(0xD801)}": 2})
    found = samples(prometheus(run_status(network)))
    assert found["chatlog_events_total", (("network", "net"), ("target", "#\ufffd"))] == 7
