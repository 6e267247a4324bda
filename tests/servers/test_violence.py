"""Kills, cut links and dead ones while people talk on: afterwards everything is there once.

A few seeds here, many by `make torture`.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import threading
import time

import pytest

from tests.support.cable import Cable

pytestmark = [pytest.mark.server, pytest.mark.torture]

_SEED = int(os.environ.get("CHATLOG_TORTURE_SEED", "0"))
_SEEDS = range(_SEED, _SEED + int(os.environ.get("CHATLOG_TORTURE_SEEDS", "1")))
_WORDS = ["lol", "hi", "yes", "no", "so be it"]


class Chatter:
    """Somebody who talks in #a without end, repeating themselves now and then; `said` is all."""

    def __init__(self, person, chance):
        self.said = []
        self._person, self._chance = person, chance
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Say no more, and return when the server has dealt with all of it."""
        self._over.set()
        self._thread.join()

    def _talk(self):
        numbers = itertools.count()
        while not self._over.is_set():
            for _ in range(self._chance.randrange(1, 6)):
                word = self._chance.choice(_WORDS)
                text = word if self._chance.random() < 0.3 else f"{word} {next(numbers)}"
                self.said.append(text)
                self._person.say("#a", text)
            self._person.sync()
            self._over.wait(self._chance.uniform(0, 0.02))


def read(chatlog, root):
    done = chatlog.run("tail", "--json", "-n", 10**6, "--archive", root, "a", timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def expect_whole(chatlog, root, said):
    """Compare with what was said: each line once, in order but for what was said in one moment."""
    events = [event for event in read(chatlog, root) if event["type"] == "message"]
    texts = [event["text"] for event in events]
    first = said.index(texts[0]) if texts else 0
    expected = said[first:]
    assert sorted(texts) == sorted(expected)
    msgids = [event["msgid"] for event in events]
    assert len(set(msgids)) == len(msgids)
    by_time = itertools.groupby(zip(events, expected, strict=True), lambda pair: pair[0]["time"])
    for moment, pairs in by_time:
        got, want = zip(*[(event["text"], text) for event, text in pairs], strict=True)
        assert sorted(got) == sorted(want), moment
    # A kill may have interrupted sealing, which the next round of a recorder or cron finishes.
    tended = chatlog.run("maintain", "--archive", root, timeout=120)
    assert tended.returncode == 0, tended.stderr
    verified = chatlog.run("verify", "--archive", root, timeout=120)
    assert verified.returncode == 0, verified.stdout


def gaps(chatlog, root):
    done = chatlog.run("gaps", "--json", "--archive", root)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [each["state"] for each in found if each["type"] == "gap"]


@pytest.mark.parametrize("seed", _SEEDS)
def test_a_recorder_that_is_killed_and_cut_off_has_everything_once(
    chatlog, tmp_path, ergochat, person, seed
):
    root, chance = tmp_path / "archive", random.Random(seed)
    ada = person(ergochat.port, "ada").register()
    ada.join("#a")

    def start(cable):
        recorder = chatlog.start(
            "record", "--server", f"irc://127.0.0.1:{cable.port}/#a", "--network", "net",
            "--archive", root, "--retry", "--reconnect-min", "0.1s", "--reconnect-max", "0.2s",
            "--timeout", "2s", "--alternate", "other", "--rotate-size", "20K", "--verbose",
        )  # fmt: skip
        recorder.wait_for("net: in 1 of 1 channels")
        return recorder

    with Cable(ergochat.port) as cable:
        recorder = start(cable)
        with Chatter(ada, chance) as chatter:
            for _ in range(8):
                time.sleep(chance.uniform(0.02, 0.6))  # a moment is what is drawn
                what = chance.choice(["kill", "stop", "cut", "cut in a line", "dead"])
                if what == "kill":
                    recorder.kill()
                elif what == "stop":
                    recorder.terminate()
                elif what == "dead":
                    cable.go_dead()
                    time.sleep(chance.uniform(0, 1))
                    cable.cut()
                elif what == "cut":
                    cable.cut()
                else:
                    cable.cut_after(chance.randrange(1, 3000))
                if what in {"kill", "stop"}:
                    recorder.finish()
                    time.sleep(chance.uniform(0, 0.5))
                    recorder = start(cable)
            chatter.stop()
        recorder.terminate()
        recorder.finish()
    last = chatlog.run(
        "sync", "--server", f"irc://127.0.0.1:{ergochat.port}/#a", "--network", "net",
        "--archive", root, "--alternate", "other",
    )  # fmt: skip
    assert last.returncode == 0, last.stderr
    expect_whole(chatlog, root, chatter.said)
    assert "open" not in gaps(chatlog, root)


@pytest.mark.parametrize("seed", _SEEDS)
def test_runs_of_sync_that_are_killed_and_cut_off_make_one_whole(
    chatlog, tmp_path, ergochat, person, seed
):
    root, chance = tmp_path / "archive", random.Random(seed)
    ada = person(ergochat.port, "ada").register()
    ada.join("#a")
    ada.say("#a", "the first")
    ada.sync()

    def sync(port, *options):
        return chatlog.start(
            "sync", "--server", f"irc://127.0.0.1:{port}/#a", "--network", "net",
            "--archive", root, "--alternate", "other", "--reconnect-min", "0.1s",
            "--reconnect-max", "0.2s", *options,
        )  # fmt: skip

    assert sync(ergochat.port).finish() == 0
    with Cable(ergochat.port) as cable, Chatter(ada, chance) as chatter:
        for _ in range(8):
            running = sync(cable.port, "--for", f"{chance.uniform(0, 0.3):.2f}s")
            what = chance.choice(["kill", "interrupt", "cut", "let be", "let be"])
            if what != "let be":
                time.sleep(chance.uniform(0, 0.6))  # a moment is what is drawn
            if what == "cut":
                cable.cut_after(chance.randrange(1, 3000))
            elif what == "kill":
                running.kill()
            elif what == "interrupt":
                running.interrupt()
            assert running.finish() in {0, 1, 4, 130, -9, -2}, running.stderr
        chatter.stop()
    assert sync(ergochat.port).finish() == 0
    expect_whole(chatlog, root, ["the first", *chatter.said])
    assert set(gaps(chatlog, root)) <= {"filled", "planned"}
