"""One run of a command: its process, its end, and the end of all that it started.

The command is a text for `/bin/sh`. Its stdin is a file in memory, so that a command that
does not read it, or closes it, delays nobody.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from chatlog.formats.wording import span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SHELL: Final = "/bin/sh"
STOP_GRACE: Final = 5.0
"""Seconds that a command has to end by itself when we are asked to stop."""
_KILL_GRACE: Final = 2.0  # seconds between SIGTERM and SIGKILL
_LOOK: Final = 0.1  # seconds between two looks whether we are asked to stop
_NOT_RUNNABLE: Final = (126, 127)


class Ending(NamedTuple):
    """The end of a command: its exit status, None if it has none, and how it ended in words."""

    status: int | None
    words: str

    @property
    def is_good(self) -> bool:
        """Whether the command did its work."""
        return self.status == 0

    @property
    def is_unrunnable(self) -> bool:
        """Whether the shell did not find the command, or may not run it."""
        return self.status in _NOT_RUNNABLE


def run(
    command: str,
    data: bytes,
    variables: Mapping[str, str],
    *,
    timeout: float,
    is_stopping: Callable[[], bool],
) -> Ending:
    """Run a command with `data` on its stdin, and return how it ended.

    The command has a process group of its own, which is killed after `timeout` seconds,
    or `STOP_GRACE` seconds after `is_stopping`; also if an exception ends the wait.
    """
    try:
        with _as_file(data) as stdin:
            process = subprocess.Popen(  # noqa: S603 - the command is the user's own
                [SHELL, "-c", command],
                stdin=stdin,
                env={**os.environ, **variables},
                process_group=0,
            )
    except OSError as error:  # no memory, no more processes, no space for the file
        return Ending(None, f"could not be started: {error.strerror}")
    try:
        return _ending(process, timeout, is_stopping)
    except BaseException:
        kill(process)
        raise


def _as_file(data: bytes) -> IO[bytes]:
    """Return a file without a name that has the data, in memory where the system has that."""
    try:
        file: IO[bytes] = os.fdopen(os.memfd_create("chatlog-exec"), "w+b")
    except (AttributeError, OSError):  # only Linux has it, since version 3.17
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(data)
    file.seek(0)
    return file


def _ending(
    process: subprocess.Popen[bytes], timeout: float, is_stopping: Callable[[], bool]
) -> Ending:
    deadline = time.monotonic() + timeout
    stop_at = float("inf")
    while True:
        if stop_at == float("inf") and is_stopping():
            stop_at = time.monotonic() + STOP_GRACE
        rest = min(deadline, stop_at) - time.monotonic()
        if rest <= 0:
            end(process)
            late = deadline <= stop_at
            return Ending(None, f"took longer than {span(timeout)}" if late else "was stopped")
        try:
            return described(process.wait(min(_LOOK, rest)))
        except subprocess.TimeoutExpired:
            continue


def described(status: int) -> Ending:
    """Return the end of a process by the status that `wait` returned."""
    if status >= 0:
        return Ending(status, f"ended with status {status}")
    try:
        name = signal.Signals(-status).name
    except ValueError:  # a real-time signal
        name = f"signal {-status}"
    return Ending(None, f"was killed by {name}")


def end(process: subprocess.Popen[bytes]) -> None:
    """End the group of a process by SIGTERM, and the rest of the group by SIGKILL."""
    _signal(process, signal.SIGTERM)
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_KILL_GRACE)
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the group of a process, and wait for the process, so that no zombie is left."""
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # No such process: all are gone. Not permitted: on macOS, all that is left are zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
