"""Shards with replicas on several servers, their bus and their collector, and who talks there."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, NamedTuple, Self

from chatlog.coverage.stretches import TimeStretch, without
from chatlog.read.reader import Reader
from tests.support.cable import Cable
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

_AT_ONCE = 15  # channels of a JOIN: with long names a line has room for some twenty
_ALL = 10_000_000
_CREATE = ("--create", "--max-size=400M")


class Said(NamedTuple):
    """A line, and the moments between which the server passed it on, in Unix seconds."""

    text: str
    since: float
    until: float


class Covered(NamedTuple):
    """The time that a channel was recorded, and its gaps that are not filled."""

    recorded: TimeStretch
    gaps: list[TimeStretch]

    @property
    def heard(self) -> list[TimeStretch]:
        """The time in which it was heard."""
        return without([self.recorded], self.gaps)


class Speakers:
    """People who count in the channels of one server; each of them is in `most` at most."""

    def __init__(self, come, server, channels, most):
        self.said = {channel: [] for channel in channels}
        self._people = {}
        self._pending = []
        for begin in range(0, len(channels), most):
            person = come(server.port, f"p{begin}").register()
            share = channels[begin : begin + most]
            for first in range(0, len(share), _AT_ONCE):
                person.send(f"JOIN {','.join(share[first : first + _AT_ONCE])}")
            person.sync()
            self._people |= dict.fromkeys(share, person)

    def say(self, channel):
        """Say the next line in a channel, and do not wait."""
        text = (
            f"line {len(self.said[channel]) + sum(each == channel for each, *_ in self._pending)}"
        )
        self._people[channel].say(channel, text)
        self._pending.append((channel, text, time.time()))

    def sync(self):
        """Return when the server has passed on all that was said."""
        for person in {self._people[channel] for channel, *_ in self._pending}:
            person.sync()
        for channel, text, since in self._pending:
            self.said[channel].append(Said(text, since, time.time()))
        self._pending.clear()


class Shards:
    """Recorders that share channels, a bus and a collector; each may be killed, and each cable cut.

    `channels` are those of each network, `servers` the servers by network; `nats` runs.
    A recorder has a cable to each server, the bus one to all recorders and one to the collector.
    """

    def __init__(self, chatlog, nats, servers, channels, root, *, shards):
        self.nats, self.root = nats, root
        self.names = [f"rec{number}" for number in range(1, shards + 1)]
        self._chatlog, self._servers, self._channels = chatlog, servers, channels
        self._running = {"nats": nats}
        self._stack = contextlib.ExitStack()
        self.cables = {}

    def __enter__(self) -> Self:
        ends = {
            (name, net): self._servers[net].port for name in self.names for net in self._servers
        }
        for key, port in (ends | {"recorders": self.nats.port, "all": self.nats.port}).items():
            self.cables[key] = self._stack.enter_context(Cable(port))
        return self

    def __exit__(self, *_):
        self._stack.close()

    def come(self, name):
        """Start a recorder, the bus or the collector, unless it runs."""
        if name in self._running:
            return
        if name == "nats":
            self._running[name] = self.nats.start()
        elif name == "all":
            url = f"nats://127.0.0.1:{self.cables['all'].port}"
            self._running[name] = self._chatlog.start(
                "collect", url, "--archive", self.root / "all", *_CREATE
            )
        else:
            self._running[name] = self._chatlog.start(
                "record", "--config", self._configured(name), "--verbose",
                f"--shard={self.names.index(name) + 1}/{len(self.names)}", "--replicas=2",
                f"--publish=nats://127.0.0.1:{self.cables['recorders'].port}",
            )  # fmt: skip

    def _configured(self, name) -> Path:
        path = self.root / f"{name}.toml"
        networks = "".join(
            f'[networks.{net}]\nservers = ["irc://127.0.0.1:{self.cables[name, net].port}"]\n'
            f'nick = "{name}"\nalternates = ["{name}x", "{name}y"]\nconnections = 8\n'
            f"reconnect-min = 0.1\nreconnect-max = 1\nchannels = {json.dumps(channels)}\n"
            for net, channels in self._channels.items()
        )
        path.write_text(f'[storage]\narchive = "{self.root / name}"\n{networks}')
        return path

    def kill(self, name):
        """Kill what runs, without a word."""
        running = self._running.pop(name, None)
        if running is None:
            return
        running.kill()
        if name != "nats":
            running.finish()

    def wait_until_in(self):
        """Wait until every recorder that runs is in all of its channels."""
        for name in self.names:
            deadline = time.monotonic() + 2 * PATIENCE
            while not self._is_in(name):
                assert time.monotonic() < deadline, self._running[name].stderr[-3000:]
                time.sleep(0.3)

    def _is_in(self, name):
        done = self._chatlog.run("status", "--json", "--archive", self.root / name)
        runs = [json.loads(line) for line in done.stdout.splitlines()]
        networks = [
            each for run in runs if run.get("pid") == self._running[name].pid
            for each in run["networks"]
        ]  # fmt: skip
        return len(networks) == len(self._channels) and all(
            each["connected"] and each["joined"] == each["wanted"] for each in networks
        )

    def end(self):
        """End all in order; the collected archive then has all that the recorders have."""
        for name in self.names:
            self._running[name].interrupt()
            assert self._running[name].finish() == 0, self._running[name].stderr[-3000:]
        for name in self.names:  # the shippers of killed recorders may have died with the bus
            self._run("ship", self.nats.url, "--archive", self.root / name, "--once", ends={0, 5})
        self._running["all"].interrupt()
        assert self._running["all"].finish(2 * PATIENCE) in {0, 1}
        self._run("collect", self.nats.url, "--archive", self.root / "all", "--once", ends={0})

    def _run(self, *command, ends):
        done = self._chatlog.run(*command, timeout=2 * PATIENCE)
        assert done.returncode in ends, done.stderr

    # -- what came of it --------------------------------------------------------------

    def heard_by(self, name):
        """Return the lines that people said in each channel, as readers of an archive get them."""
        found = {}
        for located in Reader(self.root / name, ()).last(_ALL):
            event = located.event
            if event.type == "message":
                found.setdefault((event.network, event.target), []).append(event.text)
        return found

    def coverage_of(self, name):
        """Return the coverage of each channel of an archive."""
        done = self._chatlog.run("gaps", "--json", "--archive", self.root / name, timeout=120)
        assert done.returncode in {0, 1}, done.stderr
        found = {}
        for each in map(json.loads, done.stdout.splitlines()):
            key = each["network"], each["target"]
            gaps = found.setdefault(key, Covered(TimeStretch("", ""), [])).gaps
            stretch = TimeStretch(each["since"] or "", each["until"] or "")
            if each["type"] == "coverage":
                found[key] = Covered(stretch, gaps)
            elif each["state"] != "filled":
                gaps.append(stretch)
        return found
