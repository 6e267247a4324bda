"""Shards with two replicas on a scripted Twitch, their bus and their collector, which are killed.

The server and the bus are on loopback. Only the pace of JOINs and logins is made up: a hundred
times that of Twitch, of which each shard has its own, as with an account each. All else of the
preset holds: 100 channels on a connection, several connections with one nick, tags.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from chatlog.read.reader import Reader
from tests.bench.measure import ROOT, FailedError, run
from tests.servers.certificates import Certificates
from tests.servers.daemons import NatsServer
from tests.support.twitch import Twitch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEADER: Final = ["process", "channels", "peak MB", "CPU s", "of it joining"]
_PATIENCE: Final = 300.0
_TICK: Final = 0.1
_QUICK: Final = """
from msgspec.structs import replace
from chatlog.settings.presets import PRESETS
PRESETS["twitch"] = replace(PRESETS["twitch"], joins_per=(2000, 10.0), logins_per=(2000, 10.0))
from chatlog.cli import main
main()
"""
_CHATLOG: Final = [sys.executable, "-m", "chatlog"]
_LAST: Final = 10_000_000


class Size(NamedTuple):
    """How many channels over how many shards; lines a second of all channels, for some seconds."""

    channels: int
    shards: int
    rate: int
    seconds: int


def measure(size: Size) -> tuple[list[list[str]], str]:
    """Return a table of the processes, and sentences about the lines."""
    names = [f"#c{number}" for number in range(size.channels)]
    rooms = {name: f"1{number}" for number, name in enumerate(names)}
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatlog-replicas-")))
        twitch = stack.enter_context(Twitch(limit=(1_000_000, 1.0), rooms=rooms))
        (root / "nats").mkdir()
        nats = NatsServer(root / "nats", Certificates(root / "nats")).start()
        stack.callback(nats.close)
        processes = stack.enter_context(_Processes(root, twitch, nats, names, size).running())
        talk = _Talk(twitch, names)
        processes.wait_until_in()
        joined = time.monotonic() - processes.begin
        joining = processes.cpu()
        talk.each()
        for act in (processes.kill_collector, processes.kill_recorder, processes.kill_bus, None):
            talk.some(size.rate, size.seconds / 4)
            if act is not None:
                act()
        processes.wait_until_in()
        talk.each()
        table = [_HEADER, *processes.rows(joining)]
        begin = time.monotonic()
        processes.end()
        end = time.monotonic() - begin
        kept = _compared(root, size.shards, talk.said)
    sentences = (
        f"All {2 * size.channels:,} memberships after {joined:.1f} s."
        f" {len(talk.said):,} lines were said; {kept}"
        f" All shipped and collected {end:.1f} s after the end of the talk."
    )
    return table, sentences


class _Talk:
    """Lines of all channels, of which the n-th is as busy as 1/n."""

    def __init__(self, twitch: Twitch, names: Sequence[str]) -> None:
        self.said: list[tuple[str, str]] = []
        self._twitch, self._names = twitch, names
        self._weights = list(itertools.accumulate(1 / (n + 1) for n in range(len(names))))
        self._drawn = random.Random(1)

    def each(self) -> None:
        """Say a line in each channel."""
        for first in range(0, len(self._names), 500):
            self._say(self._names[first : first + 500])
            time.sleep(_TICK)

    def some(self, rate: int, seconds: float) -> None:
        """Say lines at a pace."""
        begin, count = time.monotonic(), 0
        while (passed := time.monotonic() - begin) < seconds:
            due = int(passed * rate) - count
            if due:
                self._say(self._drawn.choices(self._names, cum_weights=self._weights, k=due))
                count += due
            time.sleep(_TICK)

    def _say(self, channels: Sequence[str]) -> None:
        lines = []
        for channel in channels:
            number, now = len(self.said), time.time() * 1000
            self.said.append((channel, f"line {number}"))
            lines.append(
                f"@badges=;id=m{number};room-id=1{channel[2:]};tmi-sent-ts={now:.0f};"
                f"user-id=7 :ann!ann@ann.tmi.twitch.tv PRIVMSG {channel} :line {number}"
            )
        self._twitch.say(*lines)


class _Processes:
    """The recorders and the collector; each may be killed, and comes again."""

    def __init__(
        self, root: Path, twitch: Twitch, nats: NatsServer, names: Sequence[str], size: Size
    ) -> None:
        self._root, self._twitch, self._nats, self._size = root, twitch, nats, size
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._before: dict[str, float] = defaultdict(float)
        self.begin = 0.0
        (root / "chatlog.toml").write_text(
            f'[networks.twitch]\npreset = "twitch"\nservers = ["irc://127.0.0.1:{twitch.port}"]\n'
            f"channels = {json.dumps(names)}\nreconnect-min = 0.1\ndivide-limits = false\n"
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[_Processes]:
        """Run all of them while the block lasts."""
        self.begin = time.monotonic()
        try:
            for name in ("all", *self._recorders()):
                self._start(name)
            yield self
        finally:
            for process in self._running.values():
                process.kill()
                process.wait()

    def _recorders(self) -> list[str]:
        return [f"rec{number}" for number in range(1, self._size.shards + 1)]

    def _start(self, name: str) -> None:
        into = ["--archive", str(self._root / name)]
        if name == "all":
            command = [*_CHATLOG, "collect", self._nats.url, *into, "--create", "--max-size=400M"]
        else:
            command = [sys.executable, "-c", _QUICK, "record", *into, "--replicas=2",
                f"--config={self._root / 'chatlog.toml'}", f"--publish={self._nats.url}",
                f"--shard={name[3:]}/{self._size.shards}",
            ]  # fmt: skip
        with (self._root / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait_until_in(self) -> None:
        """Wait until each channel is heard by two recorders."""
        deadline = time.monotonic() + _PATIENCE
        while self._twitch.memberships() < 2 * self._size.channels:
            if time.monotonic() > deadline:
                raise FailedError(f"in {self._twitch.memberships()} channels only")
            time.sleep(_TICK)

    def kill_collector(self) -> None:
        self._kill("all")

    def kill_recorder(self) -> None:
        self._kill("rec1")

    def kill_bus(self) -> None:
        self._nats.kill()
        self._nats.start()

    def _kill(self, name: str) -> None:
        self._before[name] += _used(self._running[name].pid)[0]
        self._running[name].kill()
        self._running[name].wait()
        self._start(name)

    def cpu(self) -> dict[str, float]:
        """Return the seconds of CPU that each has used."""
        return {
            name: self._before[name] + _used(process.pid)[0]
            for name, process in self._running.items()
        }

    def rows(self, joining: dict[str, float]) -> list[list[str]]:
        """Return the rows of the table."""
        used = self.cpu()
        return [
            [
                "collector" if name == "all" else f"recorder {name[3:]}",
                f"{len(list((self._root / name / 'twitch').glob('#*'))):,}",
                f"{_used(process.pid)[1] / 1e6:.0f}",
                f"{used[name]:.1f}",
                f"{joining[name]:.1f}",
            ]
            for name, process in self._running.items()
        ]

    def end(self) -> None:
        """End all in order, and ship and collect the rest."""
        recorders = self._recorders()
        for name in recorders:
            self._running[name].send_signal(signal.SIGINT)
        for name in recorders:
            self._running[name].wait(_PATIENCE)
        for name in recorders:
            run([*_CHATLOG, "ship", self._nats.url, "--once", "-a", str(self._root / name)], {0, 5})
        self._running["all"].send_signal(signal.SIGINT)
        self._running["all"].wait(_PATIENCE)
        run([*_CHATLOG, "collect", self._nats.url, "--once", "-a", str(self._root / "all")])


def _used(pid: int) -> tuple[float, int]:
    """Return the seconds of CPU of a process that runs, and its peak of memory in bytes."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    status = Path(f"/proc/{pid}/status").read_text()
    return cpu, int(status.split("VmHWM:")[1].split()[0]) * 1024


def _compared(root: Path, shards: int, said: Sequence[tuple[str, str]]) -> str:
    """Return a sentence about the lines of the recorders and of their common archive."""
    heard = {line for n in range(1, shards + 1) for line in _lines(root / f"rec{n}")}
    collected = _lines(root / "all")
    in_order = sorted(collected, key=lambda line: int(line[1].split()[1]))
    wanted = [line for line in said if line in heard]
    parts = [_by_channel(each) for each in (collected, in_order)]
    state = "each once, in order" if in_order == wanted and parts[0] == parts[1] else "WRONG"
    return f"{len(wanted):,} were heard by a recorder, and {len(collected):,} collected, {state}."


def _by_channel(lines: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for channel, text in lines:
        found[channel].append(text)
    return found


def _lines(root: Path) -> list[tuple[str, str]]:
    """Return the lines of an archive, in the order of readers."""
    events = (each.event for each in Reader(root, ()).last(_LAST))
    return [(each.target, each.text) for each in events if each.type == "message"]
