"""Shards with replicas, whose recorders, bus and collector are killed and cut off at random.

A few channels for some seconds here, 2,000 for two minutes by `make torture`.
"""

from __future__ import annotations

import os
import random
import time
from typing import NamedTuple

import pytest

from chatlog.coverage.stretches import TimeStretch, joined, without
from chatlog.event import parse_time
from tests.servers.daemons import Inspircd, Ngircd
from tests.servers.shards import Shards, Speakers

pytestmark = [pytest.mark.server, pytest.mark.torture]


class Size(NamedTuple):
    """How much is tried: `burst` are the most lines that people say at once on a server."""

    shards: int
    servers: int
    channels: int
    seconds: float
    burst: int


_IS_FULL = "CHATLOG_TORTURE_ROUNDS" in os.environ
_SEED = os.environ.get("CHATLOG_TORTURE_SEED", "")
_SIZE = Size(5, 3, 2000, 90, 100) if _IS_FULL else Size(3, 1, 12, 2, 4)
_MOST = {Inspircd: 200, Ngircd: 100}
"""How many channels the server allows a connection, so that a recorder needs several."""
_SERVERS = [Inspircd, Ngircd] if _IS_FULL else [Inspircd]  # test_bus.py has a small one of both


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("server", _SERVERS, ids=lambda server: server.program)
def test_an_archive_of_shards_has_what_any_heard_and_gaps_where_none_did(
    chatlog, start_daemon, nats, person, tmp_path, server
):
    drawn = random.Random(_SEED)
    options = {"maxchans": _MOST[server]} if server is Inspircd else {}
    servers = {f"net{n}": start_daemon(server, **options) for n in range(_SIZE.servers)}
    channels = {
        net: [f"#c{n}" for n in range(_SIZE.channels) if n % _SIZE.servers == number]
        for number, net in enumerate(servers)
    }
    speakers = {
        net: Speakers(person, servers[net], channels[net], _MOST[server]) for net in servers
    }
    with Shards(chatlog, nats, servers, channels, tmp_path, shards=_SIZE.shards) as shards:
        for name in ("all", *shards.names):
            shards.come(name)
        shards.wait_until_in()
        every(speakers)
        storm(shards, speakers, drawn)
        for name in ("nats", "all", *shards.names):
            shards.come(name)
        shards.wait_until_in()
        every(speakers)
        shards.end()
        expect_union(shards, speakers)


def every(speakers):
    """Say a line in every channel."""
    for each in speakers.values():
        for channel in each.said:
            each.say(channel)
        each.sync()


def storm(shards, speakers, drawn):
    """Kill and cut off at random, while people talk."""
    end, away = time.monotonic() + _SIZE.seconds, {}
    while time.monotonic() < end:
        for each in speakers.values():
            for channel in drawn.choices(list(each.said), k=drawn.randrange(1, _SIZE.burst)):
                each.say(channel)
        what = drawn.choice([*shards.names, "all", "nats", "cut", "cut", "cut", "nothing"])
        if what == "cut":
            shards.cables[drawn.choice(list(shards.cables))].cut()
        elif what != "nothing":
            shards.kill(what)
            away.setdefault(what, time.monotonic() + drawn.random() * _SIZE.seconds / 10)
        for each in speakers.values():
            each.sync()
        time.sleep(drawn.random() * _SIZE.seconds / 50)
        for name in [name for name, due in away.items() if due <= time.monotonic()]:
            shards.come(name)
            del away[name]


def expect_union(shards, speakers):
    """Compare the collected archive with those of the recorders, and with what was said."""
    collected, found = shards.coverage_of("all"), shards.heard_by("all")
    coverage = {name: shards.coverage_of(name) for name in shards.names}
    heard = {name: shards.heard_by(name) for name in shards.names}
    for key, said in spoken(speakers):
        replicas = [name for name in shards.names if key in coverage[name]]
        assert len(replicas) == 2, key
        texts = {text for name in replicas for text in heard[name].get(key, ())}
        assert found[key] == [line.text for line in said if line.text in texts], key
        gaps = collected[key].gaps
        for line in said:
            if line.text not in texts:
                assert any(is_within(line, gap) for gap in gaps), (key, line, gaps)
        missed = missed_by_all([coverage[name][key].heard for name in replicas])
        assert joined(gaps) == missed, key


def spoken(speakers):
    """Yield each network and channel, with the lines that were said there."""
    for net, each in speakers.items():
        for channel, said in each.said.items():
            yield (net, channel), said


def missed_by_all(heard):
    """Return the gaps between the stretches that any of some recorders heard."""
    every = [each for stretches in heard for each in stretches]
    whole = TimeStretch(min(each.since for each in every), max(each.until for each in every))
    return without([whole], every)


def is_within(line, gap):
    """Return whether a line that nobody heard was said in a gap, by clocks of milliseconds."""
    since, until = (parse_time(each) / 1000 for each in gap)
    return since <= line.until + 0.01 and until >= line.since - 0.01
