"""The process of `record --pipe`: `python -m chatlog.cli.pipe_process ROOT COMMAND`.

It gives the lines of an archive to a command from a position of its own, kept in
`ROOT/.pipe/cursor`, and ends when its stdin does, or at SIGTERM. A lock keeps two such
processes from giving the same lines: the second waits until the first has ended.
"""

from __future__ import annotations

import contextlib
import select
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from chatlog.archive.system import System, open_file, try_lock
from chatlog.cli import hooked
from chatlog.cli.piping import CURSOR, DIRECTORY, PATIENCE
from chatlog.cli.show.messages import write_message
from chatlog.cli.waiting import pausing
from chatlog.errors import ChatlogError
from chatlog.hook import pipe
from chatlog.hook.delivery import Hook
from chatlog.read.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_LOCK: Final = "lock"
_LOOK: Final = 0.25
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class RecorderLink:
    """The recorder that started this process, as the other end of stdin.

    After its end, or a signal to this process, the archive is read once more. A command that
    takes lines then has half of `PATIENCE` for them, and its own grace after that.
    """

    def __init__(self, fd: int, wait: Callable[[], object]) -> None:
        self._fd = fd
        self._wait = wait
        self._gone_at = float("inf")
        self._signalled = False
        self._has_looked = False

    @property
    def is_gone(self) -> bool:
        """Whether the recorder has ended, or this process is to end."""
        if self._gone_at == float("inf") and (self._signalled or _is_closed(self._fd)):
            self._gone_at = time.monotonic()
        return self._gone_at < float("inf")

    @property
    def is_asked(self) -> bool:
        """Whether the time for lines after the end is over, so that the command must end."""
        return self.is_gone and time.monotonic() > self._gone_at + PATIENCE / 2

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take signals from now on."""
        for each in _SIGNALS:
            signal.signal(each, self._signal)
        yield

    def _signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.is_gone:  # no time for lines any more
            self._gone_at = float("-inf")
        self._signalled = True

    @contextlib.contextmanager
    def whole(self) -> Iterator[None]:
        """Raise KeyboardInterrupt at the end of the block if this process is to end."""
        yield
        if self.is_asked:
            raise KeyboardInterrupt

    def wait(self) -> None:
        """Wait for a change; raise KeyboardInterrupt at the second call after the end."""
        if self._has_looked:
            raise KeyboardInterrupt
        if self.is_gone:
            self._has_looked = True
        else:
            self._wait()

    def sleep(self, seconds: float) -> None:
        """Sleep; raise KeyboardInterrupt as soon as the recorder has ended."""
        due = time.monotonic() + seconds
        while (rest := due - time.monotonic()) > 0:
            if self.is_gone:
                raise KeyboardInterrupt
            time.sleep(min(_LOOK, rest))


def _is_closed(fd: int) -> bool:
    """Return whether the other end of a pipe is closed; nothing is ever written to it."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def give(root: Path, command: str, recorder: RecorderLink) -> None:
    """Send the lines of an archive to a command until the recorder ends."""
    path = root / DIRECTORY / _LOCK
    lock = open_file(path, system=System())  # until the end of this process
    while not try_lock(lock, path):
        recorder.sleep(_LOOK)
    hooked.give(
        Hook(command, pipe.MOST, retries=None, option="--pipe", goes_on=True),
        Reader(root),
        None,
        None,
        cursor=str(root / DIRECTORY / CURSOR),
        count=0,
        wait=recorder.wait,
        stops=recorder,
        sleep=recorder.sleep,
    )


def main(root: str, command: str) -> int:
    """Run the process; return its exit status."""
    try:
        recorder = RecorderLink(sys.stdin.fileno(), pausing(root))
        with recorder.listening():
            give(Path(root), command, recorder)
    except KeyboardInterrupt:
        return 0
    except ChatlogError as error:
        write_message(str(error))
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
