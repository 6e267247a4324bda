"""Two recorders of one channel, killed and cut off at random: merged, nothing is lost or doubled.

A few seeds here, forty by `make torture`.
"""

from __future__ import annotations

import os
import random
import time

import pytest

from chatlog.coverage import ledger
from chatlog.coverage.fold import coverage_of
from chatlog.coverage.last_heard import LastHeard
from chatlog.event import parse_time
from tests.servers.daemons import Ngircd
from tests.servers.linked import HUB, Hub, Leaf
from tests.support.archive import read_all

pytestmark = [pytest.mark.server, pytest.mark.torture]

_SEEDS = int(os.environ.get("CHATLOG_TORTURE_SEEDS", "2"))
_STEPS = 10
_NAMES = ("one", "other")


_WITHOUT_IDS = Hub.modules.replace("ircv3_msgid", "").replace("chanhistory", "")


class HubWithoutIds(Hub):
    modules = _WITHOUT_IDS


class LeafWithoutIds(Leaf):
    modules = _WITHOUT_IDS


class Recorder:
    """A recorder that is killed and comes again."""

    def __init__(self, chatlog, port, root, nick):
        self._chatlog, self._port, self.root, self._nick = chatlog, port, root, nick
        self._running = None

    def come(self):
        if self._running is None:
            self._running = self._chatlog.start(
                "record", "--server", f"irc://127.0.0.1:{self._port}/#a", "--network", "net",
                "--archive", self.root, "--retry", "--nick", self._nick, "--verbose",
                "--reconnect-min", "0.1s",
            )  # fmt: skip
            self._running.wait_for("net: in 1 of 1 channels")

    def kill(self):
        if self._running is not None:
            self._running.kill()
            self._running.finish()
            self._running = None

    def leave(self):
        if self._running is not None:
            self._running.terminate()
            assert self._running.finish() == 0, self._running.stderr


def talk_and_kill(recorders, person, chance, most=15):
    """Let somebody count while recorders die and come again; return when each number was said."""
    said = {}
    recorders[0].come()
    for _ in range(_STEPS):
        recorder = chance.choice(recorders)
        chance.choice([recorder.come, recorder.come, recorder.kill])()
        for _ in range(chance.randrange(1, most)):
            said[len(said)] = time.time() * 1000
            person.send(f"PRIVMSG #a :{len(said) - 1}", "PRIVMSG #a :lol")
        person.sync()
    for recorder in recorders:
        recorder.come()
    person.send("PRIVMSG #a :the end")
    person.sync()
    for recorder in recorders:
        recorder.leave()
    return said


def lines_of(root):
    """Return what was said: numbers, and each `lol` as the number before it and a half."""
    found, last = [], None
    texts = [event.text for event in read_all(root) if event.type == "message"]
    for text in texts:
        last = int(text) if text.isdigit() else last
        if text == "lol":
            following = next((int(each) for each in texts[len(found) :] if each.isdigit()), None)
            number = last if last is not None else (following or 0) - 1
            found.append(number + 0.5)
        else:
            found.append(int(text) if text.isdigit() else float("inf"))
    return found


def gaps_of(root):
    heard = LastHeard(root).bounds(root / "net" / "#a", "net")
    coverage = coverage_of(ledger.read(root / "net" / "#a"), heard=heard, lives=lambda _: False)
    return [
        (parse_time(gap.start.time), parse_time(gap.end))
        for gap in coverage.gaps
        if gap.state != "filled"
    ]


def merged(chatlog, tmp_path):
    done = chatlog.run(
        "merge", tmp_path / "one", tmp_path / "other", "--archive", tmp_path / "both", "--json"
    )
    assert done.returncode in (0, 1), done.stderr
    return done


def check(chatlog, tmp_path, said):
    merged(chatlog, tmp_path)
    heard = sorted({line for name in _NAMES for line in lines_of(tmp_path / name)})
    assert lines_of(tmp_path / "both") == heard, "every line that either heard, once, in order"
    gaps = gaps_of(tmp_path / "both")
    for number, moment in said.items():
        in_gap = any(start - 1000 <= moment <= end + 1000 for start, end in gaps)
        assert in_gap or number in heard, f"{number} is neither there nor in a gap"
    before = (tmp_path / "both" / "net" / "#a" / "LEDGER").read_bytes()
    merged(chatlog, tmp_path)
    assert lines_of(tmp_path / "both") == heard, "merged again, nothing is there twice"
    assert (tmp_path / "both" / "net" / "#a" / "LEDGER").read_bytes() == before


def recorders_of(chatlog, tmp_path, ports):
    return [
        Recorder(chatlog, port, tmp_path / name, name)
        for port, name in zip(ports, _NAMES, strict=True)
    ]


def linked(start_daemon, person):
    """Start two linked servers, and bring somebody into the channel on each."""
    hub = start_daemon(HubWithoutIds)
    leaf = start_daemon(LeafWithoutIds, hub=hub)
    ada, bob = person(hub.port, "ada").register(), person(leaf.port, "bob").register()
    ada.join("#a")
    bob.join("#a")
    bob.oper()
    bob.send(f"CONNECT {HUB}")
    ada.until(r"^:bob!\S+ JOIN")
    return [hub.port, leaf.port], ada, bob


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_two_recorders_of_a_server_without_times_or_ids_lose_nothing_that_one_heard(
    chatlog, tmp_path, start_daemon, person, seed
):
    server = start_daemon(Ngircd)
    ada = person(server.port, "ada").register()
    ada.join("#a")
    recorders = recorders_of(chatlog, tmp_path, [server.port] * 2)
    chance = random.Random(f"ngircd {seed}")
    check(chatlog, tmp_path, talk_and_kill(recorders, ada, chance, most=3))  # it slows who hurries


@pytest.mark.parametrize("seed", range(_SEEDS))
def test_two_recorders_on_two_linked_servers_lose_nothing_that_one_heard(
    chatlog, tmp_path, start_daemon, person, seed
):
    ports, ada, _ = linked(start_daemon, person)
    recorders = recorders_of(chatlog, tmp_path, ports)
    check(chatlog, tmp_path, talk_and_kill(recorders, ada, random.Random(f"linked {seed}")))


def test_a_recorder_goes_on_in_a_merged_archive(chatlog, tmp_path, start_daemon, person):
    server = start_daemon(Hub)
    ada = person(server.port, "ada").register()
    ada.join("#a")
    recorders = recorders_of(chatlog, tmp_path, [server.port] * 2)
    said = 0

    def say(count):
        nonlocal said
        ada.send(*(f"PRIVMSG #a :{number}" for number in range(said, said + count)))
        ada.sync()
        said += count

    for step in (recorders[0].come, recorders[1].come, recorders[0].leave, recorders[1].leave):
        step()
        say(5)
    merged(chatlog, tmp_path)
    both = Recorder(chatlog, server.port, tmp_path / "both", "third")
    both.come()
    say(5)
    both.leave()
    merged(chatlog, tmp_path)
    heard = [*range(15), *range(20, 25)]
    assert lines_of(tmp_path / "both") == heard
    for command in ("verify", "maintain"):
        assert chatlog.run(command, "--archive", tmp_path / "both").returncode == 0
    assert lines_of(tmp_path / "both") == heard
    last = [event.time for event in read_all(tmp_path / "both") if event.text in ("7", "24")]
    for moment in last:
        who = chatlog.run("who", "#a", "--at", moment, "--archive", tmp_path / "both")
        assert who.returncode == 0, who.stderr
        assert "ada" in who.stdout


def test_people_who_speak_at_once_on_two_linked_servers_are_there_once(
    chatlog, tmp_path, start_daemon, person
):
    ports, ada, bob = linked(start_daemon, person)
    recorders = recorders_of(chatlog, tmp_path, ports)
    for recorder in recorders:
        recorder.come()
    for number in range(100):
        ada.send(f"PRIVMSG #a :ada {number % 7}")
        bob.send(f"PRIVMSG #a :bob {number % 5}")
    ada.sync()
    bob.sync()
    ada.send("PRIVMSG #a :the end")
    bob.until("the end")
    for recorder in recorders:
        recorder.leave()
    merged(chatlog, tmp_path)
    texts = [event.text for event in read_all(tmp_path / "both") if event.type == "message"]
    for nick, modulus in (("ada", 7), ("bob", 5)):
        own = [text for text in texts if text.startswith(nick)]
        assert own == [f"{nick} {number % modulus}" for number in range(100)]
