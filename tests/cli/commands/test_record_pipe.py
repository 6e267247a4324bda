"""`chatlog record --pipe`: each recorded line goes to a command of the user, at least once."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
from pathlib import Path

import pytest

from tests.support.archive import event_at, record
from tests.support.embedded import EmbeddedServer
from tests.support.waiting import PATIENCE, eventually

APPEND = 'while IFS= read -r line; do printf "%s\\n" "$line" >>"$OUT"; '
APPEND += 'cursor=${line##*\\"cursor\\":\\"}; printf "%s\\n" "${cursor%??}"; done'
"""A command that keeps each line before it echoes its cursor."""


@pytest.fixture
def server():
    with EmbeddedServer() as running:
        yield running


@pytest.fixture
def out(tmp_path):
    path = tmp_path / "out"
    path.touch()
    return path


@pytest.fixture
def recording(chatlog, server, tmp_path, out):
    """Start a recorder of `#demo` with a command, and wait until it hears."""

    def start(command, *more):
        running = chatlog.start(
            "record", "--server", f"127.0.0.1:{server.port}", "--no-tls", "--network", "net",
            "--channel", "demo", "--archive", tmp_path / "archive", "--pipe", command, *more,
            OUT=str(out),
        )  # fmt: skip
        running.wait_for("recording #demo")
        server.joined("chatlog", "#demo")
        return running

    return start


def talk(data):
    events = [json.loads(line) for line in data.splitlines()]
    return [event["text"] for event in events if event["type"] == "message"]


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_each_line_reaches_the_command_and_the_next_run_goes_on(recording, server, out, tmp_path):
    record(tmp_path / "archive", event_at(1, "before the first run", target="#c"))
    for text in ("tea", "milk"):
        running = recording(APPEND)
        server.say("ann", "#demo", text)
        eventually(lambda text=text: text in out.read_text())
        running.terminate()
        assert running.finish() == 0
        server.say("ann", "#demo", f"after {text}")  # fetched from history by the next run
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert sorted(talk(out.read_text())) == ["after tea", "milk", "tea"]
    recorded = [*(tmp_path / "archive" / "net" / "#demo").glob("*.jsonl")]
    lines = [json.loads(line) for path in recorded for line in path.read_text().splitlines()]
    given = [{key: value for key, value in each.items() if key != "cursor"} for each in events]
    assert sorted(map(json.dumps, given)) == sorted(map(json.dumps, lines))
    assert len(events) == len({each["cursor"] for each in events})


def test_a_damaged_position_keeps_nobody_from_recording_and_can_be_removed_meanwhile(
    recording, server, out, tmp_path
):
    position = tmp_path / "archive" / ".pipe" / "cursor"
    position.parent.mkdir(parents=True)
    position.write_text("no cursor\n")
    running = recording(APPEND)
    running.wait_for("cursor is no cursor of chatlog")
    position.unlink()
    eventually(position.exists)  # the process of the pipe has begun anew
    server.say("ann", "#demo", "tea")
    eventually(lambda: "tea" in out.read_text())
    running.terminate()
    assert running.finish() == 0


def test_a_run_that_ends_gives_the_command_the_last_lines(recording, server, out):
    running = recording(f"sleep 1; {APPEND}")
    server.say_all("ann", "#demo", [f"text {each}" for each in range(50)])
    server.heard(rb"^JOIN")
    server.answered()
    running.terminate()
    assert running.finish() == 0
    assert talk(out.read_text()) == [f"text {each}" for each in range(50)]


def test_a_killed_recorder_leaves_no_process_and_a_receiver_can_drop_repeats(
    recording, server, out
):
    texts = []
    for round_ in range(2):
        running = recording(APPEND)
        eventually(lambda running=running: children(running.pid))
        [pipe] = children(running.pid)
        said = [f"text {round_}.{each}" for each in range(20)]
        server.say_all("ann", "#demo", said)
        server.answered()
        texts += said
        if round_ == 0:
            os.kill(int(pipe), signal.SIGKILL)
            running.wait_for("the process of --pipe ended with status -9; it is started again in")
            eventually(lambda said=said: said[-1] in out.read_text())
        running.kill()
        running.finish()
        eventually(lambda pipe=pipe: not Path(f"/proc/{pipe}").exists())
    by_cursor = {json.loads(each)["cursor"]: each for each in out.read_text().splitlines()}
    assert talk("\n".join(by_cursor.values())) == texts


def test_the_program_of_the_documentation_has_each_line_once(chatlog, recording, server, tmp_path):
    program = tmp_path / "irc-to-sqlite"
    text = (Path(__file__).parents[3] / "docs/pipe.md").read_text()
    program.write_text(text.partition("```python\n")[2].partition("```")[0])
    program.chmod(0o755)
    database = chatlog.home / "irc.db"
    for round_ in range(2):
        running = recording(f"cd {chatlog.home}; {program}")
        server.say_all("ann", "#demo", [f"text {round_}.{each}" for each in range(100)])
        server.answered()
        running.kill() if round_ == 0 else running.terminate()
        running.finish()
    with sqlite3.connect(database) as opened:
        said = opened.execute("SELECT text FROM lines WHERE text LIKE 'text %' ORDER BY time")
    assert [text for (text,) in said] == [
        f"text {round_}.{each}" for round_ in range(2) for each in range(100)
    ]


@pytest.mark.server
def test_the_script_of_the_documentation_gives_each_line_to_syslog(chatlog, program, tmp_path):
    record(tmp_path / "archive", event_at(0, "old"))
    text = (Path(__file__).parents[3] / "docs/pipe.md").read_text()
    script = text.partition("```sh\n")[2].partition("```")[0]
    script = script.replace(" logger ", f" {program('logger')} --socket {tmp_path}/log ")
    script = script.replace(" jq ", f" {program('jq')} ")
    tail = ("tail", "-a", tmp_path / "archive", "--cursor", tmp_path / "cursor")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(f"{tmp_path}/log")
        syslog.settimeout(PATIENCE)
        assert chatlog.run(*tail, "--exec-pipe", script).returncode == 0
        record(tmp_path / "archive", event_at(1, "x" * 3000), event_at(2, "two"))
        done = chatlog.run(*tail, "--exec-pipe", script, "--exec-retries", "0")
        assert (done.returncode, done.stderr) == (0, "")
        logged = [syslog.recv(65536).decode() for _ in range(2)]
    assert [json.loads(each[each.index("{") :])["text"] for each in logged] == ["x" * 3000, "two"]


def test_a_command_that_takes_nothing_holds_up_nobody(recording, server, tmp_path):
    running = recording("sleep 1000")
    server.say_all("ann", "#demo", [f"text {each}" for each in range(500)])
    server.answered()
    [path] = (tmp_path / "archive" / "net" / "#demo").glob("*.jsonl")
    assert len(talk(path.read_text())) == 500
    os.kill(int(children(running.pid)[0]), signal.SIGKILL)
    running.kill()


def test_a_wait_for_a_command_that_takes_nothing_is_told_and_ctrl_c_leaves_no_process(
    recording, server
):
    running = recording("trap '' TERM; while :; do sleep 1; done")
    server.say("ann", "#demo", "one")
    server.answered()
    running.terminate()
    running.wait_for("waiting up to 10 s for the command of --pipe to take the last lines")
    pipe = children(running.pid)
    running.interrupt()
    assert running.finish() == 0
    assert not any(Path(f"/proc/{each}").exists() for each in pipe)


def test_a_command_that_makes_no_sense_is_told_and_the_recorder_goes_on(recording, server):
    running = recording("no-such-program")
    server.say("ann", "#demo", "one")
    running.wait_for("--pipe ended with status 127: the shell cannot find or run")
    running.wait_for("--pipe is left out until the next start; lines are recorded on")
    running.terminate()
    assert running.finish() == 0


@pytest.mark.parametrize("command", [" ", "\t"])
def test_no_command_is_a_usage_error(chatlog, command):
    done = chatlog.run("record", "--server", "127.0.0.1", "-c", "a", "--pipe", command)
    assert done.returncode == 2
    assert re.search("is no command; say", done.stderr)
