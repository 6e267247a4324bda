"""The man pages in `man/`: as they are made now, and without a warning of any reader."""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import click
import pytest

from chatlog import cli
from tests.support.man_pages import man_pages

ROOT = Path(__file__).parents[1]
MAN = ROOT / "man"
PAGES = man_pages()
WRITE = "CHATLOG_WRITE_MAN=1 make test PYTEST_ARGS=tests/test_man_pages.py"


@pytest.mark.parametrize("name", PAGES)
def test_a_man_page_is_as_it_is_made_of_the_help(name):
    if os.environ.get("CHATLOG_WRITE_MAN"):
        MAN.mkdir(exist_ok=True)
        (MAN / name).write_text(PAGES[name])
    assert (MAN / name).read_text() == PAGES[name], WRITE


def test_there_is_a_page_for_the_program_and_each_command_and_no_other():
    names = {"chatlog.1", *(f"chatlog-{verb}.1" for verb in cli.COMMANDS)}
    assert {path.name for path in MAN.iterdir()} == names


def test_the_wheel_installs_them():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert build["targets"]["wheel"]["shared-data"] == {"man": "share/man/man1"}
    assert "man" in build["targets"]["sdist"]["include"]


@pytest.mark.parametrize("verb", cli.COMMANDS)
def test_a_page_describes_every_option_of_its_command(verb):
    page = PAGES[f"chatlog-{verb}.1"].replace("\\-", "-")
    ctx = click.Context(cli.cli)
    command = cli.cli.get_command(ctx, verb)
    for option in command.get_params(click.Context(command, parent=ctx)):
        if isinstance(option, click.Option):
            assert f"\\fB{max(option.opts, key=len)}\\fR" in page


@pytest.mark.server
@pytest.mark.parametrize("name", PAGES)
def test_no_reader_of_man_pages_warns(program, name):
    for command in (
        [program("mandoc"), "-T", "lint", "-W", "warning", str(MAN / name)],
        [program("groff"), "-ww", "-b", "-man", "-z", "-Kutf8", str(MAN / name)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.server
def test_man_shows_a_page(program):
    done = subprocess.run(
        [program("man"), "--warnings", "-l", str(MAN / "chatlog-tail.1")],
        env={"PATH": os.environ["PATH"], "MANPAGER": "cat", "MANWIDTH": "80", "LANG": "C.UTF-8"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    assert "chatlog-tail - show the last events of the archive" in done.stdout
    assert "chatlog tail -f '#python' libera/chatlog '*-ops'" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
