"""What a child process costs: its CPU time and its peak of memory, as the kernel counts them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

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
    usage: Usage
    lost: int


def run(command: list[str], statuses: Collection[int] = (0,)) -> Usage:
    """Run a command to its end, silently; any status but these is a FailedError."""
    with tempfile.TemporaryFile() as said:
        return _end_of(_start(command, said), said, statuses)


def record(contender: Contender, far_end: Any, channels: list[str], *, silent: bool) -> Flooded:
    """Let a logger record a flood, or only join the channels, and stop it by SIGTERM."""
    if not contender.is_installed():
        raise FailedError(f"{contender.name}: {contender.needs} is not installed")
    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryFile() as said:
        directory = Path(place)
        process = _start(contender.command(far_end.listen(), directory, channels), said)
        try:
            far_end.flood(silent=silent)
            os.kill(process.pid, signal.SIGTERM)
            far_end.hang_up()
            usage = _end_of(process, said)
        except (OSError, ValueError) as error:
            raise FailedError(f"{contender.name}: {error}; it said: {_said(said)}") from error
        finally:
            process.kill()  # by now it has ended, unless something went wrong
            process.wait()
        kept = {channel: contender.files(directory, channel) for channel in channels}
        return Flooded(usage, 0 if silent else far_end.lost(kept))


def _start(command: list[str], said: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not _UNWANTED.match(name)},
        stdin=subprocess.DEVNULL,
        stdout=said,
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
