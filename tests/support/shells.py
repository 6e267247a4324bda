"""Real shells in a terminal, in which a test types command lines and tabs."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING

from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_STARTS = {
    "bash": (["--norc", "--noprofile", "-i"], "bind 'set enable-bracketed-paste off'"),
    "zsh": (["-f", "-i"], "unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D"),
    "fish": (["--no-config", "-i"], "true"),
}
_SOURCE = {"fish": "chatlog completion fish | source"}
_PROGRAM = """#!/bin/sh
if [ -n "$_CHATLOG_COMPLETE" ] || [ "$1" = completion ]; then
    exec {python} -m chatlog "$@"
fi
printf '<''<%s' "$#"
for each; do printf '|%s' "$each"; done
printf '>''>\\n'
"""
"""Answers the shell, and prints the words that it is run with."""


class Shell:
    """A shell whose `chatlog` completes as the real one, and prints its words if it is run."""

    def __init__(self, name: str, path: str, home: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        bin_ = home / "bin"
        bin_.mkdir(exist_ok=True)
        (bin_ / "chatlog").write_text(_PROGRAM.format(python=sys.executable))
        (bin_ / "chatlog").chmod(0o755)
        env = {**environment, "PATH": f"{bin_}:{environment['PATH']}", "TERM": "xterm",
               "LANG": "C.UTF-8", "HISTFILE": ""}  # fmt: skip
        env.pop("COLUMNS", None)
        self._ours, theirs = os.openpty()
        termios.tcsetwinsize(theirs, (50, 200))
        options, first = _STARTS[name]
        self._process = subprocess.Popen(
            ["setsid", "--ctty", path, *options],
            stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=home,
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""
        source = _SOURCE.get(name, f'eval "$(chatlog completion {name})"')
        self.type(f"{first}; {source}; printf 're''ady\\n'\r")
        self.wait_for(r"(?<!')ready")

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self._ours, text.encode())

    def words(self, text: str) -> list[str]:
        """Type a line and Enter; return the words that `chatlog` is run with."""
        self.shown = ""
        self.type(f"{text}\r")
        match = self.wait_for(r"<<(\d+)((?:\|[^|>]*)*)>>")
        return match[2].split("|")[1:]

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until the shell shows a pattern; fail with all that it showed."""
        deadline = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self.shown)):
            rest = deadline - time.monotonic()
            if not select.select([self._ours], [], [], max(0, rest))[0]:
                raise AssertionError(f"no {pattern!r} in:\n{self.shown}")
            self.shown += os.read(self._ours, 65_536).decode("utf-8", "replace")
        return match

    def end(self) -> None:
        """Kill the shell."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)
