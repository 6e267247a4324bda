"""Hostile servers against the real recorder: memory, turns of the loop, files and output.

The table of attacks is in tests/support/attacks.py. A few rounds of each here; `make
torture` sends ten times as many.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import NamedTuple

import pytest

from chatlog.protocol.targets import MAX_UNASKED
from tests.support.attacks import ATTACKS, HONEST
from tests.support.process import Chatlog
from tests.support.scripted import ScriptedServer
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.torture

_TORTURE = int(os.environ.get("CHATLOG_TORTURE_ROUNDS", "8")) // 20 or 1
_MB = 1024 * 1024

MOST_MEMORY = 256 * _MB
"""What docs/trust.md promises."""

LONGEST_TURN = 0.1
"""Seconds of CPU time in one turn of the loop."""


class Bounds(NamedTuple):
    """How often an attack is repeated, and the bounds on what it may cost.

    `output` is how many bytes of files one byte of the server may become, beside 1 MB.
    """

    rounds: int = 3
    memory: int = 112 * _MB
    files: int = 20
    output: float = 6.0


FEW = Bounds(rounds=1)
OTHERS = Bounds()
TARGETS = Bounds(rounds=1, files=2 * MAX_UNASKED + 40, output=20.0)
BOUNDS = {
    "names_without_end": Bounds(memory=128 * _MB),
    "channels_that_nobody_asked_for": TARGETS,
    "channels_that_come_and_go": TARGETS,
    "names_for_a_channel": TARGETS,
    "forwards": TARGETS,
    "somebody_who_is_everywhere": Bounds(1, files=2 * MAX_UNASKED + 40, output=500.0),
    "a_channel_with_two_names": Bounds(1, output=40.0),
    "a_channel_that_is_left": FEW,
    "kicks": Bounds(1, output=60.0),
}
"""Those that differ; the other attacks have those of OTHERS."""


class Recording(NamedTuple):
    """What a recorder cost in the end: seconds, bytes, files."""

    status: int
    turn: float
    memory: int
    files: int
    output: int
    sent: int
    log: str


def record_from(place, *scripts, channels=("#a",)):
    """Record channels in a process of its own from a server with these scripts, then stop it."""
    (place / "home").mkdir()
    chatlog, done, sent = Chatlog(place / "home"), threading.Event(), []

    def last(peer):
        try:
            scripts[-1](peer)
        finally:
            sent.append(peer.sent)
            done.set()
        peer.wait_for(rb"^QUIT")

    try:
        with ScriptedServer(*scripts[:-1], last) as server:
            recorder = chatlog.start_command(
                *(sys.executable, "-m", "tests.support.watched", str(place / "report")),
                *("record", "--server", f"127.0.0.1:{server.port}", "--no-tls"),
                *("--output", str(place / "archive"), "--sync", "never"),
                *(word for channel in channels for word in ("--channel", channel)),
                *("--reconnect-min", "0.1s", "--reconnect-max", "0.2s"),
            )
            assert done.wait(PATIENCE * 4 * _TORTURE)
            recorder.terminate()
            status = recorder.finish(PATIENCE)
    finally:
        chatlog.end_all()
    report = json.loads((place / "report").read_text("ascii"))
    files = [each for each in (place / "archive").rglob("*") if each.is_file()]
    return Recording(
        status=status,
        turn=report["turn"],
        memory=report["peak"],
        files=len(files),
        output=sum(each.stat().st_size for each in files),
        sent=sum(sent),
        log=recorder.stderr,
    )


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_exceeds_its_bounds(tmp_path, name):
    bounds = BOUNDS.get(name, OTHERS)
    found = record_from(tmp_path, lambda peer: ATTACKS[name](peer, bounds.rounds * _TORTURE))
    assert found.status == 0, found.log
    assert found.memory < min(MOST_MEMORY, bounds.memory * (1 if _TORTURE == 1 else 2))
    assert found.turn < LONGEST_TURN
    assert found.files <= bounds.files
    assert found.output < bounds.output * found.sent + _MB
    assert "Traceback" not in found.log


@pytest.mark.parametrize("name", HONEST)
def test_honest_networks_stay_inside_the_bounds(tmp_path, name):
    found = record_from(tmp_path, HONEST[name])
    assert found.status == 0, found.log
    assert found.memory < MOST_MEMORY
    assert found.turn < LONGEST_TURN
    assert "given up" not in found.log
    assert "nobody asked for" not in found.log


def test_thousands_of_channels_of_the_configuration_are_all_recorded(tmp_path):
    channels = [f"#c{number}" for number in range(1200 if _TORTURE == 1 else 5000)]

    def be_everywhere(peer):
        peer.register(())
        peer.join(*channels)
        for channel in channels:
            names = " ".join(f"{channel[1:]}somebody{n}" for n in range(50))
            peer.send(f":s 353 {peer.nick} = {channel} :{names} bob\r\n".encode())
            peer.send(f":s 366 {peer.nick} {channel} :End\r\n".encode())
        peer.send(b":bob!u@h QUIT :bye\r\n")
        peer.sync()

    found = record_from(tmp_path, be_everywhere, channels=channels)
    assert found.status == 0, found.log
    assert found.memory < MOST_MEMORY
    assert found.turn < LONGEST_TURN
    assert "nobody asked for" not in found.log
    transcripts = [each.read_bytes() for each in (tmp_path / "archive").rglob("*.jsonl")]
    assert sum(b'"quit"' in each for each in transcripts) == len(channels)


def test_memory_does_not_grow_with_the_connections(tmp_path):
    def stay(peer):
        peer.register(())
        peer.join("#a")
        for number in range(2000):
            names = " ".join(f"somebody{number}-{n}" for n in range(50))
            peer.flood(f":s 353 {peer.nick} = #a :{names}\r\n".encode())
        peer.send(f":s 366 {peer.nick} #a :End\r\n".encode())
        peer.sync()

    found = record_from(tmp_path, *[stay] * (3 + 4 * _TORTURE))
    assert found.status == 0, found.log
    assert found.memory < 160 * _MB
