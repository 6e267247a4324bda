"""Forked workers: every task is done once, by several processes or by this one."""

import os
import signal
from contextlib import contextmanager

import pytest

from chatlog import forked
from chatlog.errors import TranscriptError


@contextmanager
def squaring():
    yield lambda task: (task * task, os.getpid())


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("tasks", [0, 1, 3, 1000])
def test_every_task_has_its_result_once(workers, tasks):
    found = dict(forked.results(squaring, tasks, workers))
    assert {task: square for task, (square, _) in found.items()} == {
        task: task * task for task in range(tasks)
    }


def test_one_worker_is_this_process_and_several_are_not():
    assert {pid for _, (_, pid) in forked.results(squaring, 5, 1)} == {os.getpid()}
    assert os.getpid() not in {pid for _, (_, pid) in forked.results(squaring, 5, 2)}


def test_no_task_begins_far_ahead_of_one_that_is_still_worked_on():
    reading, writing = os.pipe()

    @contextmanager
    def waiting():
        yield lambda task: os.read(reading, 1) if task == 0 else task

    found = []
    for task, _ in forked.results(waiting, 2000, 2):
        found.append(task)
        if len(found) == 255:
            os.write(writing, b"x")
    assert max(found[:255]) < 256
    assert sorted(found) == [*range(2000)]
    os.close(reading)
    os.close(writing)


def test_workers_go_on_while_the_caller_uses_a_result():
    reading, writing = os.pipe()

    @contextmanager
    def telling():
        yield lambda _task: os.write(writing, b"x")

    found = forked.results(telling, 3, 2)
    next(found)
    begun = b""
    while len(begun) < 3:  # of which the caller asked for one
        begun += os.read(reading, 3)
    found.close()
    os.close(reading)
    os.close(writing)


def test_a_worker_that_dies_is_an_error():
    @contextmanager
    def dying():
        yield lambda _task: os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(TranscriptError, match="a working process has died; run this again"):
        list(forked.results(dying, 3, 2))


def test_workers_end_when_the_caller_wants_no_more():
    found = forked.results(squaring, 1000, 2)
    _, (_, pid) = next(found)
    found.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
