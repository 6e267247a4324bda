"""The shipper beside a recorder: whatever keeps it from starting, it is tried again."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys

from chatlog.bus.server import BusServer
from chatlog.cli import publishing
from tests.support.waiting import eventually


def test_a_shipper_that_could_not_be_started_is_told_and_started_again(
    monkeypatch, tmp_path, caplog
):
    caplog.set_level(logging.WARNING)
    failures, begun = [OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))], []
    popen = subprocess.Popen

    def start(_command, **settings):
        if failures:
            raise failures.pop()
        begun.append(popen([sys.executable, "-c", "import sys; sys.stdin.read()"], **settings))
        return begun[-1]

    monkeypatch.setattr(publishing.subprocess, "Popen", start)
    monkeypatch.setattr(publishing, "_AGAIN", 0.0)
    server = BusServer(url="nats://127.0.0.1:4222")
    with publishing.publishing(server, tmp_path, quiet=True):
        eventually(lambda: begun)
    assert begun[0].wait() == 0
    told = "the shipper could not be started: Resource temporarily unavailable"
    assert caplog.messages == [f"{told}; it is started again"]
