"""What a service manager hears, over a socket of its own kind."""

from __future__ import annotations

import contextlib
import logging
import socket
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.health.systemd import Notifier
from tests.support.waiting import PATIENCE

PID = 4711


@contextlib.contextmanager
def listening(address):
    """Be a service manager at an address."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(PATIENCE)
        yield manager


@pytest.fixture
def manager(tmp_path):
    with listening(str(tmp_path / "notify")) as manager:
        yield manager


@pytest.fixture
def notifier(tmp_path, manager):
    return Notifier.from_environment({"NOTIFY_SOCKET": str(tmp_path / "notify")})


@pytest.mark.parametrize(
    ("tell", "heard"),
    [
        (lambda notifier: notifier.ready(), b"READY=1"),
        (lambda notifier: notifier.status("2 networks"), b"STATUS=2 networks"),
        (lambda notifier: notifier.watchdog(), b"WATCHDOG=1"),
        (lambda notifier: notifier.stopping(), b"STOPPING=1"),
        (lambda notifier: notifier.reloading(17), b"RELOADING=1\nMONOTONIC_USEC=17"),
    ],
)
def test_each_message_to_systemd_is_one_datagram(notifier, manager, tell, heard):
    tell(notifier)
    assert manager.recv(4096) == heard


def test_a_status_cannot_say_anything_else(notifier, manager):
    notifier.status("fine\nREADY=1\x1b\ud800")
    assert manager.recv(4096) == b"STATUS=fine READY=1  "


def test_a_long_status_is_cut(notifier, manager):
    notifier.status("é" * 10_000)
    assert manager.recv(65536).decode() == "STATUS=" + "é" * 1000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the abstract space")
def test_an_address_behind_an_at_sign_is_an_abstract_one(tmp_path):
    name = f"chatlog-test-{tmp_path.name}-{id(tmp_path)}"
    with listening(f"\0{name}") as manager:
        Notifier.from_environment({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert manager.recv(4096) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:9"}])
def test_without_an_address_that_is_understood_nobody_is_told(environ, caplog):
    notifier = Notifier.from_environment({**environ, "WATCHDOG_USEC": "1000000"})
    notifier.ready()
    assert notifier.watchdog_interval is None
    assert caplog.records == []


def test_a_dead_socket_is_complained_of_once_and_raises_nothing(tmp_path, caplog):
    notifier = Notifier(str(tmp_path / "nobody"))
    with caplog.at_level(logging.WARNING):
        notifier.ready()
        notifier.watchdog()
    [record] = caplog.records
    assert "cannot tell the service manager" in record.getMessage()


def test_a_manager_that_does_not_read_is_not_waited_for(notifier, manager):
    for _ in range(5000):  # more than any queue of datagrams holds
        notifier.watchdog()
    assert manager.recv(4096) == b"WATCHDOG=1"


def test_a_manager_that_comes_back_is_told_again(tmp_path):
    address = str(tmp_path / "notify")
    notifier = Notifier(address)
    notifier.ready()
    with listening(address) as manager:
        notifier.watchdog()
        assert manager.recv(4096) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": str(PID)}, 0.5),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "many"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-5"}, None),
        ({"WATCHDOG_USEC": "5s"}, None),
        ({"WATCHDOG_USEC": "9" * 30}, None),
        ({}, None),
    ],
)
def test_the_watchdog_interval_counts_for_the_process_that_it_names(environ, interval):
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": "/run/notify", **environ}, pid=PID)
    assert notifier.watchdog_interval == interval


@given(st.text(), st.text(), st.text())
def test_any_environment_gives_a_watchdog_interval_or_none(address, interval, pid):
    environ = {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": interval, "WATCHDOG_PID": pid}
    found = Notifier.from_environment(environ).watchdog_interval
    assert found is None or found > 0
