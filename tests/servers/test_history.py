"""People talk while the recorder is away: afterwards the transcript has what was said."""

from __future__ import annotations

import json
import signal

import pytest

from chatlog.coverage import ledger
from tests.support.cable import Cable
from tests.support.waiting import eventually

pytestmark = pytest.mark.server


class Recording:
    """A recorder of #a, which comes and goes; what it wrote is read as people read it."""

    def __init__(self, chatlog, root, port, certificates=None, options=()):
        self.chatlog, self.root, self.port = chatlog, root, port
        self.running = None
        self._tls = () if certificates is None else ("--tls-ca", certificates.ca)
        self._scheme = "irc" if certificates is None else "ircs"
        self._options = options

    def start(self, *options):
        host = "127.0.0.1" if self._scheme == "irc" else "localhost"
        self.running = self.chatlog.start(
            "record", "--server", f"{self._scheme}://{host}:{self.port}/#a", "--network", "net",
            "--archive", self.root, "--reconnect-min", "0.1s", "--reconnect-max", "0.3s", "--retry",
            "--alternate", "other", "--verbose", *self._tls, *self._options, *options,
        )  # fmt: skip
        self.running.wait_for("net: in 1 of 1 channels")
        return self

    def stop(self):
        self.running.terminate()
        assert self.running.finish() == 0, self.running.stderr

    def kill(self):
        self.running.kill()
        assert self.running.finish() == -signal.SIGKILL

    def read(self):
        done = self.chatlog.run("tail", "--json", "-n", 200_000, "--archive", self.root, "a")
        if done.returncode:
            return []
        return [json.loads(line) for line in done.stdout.splitlines()]

    def texts(self):
        return [event.get("text", "") for event in self.read() if event["type"] == "message"]

    def gaps(self, *options):
        done = self.chatlog.run("gaps", "--json", "--archive", self.root, *options)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [line for line in lines if line["type"] == "gap"]

    def states(self):
        return [(gap["cause"], gap["state"]) for gap in self.gaps()]

    def entries(self):
        return ledger.read(self.root / "net" / "#a")

    def has(self, texts):
        """Wait until the transcript has all of these."""
        eventually(lambda: set(texts) <= set(self.texts()))


@pytest.fixture
def recording(chatlog, tmp_path):
    def make(port, **options):
        return Recording(chatlog, tmp_path / "archive", port, **options)

    return make


@pytest.fixture
def ada(person):
    def come(port, *channels):
        ada = person(port, "ada").register()
        ada.join(*(channels or ("#a",)))
        return ada

    return come


def say(person, *texts):
    """Say things one by one, so that no two are said in the same moment."""
    for text in texts:
        person.say("#a", text)
        person.sync()


def numbered(what, count):
    return [f"{what} {n:03d}" for n in range(count)]


AWAY = ["stopped", "killed", "cut", "dead"]


@pytest.mark.parametrize("how", AWAY)
def test_what_is_said_on_ergo_while_the_recorder_is_away_is_fetched_back(
    ergochat, recording, ada, how
):
    with Cable(ergochat.port) as cable:
        record, talker = recording(cable.port), ada(ergochat.port)
        say(talker, "before anybody records")
        record.start("--timeout", "2s")
        say(talker, *numbered("heard", 5), "lol", "lol")
        record.has(["heard 004", "lol"])
        leave(record, cable, how)
        # More than one page of a hundred.
        say(talker, "lol", *numbered("missed", 130), "lol")
        back(record, cable, how)
        say(talker, "lol", *numbered("again", 5))
        record.has(["again 004", "missed 129"])
        eventually(lambda: "open" not in dict(map(reversed, record.states()[:1])))
        record.stop()
    expected = [*numbered("heard", 5), "lol", "lol", "lol", *numbered("missed", 130), "lol", "lol"]
    assert record.texts() == [*expected, *numbered("again", 5)]
    causes = {"stopped": "stopped", "killed": "killed", "cut": "closed", "dead": "ping-timeout"}
    assert record.states()[0] == (causes[how], "filled")


def leave(record, cable, how):
    if how == "stopped":
        record.stop()
    elif how == "killed":
        record.kill()
    elif how == "cut":
        cable.cut_after(250)  # in the middle of a line
    else:
        cable.go_dead()


def back(record, cable, how):
    if how in {"stopped", "killed"}:
        record.start()
    elif how == "dead":
        record.running.wait_for("ping timeout")
        cable.cut()
        again(record)
    else:
        again(record)


def again(record):
    record.running.wait_for(r"in 1 of 1 channels[\s\S]*in 1 of 1 channels")


def test_what_a_server_forgot_when_it_restarted_is_said_to_be_lost_and_the_rest_is_fetched(
    ergochat, recording, ada
):
    record, talker = recording(ergochat.port), ada(ergochat.port)
    record.start()
    say(talker, "heard")
    record.has(["heard"])
    record.stop()
    say(talker, "lost with the server's memory")
    ergochat.kill()
    ergochat.start()
    say(ada(ergochat.port), "said since")
    record.start()
    record.has(["said since"])
    eventually(lambda: len(record.states()) > 1)
    record.stop()
    assert record.texts() == ["heard", "said since"]
    lost, filled = record.gaps()[:2]
    assert (lost["state"], lost["cause"]) == ("unfillable", "stopped")
    assert lost["why"] == "the server's history does not reach back so far"
    assert filled["state"] == "filled"
    assert lost["until"] == filled["since"]


def test_a_live_line_that_comes_before_the_history_hides_no_gap(ergochat, recording, ada):
    record, talker = recording(ergochat.port), ada(ergochat.port)
    record.start()
    say(talker, "heard")
    record.has(["heard"])
    record.kill()
    say(talker, *numbered("missed", 10))
    # As a run would leave it that was killed before any of the history came.
    record.start("--reconnect-min", "60s")
    record.kill()
    before = record.texts()
    say(talker, "missed as well")
    record.start()
    record.has(["missed as well", "missed 009"])
    record.stop()
    assert set(before) <= set(record.texts())
    assert record.texts() == ["heard", *numbered("missed", 10), "missed as well"]


def test_history_that_is_fetched_again_and_again_adds_nothing(ergochat, recording, ada):
    record, talker = recording(ergochat.port), ada(ergochat.port)
    expected = []
    for round_ in range(4):
        record.start()
        say(talker, f"live {round_}", "lol")
        expected += [f"live {round_}", "lol"]
        record.has([f"live {round_}"])
        (record.kill if round_ % 2 else record.stop)()
        say(talker, "lol", f"away {round_}", "lol")
        expected += ["lol", f"away {round_}", "lol"]
    record.start()
    record.has(["away 3"])
    eventually(lambda: record.texts() == expected)
    record.stop()


def test_who_came_and_went_meanwhile_is_fetched_as_well(ergochat, recording, ada, person):
    record, talker = recording(ergochat.port), ada(ergochat.port)
    record.start()
    say(talker, "heard")
    record.has(["heard"])
    record.stop()
    bob = person(ergochat.port, "bob").register()
    bob.join("#a")
    say(bob, "hello")
    bob.send("NICK robert", "PART #a :bye")
    bob.until(" PART #a ")
    talker.send("TOPIC #a :news")
    talker.sync()
    record.start()
    record.has(["hello"])
    record.stop()
    seen = [(event["type"], event["nick"]) for event in record.read() if event.get("via")]
    assert [each for each in seen if each[1] != "chatlog"] == [
        ("join", "bob"), ("message", "bob"), ("nick", "bob"), ("part", "robert"), ("topic", "ada"),
    ]  # fmt: skip


def secret(place, text):
    path = place / "secret"
    path.write_text(text + "\n")
    return path


def part(record, cable, how):
    """Let the recorder be gone, so that it comes back only when it is told to."""
    if how == "cut":
        cable.refuse()
        record.running.wait_for("disconnected from")
    else:
        (record.stop if how == "stopped" else record.kill)()


def rejoin(record, cable, how):
    if how == "cut":
        cable.allow()
        again(record)
    else:
        record.start()


CAUSES = {"stopped": "stopped", "killed": "killed", "cut": "closed"}


@pytest.mark.parametrize("how", CAUSES)
def test_what_soju_kept_is_fetched_by_time(
    tmp_path, certificates, inspircd, soju, chatlog, ada, how
):
    talker = ada(inspircd.port)
    bouncer = soju(inspircd, channels=["#a"])
    talker.until(rf":{bouncer.nick}!.* JOIN ")
    password = secret(tmp_path, bouncer.password)
    with Cable(bouncer.tls_port) as cable:
        record = Recording(
            chatlog, tmp_path / "archive", cable.port, certificates,
            ("--sasl-user", bouncer.login, "--sasl-password-file", password),
        )  # fmt: skip
        record.start()
        say(talker, *numbered("heard", 3), "lol")
        record.has(["heard 002", "lol"])
        part(record, cable, how)
        say(talker, *numbered("missed", 30), "lol", "lol")
        rejoin(record, cable, how)
        say(talker, "again")
        record.has(["missed 029", "again"])
        eventually(lambda: record.states()[0] == (CAUSES[how], "filled"))
        record.stop()
    assert record.texts() == [
        *numbered("heard", 3), "lol", *numbered("missed", 30), "lol", "lol", "again",
    ]  # fmt: skip


def answers_itself(talker):
    """Wait until the bouncer answers in the place of its client, who is gone."""
    token = f"PING {len(talker.heard)}"

    def is_answered():
        talker.send(f"PRIVMSG chatlog :\1{token}\1")
        talker.sync()
        return any(f"NOTICE ada :\1{token}" in line for line in talker.heard)

    eventually(is_answered)


@pytest.mark.parametrize("how", CAUSES)
def test_what_znc_plays_back_closes_the_gap_as_far_as_it_reaches(
    tmp_path, certificates, inspircd, znc, chatlog, ada, how
):
    talker = ada(inspircd.port)
    bouncer = znc(inspircd, channels=["#a"])
    password = secret(tmp_path, f"{bouncer.login}:{bouncer.password}")
    with Cable(bouncer.tls_port) as cable:
        record = Recording(
            chatlog, tmp_path / "archive", cable.port, certificates,
            ("--password-file", password),
        )  # fmt: skip
        record.start()
        say(talker, *numbered("heard", 3))
        record.has(["heard 002"])
        part(record, cable, how)
        answers_itself(talker)  # what it passes on to somebody who is gone it does not keep
        say(talker, *numbered("missed", 5), "lol", "lol")
        answers_itself(talker)  # and by then it has read all of that
        rejoin(record, cable, how)
        say(talker, "again")
        record.has(["missed 004", "again"])
        record.stop()
    assert record.texts() == [*numbered("heard", 3), *numbered("missed", 5), "lol", "lol", "again"]
    states = record.states()
    assert (CAUSES[how], "filled") in states
    assert all(gap["why"] for gap in record.gaps()[:-1] if gap["state"] == "open")


@pytest.mark.parametrize("how", CAUSES)
def test_what_inspircd_plays_back_on_every_join_is_there_once(inspircd, recording, ada, how):
    talker = ada(inspircd.port)
    talker.send("MODE #a +H 50:1h")
    talker.until(" MODE #a ")
    with Cable(inspircd.port) as cable:
        record = recording(cable.port)
        record.start()
        say(talker, *numbered("heard", 3), "lol", "lol")
        record.has(["heard 002"])
        part(record, cable, how)
        say(talker, "lol", *numbered("missed", 5))
        rejoin(record, cable, how)
        say(talker, "again", "lol")
        record.has(["missed 004", "again"])
        record.stop()
        record.start()
        say(talker, "and again")
        record.has(["and again"])
        record.stop()
    expected = [*numbered("heard", 3), "lol", "lol", "lol", *numbered("missed", 5)]
    assert record.texts() == [*expected, "again", "lol", "and again"]
    assert (CAUSES[how], "filled") in record.states()


def test_less_than_inspircd_may_play_back_is_all_there_was(inspircd, recording, ada):
    talker = ada(inspircd.port)
    talker.send("MODE #a +H 50:1h")
    talker.until(" MODE #a ")
    record = recording(inspircd.port)
    record.start()
    record.stop()
    say(talker, *numbered("missed", 3))
    record.start()
    record.has(["missed 002"])
    eventually(lambda: record.states()[:1] == [("stopped", "filled")])
    record.stop()
    assert record.texts() == numbered("missed", 3)
    assert [gap["state"] for gap in record.gaps()[:-1]] == ["filled"] * len(record.gaps()[:-1])
    assert not [event for event in record.read() if event.get("command") in {"324", "329"}]
