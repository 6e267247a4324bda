"""The heartbeat: what is written and told, when, and when the loop or the disk hangs."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading

import pytest

from chatlog.errors import TranscriptError
from chatlog.health.heartbeat import Heartbeat
from chatlog.health.runs import RunFile, read_runs, run_name
from chatlog.health.status import decode
from chatlog.health.systemd import Notifier
from tests.support.statuses import network_status, run_status
from tests.support.waiting import PATIENCE

LINE = "STATUS=1 network"


def describe(status):
    return f"{len(status.networks)} network"


class Handle:
    """A timer of `Loop`."""

    def __init__(self, when, act):
        self.when = when
        self.act = act

    def cancel(self):
        self.act = None


class Loop:
    """A loop whose clock the test turns."""

    def __init__(self):
        self.now = 100.0
        self._timers = []

    def time(self):
        return self.now

    def call_at(self, when, function, *args):
        self._timers.append(Handle(when, lambda: function(*args)))
        return self._timers[-1]

    def call_later(self, delay, function, *args):
        return self.call_at(self.now + delay, function, *args)

    def turn(self, seconds):
        """Let time pass, and everything happen when it is due."""
        end = self.now + seconds
        while due := [timer for timer in self._timers if timer.act and timer.when <= end]:
            timer = min(due, key=lambda timer: timer.when)
            self.now = max(self.now, timer.when)
            act, timer.act = timer.act, None
            act()
        self.now = end

    def hang(self, seconds):
        """Let time pass in which nothing can happen."""
        self.now += seconds

    def waiting(self):
        return [timer for timer in self._timers if timer.act]


class Told(Notifier):
    """A notifier that keeps what it would send."""

    def __init__(self, **options):
        super().__init__("/nowhere", **options)
        self.messages = []

    def _send(self, message):
        self.messages.append(message)


class File:
    """A run's file whose disk can hang or fail; what was written waits in a queue."""

    def __init__(self, path):
        self.path = path
        self.written = queue.Queue()
        self.works = threading.Event()
        self.works.set()
        self.failing = False
        self.writing = 0

    def write(self, data):
        self.writing += 1
        assert self.writing == 1, "never two at once"
        assert self.works.wait(PATIENCE)
        self.writing -= 1
        if self.failing:
            raise TranscriptError(f"cannot write {self.path}: the disk is full; make room there")
        self.written.put(decode(data))

    def free(self):
        if self.failing:
            raise TranscriptError("the disk is gone")
        return 1_000_000

    def next(self):
        return self.written.get(timeout=PATIENCE)


class Body:
    """A heartbeat with all that belongs to it."""

    def __init__(self, path, *, metrics=None, watchdog=None, patience=PATIENCE):
        self.loop = Loop()
        self.notifier = Told(watchdog_interval=watchdog)
        self.file = File(path / "run.json")
        self.status = run_status(network_status())
        self.heart = Heartbeat(
            self.loop,
            lambda: self.status,
            run_file=self.file,
            metrics_file=metrics,
            notifier=self.notifier,
            describe=describe,
            patience=patience,
        )

    def beat(self):
        """Let the next beat come, and return what is written."""
        self.loop.turn(10)
        return self.file.next()

    def told(self, beginning):
        return [each for each in self.notifier.messages if each.startswith(beginning)]


@pytest.fixture
def body(tmp_path):
    body = Body(tmp_path)
    yield body
    body.file.works.set()
    body.heart.stop("over")


# -- beats -------------------------------------------------------------------


def test_the_first_beat_is_at_once_and_one_follows_every_ten_seconds(body):
    body.heart.start()
    assert body.file.next().pid == body.status.pid
    for errors in (1, 2):
        body.status = run_status(errors=errors)
        assert body.beat().errors == errors
    body.loop.turn(9.5)
    assert body.file.written.empty()


def test_a_beat_tells_the_service_manager_how_it_is(body):
    body.heart.start()
    assert body.notifier.messages == [LINE]


def test_systemd_is_told_ready_when_the_recorder_is(body):
    body.heart.start()
    body.loop.turn(30)
    assert "READY=1" not in body.notifier.messages
    body.heart.ready()
    assert body.notifier.messages[-2:] == ["READY=1", LINE]


def test_the_room_on_the_disk_is_added(body):
    body.heart.start()
    assert body.file.next().disk_free == 1_000_000


def test_many_changes_make_one_beat_soon(body):
    body.heart.start()
    body.file.next()
    for _ in range(5):
        body.heart.soon()
    body.loop.turn(1)
    assert len(body.told("STATUS=")) == 2
    body.file.next()
    body.heart.soon()
    body.loop.turn(1)
    assert len(body.told("STATUS=")) == 3


def test_a_change_before_the_start_or_after_the_end_makes_none(body):
    body.heart.soon()
    body.heart.start()
    body.heart.stop("over")
    body.heart.soon()
    assert body.loop.waiting() == []


# -- the loop ----------------------------------------------------------------


def test_the_longest_that_the_loop_was_late_is_said_once(body):
    body.heart.start()
    assert body.file.next().loop_lag == 0
    body.loop.turn(3)
    body.loop.hang(3.5)
    body.loop.turn(0)
    assert body.beat().loop_lag == 2.5
    assert body.beat().loop_lag == 0


def test_after_a_hang_what_was_missed_is_not_made_up_for(body):
    body.heart.start()
    body.loop.hang(100)
    body.loop.turn(0)
    assert len(body.told("STATUS=")) == 2


def test_the_watchdog_hears_us_at_half_its_interval(tmp_path):
    body = Body(tmp_path, watchdog=4.0)
    body.heart.start()
    body.loop.turn(1.9)
    assert body.told("WATCHDOG") == []
    for number in range(1, 5):
        body.loop.turn(2)
        assert len(body.told("WATCHDOG=1")) == number
    body.heart.stop("over")


def test_the_watchdog_hears_nothing_while_the_loop_hangs(tmp_path):
    body = Body(tmp_path, watchdog=4.0)
    body.heart.start()
    body.loop.turn(2)
    body.loop.hang(60)
    assert len(body.told("WATCHDOG=1")) == 1
    body.heart.stop("over")


def test_without_a_watchdog_none_is_told(body):
    body.heart.start()
    body.loop.turn(60)
    assert body.told("WATCHDOG") == []


def test_a_heartbeat_beats_on_a_real_loop(tmp_path):
    async def scenario():
        file = File(tmp_path / "run.json")
        heart = Heartbeat(
            asyncio.get_running_loop(), run_status, run_file=file, metrics_file=None,
            notifier=Told(), describe=describe, every=0.01, patience=PATIENCE,
        )  # fmt: skip
        heart.start()
        for _ in range(3):
            await asyncio.to_thread(file.next)
        heart.stop("over")
        while not (status := file.next()).ended:
            pass
        return status

    assert asyncio.run(scenario()).reason == "over"


# -- the end -----------------------------------------------------------------


def test_the_last_beat_has_the_reason_of_the_end(body):
    body.heart.start()
    body.file.next()
    body.heart.stop("SIGTERM")
    last = body.file.next()
    assert (last.ended, last.reason) == (last.updated, "SIGTERM")
    assert body.notifier.messages[-1] == "STOPPING=1"
    assert body.loop.waiting() == []


def test_the_end_comes_once_and_only_after_a_start(body):
    body.heart.stop("too early")
    body.heart.start()
    body.heart.stop("in time")
    body.heart.stop("too late")
    reasons = [status.reason for status in iter_queue(body.file.written)]
    assert reasons == ["", "in time"]
    assert body.told("STOPPING") == ["STOPPING=1"]


def iter_queue(written):
    while not written.empty():
        yield written.get_nowait()


def test_status_and_metrics_files_record_the_end_of_a_run(tmp_path):
    metrics = tmp_path / "chatlog.prom"
    run_file = RunFile(tmp_path, run_name(run_status().started, 4711))
    heart = Heartbeat(
        Loop(),
        run_status,
        run_file=run_file,
        metrics_file=metrics,
        notifier=Told(),
        describe=describe,
    )
    heart.start()
    heart.stop("SIGTERM")
    run_file.close()
    [run] = read_runs(tmp_path)
    assert decode(run.data).reason == "SIGTERM"
    assert decode(run.data).disk_free > 0
    assert "\nchatlog_up 0\n" in metrics.read_text()
    assert metrics.stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in tmp_path.iterdir()) == [".runs", "chatlog.prom"]


# -- the disk ----------------------------------------------------------------


def test_a_disk_that_hangs_stops_no_beat_and_gets_no_second_write(tmp_path):
    body = Body(tmp_path, watchdog=4.0)
    body.heart.start()
    body.file.next()
    body.file.works.clear()
    body.loop.turn(60)
    assert len(body.told("STATUS=")) == 7
    assert len(body.told("WATCHDOG=1")) == 30
    body.file.works.set()
    body.heart.stop("over")
    assert [status.reason for status in iter_queue(body.file.written)][-1] == "over"


def test_a_lag_that_could_not_be_written_is_not_forgotten(body):
    body.heart.start()
    body.file.next()
    body.file.works.clear()
    body.loop.turn(30)  # one is being written, and one waits
    body.loop.hang(7)
    body.loop.turn(10)
    body.file.works.set()
    lags = []
    while 6.0 not in lags:
        lags.append(body.beat().loop_lag)


def test_a_disk_that_hangs_does_not_keep_us_from_ending(tmp_path, caplog):
    body = Body(tmp_path, patience=0.01)
    body.heart.start()
    body.file.next()
    body.file.works.clear()
    body.loop.turn(20)
    with caplog.at_level(logging.ERROR):
        body.heart.stop("SIGTERM")
    [record] = caplog.records
    assert record.getMessage() == f"{body.file.path} could not be written in time; check that disk"
    body.file.works.set()  # else its thread would fail some time, and say so in another test


def test_a_failure_to_write_is_said_once_and_counted(body, caplog):
    body.file.failing = True
    body.heart.start()
    body.loop.turn(20)
    body.heart.stop("over")
    [record] = caplog.records
    assert record.getMessage().startswith(f"cannot write {body.file.path}: the disk is full; ")


def test_metrics_that_cannot_be_written_cost_nothing_else(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    body = Body(tmp_path, metrics=tmp_path / "file" / "chatlog.prom")
    body.heart.start()
    assert body.file.next().errors == 0
    assert body.beat().errors == 1
    body.heart.stop("over")
    assert body.file.next().errors == 2
    [record] = caplog.records
    assert record.getMessage() == (
        f"cannot write {tmp_path}/file/chatlog.prom: Not a directory;"
        " make that directory writable for this user, or name another --metrics-file"
    )
