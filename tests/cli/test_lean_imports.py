"""What the start of a command imports, and that click still has what was left out."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatlog.cli.lean_imports import cleandoc
from chatlog.coverage import ledger
from chatlog.coverage.entries import ClosedEntry, OpenedEntry
from chatlog.event import format_time
from tests.support.archive import START, UNSYNCED, event_at, record

ROOT = Path(__file__).parents[2]

NEVER = {
    *("asyncio", "dataclasses", "gettext", "inspect", "irc", "locale", "pathlib", "rich"),
    *("subprocess", "traceback", "typing_extensions"),
    *("decimal", "difflib", "platform", "textwrap", "uuid"),
    *("msgspec.inspect", "msgspec.toml", "msgspec.yaml", "msgspec._json_schema"),
}
"""Modules of which no start of `tail` needs one; each takes 1 to 10 ms of its 50."""

HELP_NEVER = NEVER - {"textwrap"} | {"msgspec", "threading", "chatlog.event"}


def modules_after(*arguments):
    """Return the modules that a process has imported when a command has ended."""
    program = (
        "import sys\n"
        "from chatlog.cli import run\n"
        f"assert run({list(arguments)!r}) == 0\n"
        "sys.stdout.flush()\n"
        "print('\\0', *sys.modules)\n"
    )
    environment = {name: value for name, value in os.environ.items() if "CHATLOG" not in name}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    shown, _, modules = ended.stdout.partition("\0")
    return shown, set(modules.split())


def test_the_help_is_shown_without_the_modules_that_only_rare_features_of_click_need():
    shown, modules = modules_after("--help")
    assert "Usage: chatlog" in shown
    assert modules & HELP_NEVER == set()


@pytest.fixture
def archive(tmp_path):
    """Return an archive of a channel with a ledger."""
    record(tmp_path, *(event_at(second, "hi") for second in range(3)))
    times = [format_time(START + second * 1000) for second in range(3)]
    entries = [OpenedEntry(at=times[0]), ClosedEntry(at=times[1]), OpenedEntry(at=times[2])]
    ledger.append(UNSYNCED, tmp_path / "net" / "#c", entries)
    return tmp_path


def test_the_end_of_an_archive_is_shown_without_the_modules_that_only_other_commands_need(archive):
    shown, modules = modules_after("tail", "-n", "10", "--archive", str(archive))
    assert shown.count("hi") == 3
    assert modules & NEVER == set()


def test_click_finds_the_real_modules_when_it_needs_them():
    program = (
        "import chatlog.cli, click, sys, uuid, inspect\n"
        "text = '12345678-1234-5678-1234-567812345678'\n"
        "assert click.UUID.convert(text, None, None) == uuid.UUID(text)\n"
        "assert click.core.inspect.isfunction is inspect.isfunction\n"
        "assert type(inspect).__name__ == type(uuid).__name__ == 'module'\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_msgspec_still_has_the_modules_that_were_left_out():
    program = (
        "from chatlog.cli.lean_imports import import_msgspec\n"
        "import_msgspec()\n"
        "import msgspec, uuid, decimal\n"
        "assert msgspec.json.schema(int) == {'type': 'integer'}\n"
        "assert msgspec.json.schema_components([int]) == (({'type': 'integer'},), {})\n"
        "assert msgspec.inspect.type_info(int) == msgspec.inspect.IntType()\n"
        "assert msgspec.toml.decode(b'a = 1') == {'a': 1}\n"
        "assert msgspec.yaml.__name__ == 'msgspec.yaml'\n"
        "assert uuid.UUID(int=1) and decimal.Decimal(1) == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@given(st.text(alphabet=" \t\nab\r", max_size=40))
def test_a_help_text_is_cleaned_as_inspect_does(text):
    assert cleandoc(text) == inspect.cleandoc(text)
