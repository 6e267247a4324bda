"""`chatlog search` on a terminal: its pager, its colours, and Ctrl-C."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys

import pytest

from tests.support.archive import event_at, record
from tests.support.waiting import PATIENCE, eventually

_DAY = 86_400


def said(seconds, text):
    """Make a message so many seconds after midnight of 2025-11-23, a day that is over."""
    return event_at(seconds - 365 * _DAY, text)


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archive"


def python(program):
    """Make a pager of a piece of Python."""
    program = f"import os, signal, sys, time; {program}"
    return shlex.join([sys.executable, "-c", program])


PAGER = python("print('paged', sys.stdin.read(), end='')")


class Terminal:
    """A terminal of its own, on which chatlog runs in the foreground."""

    def __init__(self, arguments, env):
        self.pid, self._ours = pty.fork()
        if not self.pid:
            try:
                os.execve(sys.executable, [sys.executable, "-m", "chatlog", *arguments], env)
            finally:
                os._exit(127)
        self.shown = ""

    def wait_for(self, text):
        while text not in self.shown:
            assert self._read(), self.shown

    def press(self, keys):
        os.write(self._ours, keys)

    def finish(self):
        """Wait for the end, and return the exit status."""
        while self._read():
            pass
        os.close(self._ours)
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def _read(self):
        if not select.select([self._ours], [], [], PATIENCE)[0]:
            os.kill(self.pid, signal.SIGKILL)
        try:
            piece = os.read(self._ours, 65_536).decode()
        except OSError:  # a terminal that nobody holds ends so
            return ""
        self.shown += piece.replace("\r\n", "\n")
        return piece


@pytest.fixture
def terminal(archive, chatlog):
    """Search on a terminal."""

    def start(*arguments, **env):
        environment = chatlog.environment(**{"TERM": "xterm-256color", "NO_COLOR": "1", **env})
        command = ["search", "--archive", str(archive), "--tz", "UTC", *arguments]
        return Terminal(command, environment)

    def call(*arguments, **env):
        running = start(*arguments, **env)
        status = running.finish()
        return status, running.shown

    call.start = start
    return call


def test_on_a_terminal_it_is_shown_through_the_pager_under_its_days(terminal, archive):
    record(archive, said(1, "leak"))
    status, shown = terminal("leak", PAGER=PAGER)
    assert status == 0
    assert re.fullmatch(r"paged --- Sunday 2025-11-23, \d+ days ago\n00:00:01 <ann> leak\n", shown)


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (["--no-pager"], {"PAGER": PAGER}),
        (["--json"], {"PAGER": PAGER}),
        ([], {"PAGER": ""}),
        ([], {"PAGER": " "}),
        ([], {"PAGER": "less '"}),
        ([], {"PAGER": "no-such-pager"}),
        ([], {"PAGER": PAGER, "TERM": "dumb"}),
    ],
    ids=str,
)
def test_without_a_pager_that_is_wanted_and_there_it_is_shown_at_once(
    terminal, archive, arguments, env
):
    record(archive, said(1, "leak"))
    status, shown = terminal("leak", *arguments, **env)
    assert status == 0
    assert shown.endswith(("<ann> leak\n", '"text":"leak"}\n'))
    assert "paged" not in shown


def test_where_nothing_is_found_there_is_nothing_to_page(terminal, archive):
    record(archive, said(1, "hi"))
    assert terminal("leak", PAGER=PAGER) == (1, "chatlog: no line matches\n")


def test_the_pager_gets_all_of_a_long_output(terminal, archive):
    record(archive, *(said(each, f"leak {each} " + "x" * 300) for each in range(2000)))
    count = python("print(len(sys.stdin.readlines()))")
    assert terminal("leak", PAGER=count) == (0, "2001\n")


def test_whoever_leaves_the_pager_ends_the_search_quietly(terminal, archive):
    record(archive, *(said(each, "leak" + "x" * 400) for each in range(2000)))
    first = python("print(len(sys.stdin.readline()) > 9)")
    assert terminal("leak", PAGER=first) == (0, "True\n")


def test_on_a_terminal_there_are_colours_unless_no_color_says_otherwise(terminal, archive):
    record(archive, said(1, "leak"))
    assert "\x1b[" not in terminal("leak", PAGER="cat")[1]
    assert "\x1b[" in terminal("leak", PAGER="cat", NO_COLOR="")[1]
    assert "\x1b[" not in terminal("leak", PAGER="cat", NO_COLOR="", TERM="dumb")[1]


def children_of(pid):
    listed = subprocess.run(
        ["ps", "-A", "-o", "ppid=,pid="], capture_output=True, check=True, encoding="utf-8"
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    return [int(child) for parent, child in pairs if int(parent) == pid]


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def large(archive):
    """Record so much that several processes search, and nothing takes all of it at once."""
    for day in range(6):
        record(archive, *(said(day * _DAY + each, "leak" + "x" * 400) for each in range(2000)))


@pytest.mark.usefixtures("large")
def test_ctrl_c_ends_a_paged_search_and_all_of_its_processes(terminal):
    running = terminal.start(
        "leak", "-j", "2", PAGER=python("print('reading', flush=True); time.sleep(60)")
    )
    running.wait_for("reading")
    children = children_of(running.pid)
    assert len(children) > 1, "the pager, and who still searches"
    running.press(b"\x03")
    assert running.finish() == 130
    assert "a bug" not in running.shown
    eventually(lambda: not any(map(is_there, children)))


@pytest.mark.usefixtures("large")
def test_a_pager_that_ctrl_c_does_not_end_is_waited_for(terminal):
    stubborn = python(
        "signal.signal(signal.SIGINT, signal.SIG_IGN); search = os.getppid();"
        " sys.stdin.buffer.read(1); os.kill(search, signal.SIGINT); sys.stdin.buffer.read();"
        " os.kill(search, signal.SIGINT); time.sleep(0.3); print(os.getppid() == search)"
    )
    # click ends the line on which the terminal shows ^C.
    assert terminal("leak", PAGER=stubborn) == (130, "True\n\n")
