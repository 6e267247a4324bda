"""Arguments of a command that mean the same at another time and in another directory."""

from __future__ import annotations

import click
import pytest

from chatlog.cli import cli
from chatlog.cli.options.arguments import arguments_of
from chatlog.settings import parsers


def context_of(*words):
    group = click.Context(cli)
    return cli.get_command(group, "export").make_context("export", [*words], parent=group)


def values(ctx):
    left_out = ("archive", "config")
    return {name: value for name, value in ctx.params.items() if name not in left_out}


VALUES = {
    "--to": ("csv",),
    "--dest": ("/x/{date}.csv",),
    "--redact": ("mark",),
    "--partition": ("day", "size:1.5MB"),
    "--delay": ("36h",),
    "--templates": ("/",),
    "--nick": ("a,b", "--", "", "-x=y"),
    "--channel-text": ("#c=x=y, z", "net/#d=<b>"),
    "--since": ("-7d", "monday 18:00"),
}
"""Values of options that take only some; the others take any text."""


def typed(option):
    if option.is_flag:
        return [[option.opts[-1]]]
    name = max(option.opts, key=len)
    return [[f"{name}={value}"] for value in VALUES.get(name, ("odd 'value' = ünder --x",))]


OPTIONS = [
    words
    for each in cli.get_command(click.Context(cli), "export").params
    if isinstance(each, click.Option) and each.name not in {"archive", "config", "to", "dest"}
    for words in typed(each)
]


@pytest.mark.parametrize("words", OPTIONS, ids=" ".join)
def test_arguments_give_the_same_values_again(words):
    first = context_of("--to", "csv", "-o", "/x.csv", *words, "--", "#c", "-odd")
    told = arguments_of(first, without=("archive", "config"))
    assert values(context_of(*told)) == values(first)
    assert arguments_of(context_of(*told), without=("archive", "config")) == told


def test_paths_are_absolute_and_keep_their_last_slash(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    told = arguments_of(context_of("--to=csv", "-o", "out/", "--templates", "."), without=())
    assert told == ["--to=csv", f"--dest={tmp_path}/out/", f"--templates={tmp_path}"]
    assert arguments_of(context_of("--to=csv", "-o", "-"), without=()) == ["--to=csv", "--dest=-"]


def test_a_value_of_the_environment_is_an_argument_and_a_default_is_none(monkeypatch):
    monkeypatch.setenv("CHATLOG_NETWORK", "libera")
    told = arguments_of(context_of("--to=csv", "-o", "/x"), without=())
    assert told == ["--to=csv", "--dest=/x", "--network=libera"]


def test_a_command_of_the_same_run_does_not_add_its_values():
    group = click.Context(cli)
    command = cli.get_command(group, "export")
    for delay in ("1h", "2h"):
        words = ["--to=csv", "-o", "/x", f"--delay={delay}"]
        ctx = command.make_context("export", words, parent=group)
        assert arguments_of(ctx, without=()) == ["--to=csv", "--dest=/x", f"--delay={delay}"]
        assert ctx.params["delay"] == parsers.parse_duration(delay)
