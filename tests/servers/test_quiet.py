"""Batches against a quiet channel leave no line; 12 batches here, 60 by `make torture`."""

from __future__ import annotations

import json
import os

import pytest

from chatlog.coverage import ledger
from tests.support.waiting import eventually

pytestmark = [pytest.mark.server, pytest.mark.torture]

_BATCHES = 60 if "CHATLOG_TORTURE_ROUNDS" in os.environ else 12


class Batches:
    """The runs of `sync` from one crontab, for #a of a server."""

    def __init__(self, chatlog, root, port):
        self._chatlog, self.root, self._port = chatlog, root, port

    def start(self, *options):
        return self._chatlog.start(
            "sync", "--server", f"irc://127.0.0.1:{self._port}/#a", "--network", "net",
            "--archive", self.root, "--verbose", *options,
        )  # fmt: skip

    def sync(self, *options):
        running = self.start(*options)
        assert running.finish() == 0, running.stderr
        return running

    def transcript(self):
        """Return the bytes of each segment of the channel."""
        segments = sorted((self.root / "net" / "#a").glob("20*"))
        return {path.name: path.read_bytes() for path in segments}

    def events(self):
        done = self._chatlog.run("tail", "--json", "-n", 1000, "--archive", self.root, "a")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def gaps(self):
        done = self._chatlog.run("gaps", "--json", "--archive", self.root)
        assert done.returncode == 0, "a gap is open"
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [(line["state"], line["cause"]) for line in lines if line["type"] == "gap"]


@pytest.fixture
def batches(chatlog, tmp_path, ergochat):
    return Batches(chatlog, tmp_path / "archive", ergochat.port)


@pytest.fixture
def ada(person, ergochat):
    ada = person(ergochat.port, "ada").register()
    ada.join("#a")
    return ada


def say(person, text):
    person.say("#a", text)
    person.sync()


def short(event):
    return (event["type"], event["nick"], event.get("via", ""))


ARRIVAL = [("joined", "chatlog", ""), ("topic", "", ""), ("names", "", "")]
PARTED = ("parted", "chatlog", "")


def test_batches_against_a_quiet_channel_leave_no_line_and_every_gap_is_filled(batches, ada):
    ada.send("TOPIC #a :on nothing")
    say(ada, "before anybody recorded")
    batches.sync()
    before = batches.transcript()
    assert len(before) == 2, "the history, and what joining brought"
    for _ in range(_BATCHES):
        ada.sync()
        batches.sync()
        assert batches.transcript() == before
    assert batches.gaps() == [
        ("filled", "not recorded"), *[("filled", "stopped")] * _BATCHES, ("planned", "stopped"),
    ]  # fmt: skip
    entries = ledger.read(batches.root / "net" / "#a")
    assert [each.lines for each in entries if getattr(each, "lines", 0)] == [3], "before the first"
    say(ada, "between two batches")
    say(ada, "and once more")
    batches.sync()
    new = batches.events()[sum(data.count(b"\n") for data in before.values()) :]
    kinds = [(each["type"], each.get("nick", ""), each.get("via", "")) for each in new]
    fetched = [("message", "ada", "chathistory")] * 2
    assert [each for each in kinds if each[0] != "other"] == [*fetched, *ARRIVAL, PARTED]
    assert [each["text"] for each in new[:2]] == ["between two batches", "and once more"]
    assert "; nothing was heard since " in new[2]["text"]
    assert batches.gaps().count(("filled", "stopped")) == _BATCHES + 1


@pytest.mark.parametrize("kind", ["ngircd", "inspircd"])
def test_a_server_without_history_leaves_no_line_of_a_quiet_channel_either(
    chatlog, tmp_path, person, request, kind
):
    server = request.getfixturevalue(kind)
    ada = person(server.port, "ada").register()
    ada.join("#a")
    ada.send("TOPIC #a :on nothing", *(["MODE #a +H 20:1h"] if kind == "inspircd" else []))
    say(ada, "before anybody recorded")
    batches = Batches(chatlog, tmp_path / "archive", server.port)
    running = batches.start("--for", "60s")
    running.wait_for("net: in 1 of 1 channels")
    say(ada, "live")
    eventually(lambda: "live" in [each.get("text") for each in batches.events()])
    running.interrupt()
    running.finish()
    before = batches.transcript()
    for _ in range(3):
        batches.start().finish()
        assert batches.transcript() == before


def test_a_batch_that_lingers_writes_how_it_came_once_somebody_speaks(batches, ada):
    batches.sync()
    count = len(batches.events())
    batches.sync("--for", "0.2s")
    assert len(batches.events()) == count, "nobody spoke"
    ada.sync()  # past the coming and going of these two
    running = batches.start("--for", "60s")
    ada.until(" JOIN ")
    running.wait_for("net: in 1 of 1 channels")
    say(ada, "live")
    eventually(lambda: "message" in [each["type"] for each in batches.events()])
    running.interrupt()
    running.finish()
    kinds = [(each["type"], each.get("via", "")) for each in batches.events()[count:]]
    kinds = [each for each in kinds if each[0] != "other"]
    assert kinds == [("joined", ""), ("names", ""), ("message", ""), ("parted", "")]


def test_text_alone_has_the_news_of_a_batch_as_well_and_nothing_else(batches, ada):
    batches.sync("--format", "text")
    before = batches.transcript()
    batches.sync("--format", "text")
    assert batches.transcript() == before
    say(ada, "news")
    batches.sync("--format", "text")
    [old], [new] = before.values(), batches.transcript().values()
    joined, names, said, parted = new.removeprefix(old).decode().splitlines()
    assert "joined #a to record (127.0.0.1:" in joined
    assert sorted(names.partition("members of #a: ")[2].split()) == ["@ada", "chatlog"]
    assert said.endswith("*** chathistory: <ada> news")
    assert parted.endswith("left #a and no longer records (chatlog stopped)")


def test_a_batch_that_is_killed_while_nobody_speaks_leaves_no_line_either(batches, ada):
    batches.sync()
    before = batches.transcript()
    ada.sync()  # past the coming and going of that one
    running = batches.start("--for", "60s")
    ada.until(" JOIN ")
    running.wait_for("net: in 1 of 1 channels")
    running.kill()
    running.finish()
    batches.sync()
    assert batches.transcript() == before
    say(ada, "after all")
    batches.sync()
    texts = [each["text"] for each in batches.events() if each["type"] == "message"]
    assert texts == ["after all"]
    assert batches.gaps()[1:] == [
        ("filled", "stopped"), ("filled", "killed"), ("filled", "stopped"), ("planned", "stopped"),
    ]  # fmt: skip
