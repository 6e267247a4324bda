"""Work beside the loop: daemon threads that do one job after another.

A disk or a resolver that hangs delays neither the loop nor the exit: the threads
of an executor would be joined at the end of the process, these are not.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sys
import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_Result = TypeVar("_Result")

logger = logging.getLogger(__name__)


class Worker:
    """A daemon thread that does jobs in the order in which they were offered.

    `room` is how many jobs may wait for the one that is being done; 0 is any
    number. `niceness` is added to that of the process, on systems where a
    thread has one. A job that raises is a bug: it is logged, and the next one
    is done.
    """

    def __init__(self, name: str, *, niceness: int = 0, room: int = 0) -> None:
        self.name = name
        self._niceness = niceness
        self._jobs: queue.Queue[Callable[[], object]] = queue.Queue(room)
        self._thread: threading.Thread | None = None
        self._takes_jobs = True
        self._is_over = False

    def offer(self, job: Callable[[], object]) -> bool:
        """Add a job; return False if there is no room for it, or after `finish`."""
        if not self._takes_jobs:
            return False
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        if self._thread is None:
            # Not before: a thread that never begins refers to this object for ever.
            self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)
            self._thread.start()
        return True

    def finish(self, patience: float, last: Callable[[], object] | None = None) -> bool:
        """End the thread after the jobs that wait and a last one.

        Wait up to `patience` seconds for room, and as long again for the end;
        return whether it came.
        """
        self._takes_jobs = False
        if self._thread is None:
            return True
        try:
            self._jobs.put(partial(self._end, last), timeout=patience)
        except queue.Full:
            return False
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _end(self, last: Callable[[], object] | None) -> None:
        self._is_over = True
        if last is not None:
            last()

    def _work(self) -> None:
        _add_niceness(self._niceness)
        while not self._is_over:
            job = self._jobs.get()
            try:
                job()
            except Exception:
                logger.exception("%s failed", self.name)
            del job  # and everything that it refers to, while the next one is waited for


class Background:
    """A worker that returns the result of each job to the loop.

    `busy` is set while a job waits or is done, until its result is on the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, *, niceness: int = 0) -> None:
        self._loop = loop
        self._worker = Worker(name, niceness=niceness)
        self._unfinished = 0
        self._results: deque[Callable[[], object]] = deque()  # not delivered yet

    @property
    def busy(self) -> bool:
        """Whether a job waits, is being done, or has a result that is not on the loop yet."""
        return self._unfinished > 0

    def do(self, job: Callable[[], _Result], then: Callable[[_Result], None]) -> bool:
        """Run a job, then call `then` with its result on the loop; return False while busy.

        If the job raises, that is logged and `then` is not called.
        """
        return not self.busy and self.do_next(job, then)

    def do_next(self, job: Callable[[], _Result], then: Callable[[_Result], None]) -> bool:
        """Run a job after all earlier ones, as `do` does; return False after `finish`."""
        return self._begin(partial(self._do, job, then))

    async def result(self, job: Callable[[], _Result]) -> _Result:
        """Return the result of a job that is done after all earlier ones, or raise its exception.

        A job for which nobody waits any more when its turn comes is not done.
        """
        done: asyncio.Future[_Result] = self._loop.create_future()
        if not self._begin(partial(self._attempt, job, done)):
            raise RuntimeError(f"{self._worker.name} takes no more jobs")
        return await done

    def finish(self, patience: float) -> bool:
        """End the thread after the jobs that wait; return whether it did in `patience` seconds."""
        return self._worker.finish(patience)

    def deliver(self) -> None:
        """Deliver the results that wait for the next turn of the loop.

        For the end of a run: after `finish` there may be no further turn.
        """
        while self._results:
            self._deliver_next()

    def _begin(self, job: Callable[[], None]) -> bool:
        begun = self._worker.offer(job)
        self._unfinished += begun
        return begun

    # -- in the thread ---------------------------------------------------------

    def _do(self, job: Callable[[], _Result], then: Callable[[_Result], None]) -> None:
        try:
            result = job()
        except Exception:
            logger.exception("%s failed", self._worker.name)
            self._tell(_nothing)
        else:
            self._tell(then, result)

    def _attempt(self, job: Callable[[], _Result], done: asyncio.Future[_Result]) -> None:
        if done.cancelled():
            self._tell(_nothing)
            return
        try:
            result = job()
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            self._tell(_settle, done, None, error)
        else:
            self._tell(_settle, done, result, None)

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        self._results.append(partial(callback, *arguments))
        with contextlib.suppress(RuntimeError):  # the loop is closed by now
            self._loop.call_soon_threadsafe(self._deliver_next)

    # -- on the loop -----------------------------------------------------------

    def _deliver_next(self) -> None:
        if self._results:  # `deliver` may have been earlier
            result = self._results.popleft()
            self._unfinished -= 1
            result()


def do_in_thread(
    loop: asyncio.AbstractEventLoop,
    name: str,
    job: Callable[[], _Result],
    then: Callable[[_Result], None],
) -> None:
    """Run a job in a daemon thread of its own, then call `then` with its result on the loop.

    If the job raises, that is logged and `then` is not called.
    """
    background = Background(loop, name)
    background.do(job, then)
    background.finish(0)


async def result_of_thread(
    loop: asyncio.AbstractEventLoop, name: str, job: Callable[[], _Result]
) -> _Result:
    """Return the result of a job that a daemon thread of its own does, or raise its exception.

    The waiting may be cancelled at any time; the thread then ends with its job.
    """
    background = Background(loop, name)
    try:
        return await background.result(job)
    finally:
        background.finish(0)


def _nothing() -> None:
    """Report no result."""


def _settle(done: asyncio.Future[Any], result: object, error: Exception | None) -> None:
    if done.done():  # the waiting was cancelled
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)


def _add_niceness(niceness: int) -> None:
    if niceness and sys.platform == "linux":  # where a thread has a niceness of its own
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
