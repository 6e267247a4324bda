"""The help pages of all commands: their width, their order, and their sections."""

from __future__ import annotations

import re

import click
import pytest

from chatlog import cli
from chatlog.cli.help import OTHERS, HelpCommand, help_text

WIDEST = 80
ALWAYS_LAST = {"--help", "--help-all"}


def every_command(command=cli.cli, name="chatlog", parent=None):
    """Yield the context of each command, those of groups too."""
    ctx = click.Context(command, info_name=name, parent=parent)
    yield ctx
    if isinstance(command, click.Group):
        for verb in command.list_commands(ctx):
            yield from every_command(command.get_command(ctx, verb), verb, ctx)


CONTEXTS = {ctx.command_path: ctx for ctx in every_command()}
EVERY = pytest.mark.parametrize("path", CONTEXTS)
SHORTENED = [path for path, ctx in CONTEXTS.items() if getattr(ctx.command, "_main", ())]


@pytest.fixture
def help_of(monkeypatch, capsys):
    """Return the help that a command line prints."""

    def run(path, option="--help"):
        assert cli.run([*path.split()[1:], option]) == 0
        return capsys.readouterr().out

    return run


def options_shown(page):
    """Return the long options that a page describes, each as often as it does."""
    rows = re.findall(r"^  (?:-\w, )?(--[a-z-]+)", page, re.MULTILINE)
    return [each for each in rows if not each.startswith("--no-")]


def headings(page):
    return re.findall(r"^(\w[\w ]*):$", page, re.MULTILINE)


@EVERY
def test_a_help_page_fits_a_terminal_of_80_columns(help_of, path):
    page = help_of(path)
    assert [line for line in page.splitlines() if len(line) > WIDEST] == []


@EVERY
def test_the_examples_come_first_and_show_the_command(help_of, path):
    assert headings(help_of(path))[0] == "Examples"
    text = help_text(CONTEXTS[path].command)
    assert text.examples
    assert all(re.search(rf"\b{path}\b", line) for line in text.examples)


@EVERY
def test_every_option_of_a_page_in_sections_has_its_section(path):
    ctx = CONTEXTS[path]
    sections = ctx.command.sections(ctx)
    if OTHERS in sections:
        assert {each.opts[-1] for each in sections[OTHERS]} <= ALWAYS_LAST
        assert [name for name, options in sections.items() if not options] == []


@EVERY
def test_a_section_names_no_option_that_the_command_does_not_have(path):
    command = CONTEXTS[path].command
    known = {name for each in command.get_params(CONTEXTS[path]) for name in each.opts}
    assert {name for names in command._sections.values() for name in names} <= known


def test_the_commands_with_the_settings_of_a_network_have_a_short_page():
    assert SHORTENED == ["chatlog record", "chatlog sync", "chatlog audit"]


@pytest.mark.parametrize("path", SHORTENED)
def test_a_short_page_fits_a_screen_and_names_the_option_that_shows_the_rest(help_of, path):
    page = help_of(path)
    assert len(page.splitlines()) < 45
    assert options_shown(page)[-1] == "--help-all"
    assert headings(page)[-1] == "Main options"


@pytest.mark.parametrize("path", SHORTENED)
def test_the_whole_page_shows_each_option_once_in_sections_and_fits_80_columns(help_of, path):
    page = help_of(path, "--help-all")
    assert [line for line in page.splitlines() if len(line) > WIDEST] == []
    options = CONTEXTS[path].command.get_params(CONTEXTS[path])
    assert sorted(options_shown(page)) == sorted(
        next(name for name in each.opts if name.startswith("--")) for each in options
    )
    assert "Main options" not in headings(page)
    assert {"Network", "Login", "Connection"} < set(headings(page))


def test_a_docstring_is_taken_apart_into_summary_examples_and_description():
    command = HelpCommand(
        "x", help="Do a\n    thing.\n\n    \b\n      chatlog x\n      chatlog x y\n\n    More.\n"
    )
    assert help_text(command) == ("Do a thing.", ("chatlog x", "chatlog x y"), ("More.",))
