"""Rules by channel and class on real servers: what people do, and which lines of it are kept."""

from __future__ import annotations

import json
import os
import signal

import pytest

pytestmark = pytest.mark.server

DAY = "2026-01-05"
LONG_AGO = 1_770_000_000
CONFIG = """\
[storage]
archive = "archive"
{storage}

{rules}

[networks.net]
servers = ["irc://127.0.0.1:{port}"]
channels = ["#one", "#two"]
nick = "rec"
"""


def lines_of(directory):
    found = []
    for path in sorted(directory.glob("*.jsonl")):
        found += [json.loads(line) for line in path.read_bytes().splitlines()]
    return sorted(found, key=lambda line: line["time"])


def types_in(directory):
    return [line["type"] for line in lines_of(directory)]


def make_old(directory):
    """Date the segments of a target and their lines to a day long ago."""
    for path in directory.glob("2*"):
        lines = map(json.loads, path.read_bytes().splitlines())
        dated = [{**line, "time": f"{DAY}T10:00:00.000Z"} for line in lines]
        for line in dated:
            line.pop("received", None)
        old = path.with_name(f"{DAY}{path.name[len(DAY) :]}")
        old.write_text("".join(json.dumps(line) + "\n" for line in dated))
        path.unlink()
        os.utime(old, (LONG_AGO, LONG_AGO))


def entries_of(directory, name):
    entries = map(json.loads, (directory / "LEDGER").read_text().splitlines())
    return [entry for entry in entries if entry["entry"] == name]


@pytest.fixture(params=["ngircd", "inspircd"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def configured(tmp_path, server):
    """Write a configuration for the server, with some rules, and return its path."""

    def write(storage="", rules=""):
        path = tmp_path / "chatlog.toml"
        path.write_text(CONFIG.format(port=server.port, storage=storage, rules=rules))
        path.chmod(0o600)
        return path

    return write


def live(chatlog, config, server, person):
    """Let ada do one thing of each class in each channel while chatlog records."""
    ada = person(server.port, "ada").register()
    ada.join("#one", "#two")
    recorder = chatlog.start("record", "--config", config, "--verbose")
    for name in ("#one", "#two"):
        ada.until(rf"^:rec!\S+ JOIN :?{name}")
    bob = person(server.port, "bob").register()
    bob.join("#one", "#two")
    for name in ("#one", "#two"):
        ada.send(f"PRIVMSG {name} :hello {name}", f"TOPIC {name} :a topic", f"MODE {name} +m")
        ada.sync()
    bob.send("QUIT :bye")
    bob.until("^ERROR")
    ada.send("PRIVMSG #one :last", "PRIVMSG #two :last")
    ada.sync()
    recorder.interrupt()
    assert recorder.finish() == 0
    return recorder


def test_each_channel_has_the_classes_of_the_first_rule_that_matches(
    chatlog, tmp_path, configured, server, person
):
    config = configured(
        'record = ["-server"]', '[[storage.rules]]\nchannels = ["#T*"]\nrecord = ["talk", "topic"]'
    )
    live(chatlog, config, server, person)
    one, two = (tmp_path / "archive/net" / name for name in ("#one", "#two"))
    assert set(types_in(two)) == {"joined", "message", "topic", "parted"}
    assert {"joined", "names", "message", "topic", "mode", "join", "quit", "parted"} == set(
        types_in(one)
    )
    assert [each["kinds"] for each in entries_of(two, "opened")] == ["talk topic"]
    assert [each["kinds"] for each in entries_of(one, "opened")] == [
        "talk presence topic moderation"
    ]


KEEP = """
[[storage.rules]]
channels = ["#two"]
keep = {all = "1s", talk = "forever"}
"""


def test_classes_that_expire_apart_are_files_apart_and_maintain_removes_the_expired_ones(
    chatlog, tmp_path, configured, server, person
):
    config = configured('keep = {presence = "30d", server = "90d"}', KEEP)
    live(chatlog, config, server, person)
    archive = tmp_path / "archive"
    one, two = (archive / "net" / name for name in ("#one", "#two"))
    assert (archive / "FORMAT").read_text() == "chatlog archive, version 2\n"
    classes = {path.name.split(".")[1] for path in one.glob("*.jsonl")}
    assert classes - {"server"} == {"jsonl", "presence"}
    tail = chatlog.run("tail", "--json", "-n", "1000", "#one", "--archive", archive)
    assert [json.loads(line) for line in tail.stdout.splitlines()] == lines_of(one)
    make_old(one)
    make_old(two)
    done = chatlog.run("maintain", "--config", config, "--json")
    assert done.returncode == 0, done.stderr
    kept = chatlog.run("tail", "--json", "-n", "1000", "#two", "--archive", archive)
    assert {json.loads(line)["type"] for line in kept.stdout.splitlines()} == {
        "joined", "message", "parted",
    }  # fmt: skip
    assert chatlog.run("verify", "--archive", archive).returncode == 0


def test_history_of_a_channel_that_records_talk_alone_brings_talk_alone(
    chatlog, tmp_path, ergochat, person
):
    ada = person(ergochat.port, "ada").register()
    ada.join("#a")
    archive = tmp_path / "archive"

    def sync():
        done = chatlog.run(
            "sync", "--server", f"irc://127.0.0.1:{ergochat.port}/#a", "--network", "net",
            "--archive", archive, "--record", "talk", "--keep", "talk=90d", "--verbose",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    ada.say("#a", "before")
    ada.sync()
    sync()
    bob = person(ergochat.port, "bob").register()
    bob.join("#a")
    bob.send("PART #a")
    ada.say("#a", "while away")
    ada.send("TOPIC #a :new")
    ada.sync()
    sync()
    directory = archive / "net/#a"
    said = [(line["type"], line.get("text")) for line in lines_of(directory)]
    assert [each for each in said if each[0] not in {"joined", "parted"}] == [
        ("message", "before"), ("message", "while away"),
    ]  # fmt: skip
    assert {entry["kinds"] for entry in entries_of(directory, "opened")} == {"talk"}
    assert {entry["kinds"] for entry in entries_of(directory, "covered")} == {"talk"}
    gaps = chatlog.run("gaps", "--archive", archive)
    assert gaps.returncode == 0, "a gap is open"
    assert "talk alone" in gaps.stdout
    assert "messages only" not in gaps.stdout
    assert chatlog.run("who", "a", "--archive", archive).returncode == 1
    assert [path.name.partition(".")[2] for path in sorted(directory.glob("2*"))].count(
        "talk.jsonl"
    ) >= 1


def test_a_changed_record_counts_for_a_channel_when_it_is_joined_again(
    chatlog, tmp_path, configured, server, person
):
    config = configured('record = ["talk"]')
    ada = person(server.port, "ada").register()
    ada.join("#one", "#two")
    recorder = chatlog.start("record", "--config", config, "--verbose")
    ada.until(r"^:rec!\S+ JOIN :?#two")
    recorder.wait_for("net: in 2 of 2 channels")
    configured()
    os.kill(recorder.pid, signal.SIGHUP)
    recorder.wait_for("the configuration was read again")
    bob = person(server.port, "bob").register()
    bob.join("#one")
    ada.send("KICK #one rec :come again")
    ada.until(r"^:rec!\S+ JOIN :?#one")
    bob.send("PART #one")
    ada.until(r"^:bob!\S+ PART :?#one")
    ada.say("#one", "last")
    ada.sync()
    recorder.interrupt()
    assert recorder.finish() == 0
    directory = tmp_path / "archive/net/#one"
    assert [each["kinds"] for each in entries_of(directory, "opened")] == ["talk", "all"]
    people = [line for line in lines_of(directory) if line.get("nick") == "bob"]
    assert [line["type"] for line in people] == ["part"]
