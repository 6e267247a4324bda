"""The real program, watched from inside: its longest turn of the loop and its memory.

    python -m tests.support.watched REPORT record …

At the end REPORT is a file of JSON: `turn` in seconds of CPU time, as the machine may
be busy with other things; `peak`, the largest resident memory in bytes; and `queued`, the
seconds since the stop in which it could run, and the machine ran something else.
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
    """Measures each turn of the loop in which a server can be heard.

    Those are all after that in which the recorder locks its channels, until it closes its
    files for good.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self._queued_before: float | None = None
        self._has_begun = self._is_over = False
        self._run_once = asyncio.BaseEventLoop._run_once
        self._tick = Recorder._tick
        self._close = Recorder._close
        self._stop = Recorder.stop

    def run_once(self, loop: asyncio.BaseEventLoop) -> None:
        """Run a turn of the loop; waiting for sockets takes no CPU time."""
        has_begun, began = self._has_begun, time.thread_time()
        self._run_once(loop)
        if has_begun and not self._is_over:
            self.longest = max(self.longest, time.thread_time() - began)

    def tick(self, recorder: Recorder, loop: asyncio.AbstractEventLoop) -> None:
        """Let the recorder tick, which it does first when its channels are locked."""
        self._has_begun = True
        self._tick(recorder, loop)

    def stop(self, recorder: Recorder, reason: str) -> None:
        """Stop the recorder; the first stop counts."""
        if self._queued_before is None:
            self._queued_before = queued()
        self._stop(recorder, reason)

    @property
    def queued(self) -> float:
        """The seconds since the stop in which another program had the processor."""
        return queued() - (self._queued_before or 0.0)

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


def queued() -> float:
    """Return the seconds for which this process has waited for a processor."""
    try:
        return int(Path("/proc/self/schedstat").read_text("ascii").split()[1]) / 1e9
    except OSError:  # a kernel that does not tell
        return 0.0


def run(report: str, arguments: list[str]) -> None:
    """Run the program, and write the report at its end."""
    watch = Watch()
    asyncio.BaseEventLoop._run_once = lambda loop: watch.run_once(loop)  # noqa: PLW0108 - a method
    Recorder._tick = lambda recorder, loop: watch.tick(recorder, loop)  # noqa: PLW0108 - as above
    Recorder._close = lambda recorder: watch.close(recorder)  # noqa: PLW0108 - as above
    Recorder.stop = lambda recorder, reason: watch.stop(recorder, reason)  # noqa: PLW0108 - as above
    try:
        main(arguments)
    finally:
        found = {"turn": watch.longest, "peak": peak(), "queued": watch.queued}
        Path(report).write_text(json.dumps(found), "ascii")


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
