"""A command that goes on: lines for its stdin, and the lines of its stdout, without a block.

The command is a text for `/bin/sh`, in a process group of its own.
"""

from __future__ import annotations

import os
import select
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from chatlog.hook import child

if TYPE_CHECKING:
    from collections.abc import Mapping

_AT_ONCE: Final = 64 * 1024
_LONGEST: Final = 200  # bytes of a line of stdout: a cursor has 40 at most
_CLOSING: Final = 2.0  # seconds between the end of its stdout, or stdin, and that of the process


class PipeProcess:
    """One process of the command, from its start until `end`.

    Nothing waits but `exchange`, and that for a bounded time. A line of stdout of more
    than 200 bytes is cut. Raise OSError if the process cannot be started.
    """

    def __init__(self, command: str, variables: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the command is the user's own
            [child.SHELL, "-c", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, **variables},
            process_group=0,
        )
        assert self._process.stdin is not None  # noqa: S101 - for mypy: both are pipes
        assert self._process.stdout is not None  # noqa: S101 - as above
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        for stream in (self._stdin, self._stdout):
            os.set_blocking(stream.fileno(), False)
        self._waiting = memoryview(b"")  # bytes that the command did not take yet
        self._rest = b""  # of its stdout: the line that is not whole yet
        self._closed_at = float("inf")  # when it closed its stdout, or its stdin

    def offer(self, data: bytes) -> None:
        """Write data to the stdin of the command, as it takes it; all before was taken."""
        self._waiting = memoryview(data)

    def exchange(self, seconds: float) -> list[bytes]:
        """Write and read the bytes that go at once; wait some seconds at most for the first.

        Return the whole lines of stdout that came, without newlines.
        """
        poll = select.poll()
        if not self._stdout.closed:
            poll.register(self._stdout, select.POLLIN)
        if self._waiting and not self._stdin.closed:
            poll.register(self._stdin, select.POLLOUT)
        ready = {fd for fd, _ in poll.poll(seconds * 1000)}
        if not self._stdin.closed and self._stdin.fileno() in ready:
            self._write()
        if not self._stdout.closed and self._stdout.fileno() in ready:
            return self._read()
        return []

    def _write(self) -> None:
        try:
            written = os.write(self._stdin.fileno(), self._waiting[:_AT_ONCE])
        except BlockingIOError:
            return
        except BrokenPipeError:
            self.close_stdin()
            self._closed_at = min(self._closed_at, time.monotonic())
            return
        self._waiting = self._waiting[written:]

    def _read(self) -> list[bytes]:
        data = os.read(self._stdout.fileno(), _AT_ONCE)
        if not data:
            self._stdout.close()
            self._closed_at = min(self._closed_at, time.monotonic())
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:_LONGEST]
        return [line[:_LONGEST] for line in lines]

    def ending(self) -> child.Ending | None:
        """Return how the command ended; None while it goes on.

        One that has closed its stdout or stdin has 2 seconds to end, and is ended then.
        What another process of its group still prints is not waited for.
        """
        status = self._process.poll()
        if status is not None:
            return child.described(status)
        if time.monotonic() - self._closed_at < _CLOSING:
            return None
        child.end(self._process)
        which = "stdout" if self._stdout.closed else "stdin"
        return child.Ending(None, f"closed its {which}")

    def close_stdin(self) -> None:
        """Close the stdin of the command: no more lines come."""
        self._waiting = memoryview(b"")
        with suppress(BrokenPipeError):
            self._stdin.close()

    def end(self) -> None:
        """End the process and its group by SIGTERM, and 2 seconds later by SIGKILL."""
        self.close_stdin()
        self._stdout.close()
        child.end(self._process)
