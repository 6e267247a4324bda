"""One recorder takes over from another on real servers, under a flood, and killed at any point.

A seed for each server here, more by `make torture`.
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
from tests.servers.daemons import Inspircd, Ngircd
from tests.servers.test_backup import Talk
from tests.servers.test_merging import lines_of
from tests.support.archive import read_all
from tests.support.waiting import eventually

pytestmark = pytest.mark.server

_SEEDS = int(os.environ.get("CHATLOG_TORTURE_SEEDS", "1"))


class WithoutIds(Inspircd):
    modules = Inspircd.modules.replace("ircv3_msgid", "").replace("chanhistory", "")


def start(chatlog, server, root, *more, ready="net: in 1 of 1 channels"):
    running = chatlog.start(
        "record", "--server", f"irc://127.0.0.1:{server.port}/#a", "--network", "net",
        "--archive", root, "--nick", "rec", "--verbose", "--retry", "--reconnect-min", "0.1s",
        *more,
    )  # fmt: skip
    running.wait_for(ready)
    return running


def numbers_in(root):
    return [int(event.text) for event in read_all(root) if event.type == "message"]


def gaps_in(root):
    directory = root / "net" / "#a"
    last = LastHeard(root)
    heard = last.bounds(directory, "net")
    coverage = coverage_of(ledger.read(directory), heard=heard, lives=last.is_alive)
    return [gap for gap in coverage.gaps if gap.state != "filled"]


def finish(running):
    running.terminate()
    assert running.finish() == 0, running.stderr


@pytest.mark.parametrize(
    ("daemon", "pause", "at_once"), [(Inspircd, 0.0, 20), (WithoutIds, 0.0, 20), (Ngircd, 0.05, 2)]
)
def test_an_upgrade_under_a_flood_loses_nothing_doubles_nothing_and_leaves_no_gap(
    chatlog, tmp_path, start_daemon, person, daemon, pause, at_once
):
    server = start_daemon(daemon)
    ada = person(server.port, "ada").register()
    ada.join("#a")
    root = tmp_path / "archive"
    old = start(chatlog, server, root)
    lines = 3 * at_once
    with Talk(ada, pause=pause, at_once=at_once) as talk:
        eventually(lambda: talk.said > lines)
        new = start(chatlog, server, root, "--take-over")
        eventually(lambda before=talk.said: talk.said > before + lines)
        done = chatlog.run("handover", "--archive", root)
        assert done.returncode == 0, done.stderr
        assert "records 2 targets now" in done.stdout
        assert old.finish() == 0
        eventually(lambda before=talk.said: talk.said > before + lines)
    ada.sync()
    eventually(lambda: len(numbers_in(root)) == talk.said)
    assert numbers_in(root) == list(range(talk.said))
    assert gaps_in(root) == []
    nicks = [event.subject for event in read_all(root) if event.type == "nick"]
    assert nicks == ["rec"], "the new one takes the nick"
    finish(new)
    assert numbers_in(root) == list(range(talk.said))
    assert gaps_in(root) == []
    assert not list((root / ".takeover").iterdir())
    assert chatlog.run("verify", "--archive", root).returncode == 0


class Recorders:
    """Recorders of one archive that come, hand over and are killed."""

    def __init__(self, chatlog, server, root):
        self._chatlog, self._server, self.root = chatlog, server, root
        self.alive = []

    def come(self):
        """Start a recorder beside the one that runs, unless there are two."""
        if len(self.alive) < 2:
            self.alive.append(start(self._chatlog, self._server, self.root, "--take-over"))

    def hand_over(self):
        """Tell the older one to leave; if it is ready to, it does."""
        if len(self.alive) == 2:
            self.alive[0].tell_to_hand_over()

    def kill_old(self):
        if self.alive:
            self._kill(0)

    def kill_new(self):
        if self.alive:
            self._kill(-1)

    def _kill(self, place):
        running = self.alive.pop(place)
        running.kill()
        running.finish()

    def clear(self):
        """Drop those that have left."""
        self.alive = [each for each in self.alive if not each.has_ended]

    def leave(self):
        for running in self.alive:
            finish(running)


def hand_over_and_kill(recorders, person, chance, most):
    """Let somebody count while recorders hand over and die; return when each number was said."""
    said = {}
    recorders.come()
    for _ in range(10):
        recorders.clear()
        actions = [recorders.come] * 3 + [recorders.hand_over] * 2
        chance.choice([*actions, recorders.kill_old, recorders.kill_new])()
        for _ in range(chance.randrange(1, most)):
            said[len(said)] = time.time() * 1000
            person.send(f"PRIVMSG #a :{len(said) - 1}", "PRIVMSG #a :lol")
        person.sync()
        if chance.random() < 0.5:
            time.sleep(chance.random() * 2)  # so that a kill hits any step of the hand-over
    recorders.clear()
    if not recorders.alive:
        recorders.come()
    person.send("PRIVMSG #a :the end")
    person.sync()
    recorders.leave()
    return said


def check(chatlog, server, root, said):
    """Check an archive after the next start: what a recorder heard is there once, in order."""
    finish(start(chatlog, server, root))
    found = [line for line in lines_of(root) if line != float("inf")]
    assert found == sorted(set(found)), "nothing twice, all in order"
    gaps = [(parse_time(gap.start.time), parse_time(gap.end)) for gap in gaps_in(root)]
    for number, moment in said.items():
        in_gap = any(begin - 1000 <= moment <= end + 1000 for begin, end in gaps)
        assert in_gap or {number, number + 0.5} <= set(found), f"{number} is lost, and in no gap"
    assert not list((root / ".takeover").glob("*")), "no spool is left"


@pytest.mark.torture
@pytest.mark.parametrize("seed", range(_SEEDS))
@pytest.mark.parametrize(("daemon", "most"), [(Inspircd, 15), (WithoutIds, 15), (Ngircd, 3)])
def test_a_hand_over_that_is_killed_at_any_point_loses_nothing_and_doubles_nothing(
    chatlog, tmp_path, start_daemon, person, daemon, most, seed
):
    server = start_daemon(daemon)
    ada = person(server.port, "ada").register()
    ada.join("#a")
    recorders = Recorders(chatlog, server, tmp_path / "archive")
    chance = random.Random(f"{daemon.__name__} {seed}")
    said = hand_over_and_kill(recorders, ada, chance, most)
    check(chatlog, server, recorders.root, said)
