"""Work on all cores: what comes of it, in any order, and what becomes of the workers."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chatlog.errors import ChatlogError, TranscriptError, UsageError
from chatlog.search import workers
from chatlog.search.messages import Matches, UnreadableLines, bytes_of, text_of
from tests.support.waiting import PATIENCE

_PROGRAM = """
import os, signal, time
for each in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, signal.SIG_DFL)  # as under nohup it may be ignored, for good
from chatlog.search import workers
from chatlog.search.messages import Matches
def work(task):
    os.write(1, f"{os.getpid()}\\n".encode())
    while True:
        SLEEP_OR_SEND
pool = workers.Cores(work, 2, 2)
os.write(1, b"ready\\n")
time.sleep(600)
"""


def parts(task):
    """Make something of a task in three pieces, of which the second is large."""
    return [Matches(f"{task} ".encode()), Matches(bytes([task % 256]) * 100_000), Matches(b"end")]


def expected(task):
    return b"".join(part.data for part in parts(task))


def joined(pool, task):
    return b"".join(part.data for part in pool.result(task))


@pytest.mark.parametrize("order", [range(50), reversed(range(50))], ids=["forwards", "backwards"])
def test_results_come_in_any_order_that_is_asked_for(order):
    pool = workers.Cores(parts, 50, 3)
    try:
        for task in order:
            assert joined(pool, task) == expected(task)
    finally:
        pool.close()


@given(tasks=st.integers(1, 2_000_000), count=st.integers(1, 64))
@example(tasks=767, count=64)
def test_every_task_is_queued_once_and_the_smallest_pipe_holds_them(tasks, count):
    queue = workers._queue_of(tasks, count)
    try:
        data = b"".join(iter(lambda: os.read(queue, 65_536), b""))
    finally:
        os.close(queue)
    stretches = [workers._TASK.unpack_from(data, at) for at in range(0, len(data), 8)]
    assert [begin for begin, _ in stretches] == [0, *accumulate(size for _, size in stretches)][:-1]
    assert sum(size for _, size in stretches) == tasks
    assert len(data) <= 4096


def test_what_is_too_much_for_memory_comes_back_from_a_file(monkeypatch):
    monkeypatch.setattr(workers, "_HELD", 1000)
    pool = workers.Cores(parts, 20, 2)
    try:
        assert [joined(pool, task) for task in range(19, -1, -1)] == [
            expected(task) for task in range(19, -1, -1)
        ]
    finally:
        pool.close()


def test_a_disk_that_takes_less_than_all_is_an_error_and_no_other_result(monkeypatch):
    monkeypatch.setattr(workers, "_HELD", 0)
    results = workers._Results()
    results.add([(0, Matches(b"x" * 600))])

    class Full:
        def write(self, data):
            return self.file.write(data[:7]) if len(data) < 1000 else 0

    full, file = Full(), results._file
    full.file, full.seek, full.fileno, full.close = file, file.seek, file.fileno, file.close
    results._file = full
    results.add([(0, Matches(b"y" * 600))])
    assert [results.next(0), results.next(0)] == [Matches(b"x" * 600), Matches(b"y" * 600)]
    results.close()


@pytest.mark.parametrize(
    ("error", "expected", "status"),
    [
        (UsageError("no such"), UsageError, 2),
        (TranscriptError("cannot read caf\udce9"), TranscriptError, 3),
        (OSError(28, "No space left on device"), TranscriptError, 3),
    ],
)
def test_an_error_of_a_worker_is_one_here_with_its_status(error, expected, status):
    def fail(task):
        raise error
        yield

    pool = workers.Cores(fail, 3, 2)
    try:
        with pytest.raises(ChatlogError, match=r"no such|cannot") as caught:
            joined(pool, 1)
    finally:
        pool.close()
    assert caught.value.exit_status == status == expected.exit_status


def test_where_no_more_processes_can_be_had_those_there_are_end(monkeypatch):
    pids = []

    def fork(real=os.fork):
        if pids:
            raise OSError(11, "Resource temporarily unavailable")
        pids.append(real())
        return pids[-1]

    monkeypatch.setattr(os, "fork", fork)
    with pytest.raises(TranscriptError, match="ask for fewer with --jobs"):
        workers.Cores(parts, 3, 2)
    with pytest.raises(ChildProcessError):  # it was seen off
        os.waitpid(pids[0], 0)


def test_a_worker_that_dies_is_told():
    pool = workers.Cores(lambda _: os._exit(9), 3, 2)
    try:
        with pytest.raises(TranscriptError, match="has died"):
            joined(pool, 2)
    finally:
        pool.close()


def test_a_worker_that_dies_in_the_middle_of_a_batch_is_told(monkeypatch):
    def send(self, _data):
        os.write(self._pipe.fileno(), b"\x00\x00\x10\x00 begun")
        os._exit(9)

    monkeypatch.setattr(workers._Sender, "send", send)
    pool = workers.Cores(parts, 3, 2)
    try:
        with pytest.raises(TranscriptError, match="has died"):
            joined(pool, 0)
    finally:
        pool.close()


def test_a_path_that_is_no_text_comes_as_it_was():
    odd = "caf\udce9 \ud800"
    pool = workers.Cores(lambda task: [UnreadableLines(bytes_of(odd), task)], 3, 2)
    try:
        [damage] = pool.result(2)
    finally:
        pool.close()
    assert (text_of(damage.path), damage.lines) == (odd, 2)


def read_to_end(stream):
    """Read until nobody has the pipe any more; fail where that takes too long."""
    data = b""
    while select.select([stream], [], [], PATIENCE)[0]:
        if not (more := os.read(stream.fileno(), 4096)):
            return data
        data += more
    pytest.fail(f"somebody still has the pipe after {PATIENCE} s; it said {data!r}")


@pytest.fixture
def started(request):
    """Start a program with workers; all of them are in a session of their own, killed at last."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM.replace("SLEEP_OR_SEND", request.param)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        bufsize=0,
        start_new_session=True,
    ) as process:
        yield process
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


SLEEP, SEND = "yield time.sleep(600)", "yield Matches(bytes(100_000))"


@pytest.mark.parametrize(
    ("started", "number"),
    [(SLEEP, signal.SIGTERM), (SLEEP, signal.SIGHUP), (SEND, signal.SIGKILL)],
    indirect=["started"],
)
def test_workers_end_with_whoever_started_them(started, number):
    said = b""
    while said.count(b"\n") < 3:
        assert select.select([started.stdout], [], [], PATIENCE)[0], f"said only {said!r}"
        said += os.read(started.stdout.fileno(), 4096)
    assert b"ready\n" in said
    started.send_signal(number)
    assert started.wait(PATIENCE) == -number
    assert read_to_end(started.stdout) == b""
