"""Work beside the loop: one daemon thread that does one thing after another.

A disk that hangs hangs that thread, and neither the loop nor the exit: an
executor's threads would be waited for at the end of the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Result = TypeVar("_Result")
_SHORTLY: Final = 0.01

logger = logging.getLogger(__name__)


class Background:
    """Do what takes long, and say on the loop what came of it.

    `niceness` is how much less of the processor the thread asks for, where the
    system has that for one thread.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, *, niceness: int = 0) -> None:
        self.busy = False
        self._loop = loop
        self._niceness = niceness
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def do(self, job: Callable[[], Any], then: Callable[[Any], None]) -> bool:
        """Do a job, and call `then` with what it returned, on the loop; say no while busy.

        A job that raises is a bug: it is told, and `then` is not called.
        """
        if self.busy:
            return False
        self.busy = True
        self._jobs.put(lambda: self._do(job, then))
        if not self._thread.is_alive():
            self._thread.start()
        return True

    async def result(self, job: Callable[[], _Result]) -> _Result:
        """Do a job when what is being done is over; return its result, or raise."""
        done: asyncio.Future[_Result] = self._loop.create_future()

        def attempt() -> tuple[_Result | None, Exception | None]:
            try:
                return job(), None
            except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
                return None, error

        def tell(outcome: tuple[_Result, Exception | None]) -> None:
            result, error = outcome
            if done.done():  # nobody waits any more
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)

        while not self.do(attempt, tell):  # noqa: ASYNC110 - what is in the way is soon over
            await asyncio.sleep(_SHORTLY)
        return await done

    def finish(self, patience: float) -> bool:
        """End after the job that is being done; say whether that was within so many seconds."""
        if not self._thread.is_alive():
            return True
        self._jobs.put(None)
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _work(self) -> None:
        _be_nice(self._niceness)
        while job := self._jobs.get():
            job()

    def _do(self, job: Callable[[], Any], then: Callable[[Any], None]) -> None:
        try:
            result = job()
        except Exception:
            logger.exception("%s failed", self._thread.name)
            self._tell(self._rest)
        else:
            self._tell(self._done, then, result)

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed by now
            self._loop.call_soon_threadsafe(callback, *arguments)

    def _rest(self) -> None:
        self.busy = False

    def _done(self, then: Callable[[Any], None], result: object) -> None:
        self.busy = False
        then(result)


def _be_nice(niceness: int) -> None:
    if niceness and sys.platform == "linux":  # where a thread has a niceness of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
