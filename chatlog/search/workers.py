"""Work spread over all cores: forked workers, and their results in any order.

A task is a number, its result a stream of messages. Workers are forked, so that
they know what the parent knew, and end with it. A message that comes before it
is asked for waits in memory, and beyond a limit in a temporary file without a
name.
"""

from __future__ import annotations

import os
import signal
import struct
import threading
from collections import deque
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

from chatlog import pipes
from chatlog.errors import ChatlogError, TranscriptError
from chatlog.search import messages
from chatlog.search.messages import Done, Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chatlog.pipes import Pipe
    from chatlog.search.messages import Batch, Result

    Work = Callable[[int], Iterable[Result]]

_TASK: Final = struct.Struct("=II")
_SENT: Final = 64 * 1024
_HELD: Final = 32 * 1024 * 1024
_TASKS: Final = 512  # stretches of 8 bytes each: the smallest pipe takes them without a reader
_AHEAD: Final = 64
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


def count() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Serial:
    """Work done in this process: each task when its result is asked for."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def result(self, task: int) -> Iterator[Result]:
        """Yield the messages of a task."""
        return iter(self._work(task))

    def close(self) -> None:
        """End it."""


class Cores:
    """Workers for the tasks `0` to `tasks - 1`, which begin with the first ones.

    `close` ends the workers, whatever they are doing. A ChatlogError of one is
    raised where the result is asked for; a worker that dies is a TranscriptError.
    """

    def __init__(self, work: Work, tasks: int, workers: int) -> None:
        self._results = _Results()
        self._pipes: list[Pipe] = []
        self._pids: list[int] = []
        self._before = {each: signal.signal(each, self._end) for each in _deadly()}
        queue = _queue_of(tasks, workers)
        try:
            for _ in range(workers):
                self._fork(work, queue)
        except OSError as error:
            self.close()
            raise TranscriptError(
                f"cannot start {workers} processes: {error.strerror}; ask for fewer with --jobs"
            ) from error
        finally:
            os.close(queue)

    def result(self, task: int) -> Iterator[Result]:
        """Yield the messages of a task, each once; wait for those that have not come yet."""
        while True:
            while (message := self._results.next(task)) is not None:
                yield message
            if self._results.is_whole(task):
                return
            self._receive()

    def close(self) -> None:
        """Kill the workers and reap them."""
        for pipe in self._pipes:
            pipe.close()
        self._pipes.clear()
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._pids.clear()
        self._results.close()
        for each, before in self._before.items():
            signal.signal(each, before)
        self._before.clear()

    def _end(self, number: int, _frame: object) -> None:
        """Kill the workers, then end by the signal: they would otherwise run to their end."""
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _fork(self, work: Work, queue: int) -> None:
        receiving, sending = pipes.pair()
        pid = os.fork()
        if not pid:
            for pipe in (*self._pipes, receiving):
                pipe.close()  # else a worker would write on when the parent is gone
            _serve(work, queue, sending)
        sending.close()
        self._pids.append(pid)
        self._pipes.append(receiving)

    def _receive(self) -> None:
        """Take a batch from each worker that has sent one."""
        if not self._pipes:
            raise TranscriptError("a search process has died; try again with --jobs 1")
        for pipe in pipes.ready(self._pipes):
            try:
                batch = pipe.receive()
            except (EOFError, OSError):  # done, or dead
                pipe.close()
                self._pipes.remove(pipe)
            else:
                self._results.add(messages.decode(batch))


class _Results:
    """Messages by task, until they are asked for."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Result | tuple[int, int]]] = {}
        self._whole: set[int] = set()
        self._held = 0
        self._file: IO[Any] | None = None

    def add(self, batch: Batch) -> None:
        for task, message in batch:
            match message:
                case Done():
                    self._whole.add(task)
                case Failed(exit_status, text):
                    error = ChatlogError(messages.text_of(text))
                    error.exit_status = exit_status
                    raise error
                case _:
                    self._hold(task, message)

    def _hold(self, task: int, message: Result) -> None:
        waiting = self._waiting.setdefault(task, deque())
        size = messages.size_of(message)
        if self._held + size > _HELD:
            waiting.append(self._put_away(messages.encode([(task, message)])))
        else:
            waiting.append(message)
            self._held += size

    def next(self, task: int) -> Result | None:
        waiting = self._waiting.get(task)
        if not waiting:
            return None
        message = waiting.popleft()
        if not isinstance(message, tuple):
            self._held -= messages.size_of(message)
            return message
        begin, size = message
        assert self._file is not None  # noqa: S101 - a place in it is known
        ((_, read),) = messages.decode(os.pread(self._file.fileno(), size, begin))
        assert not isinstance(read, Done | Failed)  # noqa: S101 - `add` holds no such message
        return read

    def is_whole(self, task: int) -> bool:
        return task in self._whole

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _put_away(self, data: bytes) -> tuple[int, int]:
        if self._file is None:
            import tempfile

            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by `close`
        begin = self._file.seek(0, os.SEEK_END)
        rest = memoryview(data)
        while rest:  # a disk that is nearly full may take less in one call
            rest = rest[self._file.write(rest) :]
        return begin, len(data)


def _deadly() -> list[signal.Signals]:
    """Return the signals that would end this process and leave its workers alone."""
    if threading.current_thread() is not threading.main_thread():
        return []  # only the main thread can set a handler
    return [each for each in _ENDING if signal.getsignal(each) is signal.SIG_DFL]


def _queue_of(tasks: int, workers: int) -> int:
    """Return a pipe of stretches of tasks; the first are short, for an early first result."""
    reading, writing = os.pipe()
    fewest = -(-tasks // (_TASKS - 2 * _AHEAD))
    length = max(1, fewest, min(16, tasks // (workers * 64)))
    begin = 0
    while begin < tasks:
        size = min(1 if begin < _AHEAD else length, tasks - begin)
        os.write(writing, _TASK.pack(begin, size))
        begin += size
    os.close(writing)
    return reading


# -- in a worker -----------------------------------------------------------------------


def _serve(work: Work, queue: int, pipe: Pipe) -> NoReturn:
    """Run tasks until the queue is empty, then end the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    for each in _ENDING:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, signal.SIG_DFL)
    try:
        sender = _Sender(pipe)
        while stretch := os.read(queue, _TASK.size):
            begin, size = _TASK.unpack(stretch)
            for task in range(begin, begin + size):
                _do(work, task, sender)
            sender.flush()
    except BaseException:  # noqa: BLE001 - nothing may go up into the parent's frames
        os._exit(1)
    os._exit(0)


def _do(work: Work, task: int, sender: _Sender) -> None:
    try:
        for message in work(task):
            sender.send(task, message)
        sender.send(task, Done())
    except ChatlogError as error:
        sender.send(task, _failed(error))
    except OSError as error:  # of the temporary files of a large result
        sender.send(task, _failed(TranscriptError(f"cannot search: {error.strerror}")))


def _failed(error: ChatlogError) -> Failed:
    return Failed(error.exit_status, messages.bytes_of(str(error)))


class _Sender:
    """Messages for the parent; small ones wait for one another, to the end of a stretch."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._batch: Batch = []
        self._size = 0

    def send(self, task: int, message: Result | Done | Failed) -> None:
        self._batch.append((task, message))
        if not isinstance(message, Done | Failed):
            self._size += messages.size_of(message)
        if self._size >= _SENT:
            self.flush()

    def flush(self) -> None:
        if self._batch:
            self._pipe.send(messages.encode(self._batch))
            self._batch.clear()
            self._size = 0
