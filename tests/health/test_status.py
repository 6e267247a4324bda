"""The status of a run: one line of JSON that reads back as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.health.status import NetworkStatus, RunStatus, decode, encode
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
