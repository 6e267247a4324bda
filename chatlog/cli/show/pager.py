"""Long output through a pager, where a person looks on."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from chatlog.cli.show.screen import write

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

_LESS: Final = "FRX"
"""What less is to do where LESS does not say: end with one screen, show colours, leave the text."""


@contextmanager
def paged(*, wanted: bool) -> Iterator[Callable[[bytes], object]]:
    """Yield a writer: into $PAGER on a terminal, else to stdout.

    The pager starts with the first that is written. Whoever leaves it early
    ends the command as a closed pipe does; Ctrl-C ends the command, and the
    pager where that is its way.
    """
    command = _command() if wanted and _is_seen() else []
    if not command:
        yield write
        return
    pager = _Pager(command)
    try:
        yield pager.write
    finally:
        pager.close()


def _is_seen() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def _command() -> list[str]:
    """Return the command of $PAGER; an empty list if it is not installed."""
    import shlex
    import shutil

    try:
        command = shlex.split(os.environ.get("PAGER", "less"))
    except ValueError:  # a quotation mark that is never closed
        return []
    return command if command and shutil.which(command[0]) else []


class _Pager:
    """A pager that is not there before there is something to show."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, data: bytes) -> None:
        """Write all bytes, at once."""
        import subprocess

        if self._process is None:
            environment = {"LESS": _LESS, **os.environ}
            self._process = subprocess.Popen(  # noqa: S603 - it is the person's own
                self._command, stdin=subprocess.PIPE, env=environment, bufsize=0
            )
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        rest = memoryview(data)
        while rest:
            rest = rest[self._process.stdin.write(rest) :]

    def close(self) -> None:
        """Wait until the person has left the pager, ignoring Ctrl-C."""
        import signal

        if self._process is None:
            return
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process.stdin.close()
            self._process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
