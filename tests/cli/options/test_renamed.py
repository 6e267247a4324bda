"""Options that had another name: cron lines and units have it still."""

from __future__ import annotations

import pytest

from chatlog import cli
from tests.cli.test_versions import COMMANDS

WARNING = "chatlog: {} is now called {}; the next release refuses the old name\n"
OWN = {("search", "-o"), ("export", "-o")}
FORMER = [
    (command, former)
    for command in sorted(COMMANDS.keys() - {"demo"})  # which has other times in each run
    for former in ("--output", "-o")
    if "--server" not in COMMANDS[command]
    and (command, former) not in {("search", "-o"), ("export", "-o")}
]
"""Each command that connects to nothing, with each former name; two have another -o."""


@pytest.fixture
def ask(archive, capfd):
    """Return the function that runs a command and returns its status, output and errors."""

    def ask(*arguments):
        status = cli.run([*arguments])
        return status, *capfd.readouterr()

    return ask


@pytest.mark.parametrize(("command", "former"), FORMER)
def test_the_former_option_of_the_archive_works_with_one_warning(command, former, archive, ask):
    words = [*command.split(), *COMMANDS[command]]
    status, out, err = ask(*words, "--archive", str(archive))
    assert ask(*words, former, str(archive)) == (
        status, out, WARNING.format("--output", "--archive") + err,
    )  # fmt: skip


@pytest.mark.parametrize("command", ["tail", "search hello", "maintain --dry-run"])
def test_the_former_variable_of_the_archive_works_with_one_warning(
    command, archive, ask, monkeypatch
):
    monkeypatch.setenv("CHATLOG_ARCHIVE", str(archive))
    status, out, err = ask(*command.split())
    assert "called" not in err
    monkeypatch.delenv("CHATLOG_ARCHIVE")
    monkeypatch.setenv("CHATLOG_OUTPUT", str(archive))
    warning = WARNING.format("CHATLOG_OUTPUT", "CHATLOG_ARCHIVE")
    assert ask(*command.split()) == (status, out, warning + err)


def test_the_name_of_today_wins_over_a_former_one(archive, ask, monkeypatch):
    monkeypatch.setenv("CHATLOG_OUTPUT", "/nowhere")
    status, out, err = ask("tail", "--json", "--output", "/nowhere", "-a", str(archive))
    assert (status, out.count("hello"), err) == (0, 1, "")
    monkeypatch.setenv("CHATLOG_ARCHIVE", str(archive))
    status, out, err = ask("tail", "--json")
    assert (status, out.count("hello"), err) == (0, 1, "")


def test_an_empty_variable_names_no_archive(ask, monkeypatch):
    monkeypatch.setenv("CHATLOG_ARCHIVE", "")
    monkeypatch.setenv("CHATLOG_OUTPUT", "")
    status, _, err = ask("tail")
    assert status == 1
    assert "called" not in err


@pytest.mark.parametrize(
    ("former", "new"),
    [
        (("search", "hello", "-t", "#c"), ("search", "hello", "--channel", "#c")),
        (
            ("search", "hello", "--target", "c", "-c", "d"),
            ("search", "hello", "-c", "d", "-c", "c"),
        ),
        (("search", "hello", "-o"), ("search", "hello", "--only-matching")),
        (("search", "Hello", "-s"), ("search", "Hello", "--case-sensitive")),
        (("stats", "-n", "1"), ("stats", "--top", "1")),
    ],
)
def test_a_flag_a_repeatable_option_and_a_number_keep_their_former_names_too(
    former, new, archive, ask
):
    status, out, err = ask(*new, "-a", str(archive))
    assert "called" not in err
    old_status, old_out, old_err = ask(*former, "-a", str(archive))
    warning, _, rest = old_err.partition("\n")
    assert (old_status, old_out, rest) == (status, out, err)
    assert "is now called" in warning
