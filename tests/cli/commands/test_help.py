"""`chatlog help`: the same page as --help of the same command."""

from __future__ import annotations

import pytest

from chatlog import cli


@pytest.mark.parametrize(
    "names", [[], ["tail"], ["record"], ["config"], ["config", "init"], ["help"]]
)
def test_help_shows_the_page_of_a_command(capsys, names):
    assert cli.run(["help", *names]) == 0
    shown = capsys.readouterr().out
    assert cli.run([*names, "--help"]) == 0
    assert shown == capsys.readouterr().out


def test_help_with_all_shows_all_options(capsys):
    assert cli.run(["help", "--all", "record"]) == 0
    shown = capsys.readouterr().out
    assert cli.run(["record", "--help-all"]) == 0
    assert shown == capsys.readouterr().out
