"""Private conversations on real servers: heard, missed, and caught up from their history."""

from __future__ import annotations

import json

import pytest

from tests.support.recorded import all_bytes
from tests.support.waiting import eventually

pytestmark = pytest.mark.server


class Queries:
    """A recorder of private messages, which comes and goes."""

    def __init__(self, chatlog, root, *options):
        self._chatlog, self.root, self._options = chatlog, root, options
        self.running = None

    def start(self, *options):
        self.running = self._chatlog.start(
            "record", "--channel", "#a", "--network", "net", "--archive", self.root,
            "--no-answer-whispers", "--verbose", *self._options, *options,
        )  # fmt: skip
        self.running.wait_for("net: in 1 of 1 channels")

    def stop(self):
        self.running.terminate()
        assert self.running.finish() == 0, self.running.stderr

    def texts(self, nick):
        done = self._chatlog.run("tail", "--json", "-n", 10_000, "--archive", self.root, nick)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [(line["nick"], line["text"]) for line in lines if line["type"] == "message"]

    def gaps(self, nick):
        done = self._chatlog.run("gaps", "--json", "--archive", self.root, nick)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [line["state"] for line in lines if line["type"] == "gap"]


@pytest.fixture
def of_soju(chatlog, tmp_path, certificates, soju):
    """Put a recorder in front of a soju, which keeps what is said to it meanwhile."""

    def make(upstream, *options):
        bouncer = soju(upstream, channels=["#a"])
        password = tmp_path / "password"
        password.write_text(f"{bouncer.password}\n")
        password.chmod(0o600)
        return bouncer, Queries(
            chatlog, tmp_path / "archive", "--nick", bouncer.nick,
            "--server", f"ircs://localhost:{bouncer.tls_port}", "--tls-ca", certificates.ca,
            "--sasl-user", bouncer.login, "--sasl-password-file", password, *options,
        )  # fmt: skip

    return make


def whisper(person, nick, *texts):
    for text in texts:
        person.send(f"PRIVMSG {nick} :{text}")
        person.sync()


def test_private_messages_that_soju_kept_are_fetched(inspircd, of_soju, person):
    ada, bob, eve = (person(inspircd.port, nick).register() for nick in ("Ada", "bob", "eve"))
    ada.join("#a")
    bouncer, record = of_soju(inspircd, "--queries", "--ignore", "eve")
    ada.until(rf":{bouncer.nick}!.* JOIN ")
    record.start()
    whisper(ada, bouncer.nick, "heard")
    eventually(lambda: record.texts("ada") == [("Ada", "heard")])
    record.stop()
    whisper(ada, bouncer.nick, *(f"missed {number}" for number in range(130)), "[off] not this")
    whisper(bob, bouncer.nick, "hello?", "anybody?")
    whisper(eve, bouncer.nick, "spam")
    record.start()
    whisper(ada, bouncer.nick, "again")
    missed = [("Ada", f"missed {number}") for number in range(130)]
    eventually(lambda: record.texts("ada") == [("Ada", "heard"), *missed, ("Ada", "again")])
    eventually(lambda: record.texts("bob") == [("bob", "hello?"), ("bob", "anybody?")])
    eventually(lambda: record.gaps("ada") == record.gaps("bob") == ["filled"])
    record.stop()
    record.start()
    eventually(lambda: record.gaps("ada") == record.gaps("bob") == ["filled", "filled"])
    record.stop()
    assert record.texts("ada") == [("Ada", "heard"), *missed, ("Ada", "again")]
    written = all_bytes(record.root)
    assert not (record.root / "net" / "eve").exists()
    assert b"spam" not in written
    assert b"not this" not in written


def test_without_queries_nothing_private_is_asked_for_or_written(inspircd, of_soju, person):
    ada = person(inspircd.port, "ada").register()
    ada.join("#a")
    bouncer, record = of_soju(inspircd)
    ada.until(rf":{bouncer.nick}!.* JOIN ")
    record.start()
    record.stop()
    whisper(ada, bouncer.nick, "a secret")
    record.start()
    ada.say("#a", "in public")
    ada.sync()
    record.stop()
    assert not (record.root / "net" / "ada").exists()
    assert b"a secret" not in all_bytes(record.root)


def test_private_messages_on_ergo_are_fetched_by_msgid_and_end_with_the_option(
    chatlog, tmp_path, ergochat, person
):
    scribe = person(ergochat.port, "scribe").register()
    scribe.send("NS REGISTER sesame")
    scribe.until("now logged in as scribe")
    scribe.send("NS SET always-on true", "JOIN #a")
    scribe.until(" JOIN :?#a")
    scribe.sync()
    scribe.send("QUIT :it goes on without me")
    scribe.until("^ERROR")
    password = tmp_path / "password"
    password.write_text("sesame\n")
    password.chmod(0o600)
    record = Queries(
        chatlog, tmp_path / "archive", "--server", f"irc://127.0.0.1:{ergochat.port}",
        "--nick", "scribe", "--sasl-user", "scribe", "--sasl-password-file", password,
        "--sasl-plain-without-tls",
    )  # fmt: skip
    ada, bob = (person(ergochat.port, nick).register() for nick in ("ada", "bob"))
    record.start("--queries")
    whisper(ada, "scribe", "heard")
    eventually(lambda: record.texts("ada") == [("ada", "heard")])
    record.stop()
    whisper(ada, "scribe", *(f"missed {number}" for number in range(130)), "lol", "lol")
    whisper(bob, "scribe", "hello?")
    record.start("--queries")
    missed = [("ada", f"missed {number}") for number in range(130)] + [("ada", "lol")] * 2
    eventually(lambda: record.texts("ada") == [("ada", "heard"), *missed])
    eventually(lambda: record.texts("bob") == [("bob", "hello?")])
    eventually(lambda: record.gaps("ada") == record.gaps("bob") == ["filled"])
    record.stop()
    record.start()  # without private messages: nobody misses them from now on
    whisper(ada, "scribe", "not for the record")
    record.stop()
    assert record.gaps("ada") == ["filled"]
    assert b"not for the record" not in all_bytes(record.root)
