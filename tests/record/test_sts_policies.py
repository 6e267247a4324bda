"""Which servers are to be reached by TLS alone, remembered from run to run."""

from __future__ import annotations

import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.event import format_time, parse_time
from chatlog.record.sts_policies import Policies

NOW = "2026-11-23T18:20:01.123Z"
NEVER = "9999-12-31T23:59:59.999Z"


def after(seconds):
    return format_time(parse_time(NOW) + int(seconds * 1000))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sts.json"


def test_nothing_is_known_of_a_server_that_said_nothing(path):
    assert Policies(path).port_for("irc.test", NOW) is None
    assert not path.exists()


def test_a_policy_is_remembered_by_the_next_run(path):
    Policies(path).remember("irc.test", 6697, 60, NOW)
    assert Policies(path).port_for("irc.test", NOW) == 6697
    assert Policies(path).port_for("other.test", NOW) is None


@pytest.mark.parametrize("other", ["IRC.bücher.TEST", "irc.bücher.test.", "irc.xn--bcher-kva.test"])
def test_a_policy_is_that_of_each_spelling_of_a_host(path, other):
    policies = Policies(path)
    policies.remember("irc.bücher.test", 6697, 60, NOW)
    assert policies.port_for(other, NOW) == 6697
    policies.remember(other, 6697, 0, NOW)
    assert policies.port_for("irc.bücher.test", NOW) is None


def test_a_policy_ends_when_its_time_is_over(path):
    policies = Policies(path)
    policies.remember("irc.test", 6697, 60, NOW)
    assert policies.port_for("irc.test", after(59.999)) == 6697
    assert policies.port_for("irc.test", after(60)) is None


def test_each_time_that_a_server_says_it_the_time_begins_anew(path):
    policies = Policies(path)
    policies.remember("irc.test", 6697, 60, NOW)
    policies.remember("irc.test", 7000, 60, after(50))
    assert Policies(path).port_for("irc.test", after(100)) == 7000


def test_an_sts_policy_of_no_duration_is_forgotten(path):
    policies = Policies(path)
    policies.remember("irc.test", 6697, 60, NOW)
    policies.remember("other.test", 6697, 60, NOW)
    policies.remember("IRC.test", 6697, 0, NOW)
    assert Policies(path).port_for("irc.test", NOW) is None
    assert Policies(path).port_for("other.test", NOW) == 6697


def test_to_forget_what_was_never_known_writes_nothing(path):
    Policies(path).remember("irc.test", 6697, 0, NOW)
    assert not path.exists()


def test_a_name_is_the_same_in_any_case(path):
    Policies(path).remember("IRC.Test", 6697, 60, NOW)
    assert Policies(path).port_for("irc.tEST", NOW) == 6697


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "::1"])
def test_an_address_in_digits_has_no_policy(path, host):
    Policies(path).remember(host, 6697, 60, NOW)
    assert Policies(path).port_for(host, NOW) is None
    assert not path.exists()


def test_an_sts_policy_that_expired_is_not_kept(path):
    policies = Policies(path)
    policies.remember("old.test", 6697, 60, NOW)
    policies.remember("irc.test", 6697, 60, after(61))
    assert list(json.loads(path.read_text())) == ["irc.test"]


def test_an_sts_policy_may_last_for_ever(path):
    Policies(path).remember("irc.test", 6697, 10**10 - 1, "9998-01-01T00:00:00.000Z")
    assert json.loads(path.read_text())["irc.test"]["until"] == NEVER


def test_the_file_is_ours_alone_and_nothing_lies_beside_it(path):
    Policies(path).remember("irc.test", 6697, 60, NOW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


SPOILT = {
    "nothing": b"",
    "no JSON": b"{",
    "no object": b"[]",
    "no policy": b'{"irc.test": 6697}',
    "no text": b"\xff\xfe",
    "too deep": b"[" * 100_000,
    "a port that is none": b'{"irc.test": {"port": "6697", "until": "9999"}}',
    "a port that cannot be": b'{"irc.test": {"port": 66970, "until": "9999"}}',
    "no port at all": b'{"irc.test": {"port": 0, "until": "9999"}}',
}


@pytest.mark.parametrize("data", SPOILT.values(), ids=SPOILT)
def test_a_file_that_is_not_understood_is_told_once_and_begun_anew(path, data, caplog):
    path.write_bytes(data)
    policies = Policies(path)
    assert policies.port_for("irc.test", NOW) is None
    assert policies.port_for("other.test", NOW) is None
    (record,) = caplog.records
    assert str(path) in record.getMessage()
    assert "\n" not in record.getMessage()
    policies.remember("irc.test", 6697, 60, NOW)
    assert Policies(path).port_for("irc.test", NOW) == 6697


def test_a_file_that_cannot_be_written_is_told_and_the_run_goes_by_the_policy(tmp_path, caplog):
    policies = Policies(tmp_path / "nowhere" / "sts.json")
    policies.remember("irc.test", 6697, 60, NOW)
    assert policies.port_for("irc.test", NOW) == 6697
    (record,) = caplog.records
    assert "cannot be written" in record.getMessage()


def test_a_directory_in_its_place_is_told_and_does_no_harm(path, caplog):
    path.mkdir()
    policies = Policies(path)
    assert policies.port_for("irc.test", NOW) is None
    policies.remember("irc.test", 6697, 60, NOW)
    assert policies.port_for("irc.test", NOW) == 6697
    assert len(caplog.records) == 2
    assert list(path.parent.iterdir()) == [path]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 100),
        st.sampled_from(["a.test", "b.test", "B.TEST"]),
        st.integers(1, 65535),
        st.integers(0, 100),
    )
)


@given(steps=STEPS)
def test_what_is_known_is_what_each_server_said_last(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("policies") / "sts.json"
    policies, last, clock = Policies(path), {}, 0
    for wait, host, port, duration in steps:
        clock += wait
        policies.remember(host, port, duration, after(clock))
        last[host.lower()] = (port, clock + duration)
        for name, (expected, until) in last.items():
            known = expected if until > clock else None
            assert policies.port_for(name, after(clock)) == known
            assert Policies(path).port_for(name, after(clock)) == known
