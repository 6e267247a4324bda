"""`chatlog completion`, and the answers that its scripts get."""

from __future__ import annotations

import os

import pytest

from chatlog import cli
from chatlog.cli.commands.completion import SHELLS
from chatlog.cli.completion import answer
from chatlog.cli.suggestions import PROVIDERS
from tests.cli.test_help import CONTEXTS
from tests.support.archive import event_at, record

KINDS = {
    "TARGET": "targets", "[TARGET]…": "targets", "[QUERY]…": "query", "QUERY": "query",
    "TYPE": "types", "[COMMAND]…": "commands",
}  # fmt: skip


@pytest.fixture
def archive(tmp_path, monkeypatch):
    root = tmp_path / "archive"
    record(
        root,
        event_at(1, "hi", network="libera", target="#python", nick="ann"),
        event_at(2, "hi", network="libera", target="##c", nick="Bob"),
        event_at(3, "hi", network="libera", target="friend", nick="friend"),
        event_at(4, "hi", network="libera", target="@server", nick=""),
        event_at(5, "hi", network="oftc", target="#python", nick="dave"),
        event_at(6, "hi", network="oftc", target="#odd\x02", nick="eve"),
    )
    monkeypatch.setenv("CHATLOG_ARCHIVE", str(root))
    return root


def values(line, shell="fish"):
    """Return the values of an answer."""
    arguments = [line] if shell == "bash" else line.split(" ")[1:]
    return [each.split("\t")[1] for each in answer(cli.cli, arguments, shell).splitlines()]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_is_printed(capfdbinary, shell):
    assert cli.run(["completion", shell]) == 0
    assert f"_CHATLOG_COMPLETE={shell}".encode() in capfdbinary.readouterr().out


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("chatlog ta", ["tail"]),
        ("chatlog --v", ["--version"]),
        ("chatlog tail ", ["##c", "#python", "friend", "libera/", "oftc/"]),
        ("chatlog tail #P", ["#Python"]),
        ("chatlog tail py", ["python"]),
        ("chatlog tail @", ["@server"]),
        ("chatlog tail lib", ["libera/"]),
        ("chatlog tail libera/", ["libera/##c", "libera/#python", "libera/friend"]),
        ("chatlog tail Libera/p", ["Libera/python"]),
        ("chatlog tail --network ", ["libera", "oftc"]),
        ("chatlog tail --nick b", ["bob"]),
        ("chatlog tail oftc/#python --nick ", ["dave"]),
        ("chatlog tail -c friend --nick ", ["friend"]),
        ("chatlog search --channel friend --nick ", ["friend"]),
        ("chatlog tail --type quit", ["quit"]),
        ("chatlog search in:#p", ["in:#python"]),
        ("chatlog search from:d", ["from:dave"]),
        ("chatlog search type:quit", ["type:quit"]),
        ("chatlog search nothing:d", []),
        ("chatlog search --channel #py", ["#python"]),
        ("chatlog record --channel=#py", ["--channel=#python"]),
        ("chatlog record --network o", ["oftc"]),
        ("chatlog config ch", ["check"]),
        ("chatlog help sy", ["sync"]),
        ("chatlog tail --archive /nowhere ", []),
        ("chatlog tail --archive /dev/null #p", []),
        ("chatlog tail --zzz x", []),
    ],
)
def test_the_candidates_for_a_word(archive, line, found):
    assert values(line) == found


@pytest.mark.parametrize("path", CONTEXTS)
def test_every_value_that_an_archive_holds_is_completed_from_it(archive, path):
    ctx = CONTEXTS[path]
    for param in ctx.command.get_params(ctx):
        if param.metavar in KINDS:
            kind = PROVIDERS[KINDS[param.metavar]]
            assert param._custom_shell_complete(ctx, param, "#p") == [*kind(ctx, "#p")], param.name


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("line", ["chatlog tail --nick ", "chatlog tail ", "chatlog tail -a x #"])
def test_an_archive_that_fails_gives_no_answer_and_no_error(
    archive, capfd, monkeypatch, shell, line
):
    monkeypatch.setattr(os, "scandir", None)
    assert values(line, shell) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("arguments", [[], ["\0"], ["'"], ["\udcff"], ["tail", "\udcff"]])
@pytest.mark.parametrize("shell", ["zsh", "fish", "another"])
def test_a_question_that_makes_no_sense_gives_no_answer(archive, shell, arguments):
    assert answer(cli.cli, arguments, shell) == "" or arguments == ["'"]


def test_an_answer_ends_with_status_0_and_runs_nothing(chatlog, archive):
    done = chatlog.run("tail", "--zzz", _CHATLOG_COMPLETE="zsh", CHATLOG_ARCHIVE=str(archive))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
