"""The status of a run: one line of JSON, one sentence, and metrics that a collector reads."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.health.status import NetworkStatus, RunStatus, decode, encode, prometheus
from tests.support.events import UNSAFE, anything, times
from tests.support.statuses import network_status, run_status

MOMENT = "2026-11-23T18:20:01.123Z"
counts = st.integers(0, 2**63)
seconds = st.floats(0, 1e9)
maybe_times = st.one_of(st.just(""), times)


def networks_of(texts):
    """Make networks with such names, states and the like."""
    return st.builds(
        NetworkStatus,
        name=texts,
        state=texts,
        connected=st.booleans(),
        server=texts,
        nick=texts,
        lag=st.none() | seconds,
        since=maybe_times,
        last_event=maybe_times,
        reconnects=counts,
        joined=counts,
        wanted=counts,
        events=st.dictionaries(texts, counts, max_size=3),
        problems=st.lists(texts, max_size=3).map(tuple),
        off_record=counts,
        ignored=counts,
        not_understood=counts,
    )


networks = networks_of(anything)
runs = st.builds(
    RunStatus,
    pid=counts,
    version=anything,
    root=anything,
    started=times,
    updated=times,
    ended=maybe_times,
    reason=anything,
    networks=st.lists(networks, max_size=3).map(tuple),
    loop_lag=seconds,
    errors=counts,
    disk_free=counts,
    waiting=counts,
)


# -- JSON --------------------------------------------------------------------


@given(runs)
def test_a_status_is_one_safe_line_that_reads_back_as_the_same_line(status):
    line = encode(status)
    assert line.endswith(b"\n")
    assert not UNSAFE.search(line[:-1].decode())
    assert encode(decode(line)) == line


@given(networks_of(st.text()))
def test_what_is_made_of_whole_characters_reads_back_as_it_was(network):
    status = run_status(network)
    assert decode(encode(status)) == status


def test_every_key_is_there_though_it_be_empty():
    fields = json.loads(encode(run_status(network_status())))
    assert set(fields) == set(RunStatus.__struct_fields__)
    assert set(fields["networks"][0]) == set(NetworkStatus.__struct_fields__)


def test_a_key_of_a_later_version_is_ignored():
    status = run_status()
    later = {**json.loads(encode(status)), "mood": "sunny"}
    assert decode(json.dumps(later).encode()) == status


@given(st.binary() | runs.map(encode).map(lambda line: line[: len(line) // 2]))
def test_what_is_no_status_is_a_value_error(data):
    with pytest.raises(ValueError, match="not a status"):
        decode(data)


@pytest.mark.parametrize("key", ["started", "updated", "ended"])
@pytest.mark.parametrize("text", ["yesterday", "2026-11-23", "2026-13-01T00:00:00.000Z"])
def test_a_time_that_is_none_is_a_value_error(key, text):
    broken = {**json.loads(encode(run_status())), key: text}
    with pytest.raises(ValueError, match=r".+"):
        decode(json.dumps(broken).encode())


@pytest.mark.parametrize("key", ["since", "heard", "last_event"])
def test_a_time_of_a_network_that_is_none_is_a_value_error(key):
    broken = json.loads(encode(run_status(network_status())))
    broken["networks"][0][key] = "soon"
    with pytest.raises(ValueError, match="soon"):
        decode(json.dumps(broken).encode())


@pytest.mark.parametrize("offset", [10**15, -(10**15), 10**18])
def test_a_clock_of_a_server_that_there_cannot_be_is_a_value_error(offset):
    heard = "2026-11-23T18:20:01.123Z"
    with pytest.raises(ValueError, match="a time that there cannot be"):
        decode(encode(run_status(network_status(heard=heard, offset=offset))))


@pytest.mark.parametrize("key", ["started", "updated"])
def test_a_status_that_does_not_say_of_when_it_is_is_none(key):
    broken = {**json.loads(encode(run_status())), key: ""}
    with pytest.raises(ValueError, match="of when it is"):
        decode(json.dumps(broken).encode())


# -- metrics -----------------------------------------------------------------

SAMPLE = re.compile(r'(chatlog_[a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\[\\n"])*",?)+)\})? (\S+)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"', re.DOTALL)
UNESCAPED = {r"\\": "\\", r"\n": "\n", r"\"": '"'}


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
    network = network_status(
        lag=0.25, since=MOMENT, last_event=MOMENT, reconnects=2, joined=3, wanted=4,
        events={"#python": 7, "@server": 1}, problems=("cannot join #x",),
        off_record=5, ignored=6, not_understood=8,
    )  # fmt: skip
    status = run_status(
        network,
        started=MOMENT,
        updated=MOMENT,
        loop_lag=0.5,
        errors=9,
        disk_free=10**15,
        waiting=3,
    )
    net = (("network", "net"),)
    assert samples(prometheus(status)) == {
        ("chatlog_info", (("version", "1.2.3"),)): 1,
        ("chatlog_up", ()): 1,
        ("chatlog_start_timestamp_seconds", ()): 1_795_458_001.123,
        ("chatlog_heartbeat_timestamp_seconds", ()): 1_795_458_001.123,
        ("chatlog_loop_lag_seconds", ()): 0.5,
        ("chatlog_disk_free_bytes", ()): 10**15,
        ("chatlog_errors_total", ()): 9,
        ("chatlog_waiting_lines", ()): 3,
        ("chatlog_connected", net): 1,
        ("chatlog_lag_seconds", net): 0.25,
        ("chatlog_connected_timestamp_seconds", net): 1_795_458_001.123,
        ("chatlog_last_event_timestamp_seconds", net): 1_795_458_001.123,
        ("chatlog_reconnects_total", net): 2,
        ("chatlog_channels_joined", net): 3,
        ("chatlog_channels_wanted", net): 4,
        ("chatlog_problems", net): 1,
        ("chatlog_off_record_total", net): 5,
        ("chatlog_ignored_total", net): 6,
        ("chatlog_not_understood_total", net): 8,
        ("chatlog_events_total", (*net, ("target", "#python"))): 7,
        ("chatlog_events_total", (*net, ("target", "@server"))): 1,
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
