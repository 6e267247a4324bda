"""Signals that reach the process of a run between its end and the exit change nothing any more."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from tests.support.embedded import EmbeddedServer
from tests.support.waiting import eventually

AGAIN = """
import atexit, os, signal, sys

def send(*numbers):
    for number in numbers:
        os.kill(os.getpid(), number)

def give_back(number, handler, real=signal.signal):
    before = real(number, handler)
    if handler in (signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler):
        send(number)
    return before

from chatlog.cli import main
signal.signal = give_back
atexit.register(send, *(getattr(signal, name) for name in os.environ['SIGNALS'].split()))
main(sys.argv[1:])
"""
"""The program, to which signals are sent again when they get another action, and at its exit."""
ALL = "SIGTERM SIGHUP SIGUSR1 SIGINT"


@pytest.mark.parametrize(("command", "status"), [("record", 0), ("sync", 130)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_change_the_status_of_a_run(
    chatlog, tmp_path, command, status, number
):
    with EmbeddedServer() as server:
        run = chatlog.start_command(
            sys.executable, "-c", AGAIN, command, "--server", f"127.0.0.1:{server.port}",
            "--no-tls", "--network", "net", "--channel", "demo", "--archive", tmp_path,
            *(("--for", "60s") if command == "sync" else ()), SIGNALS=ALL,
        )  # fmt: skip
        server.joined("chatlog", "#demo")
        os.kill(run.pid, number)
        assert run.finish() == status, run.stderr
    assert "Traceback" not in run.stderr


def test_a_run_that_reached_its_limit_ends_well_whatever_is_sent_to_it_then(chatlog, tmp_path):
    with EmbeddedServer() as server:
        run = chatlog.start_command(
            sys.executable, "-c", AGAIN, "record", "--server", f"127.0.0.1:{server.port}",
            "--no-tls", "--network", "net", "--channel", "demo", "--archive", tmp_path,
            "--max-events", "1", SIGNALS=ALL,
        )  # fmt: skip
        server.joined("chatlog", "#demo")
        server.say("ada", "#demo", "hello")
        assert run.finish() == 0, run.stderr


def test_a_second_signal_does_not_change_the_status_of_a_demo(chatlog, tmp_path):
    run = chatlog.start_command(
        sys.executable, "-c", AGAIN, "demo", "--archive", tmp_path, SIGNALS="SIGTERM SIGINT"
    )
    eventually((tmp_path / "demo" / "#demo").exists)
    run.terminate()
    assert run.finish() == 130, run.stderr
