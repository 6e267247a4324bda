"""chatlog at a time that a file tells, killed at a system call that is named: run as a script.

    STAGE_CLOCK=FILE [STAGE_PID=N] [STAGE_DEATH='CALL PATTERN N'] python staged.py ARGUMENT…

FILE holds two numbers, nanoseconds: how far the wall clock is ahead, and how
long the machine slept. With one number, the clock stands at it. STAGE_DEATH
names a system call, a pattern of the path that it is about, and which of these
calls is the last: half of a write is done, nothing of anything else, and then
the process is killed as by `kill -9`. Everything else is the program's own.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path

_NANOSECONDS = 1_000_000_000


def set_clock(path):
    """Let this process go by the clock of a file from now on."""
    wall, steady = time.time_ns, time.clock_gettime_ns

    def numbers():
        return [int(number) for number in Path(path).read_bytes().split()]

    def time_ns():
        first, *rest = numbers()
        return wall() + first if rest else first

    def clock_gettime_ns(clock):
        slept = numbers()[1:] if clock == getattr(time, "CLOCK_BOOTTIME", None) else []
        return steady(clock) + sum(slept)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / _NANOSECONDS
    time.clock_gettime_ns = clock_gettime_ns


def die_at(call, pattern, last):
    """Let this process be killed in the `last` call of `os` about such a path."""
    real, count, pid = getattr(os, call), 0, os.getpid()

    def watched(*arguments):
        nonlocal count
        count += fnmatchcase(_path_of(arguments[0]), pattern)
        if count == last:
            if call == "write":
                real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
            os.kill(pid, signal.SIGKILL)
        return real(*arguments)

    setattr(os, call, watched)


def _path_of(file):
    return str(Path(f"/proc/self/fd/{file}").readlink() if isinstance(file, int) else file)


def main():
    """Set the stage, and run the program."""
    set_clock(os.environ["STAGE_CLOCK"])
    if death := os.environ.get("STAGE_DEATH"):
        call, pattern, last = death.split()
        die_at(call, pattern, int(last))
    if number := os.environ.get("STAGE_PID"):
        os.getpid = lambda: int(number)
    del sys.path[0]  # of this script; the program is found as everywhere

    from chatlog.cli import main as chatlog

    chatlog()


if __name__ == "__main__":
    main()
