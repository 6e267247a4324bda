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
    assert capsys.readouterr().err == "chatlog: no command 'recrod'; did you mean record?\n"


STEERING = "\x1b]52;c;aGk=\x07\r\x1b[2K\x9b2J\u202e"


@pytest.mark.parametrize(
    "arguments",
    [
        ["tail", STEERING],
        ["tail", f"--{STEERING}"],
        ["tail", "-n", STEERING],
        ["tail", "--tz", STEERING],
        ["tail", "--archive", STEERING],
        ["tail", "one", "two", STEERING],
        ["search", "--since", STEERING, "x"],
        ["search", f"from:{STEERING} in:"],
        ["search", "-e", f"({STEERING}"],
        ["who", STEERING],
        ["stats", STEERING, "--by", STEERING],
        ["record", "--server", STEERING, "--channel", STEERING],
        ["record", "--config", STEERING],
        ["config", "check", STEERING],
        [STEERING],
        [f"--{STEERING}"],
    ],
)
def test_no_error_repeats_a_control_character_of_an_argument(
    capsys, tmp_path, monkeypatch, arguments
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHATLOG_ARCHIVE", str(tmp_path / "archive"))
    assert cli.run(arguments) in {1, 2}
    shown = capsys.readouterr()
    assert shown.err
    assert {
        each for each in shown.out + shown.err if not (each == "\n" or each.isprintable())
    } == set()


def test_a_line_break_in_an_argument_makes_no_second_error(capsys):
    assert cli.run(["tail", "--a\nchatlog: d"]) == 2
    assert "chatlog: d" not in capsys.readouterr().err.splitlines()


def test_the_file_of_a_configuration_is_named_without_its_control_characters(capsys, tmp_path):
    file = tmp_path / f"{STEERING.replace('/', '')}.toml"
    for verb in ("init", "check"):
        cli.run(["config", verb, str(file)])
    shown = capsys.readouterr()
    assert {
        each for each in shown.out + shown.err if not (each == "\n" or each.isprintable())
    } == set()


def fail_with_steering(**_):
    raise LookupError(f"{STEERING}\nchatlog: all is well")


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_a_bug_is_reported_without_control_characters_and_lines_of_others(
    monkeypatch, capsys, debug
):
    monkeypatch.setattr(tail.command, "callback", fail_with_steering)
    assert cli.run([*debug, "tail"]) == 70
    said = capsys.readouterr().err
    assert {each for each in said if not (each == "\n" or each.isprintable())} == set()
    assert "chatlog: all is well" not in said.splitlines()


@pytest.mark.parametrize("asked", ["", "default"])
def test_warnings_of_python_are_for_those_who_ask(chatlog, asked):
    program = (
        "import warnings; from chatlog import cli;"
        " cli.run = lambda _: warnings.warn('of a library', FutureWarning); cli.main([])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program],
        env=chatlog.environment(PYTHONWARNINGS=asked),
        capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert ("of a library" in finished.stderr) == bool(asked)
