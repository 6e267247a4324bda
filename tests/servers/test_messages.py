"""People redact, react, type and say several lines on Ergo: live, and fetched from its history."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.waiting import eventually

pytestmark = pytest.mark.server

CAPABILITIES = (
    *("batch", "echo-message", "message-tags", "draft/message-redaction", "draft/multiline"),
)


@pytest.fixture
def recorded(chatlog, tmp_path):
    """Start a recorder of #a on a port, in JSONL and text; `read` is all that it wrote."""

    class Recorded:
        root = tmp_path / "archive"

        def start(self, port, *options):
            self.running = chatlog.start(
                "record", "--server", f"irc://127.0.0.1:{port}/#a", "--network", "net", "--nick",
                "rec", "--archive", self.root, "--format", "jsonl", "--format", "text", "--verbose",
                "--retry", *options,
            )  # fmt: skip
            self.running.wait_for("net: in 1 of 1 channels")

        def stop(self):
            self.running.terminate()
            assert self.running.finish() == 0, self.running.stderr

        def read(self, *options):
            done = chatlog.run("tail", "--json", "-n", "1000", "-a", self.root, *options, "a")
            return [json.loads(line) for line in done.stdout.splitlines()]

        def shown(self, *options):
            done = chatlog.run("tail", "--tz", "UTC", "-n", "1000", "-a", self.root, *options, "a")
            return [line[9:] if line[2:3] == ":" else line for line in done.stdout.splitlines()]

        def text(self):
            files = sorted((self.root / "net" / "#a").glob("*.log"))
            return "".join(path.read_text() for path in files)

    return Recorded()


def say_lines(person, *lines, concat=()):
    """Say several lines as one message; return the id that the server gave it."""
    person.send("BATCH +1 draft/multiline #a")
    for number, line in enumerate(lines):
        tag = ";draft/multiline-concat" if number in concat else ""
        person.send(f"@batch=1{tag} PRIVMSG #a :{line}")
    person.send("BATCH -1")
    opened = person.until(r" BATCH \+\S+ draft/multiline #a")
    person.sync()
    return re.search(r"msgid=([^; ]+)", opened)[1]


def say(person, text):
    person.say("#a", text)
    echo = person.until(rf" PRIVMSG #a :{re.escape(text)}$")
    person.sync()
    return re.search(r"msgid=([^; ]+)", echo)[1]


def do_all(ada, bob):
    """Let people do all that is new; return the ids of what they said, by a name each."""
    ids = {}
    ids["hello"] = say(ada, "hello")
    ids["lines"] = say_lines(ada, "one", "", "*** bob quit", "and so ", "on", concat=(4,))
    ids["slip"] = say(bob, "a slip")
    bob.send("@+typing=active TAGMSG #a", "@+draft/typing=done TAGMSG #a")
    bob.send(f"@+draft/react=👍;+draft/reply={ids['hello']} TAGMSG #a")
    bob.send(f"@+draft/unreact=👍;+draft/reply={ids['hello']} TAGMSG #a")
    bob.send("@+example.org/x=y TAGMSG #a")
    bob.send(f"REDACT #a {ids['slip']} :of the tongue")
    bob.until(" REDACT ")
    bob.sync()
    return ids


def told(events, ids):
    """Return what people did, with the names of ids in their place."""
    names = {msgid: name for name, msgid in ids.items()}
    own = {"joined", "parted", "names", "topic"}
    return [
        (
            event["type"],
            event["nick"],
            event.get("text", ""),
            names.get(event.get("msgid", ""), "") or names.get(event.get("reply_to", ""), ""),
        )
        for event in events
        if event["type"] not in own and event.get("nick") in ("ada", "bob")
    ]


LINES = "one\n\n*** bob quit\nand so on"
LIVE = [
    ("message", "ada", "hello", "hello"),
    ("message", "ada", LINES, "lines"),
    ("message", "bob", "a slip", "slip"),
    ("react", "bob", "👍", "hello"),
    ("unreact", "bob", "👍", "hello"),
    ("other", "bob", "", ""),
    ("redact", "bob", "of the tongue", "slip"),
]


@pytest.fixture
def people(ergochat, person):
    ergochat.register("bobby", "secret")  # only who has an account may take a message back
    ada, bob = (person(ergochat.port, nick).register(*CAPABILITIES) for nick in ("ada", "bob"))
    bob.send("NICKSERV IDENTIFY bobby secret")
    bob.until("now logged in as bobby")
    ada.join("#a")
    bob.join("#a")
    return ada, bob


def test_what_people_do_with_messages_on_ergo_is_recorded_live(ergochat, recorded, people):
    recorded.start(ergochat.port)
    ids = do_all(*people)
    eventually(lambda: recorded.read()[-1]["type"] == "redact")
    recorded.stop()
    assert told(recorded.read(), ids) == LIVE
    assert "typing" not in json.dumps(recorded.read())
    lines = [re.sub(r"^\[\S+\] ", "", line) for line in recorded.text().splitlines()]
    assert [line for line in lines if line.startswith("<")] == [
        *("<ada> hello", "<ada> one", "<ada> \t", "<ada> \t*** bob quit", "<ada> \tand so on"),
        "<bob> a slip",
    ]
    assert f"*** bob took back {ids['slip']} (of the tongue)" in lines
    assert f"*** bob no longer reacts to {ids['hello']} with 👍" in lines
    shown = recorded.shown("--talk")
    assert [line.rstrip() for line in shown] == [
        *("<ada> hello", "<ada> one", "", " " * 15 + "*** bob quit", " " * 15 + "and so on"),
        "<bob> a slip",
        "*** bob reacted 👍 to a message of ada",
        "*** bob took back 👍 from a message of ada",
        "*** bob removed an own message: of the tongue",
    ]


def test_typing_counts_as_no_event(ergochat, recorded, people):
    ada, bob = people
    recorded.start(ergochat.port, "--max-events", "2")
    bob.send(*["@+typing=active TAGMSG #a"] * 5)
    bob.sync()
    say(ada, "one")
    say(ada, "two")
    assert recorded.running.finish() == 0
    assert [event["text"] for event in recorded.read() if event["type"] == "message"] == [
        *("one", "two"),
    ]


def test_a_message_of_several_lines_is_fetched_from_history_as_one(ergochat, recorded, people):
    recorded.start(ergochat.port)
    before = {"before": say(people[0], "before")}
    recorded.stop()
    ids = {**before, **do_all(*people)}
    recorded.start(ergochat.port)
    eventually(lambda: "hello" in [event.get("text") for event in recorded.read()])
    recorded.stop()
    # Ergo keeps reactions, neither typing nor what was taken back.
    found = told(recorded.read(), ids)
    assert [each for each in found if each[0] == "message"] == [
        ("message", "ada", "before", "before"),
        ("message", "ada", "hello", "hello"),
        ("message", "ada", LINES, "lines"),
    ]
    assert ("react", "bob", "👍", "hello") in found
    (lines,) = (event for event in recorded.read() if event.get("text") == LINES)
    assert lines["via"] == "chathistory"


def test_history_that_a_text_has_already_is_written_once(ergochat, chatlog, tmp_path, people):
    def record(*options):
        done = chatlog.run(
            "sync", "--server", f"irc://127.0.0.1:{ergochat.port}/#a", "--network", "net", "--nick",
            "rec", "--archive", tmp_path, "--format", "text", *options,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    record()
    say_lines(people[0], "one", "two")
    record()
    record()
    (path,) = (tmp_path / "net" / "#a").glob("*.log")
    assert path.read_text().count("two") == 1
