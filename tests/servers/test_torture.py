"""kill -9 in the middle of a flood, again and again: no hole, nothing twice, every file whole.

A few rounds here, 200 by `make torture`.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import threading
from itertools import pairwise

import pytest

from chatlog.archive.layout import parse_segment
from tests.support.crashing import lines_of
from tests.support.waiting import eventually

pytestmark = [pytest.mark.server, pytest.mark.torture]

_ROUNDS = int(os.environ.get("CHATLOG_TORTURE_ROUNDS", "5"))
_SEED = os.environ.get("CHATLOG_TORTURE_SEED", "")
_AT_ONCE = 20
_MOST = 1500  # lines until a kill
_MUCH = 1_000_000  # who has to come anew goes on with the next million


class Flood:
    """Somebody who counts in a channel, without end.

    `come` brings a new person each time that the server has had enough of one;
    `said` is how many lines it has passed on.
    """

    def __init__(self, come):
        self.said = 0
        self._come = come
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _talk(self):
        number, person = 0, self._come()
        while not self._over.is_set():
            lines = (f"PRIVMSG #a :{n:07d} {'x' * 40}" for n in range(number, number + _AT_ONCE))
            number += _AT_ONCE
            try:
                person.send(*lines)
                person.sync()
                self.said += _AT_ONCE
            except (AssertionError, OSError):  # Excess Flood
                person, number = self._come(), (number // _MUCH + 1) * _MUCH


def recorded(root):
    """Read all events of #a in the order of its parts."""
    paths = [path for path in (root / "net" / "#a").iterdir() if parse_segment(path.name)]
    paths.sort(key=lambda path: parse_segment(path.name))
    return [json.loads(line) for path in paths for line in lines_of(path)]


def connections_of(events):
    """Part the numbers that were said by the connection that heard them."""
    heard = [[]]
    for event in events:
        if event["type"] == "joined":
            heard.append([])
        elif event["type"] == "message":
            heard[-1].append(int(event["text"].split()[0]))
    return heard


@pytest.mark.parametrize("sync", ["interval", "always"])
def test_a_recorder_killed_at_any_moment_of_a_flood_leaves_no_hole_and_nothing_twice(
    chatlog, tmp_path, inspircd, person, sync
):
    root, chance = tmp_path / "archive", random.Random(sync + _SEED)

    def start():
        recorder = chatlog.start(
            "record", "--server", f"irc://127.0.0.1:{inspircd.port}/#a", "--network", "net",
            "--archive", root, "--retry", "--rotate-size", "30K", "--sync", sync,
            "--sync-interval", "0.1s", "--reconnect-min", "0.1s", "--alternate", "other",
            "--verbose",
        )  # fmt: skip
        recorder.wait_for("net: in 1 of 1 channels")
        return recorder

    nicks = (f"ada{number}" for number in itertools.count())

    def come():
        ada = person(inspircd.port, next(nicks)).register()
        ada.join("#a")
        return ada

    with Flood(come) as flood:

        def let_say(count):
            last = flood.said + count
            eventually(lambda: flood.said >= last)

        for number in range(_ROUNDS):
            recorder = start()
            maintaining = (
                chatlog.start("maintain", "--archive", root, "--compress", "zstd")
                if number % 3 == 0
                else None
            )
            let_say(chance.randrange(_MOST))
            recorder.kill()
            recorder.finish()
            if maintaining is not None:
                assert maintaining.finish() == 0, maintaining.stderr
            if number % 4 == 3:
                repaired = chatlog.run("verify", "--archive", root, "--repair", timeout=120)
                assert repaired.returncode == 0, repaired.stdout + repaired.stderr
        recorder = start()
        let_say(_MOST)
        recorder.terminate()
        assert recorder.finish() == 0, recorder.stderr
    # A kill in the middle of sealing leaves its file; cron's next run takes it away.
    maintained = chatlog.run("maintain", "--archive", root, timeout=120)
    assert maintained.returncode == 0, maintained.stderr
    verified = chatlog.run("verify", "--archive", root, timeout=120)
    assert verified.returncode == 0, verified.stdout + verified.stderr

    heard = connections_of(recorded(root))
    assert not heard[0]
    numbers = [number for each in heard for number in each]
    assert len(set(numbers)) == len(numbers), "nothing is there twice"
    for each in heard:
        holes = [(a, b) for a, b in pairwise(each) if b != a + 1 and b % _MUCH]
        assert holes == []
    assert len(numbers) > 100 * _ROUNDS
    assert list(root.rglob("*.gz")), "parts were sealed meanwhile"
