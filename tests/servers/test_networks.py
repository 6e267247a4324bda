"""Many networks and many channels in one process, on real servers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from pathlib import Path

import pytest

from tests.servers.daemons import Inspircd, Ngircd
from tests.support.recorded import events, texts
from tests.support.waiting import eventually

pytestmark = pytest.mark.server

_MEMORY = 150 * 1024  # KiB, of the contract: with 5,000 channels of 50 members
_LINES = 2000
_AT_ONCE = 200


def configured(place, networks, *, head=""):
    """Write a configuration of networks, each a dict of keys."""
    tables = [
        "\n".join([f"[networks.{name}]", *(f"{key} = {value!r}" for key, value in keys.items())])
        for name, keys in networks.items()
    ]
    storage = f'[storage]\noutput = "{place / "archive"}"\n'
    path = place / "chatlog.toml"
    path.write_text("\n\n".join([head + storage, *tables]) + "\n")
    return path


def plain(daemon, *channels, **keys):
    return {"servers": [f"irc://127.0.0.1:{daemon.port}"], "channels": list(channels), **keys}


def peak_memory(pid):
    """Return the most that a process ever held, in KiB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def say_all(talker, lines):
    """Say much, but no more at once than a server takes."""
    for start in range(0, len(lines), _AT_ONCE):
        talker.send(*lines[start : start + _AT_ONCE])
        talker.sync()


def status(chatlog, place):
    """Return what `chatlog status` says of each network, and its exit status."""
    said = chatlog.run("status", "--json", "--archive", place / "archive")
    run = json.loads(said.stdout.splitlines()[0])
    return {network["network"]: network for network in run["networks"]}, said.returncode


def connected(chatlog, place):
    """Return which networks are connected by the last status that the recorder wrote."""
    return {name: network["connected"] for name, network in status(chatlog, place)[0].items()}


def test_more_channels_than_a_connection_may_be_in_are_shared_by_several(
    chatlog, start_daemon, person, tmp_path
):
    server = start_daemon(Inspircd, maxchans=7)
    channels = [f"#c{number}" for number in range(20)]
    config = configured(tmp_path, {"net": plain(server, *channels)})
    running = chatlog.start("record", "--config", config)
    running.wait_for("net: in 6 of 6 channels")
    eventually(lambda: status(chatlog, tmp_path)[0].get("net", {}).get("joined") == 20)
    talkers = [person(server.port, f"ann{number}").register() for number in range(3)]
    for number, channel in enumerate(channels):
        talkers[number // 7].join(channel)
        talkers[number // 7].say(channel, f"heard in {channel}")
    for each in talkers:
        each.sync()
    running.terminate()
    assert running.finish() == 0
    for channel in channels:
        assert texts(tmp_path / "archive", channel) == [f"heard in {channel}"]


@pytest.fixture
def black_hole():
    """A port where nobody answers and nobody refuses: its queue is full."""
    kept = []

    def dig():
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        kept.append(listener)
        for _ in range(3):
            waiting = socket.socket()
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
            kept.append(waiting)
        return listener.getsockname()[1]

    yield dig
    for each in kept:
        each.close()


def test_a_network_that_cannot_be_reached_delays_no_other(
    chatlog, tmp_path, ngircd, person, black_hole, closed_port
):
    hole = black_hole()
    networks = {
        "dead": {"servers": [f"irc://127.0.0.1:{closed_port}"], "channels": ["#a"]},
        "hole": {"servers": [f"irc://127.0.0.1:{hole}"], "channels": ["#a"]},
        "alive": plain(ngircd, "#a"),
    }
    config = configured(tmp_path, networks)
    recorder = chatlog.start("record", "--config", config)
    recorder.wait_for("alive: in 1 of 1 channels")
    ada = person(ngircd.port, "ada").register()
    ada.join("#a")
    ada.say("#a", "hello")
    ada.sync()
    eventually(lambda: connected(chatlog, tmp_path)["alive"])
    found, code = status(chatlog, tmp_path)
    assert code == 1, "not all networks are connected"
    assert found["dead"]["connected"] is False
    recorder.terminate()
    assert recorder.finish() == 0
    assert texts(tmp_path / "archive", "#a", network="alive") == ["hello"]


def test_at_sighup_the_configuration_counts_that_stands_there_now(
    chatlog, tmp_path, ngircd, inspircd, person
):
    networks = {"one": plain(ngircd, "#a", "#b"), "two": plain(inspircd, "#c")}
    config = configured(tmp_path, networks)
    recorder = chatlog.start("record", "--config", config)
    recorder.wait_for("one: in 2 of 2 channels")
    recorder.wait_for("two: in 1 of 1 channels")
    ada = person(ngircd.port, "ada").register()
    ada.join("#a", "#b")

    networks = {"one": plain(ngircd, "#a", "#new"), "three": plain(inspircd, "#d", nick="other")}
    configured(tmp_path, networks)
    os.kill(recorder.pid, signal.SIGHUP)
    recorder.wait_for("the configuration was read again")
    recorder.wait_for("three: in 1 of 1 channels")
    recorder.wait_for(r"one: in 2 of 2 channels\n(.*\n)*.*one: in 2 of 2 channels")
    ada.until(r":chatlog!\S+ PART #b")
    ada.join("#new")
    for channel in ("#a", "#b", "#new"):
        ada.say(channel, f"to {channel}")
    ada.sync()
    recorder.terminate()
    assert recorder.finish() == 0
    assert recorder.stderr.count("connected to") == 3, "no connection was dropped"
    assert texts(tmp_path / "archive", "#a", network="one") == ["to #a"]
    assert texts(tmp_path / "archive", "#b", network="one") == []
    assert texts(tmp_path / "archive", "#new", network="one") == ["to #new"]
    last = events(tmp_path / "archive", "@server", network="two")[-1]
    assert (last["type"], last["text"]) == ("stopped", "no longer in the configuration")


def test_a_configuration_that_makes_no_sense_changes_nothing(chatlog, tmp_path, ngircd):
    config = configured(tmp_path, {"one": plain(ngircd, "#a")})
    recorder = chatlog.start("record", "--config", config)
    recorder.wait_for("one: in 1 of 1 channels")
    config.write_text("[networks.one]\nserver = 'typo'\n")
    os.kill(recorder.pid, signal.SIGHUP)
    recorder.wait_for(r"was not read again: .*networks\.one\.server")
    eventually(lambda: connected(chatlog, tmp_path)["one"])
    _, code = status(chatlog, tmp_path)
    assert code == 0
    recorder.terminate()
    assert recorder.finish() == 0


def test_twenty_networks_lose_nothing_under_load(chatlog, tmp_path, start_daemon, person):
    daemons = [start_daemon(kind) for kind in (Ngircd, Inspircd) * 2]
    networks = {
        f"net{number:02d}": plain(daemons[number % 4], "#load", nick=f"rec{number:02d}")
        for number in range(20)
    }
    recorder = chatlog.start("record", "--config", configured(tmp_path, networks))
    for name in networks:
        recorder.wait_for(f"{name}: in 1 of 1 channels")
    talkers = [person(daemon.port, "ada").register() for daemon in daemons]
    for talker in talkers:
        talker.join("#load")
    spoken = {id(talker): 0 for talker in talkers}
    # ngIRCd lets nobody say more than a line a second.
    for talker, count in zip(talkers, (2, _LINES, 2, _LINES), strict=True):
        say_all(talker, [f"PRIVMSG #load :line {number}" for number in range(count)])
        spoken[id(talker)] = count
    assert peak_memory(recorder.pid) < _MEMORY
    recorder.terminate()
    assert recorder.finish() == 0
    for number, name in enumerate(networks):
        count = spoken[id(talkers[number % 4])]
        assert texts(tmp_path / "archive", "#load", network=name) == [
            f"line {each}" for each in range(count)
        ]


def test_a_thousand_channels_are_joined_on_one_connection_and_lose_nothing(
    chatlog, tmp_path, inspircd, person
):
    names = [f"#channel-{number:04d}" for number in range(1000)]
    config = configured(tmp_path, {"net": plain(inspircd, *names)})
    recorder = chatlog.start("record", "--config", config)
    recorder.wait_for("net: in 1,000 of 1,000 channels")
    ada = person(inspircd.port, "ada").register()
    busy = names[::50]
    ada.join(*busy)
    say_all(ada, [f"PRIVMSG {name} :line {n}" for n in range(_LINES // len(busy)) for name in busy])
    assert peak_memory(recorder.pid) < _MEMORY
    recorder.terminate()
    assert recorder.finish() == 0
    assert "disconnected" not in recorder.stderr.partition("in 1,000 of")[0]
    for name in busy:
        assert texts(tmp_path / "archive", name, network="net") == [
            f"line {n}" for n in range(_LINES // len(busy))
        ]
