"""The bar of long work: on a terminal alone, after a second, and gone afterwards."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from chatlog.cli.show import progress as module
from chatlog.cli.show.progress import counted, progress, progress_until_output
from tests.support.terminal import picture_of


class _Clock:
    """A clock that a test advances."""

    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = _Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")  # makes a terminal of any file, for rich
    _set_terminal(monkeypatch, is_one=True)


def _set_terminal(monkeypatch, *, is_one):
    stderr = SimpleNamespace(isatty=lambda: is_one)
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=stderr, stdout=sys.__stdout__))


@pytest.mark.usefixtures("terminal")
def test_the_bar_comes_after_a_second_and_is_gone_afterwards(clock, capsys):
    with progress("reading", 10, shown=True) as advance:
        advance(1)
        clock.now = 0.9
        advance(1)
        assert capsys.readouterr().err == ""
        clock.now = 1.1
        advance(1)
        begun = capsys.readouterr().err
        assert re.search(r"reading .*30%", picture_of(begun.replace("\n", "\r\n"), 200))
        clock.now = 1.15
        advance(1)
        assert capsys.readouterr().err == "", "it is drawn at most ten times a second"
        clock.now = 1.3
        advance(1)
        drawn = begun + capsys.readouterr().err
    gone = drawn + capsys.readouterr().err
    assert "50%" in gone
    assert picture_of(gone.replace("\n", "\r\n"), 200).strip() == ""


@pytest.mark.parametrize("shown", [True, False])
def test_there_is_no_bar_where_stderr_is_no_terminal_or_none_is_wanted(
    clock, capsys, monkeypatch, shown
):
    _set_terminal(monkeypatch, is_one=not shown)
    for _ in counted(range(5), "reading", shown=shown):
        clock.now += 10
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("terminal")
def test_counted_yields_everything_and_ends_its_bar_if_the_caller_stops(clock, capsys):
    assert [*counted("abc", "reading", shown=True)] == [*"abc"]
    for each in counted("abc", "reading", shown=True):
        clock.now += 10
        if each == "b":
            break
    shown = capsys.readouterr().err
    assert picture_of(shown.replace("\n", "\r\n"), 200).strip() == ""


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("is_file", [True, False])
def test_the_first_output_removes_the_bar_for_good_unless_it_goes_to_a_file(
    clock, capsys, monkeypatch, tmp_path, is_file
):
    reading, writing = os.pipe()
    with (tmp_path / "out").open("w") as file, os.fdopen(reading), os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(module.sys, "stdout", file if is_file else pipe)
        written = []
        with progress_until_output("searching", 10, written.append) as (advance, write):
            clock.now = 2
            advance(1)
            shown = capsys.readouterr().err
            assert "10%" in shown
            write(b"found")
            shown += capsys.readouterr().err
            is_there = picture_of(shown.replace("\n", "\r\n"), 200).strip() != ""
            assert is_there == is_file
            clock.now = 4
            advance(1)
            assert ("20%" in capsys.readouterr().err) == is_file
    assert written == [b"found"]


def test_rich_is_not_imported_before_the_second_is_over():
    program = (
        "import sys; sys.stderr.isatty = lambda: True\n"
        "from chatlog.cli.show.progress import counted\n"
        "list(counted(range(100), 'reading', shown=True))\n"
        "print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"False\n"
