"""Hostile servers against the real recorder: memory, turns of the loop, files and output.

The table of attacks is in tests/support/attacks.py. A few rounds of each here; `make
torture` sends ten times as many.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import time
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest

from chatlog.protocol.targets import MAX_UNASKED
from tests.support.attacks import ATTACKS, HONEST
from tests.support.floods import FLOODS, MARK, marked
from tests.support.process import Chatlog
from tests.support.recorded import texts
from tests.support.scripted import ScriptedServer
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.torture

_TORTURE = int(os.environ.get("CHATLOG_TORTURE_ROUNDS", "8")) // 20 or 1
_MB = 1024 * 1024

NETWORK = "hostile"

MOST_MEMORY = 256 * _MB
"""What docs/trust.md promises."""

LONGEST_TURN = 0.1
"""Seconds of CPU time in one turn of the loop."""

LONGEST_ENDING = 5.0
"""Seconds from SIGTERM to the end of the process."""

SETTLED = 5
GROWTH = 16 * _MB
"""What the memory may grow by with all connections after the first SETTLED."""


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
    """What a recorder cost in the end: seconds, bytes, files.

    `levels` are the bytes of resident memory at the end of each script, and `ending` the
    seconds from SIGTERM to the end of the process, without those in which it waited for
    a processor.
    """

    status: int
    turn: float
    memory: int
    levels: list[int]
    files: int
    output: int
    sent: int
    ending: float
    received: list[bytes]
    log: str


def resident(pid):
    """Return the resident memory of a process in bytes."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def record_from(place, *scripts, channels=("#a",), options=(), stop_at=None):
    """Record channels in a process of its own from a server with these scripts, then stop it.

    It is stopped at the end of the last script, or when it has sent a line in which
    `stop_at` is found; the script goes on then.
    """
    (place / "home").mkdir()
    chatlog, done, sent, levels = Chatlog(place / "home"), threading.Event(), [], []

    def measured(peer, script):
        script(peer)
        levels.append(resident(recorder.pid))

    def last(peer):
        try:
            measured(peer, scripts[-1])
        finally:
            sent.append(peer.sent)
            done.set()
        peer.wait_for(rb"^QUIT")

    earlier = [partial(measured, script=script) for script in scripts[:-1]]
    try:
        with ScriptedServer(*earlier, last) as server:
            recorder = chatlog.start_command(
                *(sys.executable, "-m", "tests.support.watched", str(place / "report")),
                *(
                    "record",
                    "--server",
                    f"127.0.0.1:{server.port}",
                    "--no-tls",
                    "--network",
                    NETWORK,
                ),
                *("--archive", str(place / "archive"), "--sync", "never"),
                *(word for channel in channels for word in ("--channel", channel)),
                *("--reconnect-min", "0.1s", "--reconnect-max", "0.2s"),
                *options,
            )
            if stop_at is None:
                assert done.wait(PATIENCE * 4 * _TORTURE)
            else:
                server.wait_for(stop_at)
            recorder.terminate()
            began = time.monotonic()
            status = recorder.finish(PATIENCE)
            ending = time.monotonic() - began
    finally:
        chatlog.end_all()
    report = json.loads((place / "report").read_text("ascii"))
    files = [each for each in (place / "archive").rglob("*") if each.is_file()]
    return Recording(
        status=status,
        turn=report["turn"],
        memory=report["peak"],
        levels=levels,
        files=len(files),
        output=sum(each.stat().st_size for each in files),
        sent=sum(sent),
        ending=ending - report["queued"],
        received=server.received,
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


def test_a_thousand_people_who_write_to_us_at_once_hold_the_loop_no_longer(tmp_path):
    def everybody_writes(peer):
        peer.register(())
        peer.join("#a")
        peer.flood(b"".join(b":q%d!u@h PRIVMSG rec :hi\r\n" % n for n in range(MAX_UNASKED + 99)))
        peer.sync()

    found = record_from(tmp_path, everybody_writes, options=("--queries", "--nick", "rec"))
    assert found.status == 0, found.log
    assert found.turn < LONGEST_TURN
    ledgers = [each.read_bytes() for each in (tmp_path / "archive").rglob("LEDGER")]
    assert sum(b'"opened"' in each for each in ledgers) == MAX_UNASKED + 1


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
    rounds, lines = (7, 2000) if _TORTURE == 1 else (35, 4000)

    def stay(peer):
        peer.register(())
        peer.join("#a")
        for number in range(lines):
            names = " ".join(f"somebody{number}-{n}" for n in range(50))
            peer.flood(f":s 353 {peer.nick} = #a :{names}\r\n".encode())
        peer.send(f":s 366 {peer.nick} #a :End\r\n".encode())
        peer.sync()

    found = record_from(tmp_path, *[stay] * rounds)
    assert found.status == 0, found.log
    assert found.memory < (160 * _MB if _TORTURE == 1 else MOST_MEMORY)
    assert max(found.levels[SETTLED:]) < found.levels[SETTLED - 1] + GROWTH, found.levels


@pytest.mark.parametrize("name", FLOODS)
def test_a_stop_in_the_middle_of_a_flood_ends_in_time_with_all_that_was_answered(tmp_path, name):
    def flood(peer):
        lines = (f"{line}\r\n".encode() for line in marked(FLOODS[name](peer)))
        while some := b"".join(islice(lines, 200)):
            peer.flood(some)  # until the client leaves

    found = record_from(tmp_path, flood, stop_at=rb"^PONG :?mark5$")
    assert found.status == 0, found.log
    assert found.ending < LONGEST_ENDING
    assert found.memory < MOST_MEMORY
    assert "Traceback" not in found.log
    answered = {line.split(b":")[-1].decode() for line in found.received if b"PONG" in line}
    written = [
        text for text in texts(tmp_path / "archive", "#a", network=NETWORK) if text.startswith(MARK)
    ]
    assert written == [f"{MARK}{number}" for number in range(len(written))]
    assert {text for text in answered if text.startswith(MARK)} <= set(written)
