"""The `chatlog` fixture runs the real program, and keeps it away from the real home."""

import os
import pwd
import signal
from pathlib import Path

import pytest

REAL_HOME = Path(pwd.getpwuid(os.getuid()).pw_dir)


def test_the_program_never_reaches_the_real_home(chatlog, monkeypatch):
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "CHATLOG_ARCHIVE"):
        monkeypatch.setenv(name, str(REAL_HOME / "reached"))
    finished = chatlog.run("tail", "nothing")
    assert finished.returncode == 1
    assert str(chatlog.home) in finished.stderr
    assert str(REAL_HOME / "reached") not in finished.stderr
    assert not chatlog.home.is_relative_to(REAL_HOME / ".local")
    environment = chatlog.environment()
    assert not [name for name in environment if name.startswith(("XDG_", "CHATLOG_"))]
    assert environment["HOME"] == str(chatlog.home) != str(REAL_HOME)


def test_what_runs_is_waited_for_and_its_status_known(chatlog, tmp_path):
    running = chatlog.start("tail", "--follow", "--archive", tmp_path / "missing", "-n", "0")
    running.terminate()
    assert running.finish() == -signal.SIGTERM


def test_a_line_that_never_comes_fails_at_once_when_the_program_ends(chatlog):
    running = chatlog.start("tail", "--no-such-option")
    assert running.wait_for("no-such-option").group() == "no-such-option"
    with pytest.raises(AssertionError, match="no-such-option"):
        running.wait_for("something else")
    assert running.finish() == 2


def test_stdout_and_stderr_of_a_program_are_kept_apart(chatlog):
    running = chatlog.start("--version")
    running.wait_for("^chatlog", stream="stdout")
    assert running.finish() == 0
    assert (running.stdout.split()[0], running.stderr) == ("chatlog", "")


def test_what_still_runs_is_ended_with_the_test(chatlog, tmp_path):
    running = chatlog.start("tail", "--follow", "--archive", tmp_path)
    chatlog.end_all()
    assert running.finish() == -signal.SIGKILL
