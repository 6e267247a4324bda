"""Work spread over all cores: forked workers, whose results come in any order that is asked for.

A task is a number, its result a stream of chunks. Workers are forked, so that
they know what the parent knew, and end with it. What comes before it is asked
for waits in memory, and behind a limit in a temporary file without a name.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import threading
from collections import deque
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

from chatlog.errors import ChatlogError, TranscriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Work = Callable[[int], Iterable[bytes]]

_TASK: Final = struct.Struct("=II")
_HEADER: Final = struct.Struct("=cII")
_CHUNK, _DONE, _FAILED = b"c", b"d", b"f"
_SENT: Final = 64 * 1024
_AT_ONCE: Final = 256 * 1024
_HELD: Final = 32 * 1024 * 1024
_TASKS: Final = 512  # stretches of 8 bytes each: what the smallest pipe takes without a reader
_AHEAD: Final = 64
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


def count() -> int:
    """Say how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Serial:
    """The same in this process: each task is done when its result is asked for."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def result(self, task: int) -> Iterator[bytes]:
        """Yield the chunks of a task."""
        return iter(self._work(task))

    def close(self) -> None:
        """End it."""


class Cores:
    """Workers that do tasks `0` to `tasks - 1`, beginning with the first ones.

    `close` ends the workers, whatever they are doing. A ChatlogError of one is
    raised where the result is asked for; a worker that dies is a TranscriptError.
    """

    def __init__(self, work: Work, tasks: int, workers: int) -> None:
        self._results = _Results()
        self._buffers: dict[int, bytearray] = {}
        self._pids: list[int] = []
        self._before = {each: signal.signal(each, self._end) for each in _deadly()}
        queue = _queue_of(tasks, workers)
        try:
            for _ in range(workers):
                self._fork(work, queue)
        except OSError as error:
            self.close()
            raise TranscriptError(
                f"cannot start so many processes: {error.strerror}; say fewer with --jobs"
            ) from error
        finally:
            os.close(queue)

    def result(self, task: int) -> Iterator[bytes]:
        """Yield the chunks of a task, each once; wait for what is not there yet."""
        while True:
            while (chunk := self._results.next(task)) is not None:
                yield chunk
            if self._results.is_whole(task):
                return
            self._read()

    def close(self) -> None:
        """Kill the workers and see them off."""
        for fd in self._buffers:
            os.close(fd)
        self._buffers.clear()
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._pids.clear()
        self._results.close()
        for each, before in self._before.items():
            signal.signal(each, before)
        self._before.clear()

    def _end(self, number: int, _frame: object) -> None:
        """Take the workers along: nobody else would end them before they are done."""
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _fork(self, work: Work, queue: int) -> None:
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reading)
            _serve(work, queue, writing)
        os.close(writing)
        self._pids.append(pid)
        self._buffers[reading] = bytearray()

    def _read(self) -> None:
        if not self._buffers:
            raise TranscriptError("a process that searched has died; try again, with --jobs 1")
        for fd in select.select(list(self._buffers), [], [])[0]:
            if data := os.read(fd, _AT_ONCE):
                self._buffers[fd] += data
                self._take(self._buffers[fd])
            else:
                os.close(fd)
                del self._buffers[fd]

    def _take(self, buffer: bytearray) -> None:
        at = 0
        while len(buffer) - at >= _HEADER.size:
            kind, task, size = _HEADER.unpack_from(buffer, at)
            begin = at + _HEADER.size
            if len(buffer) - begin < size:
                break
            self._results.add(task, kind, bytes(buffer[begin : begin + size]))
            at = begin + size
        del buffer[:at]


class _Results:
    """Chunks by task, until they are asked for."""

    def __init__(self) -> None:
        self._chunks: dict[int, deque[bytes | tuple[int, int]]] = {}
        self._whole: set[int] = set()
        self._held = 0
        self._file: IO[Any] | None = None

    def add(self, task: int, kind: bytes, data: bytes) -> None:
        if kind == _FAILED:
            status, _, text = data.decode("utf-8", "surrogateescape").partition(" ")
            error = ChatlogError(text)
            error.exit_status = int(status)
            raise error
        if kind == _DONE:
            self._whole.add(task)
            return
        chunks = self._chunks.setdefault(task, deque())
        if self._held + len(data) > _HELD:
            chunks.append(self._put_away(data))
        else:
            chunks.append(data)
            self._held += len(data)

    def next(self, task: int) -> bytes | None:
        chunks = self._chunks.get(task)
        if not chunks:
            return None
        chunk = chunks.popleft()
        if isinstance(chunk, bytes):
            self._held -= len(chunk)
            return chunk
        assert self._file is not None  # noqa: S101 - nothing else makes such a chunk
        return os.pread(self._file.fileno(), chunk[1], chunk[0])

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
        while rest:  # of a disk that is nearly full one call may take less
            rest = rest[self._file.write(rest) :]
        return begin, len(data)


def _deadly() -> list[signal.Signals]:
    """List the signals that would end this process, and leave its workers alone."""
    if threading.current_thread() is not threading.main_thread():
        return []  # where none can be taken
    return [each for each in _ENDING if signal.getsignal(each) is signal.SIG_DFL]


def _queue_of(tasks: int, workers: int) -> int:
    """Make a pipe of stretches of tasks; the first are short, so that there soon is a result."""
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


def _serve(work: Work, queue: int, writing: int) -> NoReturn:
    """Be a worker until there is nothing to do."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    for each in _ENDING:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, signal.SIG_DFL)
    try:
        results = _Sender(writing)
        while stretch := os.read(queue, _TASK.size):
            begin, size = _TASK.unpack(stretch)
            for task in range(begin, begin + size):
                _do(work, task, results)
            results.flush()
    except BaseException:  # noqa: BLE001 - nothing may go up into the parent's frames
        os._exit(1)
    os._exit(0)


def _do(work: Work, task: int, results: _Sender) -> None:
    try:
        for chunk in work(task):
            results.send(_CHUNK, task, chunk)
        results.send(_DONE, task, b"")
    except ChatlogError as error:
        results.send(_FAILED, task, _failure(error))
    except OSError as error:  # where what is too much for memory is put
        results.send(_FAILED, task, _failure(TranscriptError(f"cannot search: {error.strerror}")))


def _failure(error: ChatlogError) -> bytes:
    return f"{error.exit_status} {error}".encode("utf-8", "surrogateescape")


class _Sender:
    """Messages for the parent; small ones wait for one another, to the end of a stretch."""

    def __init__(self, writing: int) -> None:
        self._writing = writing
        self._held = bytearray()

    def send(self, kind: bytes, task: int, data: bytes) -> None:
        self._held += _HEADER.pack(kind, task, len(data)) + data
        if len(self._held) >= _SENT:
            self.flush()

    def flush(self) -> None:
        rest = memoryview(bytes(self._held))
        self._held.clear()
        while rest:
            rest = rest[os.write(self._writing, rest) :]
