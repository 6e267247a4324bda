"""`chatlog handover` on the files of runs, and `record --take-over` on a server in this process."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest

from chatlog.cli import handing_over, run
from chatlog.health.runs import RunFile, read_runs, run_name
from chatlog.health.status import decode, encode
from tests.support.archive import read_all
from tests.support.embedded import EmbeddedServer
from tests.support.process import holding
from tests.support.recorded import all_bytes
from tests.support.statuses import network_status, run_status
from tests.support.waiting import eventually

OF_OLD = {"@server": True, "#a": True}
STARTED = "2026-11-23T18:20:01.{:03}Z"


class Runs:
    """Runs of an archive that live until the test ends."""

    def __init__(self, root):
        self.root = root
        self.files = {}

    def add(self, number, pid=None, version="1.2.3", **network):
        """Let a run begin; return its name."""
        pid = os.getpid() if pid is None else pid
        status = run_status(
            network_status(**network), pid=pid, version=version, started=STARTED.format(number)
        )
        name = run_name(status.started, pid)
        if name not in self.files:
            self.files[name] = RunFile(self.root, name)
        self.files[name].write(encode(status))
        return name

    def end(self, name):
        self.files[name].close()


@pytest.fixture
def runs(tmp_path):
    runs = Runs(tmp_path / "archive")
    yield runs
    for name in runs.files:
        runs.end(name)


@pytest.fixture
def hand_over(runs, capsys):
    def hand_over(*words):
        status = run(["handover", "--timeout", "0.3s", *words, "--archive", str(runs.root)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return hand_over


@pytest.fixture
def signals(monkeypatch):
    """Collect the signals that would be sent."""
    sent = []
    monkeypatch.setattr(handing_over.os, "kill", lambda pid, number: sent.append((pid, number)))
    return sent


def test_without_a_run_that_waits_nothing_is_handed_over(runs, hand_over, signals):
    runs.add(1, holds=OF_OLD)
    status, out, err = hand_over()
    assert (status, out, signals) == (1, "", [])
    assert "no run of" in err
    assert "chatlog record --take-over" in err


@pytest.mark.parametrize("name", ["nobody", "1", "2026-11-23T182001.001Z-1", "../x", ""])
def test_a_name_of_no_run_is_an_error(runs, hand_over, signals, name):
    runs.add(1, holds=OF_OLD)
    status, _, err = hand_over("--to", name)
    assert status == 1
    assert ("is alive" in err) == bool(name)
    assert signals == []


@pytest.mark.parametrize("words", [(), ("--to", "nobody"), ("--to", "4194305")])
def test_where_no_run_lives_that_could_be_meant_the_answer_comes_at_once(
    runs, hand_over, monkeypatch, words
):
    monkeypatch.setattr(handing_over.time, "sleep", lambda _: pytest.fail("it waits"))
    assert hand_over("--timeout", "60s", *words)[0] == 1


def test_a_run_that_has_just_begun_is_waited_for(runs, hand_over, monkeypatch):
    name = []
    monkeypatch.setattr(
        handing_over.time, "sleep", lambda _: name.append(runs.add(1, holds=OF_OLD))
    )
    status, out, _ = hand_over("--to", str(os.getpid()))
    assert (status, len(name)) == (0, 1)
    assert out.startswith(f"{name[0]} records 2 targets already")


def test_a_run_that_waits_for_nothing_is_done_already(runs, hand_over, signals):
    name = runs.add(1, holds=OF_OLD)
    status, out, err = hand_over("--to", str(os.getpid()))
    assert (status, err, signals) == (0, "", [])
    assert out == f"{name} records 2 targets already; nothing is to be handed over\n"


def test_nobody_is_told_to_leave_before_the_new_run_hears_what_the_old_one_hears(
    runs, hand_over, signals
):
    runs.add(1, holds=OF_OLD)
    new = runs.add(2, awaits={"#a": False, "@server": True})
    status, _, err = hand_over()
    assert (status, signals) == (1, [])
    assert f"{new} does not hear net/#a yet" in err
    assert "no run was told to leave" in err


def test_nobody_is_told_to_leave_a_channel_that_no_other_run_hears(runs, hand_over, signals):
    runs.add(1, holds=OF_OLD | {"#b": True, "ada": True})
    runs.add(2, awaits=OF_OLD)
    status, _, err = hand_over()
    assert (status, signals) == (1, [])
    assert "no run that waits hears net/#b yet" in err
    assert "no run was told to leave; start the new one again with all channels" in err
    assert f"`kill {os.getpid()}`" in err


def test_several_runs_that_wait_are_to_be_chosen_from(runs, hand_over, signals):
    first, second = runs.add(1, awaits=OF_OLD), runs.add(2, awaits=OF_OLD)
    status, _, err = hand_over()
    assert (status, signals) == (1, [])
    assert first in err
    assert second in err
    assert "--to" in err


def test_a_run_of_an_earlier_version_is_not_sent_a_signal_that_would_kill_it(
    runs, hand_over, signals
):
    runs.add(1, version="0.9")
    runs.add(2, awaits=OF_OLD)
    status, _, err = hand_over()
    assert (status, signals) == (1, [])
    assert "is chatlog 0.9, which knows no hand-over; stop it with `kill" in err


def test_the_run_of_another_user_is_an_error(runs, hand_over, monkeypatch):
    def refuse(_pid, _number):
        raise PermissionError

    monkeypatch.setattr(handing_over.os, "kill", refuse)
    runs.add(1, holds=OF_OLD)
    runs.add(2, awaits=OF_OLD)
    status, _, err = hand_over()
    assert status == 1
    assert "belongs to another user" in err


def test_no_signal_goes_to_a_process_that_only_has_the_pid_of_the_run(runs, hand_over, signals):
    with holding("print('held', flush=True); input()") as other:
        runs.add(1, pid=other.pid, holds=OF_OLD)
        runs.add(2, awaits=OF_OLD)
        status, _, err = hand_over()
        assert (status, signals) == (1, [])
    assert "is no process here" in err


def test_only_the_runs_whose_channels_are_awaited_are_told(runs, hand_over, monkeypatch):
    old = runs.add(1, holds=OF_OLD)
    runs.add(2, holds={"#b": True})
    new = runs.add(3, awaits=OF_OLD)
    told = []

    def leave(pid, number):
        told.append((pid, number))
        runs.end(old)
        runs.add(3, holds=OF_OLD)

    monkeypatch.setattr(handing_over.os, "kill", leave)
    status, out, _ = hand_over("--to", new)
    assert status == 0
    assert told == [(os.getpid(), signal.SIGUSR1)]
    assert out == f"{new} records 2 targets now; {old} has left\n"


def test_a_run_that_does_not_leave_is_named(runs, hand_over, signals):
    old = runs.add(1, holds=OF_OLD)
    runs.add(2, awaits=OF_OLD)
    status, _, err = hand_over()
    assert status == 1
    assert len(signals) == 1
    assert f"still waits for 2 targets; {old} goes on" in err


def test_a_new_run_that_ends_meanwhile_is_named(runs, hand_over, monkeypatch):
    runs.add(1, holds=OF_OLD)
    new = runs.add(2, awaits=OF_OLD)
    monkeypatch.setattr(handing_over.os, "kill", lambda *_: runs.end(new))
    status, _, err = hand_over()
    assert status == 1
    assert f"{new} has ended; see its log" in err


def test_quiet_prints_nothing_if_all_is_well(runs, hand_over):
    runs.add(1, holds=OF_OLD)
    assert hand_over("--to", str(os.getpid()), "--quiet") == (0, "", "")


# -- recorders ---------------------------------------------------------------------


@pytest.fixture
def server():
    with EmbeddedServer() as running:
        yield running


@pytest.fixture
def record(chatlog, server, tmp_path):
    def record(nick, *more):
        running = chatlog.start(
            "record", "--server", f"irc://127.0.0.1:{server.port}/#a", "--network", "net",
            "--archive", tmp_path, "--nick", "rec", "--verbose", *more,
        )  # fmt: skip
        server.joined(nick, "#a")
        return running

    return record


def awaited_in(root):
    """Return the targets that a run waits for, with whether it reports that it hears them."""
    statuses = [decode(run_file.data) for run_file in read_runs(root)]
    return {
        k: v for each in statuses for network in each.networks for k, v in network.awaits.items()
    }


def talk_in(root):
    return [event.text for event in read_all(root) if event.type == "message"]


def test_a_run_that_takes_over_where_nobody_records_records_as_any_other(record, server, tmp_path):
    running = record("rec", "--take-over")
    server.say("ada", "#a", "hello")
    eventually(lambda: talk_in(tmp_path) == ["hello"])
    running.terminate()
    assert running.finish() == 0
    assert not (tmp_path / ".takeover").exists()
    assert "another chatlog" not in running.stderr


def test_a_new_run_takes_over_and_the_old_one_ends_with_status_0(chatlog, record, server, tmp_path):
    old = record("rec")
    server.say("ada", "#a", "to the old one")
    new = record("rec_", "--take-over")
    server.say("ada", "#a", "to both")
    done = chatlog.run("handover", "--archive", tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"\S+ records 2 targets now; \S+ has left\n", done.stdout)
    assert old.finish() == 0
    server.say("ada", "#a", "to the new one")
    eventually(lambda: talk_in(tmp_path) == ["to the old one", "to both", "to the new one"])
    server.joined("rec", "#a")
    new.terminate()
    assert new.finish() == 0
    assert list((tmp_path / ".takeover").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_however_the_old_run_ends_the_new_one_takes_over(record, server, tmp_path, number):
    old = record("rec")
    new = record("rec_", "--take-over")
    os.kill(old.pid, number)
    old.finish()
    server.say("ada", "#a", "hello")
    eventually(lambda: talk_in(tmp_path) == ["hello"])
    new.terminate()
    assert new.finish() == 0


def test_lines_that_reach_the_new_run_long_after_the_old_one_are_there_once(
    record, server, tmp_path
):
    old = record("rec")
    new = record("rec_", "--take-over")
    os.kill(new.pid, signal.SIGSTOP)
    texts = [f"{number} {'x' * 300}" for number in range(3000)]  # more than one read
    server.say_all("ada", "#a", texts)
    eventually(lambda: len(talk_in(tmp_path)) == len(texts))
    old.terminate()
    assert old.finish() == 0
    os.kill(new.pid, signal.SIGCONT)
    new.wait_for("took over #a")
    server.say("ada", "#a", "the end")
    eventually(lambda: talk_in(tmp_path)[-1:] == ["the end"])
    assert talk_in(tmp_path) == [*texts, "the end"]
    new.terminate()
    assert new.finish() == 0


def test_a_signal_to_hand_over_with_nobody_there_changes_nothing(record, server, tmp_path):
    running = record("rec")
    os.kill(running.pid, signal.SIGUSR1)
    running.wait_for("no run waits to take over from this one")
    server.say("ada", "#a", "hello")
    eventually(lambda: talk_in(tmp_path) == ["hello"])
    running.terminate()
    assert running.finish() == 0


def test_a_signal_does_not_make_a_run_leave_a_channel_that_the_new_one_lacks(
    record, server, tmp_path
):
    old = record("rec", "--channel", "#b")
    old.wait_for("in 2 of 2 channels")
    new = record("rec_", "--take-over")
    eventually(lambda: awaited_in(tmp_path) == {"#a": True, "@server": True})
    os.kill(old.pid, signal.SIGUSR1)
    old.wait_for("no run that waits hears net/#b; this run goes on")
    for running in (old, new):
        running.terminate()
        assert running.finish() == 0


def test_a_new_run_that_ends_while_it_waits_leaves_the_old_one_alone(record, server, tmp_path):
    old = record("rec")
    new = record("rec_", "--take-over")
    new.terminate()
    assert new.finish() == 0
    server.say("ada", "#a", "hello")
    eventually(lambda: talk_in(tmp_path) == ["hello"])
    old.terminate()
    assert old.finish() == 0


def test_what_only_a_killed_run_has_heard_is_put_in_by_the_next_one(record, server, tmp_path):
    old = record("rec")
    server.say("ada", "#a", "before")
    eventually(lambda: talk_in(tmp_path) == ["before"])
    new = record("rec_", "--take-over")
    server.say("ada", "#a", "to both")
    eventually(lambda: talk_in(tmp_path) == ["before", "to both"])
    os.kill(old.pid, signal.SIGSTOP)  # it hears nothing more
    server.say_all("ada", "#a", ["lost", "lost", "found"])
    takeover = tmp_path / ".takeover"
    eventually(lambda: all_bytes(takeover).count(b'"type":"message"') == 4)
    [spool] = takeover.iterdir()
    for running in (new, old):
        running.kill()
        running.finish()
    assert talk_in(tmp_path) == ["before", "to both"]
    again = record("rec")
    again.wait_for(r"net/#a: \d+ lines were written that a take-over had left")
    expected = ["before", "to both", "lost", "lost", "found"]
    assert talk_in(tmp_path) == expected
    again.terminate()
    assert again.finish() == 0
    assert talk_in(tmp_path) == expected
    assert not spool.exists()


def test_channels_of_a_third_run_are_not_waited_for_beyond_its_own(
    chatlog, record, server, tmp_path
):
    third = chatlog.start(
        "record", "--server", f"irc://127.0.0.1:{server.port}/#b", "--network", "net",
        "--archive", tmp_path, "--nick", "third", "--verbose",
    )  # fmt: skip
    server.joined("third", "#b")
    new = record("rec", "--take-over")
    server.say("ada", "#a", "hello")
    eventually(lambda: talk_in(tmp_path) == ["hello"])
    for running in (new, third):
        running.terminate()
        assert running.finish() == 0


def test_queries_to_either_run_are_there_once_and_go_on_with_the_new_one(
    chatlog, record, server, tmp_path
):
    def private():
        found = chatlog.run("tail", "--json", "-n", "100", "--archive", tmp_path, "ada").stdout
        events = map(json.loads, found.splitlines())
        return [event["text"] for event in events if event["type"] == "message"]

    old = record("rec", "--queries", "--no-answer-whispers")
    server.say("ada", "rec", "before")
    new = record("rec_", "--queries", "--no-answer-whispers", "--take-over")
    server.say("ada", "rec", "to the old one")
    server.say("ada", "rec_", "to the new one")
    done = chatlog.run("handover", "--archive", tmp_path)
    assert "records 3 targets now" in done.stdout, done.stderr
    assert old.finish() == 0
    server.joined("rec", "#a")
    server.say("ada", "rec", "after")
    expected = ["before", "to the old one", "to the new one", "after"]
    eventually(lambda: private() == expected)
    gaps = chatlog.run("gaps", "--archive", tmp_path, "ada").stdout
    assert gaps.startswith("net/ada  100 % of ")
    new.terminate()
    assert new.finish() == 0
    assert private() == expected


def test_several_networks_are_taken_over_at_once(chatlog, tmp_path):
    with EmbeddedServer() as one, EmbeddedServer() as other:
        networks = [
            f'[networks.{name}]\nservers = ["irc://127.0.0.1:{each.port}"]\nnick = "rec"\n'
            f'channels = ["#a"]\n'
            for name, each in (("one", one), ("other", other))
        ]
        config = tmp_path / "chatlog.toml"
        config.write_text(f'[storage]\narchive = "{tmp_path / "archive"}"\n' + "".join(networks))
        old = chatlog.start("record", "--config", config)
        for each in (one, other):
            each.joined("rec", "#a")
        new = chatlog.start("record", "--config", config, "--take-over", "--verbose")
        new.wait_for("other: another chatlog records 1 of 1 channels")
        done = chatlog.run("handover", "--config", config)
        assert done.returncode == 0, done.stderr
        assert "records 4 targets now" in done.stdout
        assert old.finish() == 0
        for each in (one, other):
            each.say("ada", "#a", "hello")
        eventually(lambda: talk_in(tmp_path / "archive") == ["hello", "hello"])
        new.terminate()
        assert new.finish() == 0
