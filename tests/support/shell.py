"""A person at a shell: the real bash in a terminal, where `chatlog` is a command.

What was typed and what came back is a text with the moments, the ports and the
directory of the test replaced by stand-ins of the same width, so that lines break
where they break for everybody.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import termios
from typing import TYPE_CHECKING, Self

from tests.support.process import Chatlog, killed_on_failure
from tests.support.terminal import picture_of
from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

_ROWS = 50
_PROMPT = "$ "
_END = "\x1b]end\x07"
"""What the shell writes before each prompt, and no program does."""


class Shell:
    """A shell in a terminal, in the home of somebody who has nothing yet."""

    def __init__(self, home: Path, columns: int, **env: str) -> None:
        self._columns = columns
        binary = home / ".bin"
        binary.mkdir()
        program = binary / "chatlog"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m chatlog "$@"\n')
        program.chmod(0o755)
        environment = Chatlog(home).environment(
            TERM="xterm-256color", PS1=f"{_END}{_PROMPT}", HISTFILE="", PAGER="", **env
        )
        environment["PATH"] = f"{binary}:{environment['PATH']}"
        del environment["COLUMNS"]  # it would count more than the terminal does
        self._terminal, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (_ROWS, columns))
        self._process = subprocess.Popen(
            # By setsid the terminal is the shell's own, so that Ctrl-C is a signal.
            ["setsid", "--ctty", "bash", "--norc", "--noprofile", "--noediting", "-i"],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=home, env=environment,
        )  # fmt: skip
        os.close(theirs)
        self._sent = ""
        self._read_to(_END + _PROMPT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.write("exit\n")
        with killed_on_failure(self._process):
            self._process.wait(PATIENCE)
        os.close(self._terminal)

    def type(self, line: str) -> str:
        """Type a line, wait for the next prompt, and return the picture of both."""
        return self.after(f"{line}\n")

    def after(self, keys: str) -> str:
        """Press keys, wait for the next prompt, and return the picture since the last one."""
        self.write(keys)
        text = self._read_to(_END + _PROMPT)
        return picture_of(_PROMPT + text, self._columns)

    def wait_for(self, text: str) -> None:
        """Wait until the program that runs has written a text; what was read stays to be drawn."""
        while text not in self._sent:
            self._read_more()

    def write(self, keys: str) -> None:
        """Press keys."""
        os.write(self._terminal, keys.encode())

    def _read_to(self, end: str) -> str:
        self.wait_for(end)
        text, _, self._sent = self._sent.partition(end)
        return text

    def _read_more(self) -> None:
        readable, _, _ = select.select([self._terminal], [], [], PATIENCE)
        assert readable, f"the terminal is silent after {self._sent[-500:]!r}"
        self._sent += os.read(self._terminal, 65_536).decode(errors="replace")


_STAND_INS = (
    (re.compile(r"\d{4}-\d\d-\d\d"), "YYYY-MM-DD"),
    (re.compile(r"(127\.0\.0\.1:)\d{5}\b"), r"\1PORTX"),
    (re.compile(r"(/tmp/[a-z-]+-)\w{8}\b"), r"\1XXXXXXXX"),
    (re.compile(r"\d\d:\d\d:\d\d(?:\.\d{3})?"), lambda match: re.sub(r"\d", "0", match[0])),
    (re.compile(r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"), "Someday"),
)


def without_moments(picture: str) -> str:
    """Return a picture with stand-ins of the same width for times, ports and new directories."""
    for pattern, stand_in in _STAND_INS:
        picture = pattern.sub(stand_in, picture)
    return picture
