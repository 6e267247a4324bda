"""One run of a command: its stdin, its variables, its end, and processes that it leaves."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from chatlog.hook import child
from tests.support.jumping_clock import JumpingClock
from tests.support.waiting import PATIENCE, eventually


def never():
    return False


@pytest.fixture
def out(tmp_path, monkeypatch):
    """Return the path of a file that a command may write to as `$OUT`."""
    path = tmp_path / "out"
    monkeypatch.setenv("OUT", str(path))
    return path


def run(command, data=b"", *, timeout=PATIENCE, is_stopping=never, **variables):
    return child.run(command, data, variables, timeout=timeout, is_stopping=is_stopping)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_command_gets_its_stdin_whole_and_its_variables(out):
    data = b"x" * 1_000_000 + b"\n"
    assert run('cat >"$OUT"; printf %s "$NAME" >>"$OUT"', data, NAME="a; b").is_good
    assert out.read_bytes() == data + b"a; b"


@pytest.mark.parametrize("command", ["true", "exec <&-", "head -c 1 >/dev/null"])
def test_a_command_need_not_read_its_stdin(command):
    assert run(command, b"x" * 1_000_000).is_good


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [
        ("exit 0", 0, "ended with status 0"),
        ("false", 1, "ended with status 1"),
        ("exit 255", 255, "ended with status 255"),
        ("kill -TERM $$", None, "was killed by SIGTERM"),
        ("kill -SEGV $$", None, "was killed by SIGSEGV"),
        ("no-such-program-here", 127, "ended with status 127"),
    ],
)
def test_the_end_of_a_command_is_told_in_words(command, status, words):
    ending = run(command)
    assert ending == (status, words)
    assert ending.is_good == (status == 0)
    assert ending.is_unrunnable == (status == 127)


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(out, monkeypatch):
    has_begun = lambda: out.exists() and out.read_text().endswith("\n")  # noqa: E731 - short
    monkeypatch.setattr(child, "time", JumpingClock(has_begun))
    ending = run('sleep 1000 & echo $! >"$OUT"; trap "" TERM; wait; sleep 1000', timeout=0.3)
    assert ending == (None, "took longer than 0.3 s")
    assert not ending.is_good
    eventually(lambda: not is_alive(int(out.read_text())))


def test_a_command_that_runs_when_we_are_to_stop_is_ended_after_a_grace(monkeypatch, out):
    monkeypatch.setattr(child, "STOP_GRACE", 0.2)
    assert run('echo >"$OUT"; sleep 1000', is_stopping=out.exists) == (None, "was stopped")


def test_a_command_may_end_by_itself_when_we_are_to_stop(out):
    go_on = out.with_name("go-on")
    threading.Timer(0.3, go_on.touch).start()
    command = f'echo >"$OUT"; until [ -e {go_on} ]; do sleep 0.05; done'
    assert run(command, is_stopping=out.exists).is_good


def test_a_command_is_killed_with_its_group_if_the_wait_is_given_up(out):
    def give_up():
        if out.exists() and out.read_text().endswith("\n"):
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        run('sleep 1000 & echo $! >"$OUT"; wait', is_stopping=give_up)
    eventually(lambda: not is_alive(int(out.read_text())))


def test_a_process_that_cannot_be_started_is_a_failure(monkeypatch):
    monkeypatch.setattr(child, "SHELL", "/no/such/shell")
    ending = run("true")
    assert ending == (None, "could not be started: No such file or directory")


def test_without_files_in_memory_stdin_is_a_temporary_one(monkeypatch, out):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert run('cat >"$OUT"', b"line\n").is_good
    assert out.read_bytes() == b"line\n"


def test_a_command_leaves_no_zombie(out):
    assert run('echo $$ >"$OUT"').is_good
    assert not Path(f"/proc/{out.read_text().strip()}").exists()
