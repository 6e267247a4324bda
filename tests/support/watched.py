"""The real program, watched from inside: its longest turn of the loop and its memory.

    python -m tests.support.watched REPORT record …

At the end REPORT is a file of JSON: `turn` in seconds of CPU time, as the machine may
be busy with other things, and `peak`, the largest resident memory in bytes.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from pathlib import Path

from chatlog.cli import main
from chatlog.record.recorder import Recorder


class Watch:
    """Measures each turn of the loop, until the recorder closes its files for good."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._is_over = False
        self._run_once = asyncio.BaseEventLoop._run_once
        self._close = Recorder._close

    def run_once(self, loop: asyncio.BaseEventLoop) -> None:
        """Run a turn of the loop; waiting for sockets takes no CPU time."""
        began = time.thread_time()
        self._run_once(loop)
        if not self._is_over:
            self.longest = max(self.longest, time.thread_time() - began)

    def close(self, recorder: Recorder) -> None:
        """Close the recorder: no connection is left that could wait."""
        self._is_over = True
        self._close(recorder)


def peak() -> int:
    """Return the largest resident memory of this process in bytes.

    Not `ru_maxrss`, which a process inherits from the one that started it.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def run(report: str, arguments: list[str]) -> None:
    """Run the program, and write the report at its end."""
    watch = Watch()
    asyncio.BaseEventLoop._run_once = lambda loop: watch.run_once(loop)  # noqa: PLW0108 - a method
    Recorder._close = lambda recorder: watch.close(recorder)  # noqa: PLW0108 - as above
    try:
        main(arguments)
    finally:
        found = {"turn": watch.longest, "peak": peak()}
        Path(report).write_text(json.dumps(found), "ascii")


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
