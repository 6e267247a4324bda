"""`record --pipe`: the process that gives an archive's lines to a command, beside the recorder.

The recorder only starts it, and starts it again: no command, however slow, holds up a line.
The process is `cli/pipe_process` as a program. It reads the files of the archive from a
position of its own, and ends when its stdin does, so also after the recorder was killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

from chatlog.archive.files import reported, state_of
from chatlog.archive.system import FILE_MODE, System, make_directories
from chatlog.cli.subprocesses import module_command
from chatlog.errors import TranscriptError, UsageError
from chatlog.event import format_time
from chatlog.formats.visible import printable
from chatlog.formats.wording import span
from chatlog.hook.delivery import pause_after
from chatlog.read.cursor import Cursor
from chatlog.read.reader import Reader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

logger = logging.getLogger("chatlog")

DIRECTORY: Final = ".pipe"
"""The directory in the archive that has the position of its pipe."""
CURSOR: Final = "cursor"
PATIENCE: Final = 10.0
"""Seconds at the end of a run for the lines that the command did not take yet."""
_PROGRAM: Final = "chatlog.cli.pipe_process"
_KILL_GRACE: Final = 10.0  # between SIGTERM and SIGKILL: the command has 5 s, and 2 s more
_SILENT: Final = 1.0  # seconds, in which nearly every command has ended
_LAST_WORDS: Final = 1.0  # seconds for the rest of stderr
_LONGEST: Final = 2000  # of a line of stderr
_STEADY: Final = 60.0  # seconds after which a start counts as a success


def begin(root: Path) -> None:
    """Write the position of the pipe, if there is none: it begins with the lines that come now.

    A position that is there stays. Raise TranscriptError if it cannot be read or written.
    """
    directory = root / DIRECTORY
    with reported(directory, doing="create"):
        make_directories(System(), directory)
    reader = Reader(root)
    cursor = Cursor(reader, str(directory / CURSOR), FILE_MODE)
    if not cursor.restore():
        reader.mark()
        cursor.keep()


def moved_at(path: Path) -> str:
    """Return the time at which a file of a position was written last, "" if it is not known."""
    try:
        state = state_of(str(path))
    except TranscriptError:
        return ""
    return format_time(state[2] // 1_000_000) if state is not None else ""


@contextlib.asynccontextmanager
async def piped(root: Path, command: str, *, logs: bool = False) -> AsyncIterator[PipeKeeper]:
    """Keep the process of a pipe running inside the block, and end it afterwards.

    It has 10 seconds for the lines that wait, unless they are cut short by `hurry`, and as long
    again after SIGTERM. The next run goes on with the lines that were not taken. If it `logs`, its
    stderr goes to the log, because a live view fills the terminal.
    """
    keeper = PipeKeeper(root, command, logs=logs)
    keeping = asyncio.ensure_future(keeper.run())
    try:
        yield keeper
    finally:
        keeper.ends.set()
        await keeper.end()
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping


class PipeKeeper:
    """Starts the process of a pipe, and starts it again when it ended; never raises."""

    def __init__(self, root: Path, command: str, *, logs: bool) -> None:
        self._stderr = asyncio.subprocess.PIPE if logs else None
        self._command = (*module_command(_PROGRAM), str(root), command)
        self._process: asyncio.subprocess.Process | None = None
        self.ends = asyncio.Event()
        self._hurried = asyncio.Event()

    def hurry(self) -> None:
        """Wait no longer at the end for the lines that the command did not take."""
        self._hurried.set()

    async def run(self) -> None:
        """Run the process until the recorder ends, or the shell cannot run the command."""
        failures = 0
        while not self.ends.is_set():
            since = time.monotonic()
            how = await self._run_once()
            if self.ends.is_set() or how is None:
                return
            failures = 0 if time.monotonic() - since > _STEADY else failures
            pause = pause_after(failures)
            failures += 1
            logger.error("the process of --pipe %s; it is started again in %s", how, span(pause))
            await asyncio.sleep(pause)

    async def _run_once(self) -> str | None:
        """Run the process once; return its end in words, None if it must not be started again."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=self._stderr,
                process_group=0,  # a Ctrl-C in the terminal is for the recorder
            )
        except OSError as error:  # no memory, no more processes
            return f"could not be started: {error.strerror}"
        stderr = self._process.stderr
        logging_ = asyncio.ensure_future(_log(stderr)) if stderr is not None else None
        status = await self._process.wait()
        if logging_ is not None:  # a process that the command left may keep it open
            await asyncio.wait({logging_}, timeout=_LAST_WORDS)
            logging_.cancel()
        if status == UsageError.exit_status:  # the reason is on stderr
            logger.error("--pipe is left out until the next start; lines are recorded on")
            return None
        return f"ended with status {status}"

    async def end(self) -> None:
        """Close the stdin of the process, and wait; then send SIGTERM, and SIGKILL."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None  # noqa: S101 - for mypy: it is a pipe
        process.stdin.close()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), _SILENT)
            return
        logger.warning(
            "waiting up to %s for the command of --pipe to take the last lines;"
            " Ctrl-C or SIGTERM stops waiting",
            span(PATIENCE),
        )
        if await self._has_ended(process, PATIENCE):
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:  # not cut short: it has to end the command, which would live on
            await asyncio.wait_for(process.wait(), _KILL_GRACE)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()

    async def _has_ended(self, process: asyncio.subprocess.Process, seconds: float) -> bool:
        """Wait for the end of the process, for some seconds or until `hurry`; return whether."""
        waiting = {asyncio.ensure_future(each) for each in (process.wait(), self._hurried.wait())}
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        return process.returncode is not None


async def _log(stderr: asyncio.StreamReader) -> None:
    """Log each line of a stream until its end, of a long line the beginning."""
    rest = b""
    while data := await stderr.read(_LONGEST):
        *lines, rest = (rest + data).split(b"\n")
        rest = rest[:_LONGEST]
        for line in lines:
            text = printable(line.decode("utf-8", "replace"))
            logger.warning("%s", text.removeprefix("chatlog: ")[:_LONGEST])
