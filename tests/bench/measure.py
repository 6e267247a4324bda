"""What a child process costs: its CPU time and its peak of memory, as the kernel counts them."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tests.bench.contenders import Contender

ROOT = Path(__file__).parents[2]
_UNWANTED = re.compile("CHATLOG_|PYTHONDONTWRITEBYTECODE$")
"""Variables that would change what is measured: settings, and modules compiled at each start."""
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


class FailedError(Exception):
    """Something that was to be measured could not run."""


@dataclass(frozen=True)
class Usage:
    """CPU seconds (user and system) and the peak of resident memory in bytes."""

    cpu: float
    peak: int


@dataclass(frozen=True)
class Flooded:
    """What a logger cost and lost.

    `during` are the CPU seconds from the first line to the last, where the kernel tells them
    of a process that runs. `calls` are its system calls, and `lags` the seconds that its
    answers took, if somebody counted them.
    """

    usage: Usage
    lost: int
    calls: int | None = None
    lags: tuple[float, ...] = ()
    during: float | None = None


def run(command: list[str], statuses: Collection[int] = (0,)) -> Usage:
    """Run a command to its end, silently; any status but these is a FailedError."""
    with tempfile.TemporaryFile() as said:
        return _end_of(_start(command, said), said, statuses)


def record(
    contender: Contender,
    far_end: Any,
    channels: list[str],
    *,
    silent: bool,
    rate: int = 0,
    traced: bool = False,
    probed: bool = False,
    ca: str = "",
) -> Flooded:
    """Let a logger record a flood, or only join the channels, and stop it by SIGTERM.

    With a `rate`, the lines come at so many a second. `traced` counts its system calls by
    strace, while the lines come; its CPU time means nothing then. `probed` asks for answers
    between the lines. With `ca`, the file of an authority, it comes by TLS.
    """
    if not contender.is_installed():
        raise FailedError(f"{contender.name}: {contender.needs} is not installed")
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryFile() as said:
        directory = Path(place)
        screen = _Screen()
        command = contender.command(far_end.listen(), directory, channels, ca)
        process = _start(command, said, screen)
        lags: list[float] = []
        try:
            far_end.welcome()
            with _calls_of(process.pid, directory) if traced else nullcontext([]) as calls:
                far_end.settle()
                begin = _cpu_of(process.pid)
                if probed:
                    lags = far_end.probe(rate)
                else:
                    far_end.flood(silent=silent, rate=rate)
                during = None if begin is None else (_cpu_of(process.pid) or begin) - begin
            os.kill(process.pid, signal.SIGTERM)
            far_end.hang_up()
            usage = _end_of(process, said, contender.statuses)
        except (OSError, ValueError) as error:
            raise FailedError(f"{contender.name}: {error}; it said: {_said(said)}") from error
        finally:
            process.kill()  # by now it has ended, unless something went wrong
            process.wait()
            screen.close()
        kept = {channel: contender.files(directory, channel) for channel in channels}
        lost = 0 if silent else far_end.lost(kept)
        return Flooded(usage, lost, calls[0] if calls else None, tuple(lags), during)


@contextmanager
def _calls_of(pid: int, directory: Path) -> Iterator[list[int]]:
    """Count the system calls of a process; yield a list that holds their number afterwards."""
    summary, counted = directory / ".calls", []
    command = ["strace", "-f", "-c", "-U", "calls,name", "-o", str(summary), "-p", str(pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
    if not tracer.stderr or b"attached" not in tracer.stderr.readline():
        raise FailedError("strace may not attach to a process here")
    yield counted
    tracer.send_signal(signal.SIGINT)
    tracer.communicate()
    rows = re.findall(r"^ *(\d+) +(?!total)", summary.read_text(), re.MULTILINE)
    counted.append(sum(map(int, rows)))


def _cpu_of(pid: int) -> float | None:
    """Return the CPU seconds of a process until now; None where no clock shows them."""
    clock = ~pid << 3 | 2  # as clock_getcpuclockid of Linux makes it
    try:
        return time.clock_gettime(clock)
    except OSError:
        return None


class _Screen:
    """A terminal for programs that need one, which nobody looks at."""

    def __init__(self) -> None:
        self._ours, self.theirs = pty.openpty()
        threading.Thread(target=self._discard, daemon=True).start()

    def _discard(self) -> None:
        with suppress(OSError):
            while os.read(self._ours, 65536):
                pass

    def close(self) -> None:
        os.close(self.theirs)


def _start(command: list[str], said: Any, screen: _Screen | None = None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not _UNWANTED.match(name)},
        stdin=screen.theirs if screen else subprocess.DEVNULL,
        stdout=screen.theirs if screen else said,
        stderr=subprocess.STDOUT,
    )


def _end_of(process: subprocess.Popen[bytes], said: Any, statuses: Collection[int] = (0,)) -> Usage:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in statuses:
        raise FailedError(f"{process.args} ended with {process.returncode}: {_said(said)}")
    return Usage(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * _PEAK_UNIT)


def _said(said: Any) -> str:
    said.seek(0)
    return said.read().decode(errors="replace").strip()[-2000:] or "nothing"
