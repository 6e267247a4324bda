"""chatlog as on a small machine: one core, 512 MB, and a disk that takes 50 ms to sync.

Usage: python -m tests.bench.loggers.small_machine ARGUMENTS of chatlog

The limit is one of address space, of which a process has more than of memory.
"""

from __future__ import annotations

import contextlib
import os
import resource
import time

MEMORY = 512 * 1024 * 1024
DELAY = 0.05

_sync = os.fsync


def _sync_slowly(fd: int) -> None:
    time.sleep(DELAY)
    _sync(fd)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with contextlib.suppress(AttributeError):  # not on every system
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.fsync = _sync_slowly  # before chatlog's System takes it

    from chatlog.cli import main as run

    run()


if __name__ == "__main__":
    main()
