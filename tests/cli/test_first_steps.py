"""`chatlog` alone: the first steps in an empty home, else the help."""

from __future__ import annotations

import shlex

import pytest

from chatlog.cli import first_steps
from tests.test_documents import understand


def test_in_an_empty_home_chatlog_alone_shows_the_first_steps(chatlog):
    done = chatlog.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{first_steps.TEXT}\n"


@pytest.mark.parametrize(
    "place", [".local/share/chatlog/libera", ".config/chatlog/chatlog.toml"]
)  # fmt: skip
def test_with_an_archive_or_a_configuration_chatlog_alone_shows_the_help(chatlog, place):
    (chatlog.home / place).mkdir(parents=True)
    done = chatlog.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == chatlog.run("--help").stdout


@pytest.mark.parametrize("name", ["CHATLOG_ARCHIVE", "CHATLOG_CONFIG"])
def test_with_a_variable_that_names_a_place_chatlog_alone_shows_the_help(chatlog, name):
    assert chatlog.run(**{name: "there"}).stderr == chatlog.run("--help").stdout


def test_a_group_alone_shows_its_help(chatlog):
    done = chatlog.run("config")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == chatlog.run("config", "--help").stdout


def test_each_step_is_a_command_that_is_understood_and_fits_80_columns():
    lines = first_steps.TEXT.splitlines()
    assert max(map(len, lines)) <= 80
    steps = [line.partition("  ")[0] for line in map(str.strip, lines) if "   " in line]
    assert len(steps) == 3
    for step in steps:
        understand(shlex.split(step))
