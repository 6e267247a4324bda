"""The modules that short commands import: their start is what a shell user waits for.

`python -m tests.bench startup` measures the same in milliseconds.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from chatlog.cli import COMMANDS
from tests.support.archive import event_at, record

NETWORK = {"asyncio", "irc", "ssl", "_socket"}
"""300 ms."""
RICH = {"rich"}
"""25 ms."""
LIBRARY = {
    *("bz2", "concurrent", "csv", "dataclasses", "hashlib", "http", "ipaddress", "json", "logging"),
    *("lzma", "multiprocessing", "pathlib", "pickle", "platformdirs", "shlex", "shutil"),
    *("subprocess", "tempfile", "tomllib", "urllib", "zoneinfo"),
}
"""Each 2 to 14 ms."""
OF_FEW_LINES = {
    *("chatlog.relay_heads", "chatlog.cli.show.split_lines", "chatlog.formats.plain"),
    *("chatlog.cli.hooked", "chatlog.read.cursor", "chatlog.cli.options.terms"),
    *("chatlog.read.sealed_reader", "chatlog.cli.show.progress", "chatlog.cli.signals"),
}
"""Each 0.2 to 3 ms, for options and lines that are rare."""
NAMED_TUPLES = {
    "chatlog.cli.help.HelpText",  # the help of chatlog itself has no msgspec
    "chatlog.formats.terminal.LineFormat",
    "chatlog.formats.terminal.Span",
}
"""Each 0.1 to 0.3 ms, a Struct 0.01: what is taken apart as a tuple in many places is one."""


@pytest.fixture
def imported(chatlog, tmp_path):
    """Run a command line; return the modules it imported beyond the libraries' own."""
    record(tmp_path / "archive", event_at(1, "hi"))

    def run(*arguments, status=0, function="run"):
        code = (
            "import sys, json, click, msgspec; from functools import partial;"
            " del sys.modules['json']; needed = set(sys.modules);"
            " from chatlog.cli import _answer, run;"
            f" status = {function}({list(map(str, arguments))!r});"
            " print('\\n' + json.dumps([status, sorted(set(sys.modules) - needed)]))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=chatlog.environment(CHATLOG_ARCHIVE=str(tmp_path / "archive")),
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
            encoding="utf-8",
        )
        ended, modules = json.loads(done.stdout.splitlines()[-1])
        assert ended == status
        return set(modules)

    return run


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_help_and_the_version_import_nothing_but_the_command_line(imported, option):
    ours = {name for name in imported(option) if name.startswith("chatlog")}
    assert ours == {
        *("chatlog", "chatlog.cli", "chatlog.cli.help", "chatlog.cli.lean_imports"),
        "chatlog.errors",
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_imports_neither_the_network_nor_rich(imported, command):
    assert not (NETWORK | RICH) & imported(command, "--help")


def test_the_last_lines_import_nothing_that_they_do_not_need(imported):
    assert not (NETWORK | RICH | LIBRARY | OF_FEW_LINES) & imported("tail", "-n", "10")


def test_the_last_lines_define_few_named_tuples(imported):
    modules = imported("tail", "-n", "10")
    found = {
        f"{module}.{name}"
        for module in modules
        if module.startswith("chatlog.")
        for name, each in vars(importlib.import_module(module)).items()
        if isinstance(each, type) and hasattr(each, "_fields") and each.__module__ == module
    }
    assert found == NAMED_TUPLES


def test_a_search_of_a_small_archive_imports_no_more_than_reading(imported):
    allowed = {"pathlib", "urllib"}  # casemappings are read from a Path
    assert not (NETWORK | RICH | LIBRARY - allowed) & imported("search", "hi")


@pytest.mark.parametrize("line", ["tail #", "tail --nick a", "search from:a", "record -c #"])
def test_a_completion_imports_neither_the_network_nor_rich(imported, line):
    modules = imported(*line.split(), function="partial(_answer, 'zsh')")
    assert "chatlog.cli.suggestions" in modules
    assert not (NETWORK | RICH) & modules


@pytest.mark.parametrize(("command", "status"), [("gaps", 1), ("stats", 0), ("status", 1)])
def test_json_is_written_without_rich(imported, command, status):
    assert not (NETWORK | RICH) & imported(command, "--json", status=status)
