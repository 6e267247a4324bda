"""Forked workers: numbered tasks done by several processes, and their results in any order.

Workers are forked, so that they know all that the parent knew. Each does one task after
another; if the parent dies, it ends after its task. Results are pickled.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from chatlog import pipes
from chatlog.errors import TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from chatlog.pipes import Pipe

_Result = TypeVar("_Result")
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
_AHEAD: Final = 256
"""The tasks that may be done before an earlier one is: a caller keeps their results in order."""


def results(
    prepare: Callable[[], AbstractContextManager[Callable[[int], _Result]]],
    tasks: int,
    workers: int,
) -> Iterator[tuple[int, _Result]]:
    """Yield each task `0` to `tasks - 1` and its result, as soon as it is there.

    A worker enters what `prepare` returns, once, and calls it for each task; with one worker that
    is this process. An error of a task is the task's own to return: a worker that ends by one is
    a TranscriptError. Workers are killed as soon as the caller wants no more.
    """
    workers = min(workers, tasks)
    if workers < 2:  # noqa: PLR2004
        with prepare() as do:
            for task in range(tasks):
                yield task, do(task)
        return
    running: list[_Worker] = []
    try:
        for _ in range(workers):
            with _signals_put_off():
                running.append(_Worker(prepare, running))
        yield from _worked(running, tasks)
    finally:
        for worker in running:
            worker.end()


def in_order(found: Iterator[tuple[int, _Result]]) -> Iterator[_Result]:
    """Yield results in the order of their tasks; those of later ones wait."""
    waiting: dict[int, _Result] = {}
    following = 0
    for task, result in found:
        waiting[task] = result
        while following in waiting:
            yield waiting.pop(following)
            following += 1


@contextmanager
def _signals_put_off() -> Iterator[None]:
    """Put off the signals that end us: Python drops an exception of their handlers in a fork."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _worked(workers: Sequence[_Worker], tasks: int) -> Iterator[tuple[int, Any]]:
    """Yield the results of tasks, of which none begins far ahead of one that is still worked on."""
    following = 0
    idle, busy = [*workers], dict[_Worker, int]()
    answer: tuple[int, Any] | None = None
    while True:
        while idle and following < min(tasks, min(busy.values(), default=following) + _AHEAD):
            worker = idle.pop()
            busy[worker] = following
            worker.send(following)
            following += 1
        if answer is not None:
            yield answer  # only now: no worker waits for the caller
        if not busy:
            return
        worker = _first_ready([*busy])
        answer = worker.receive()
        del busy[worker]
        idle.append(worker)


class _Worker:
    """A forked process; `others` were forked before it."""

    def __init__(
        self,
        prepare: Callable[[], AbstractContextManager[Callable[[int], Any]]],
        others: Sequence[_Worker],
    ) -> None:
        receiving, self._sending = pipes.pair()
        self.receiving, sending = pipes.pair()
        self._pid = os.fork()
        if not self._pid:
            for each in (self, *others):  # else they stay open when the parent is gone
                each.close()
            _serve(prepare, receiving, sending)
        receiving.close()
        sending.close()

    def send(self, task: int) -> None:
        """Send the number of a task."""
        self._sending.send(b"%d" % task)

    def receive(self) -> tuple[int, Any]:
        """Return the number of a task, and its result."""
        try:
            answer: tuple[int, Any] = pickle.loads(self.receiving.receive())  # noqa: S301 - ours
        except EOFError:
            raise TranscriptError("a working process has died; run this again") from None
        return answer

    def close(self) -> None:
        """Close the pipes."""
        self._sending.close()
        self.receiving.close()

    def end(self) -> None:
        """Kill the process and reap it."""
        self.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _first_ready(workers: Sequence[_Worker]) -> _Worker:
    by_fd = {worker.receiving.fd: worker for worker in workers}
    return by_fd[pipes.ready([worker.receiving for worker in workers])[0].fd]


def _serve(
    prepare: Callable[[], AbstractContextManager[Callable[[int], Any]]],
    receiving: Pipe,
    sending: Pipe,
) -> NoReturn:
    """Serve the parent: receive a task, send its result; end the process with the pipe."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)  # the parent ends us
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)  # lines are no cycles
    try:
        with prepare() as do:
            while True:
                try:
                    task = int(receiving.receive())
                except EOFError:
                    break
                sending.send(pickle.dumps((task, do(task))))
    except BaseException:  # noqa: BLE001 - nothing may go up into the parent's frames
        os._exit(1)
    os._exit(0)
