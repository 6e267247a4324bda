"""Daemon threads beside the loop: order, results, failures, and threads that hang."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading

import pytest

from chatlog.background import Background, Worker, do_in_thread, result_of_thread
from tests.support.waiting import PATIENCE


class Hanging:
    """A job that hangs until it is released."""

    def __init__(self):
        self.begun = threading.Event()
        self._released = threading.Event()

    def __call__(self):
        self.begun.set()
        assert self._released.wait(PATIENCE)
        return "late"

    def release(self):
        self._released.set()


@pytest.fixture
def hanging():
    job = Hanging()
    yield job
    job.release()


def fail():
    raise ValueError("a bug")


def threads_named(name):
    return [thread for thread in threading.enumerate() if thread.name == name]


# -- a worker --------------------------------------------------------------------------


def test_jobs_are_done_in_the_order_in_which_they_were_offered():
    done = []
    worker = Worker("test")
    for number in range(100):
        assert worker.offer(lambda number=number: done.append(number))
    assert worker.finish(PATIENCE, lambda: done.append("last"))
    assert done == [*range(100), "last"]


def test_no_more_jobs_wait_than_there_is_room_for(hanging):
    done = []
    worker = Worker("test", room=1)
    assert worker.offer(hanging)
    hanging.begun.wait(PATIENCE)
    assert worker.offer(lambda: done.append("waited"))
    assert not worker.offer(lambda: done.append("too many"))
    hanging.release()
    assert worker.finish(PATIENCE)
    assert done == ["waited"]


def test_a_job_that_raises_is_logged_and_the_next_one_is_done(caplog):
    done = []
    worker = Worker("test")
    with caplog.at_level(logging.ERROR):
        worker.offer(fail)
        worker.offer(lambda: done.append("next"))
        assert worker.finish(PATIENCE)
    (record,) = caplog.records
    assert record.getMessage() == "test failed"
    assert "a bug" in caplog.text
    assert done == ["next"]


def test_a_worker_that_is_finished_takes_no_more_jobs():
    worker = Worker("test")
    worker.offer(lambda: None)
    assert worker.finish(PATIENCE)
    assert not worker.offer(fail)


def test_a_worker_without_jobs_has_no_thread_and_ends_at_once():
    assert Worker("idle").finish(0)
    assert threads_named("idle") == []


@pytest.mark.parametrize("room", [0, 1])
def test_the_end_waits_for_a_job_that_hangs_no_longer_than_it_may(hanging, room):
    worker = Worker("test", room=room)
    worker.offer(hanging)
    hanging.begun.wait(PATIENCE)
    worker.offer(lambda: None)
    assert not worker.finish(0.01)


HANGS = """
import asyncio, threading
from chatlog.background import Background, Worker

Worker("hangs").offer(threading.Event().wait)

async def main():
    background = Background(asyncio.get_running_loop(), "hangs as well")
    background.do(threading.Event().wait, print)
    background.finish(0.01)

asyncio.run(main())
print("over")
"""


def test_threads_that_hang_do_not_keep_the_process_from_ending():
    done = subprocess.run(
        [sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    assert done.stdout == "over\n"


# -- results on the loop ---------------------------------------------------------------


def on_a_loop(scene):
    """Run a coroutine that gets a background on its loop."""

    async def main():
        background = Background(asyncio.get_running_loop(), "test")
        try:
            return await asyncio.wait_for(scene(background), PATIENCE)
        finally:
            background.finish(PATIENCE)

    return asyncio.run(main())


def test_a_result_is_handed_over_on_the_thread_of_the_loop():
    async def scene(background):
        done = asyncio.get_running_loop().create_future()
        where = []
        assert background.do(
            lambda: where.append(threading.current_thread().name) or 42,
            lambda result: done.set_result((result, threading.current_thread())),
        )
        return await done, where

    result, where = on_a_loop(scene)
    assert result == (42, threading.main_thread())
    assert where == ["test"]


def test_a_background_refuses_a_job_until_the_result_of_the_last_is_on_the_loop(hanging):
    async def scene(background):
        over = asyncio.Event()
        assert background.do(hanging, lambda _: over.set())
        assert background.busy
        assert not background.do(fail, print)
        hanging.release()
        await over.wait()
        assert not background.busy

    on_a_loop(scene)


def test_a_job_that_raises_is_logged_and_leaves_the_background_free(caplog):
    async def scene(background):
        done = asyncio.get_running_loop().create_future()
        background.do(fail, done.set_result)
        await background.result(lambda: None)  # behind it
        assert not background.busy
        assert not done.done()

    with caplog.at_level(logging.ERROR):
        on_a_loop(scene)
    assert [record.getMessage() for record in caplog.records] == ["test failed"]


def test_results_that_are_waited_for_come_in_the_order_of_the_jobs():
    async def scene(background):
        jobs = (background.result(lambda number=number: number) for number in range(20))
        return [await each for each in [asyncio.ensure_future(job) for job in jobs]]

    assert on_a_loop(scene) == list(range(20))


def test_an_exception_is_raised_where_the_result_is_waited_for():
    async def scene(background):
        with pytest.raises(ValueError, match="a bug"):
            await background.result(fail)
        return await background.result(lambda: "goes on")

    assert on_a_loop(scene) == "goes on"


def test_a_job_for_which_nobody_waits_any_more_is_not_done(hanging):
    async def scene(background):
        first = asyncio.ensure_future(background.result(hanging))
        second = asyncio.ensure_future(background.result(fail))
        await asyncio.to_thread(hanging.begun.wait, PATIENCE)
        second.cancel()
        hanging.release()
        assert await first == "late"
        with pytest.raises(asyncio.CancelledError):
            await second
        assert await background.result(lambda: "next") == "next"
        assert not background.busy

    on_a_loop(scene)


def test_to_wait_for_a_result_after_the_end_is_an_error():
    async def scene(background):
        background.finish(PATIENCE)
        with pytest.raises(RuntimeError, match="takes no more jobs"):
            await background.result(lambda: None)

    on_a_loop(scene)


def test_a_loop_that_is_closed_meanwhile_is_no_error(hanging, monkeypatch):
    failures = []
    monkeypatch.setattr(threading, "excepthook", failures.append)

    async def scene():
        background = Background(asyncio.get_running_loop(), "late")
        background.do(hanging, print)
        background.finish(0)

    asyncio.run(scene())
    (thread,) = threads_named("late")
    hanging.release()
    thread.join(PATIENCE)
    assert failures == []


# -- one job ---------------------------------------------------------------------------


def test_a_job_in_a_thread_of_its_own_leaves_no_thread_behind():
    async def scene():
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        do_in_thread(loop, "one job", lambda: 1, done.set_result)
        assert await asyncio.wait_for(done, PATIENCE) == 1
        assert await result_of_thread(loop, "one job", lambda: 2) == 2
        for thread in threads_named("one job"):
            thread.join(PATIENCE)
        return threads_named("one job")

    assert asyncio.run(scene()) == []


def test_a_failure_in_a_thread_of_its_own_is_raised_where_its_result_is_waited_for():
    async def scene():
        await result_of_thread(asyncio.get_running_loop(), "one job", fail)

    with pytest.raises(ValueError, match="a bug"):
        asyncio.run(scene())
