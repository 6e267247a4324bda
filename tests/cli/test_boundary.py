"""The boundary: what any command ends with when something else goes wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chatlog import cli
from chatlog.cli.commands import tail
from tests.support.waiting import PATIENCE


@pytest.mark.parametrize("arguments", [["--help"], ["demo"]])
def test_a_full_disk_under_stdout_is_one_line_and_status_3(chatlog, tmp_path, arguments):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "chatlog", *arguments], env=chatlog.environment(), stdout=full,
            stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE, cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].endswith("No space left on device")
    assert "Traceback" not in done.stderr


def test_without_a_stdout_a_command_does_what_it_can(chatlog, tmp_path):
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "-", sys.executable, "-m", "chatlog", "--version"],
        env=chatlog.environment(), stderr=subprocess.PIPE, check=False, timeout=PATIENCE,
        cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


def fail(**_):
    raise LookupError("of all things")


def test_a_bug_is_one_line_that_says_how_to_report_it(monkeypatch, capsys):
    monkeypatch.setattr(tail.command, "callback", fail)
    assert cli.run(["tail"]) == 70
    said = capsys.readouterr().err
    assert said.startswith("chatlog: a bug, sorry: LookupError: of all things. Please report")
    assert len(said.splitlines()) == 1


def test_with_debug_a_bug_shows_its_traceback(monkeypatch, capsys):
    monkeypatch.setattr(tail.command, "callback", fail)
    assert cli.run(["--debug", "tail"]) == 70
    assert "Traceback" in capsys.readouterr().err


def test_an_unknown_command_is_an_error_of_usage(capsys):
    assert cli.run(["recrod"]) == 2
    assert "No such command 'recrod'" in capsys.readouterr().err
