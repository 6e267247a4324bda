"""A disk that refuses, hangs or loses its files: the recorder stays, and every line is kept."""

from __future__ import annotations

import asyncio
import dataclasses
import errno
import json
import os
import re
import threading
from contextlib import asynccontextmanager

import pytest

from chatlog.archive.storage import Sync
from chatlog.archive.system import System
from chatlog.background import Background
from chatlog.clock import now
from chatlog.demo.server import Server
from chatlog.errors import TranscriptError
from tests.support.archive import manifest_of
from tests.support.faults import refusal
from tests.support.loop_clock import LoopClock
from tests.support.recorded import texts
from tests.support.recording import recorder_of
from tests.support.waiting import PATIENCE, until

FAST = {"sync_interval": 0.01, "min_free": 0}
RETRIED = 2
"""Seconds after which lines that wait for the disk were tried again."""
NOT_BY_ITSELF = 3600
"""A sync interval that no test lives to see: it syncs when it says so."""


class Disk:
    """System calls that refuse to write, or hang in fsync, while they are told to."""

    def __init__(self, number=errno.ENOSPC):
        self.refuses = False
        self.synced = []
        self.hangs = threading.Event()
        self.goes_on = threading.Event()
        self.goes_on.set()
        self._number = number
        self.system = System(open=self._open, write=self._write, fsync=self._fsync)

    def _open(self, path, flags, mode):
        if self.refuses and flags & os.O_CREAT:
            raise refusal(self._number)
        return os.open(path, flags, mode)

    def _write(self, fd, data):
        if self.refuses:
            raise refusal(self._number)
        return os.write(fd, data)

    def _fsync(self, fd):
        if not self.goes_on.is_set():
            self.hangs.set()
            assert self.goes_on.wait(PATIENCE)
            self.hangs.clear()
        self.synced.append(os.fstat(fd).st_ino)


async def sync(recorder):
    """Sync what was written until now, and let the recorder go by what that found."""
    durability = recorder._durability
    await until(lambda: not durability._syncing.busy)
    durability._sync()
    await until(lambda: not durability._syncing.busy)


async def answered(server):
    """Wait until the recorder has dealt with all that the server said."""
    server.send_raw("rec", b"PING :are you there\r\n")
    await server.heard(rb"^PONG :?are you there")


@asynccontextmanager
async def recorded(root, disk=None, **storage):
    """Record #demo of a server, where ada talks, until the block ends."""
    disk = disk or Disk()
    async with Server(clock=now) as server:
        ada = server.person("ada")
        ada.join("#demo")
        recorder = recorder_of(
            root,
            server.port,
            system=disk.system,
            storage={**FAST, **storage},
            session={"channels": ("#demo",)},
        )
        task = asyncio.ensure_future(recorder.run())
        await server.joined("rec", "#demo")
        await until((root / "net" / "#demo").exists)
        try:
            yield recorder, server, ada
        finally:
            recorder.stop("the test is over")
            await task


def say(ada, numbers):
    for number in numbers:
        ada.say("#demo", f"line {number}")


def lines(numbers):
    return [f"line {number}" for number in numbers]


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES]
)
def test_what_the_disk_refuses_waits_and_is_written_in_order_when_it_can_be(
    tmp_path, caplog, number
):
    clock, disk = LoopClock(), Disk(number)

    async def scenario():
        async with recorded(tmp_path, disk) as (recorder, server, ada):
            say(ada, range(10))
            await until(lambda: texts(tmp_path, "#demo") == lines(range(10)))
            disk.refuses = True
            say(ada, range(10, 60))
            await until(lambda: recorder.waiting_lines == 50)
            await answered(server)
            disk.refuses = False
            clock.advance(RETRIED)
            await until(lambda: recorder.waiting_lines == 0)
            say(ada, range(60, 70))

    clock.run(scenario())
    assert texts(tmp_path, "#demo") == lines(range(70))
    told = [record.getMessage() for record in caplog.records if record.levelname != "INFO"]
    assert len(told) == 2
    assert re.match(rf"cannot write .*: {os.strerror(number)}; .*nothing is lost", told[0])
    assert told[1] == "the disk takes lines again; 50 that waited are written"


def test_a_disk_that_never_takes_them_ends_the_run_with_their_exact_number(tmp_path):
    disk = Disk()

    async def scenario():
        async with recorded(tmp_path, disk) as (recorder, _, ada):
            say(ada, range(3))
            await until(lambda: texts(tmp_path, "#demo") == lines(range(3)))
            disk.refuses = True
            say(ada, range(1000))
            await until(lambda: recorder.waiting_lines == 1000)

    # and the end: ERROR from the server, left in the channel and in @server, stopped
    with pytest.raises(TranscriptError, match=r"^1004 lines could not be saved: cannot write"):
        asyncio.run(scenario())
    assert texts(tmp_path, "#demo") == lines(range(3))


def test_when_the_spool_is_full_nothing_more_is_read_and_nothing_is_lost(tmp_path, caplog):
    clock, disk = LoopClock(), Disk()
    numbers = range(30_000)

    async def scenario():
        async with recorded(tmp_path, disk, spool_size=20_000) as (recorder, server, ada):
            disk.refuses = True
            say(ada, numbers)
            await until(lambda: "reading no further" in caplog.text)
            for _ in range(1000):  # turns of the loop, in each of which it could read on
                await asyncio.sleep(0)
            waiting = recorder.waiting_lines
            disk.refuses = False
            clock.advance(RETRIED)
            await answered(server)
            assert server.client("rec") is not None
        return waiting

    waiting = clock.run(scenario())
    assert waiting < len(numbers) / 2
    assert texts(tmp_path, "#demo") == lines(numbers)


def test_a_sync_that_hangs_delays_no_answer_and_no_line(tmp_path):
    disk = Disk()

    async def scenario():
        async with recorded(tmp_path, disk) as (_, server, ada):
            disk.goes_on.clear()
            say(ada, range(5))
            await until(disk.hangs.is_set)
            await answered(server)
            say(ada, range(5, 9))
            await until(lambda: texts(tmp_path, "#demo") == lines(range(9)))
            assert disk.hangs.is_set()
            disk.goes_on.set()

    asyncio.run(scenario())


def synced(disk, directory):
    return any(path.stat().st_ino in disk.synced for path in directory.glob("*.jsonl"))


@pytest.mark.parametrize("sync", [Sync.INTERVAL, Sync.ALWAYS])
def test_what_was_written_is_synced_while_the_recorder_runs(tmp_path, sync):
    disk = Disk()
    interval = 0.01 if sync is Sync.INTERVAL else 1000

    async def scenario():
        async with recorded(tmp_path, disk, sync=sync, sync_interval=interval) as (_, _, ada):
            for number in range(3):
                disk.synced.clear()
                say(ada, [number])
                await until(lambda: synced(disk, tmp_path / "net" / "#demo"))

    asyncio.run(scenario())
    assert texts(tmp_path, "#demo") == lines(range(3))


def test_whoever_wants_nothing_synced_has_no_segment_synced(tmp_path):
    disk = Disk()

    async def scenario():
        async with recorded(tmp_path, disk, sync=Sync.NEVER) as (recorder, _, ada):
            say(ada, range(3))
            await until(lambda: texts(tmp_path, "#demo") == lines(range(3)))
            await sync(recorder)

    asyncio.run(scenario())
    synced = {path.name for path in tmp_path.rglob("*") if path.stat().st_ino in disk.synced}
    assert synced <= {"FORMAT", "network.json", "net"}  # by which everything is found


def away(path):
    path.unlink()


def edited(path):
    """Put an edited copy in its place, as `sed -i` does."""
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)


@pytest.mark.parametrize(("what", "kept"), [(away, False), (edited, True)])
def test_a_segment_deleted_or_replaced_under_it_is_noticed_and_no_later_line_is_lost(
    tmp_path, caplog, what, kept
):
    async def scenario():
        async with recorded(tmp_path, sync_interval=NOT_BY_ITSELF) as (recorder, server, ada):
            say(ada, range(5))
            await until(lambda: texts(tmp_path, "#demo") == lines(range(5)))
            await sync(recorder)  # which sees it in its place
            (segment,) = (tmp_path / "net" / "#demo").glob("*.jsonl")
            what(segment)
            say(ada, range(5, 9))
            await answered(server)
            await sync(recorder)
            await until(lambda: lines(range(5, 9)) == texts(tmp_path, "#demo")[-4:])
            say(ada, range(9, 12))
            await until(lambda: "line 11" in texts(tmp_path, "#demo"))
            assert recorder.waiting_lines == 0

    asyncio.run(scenario())
    assert texts(tmp_path, "#demo") == lines(range(0 if kept else 5, 12))
    assert "was deleted or replaced while it was written" in caplog.text
    entries = manifest_of(tmp_path / "net" / "#demo")
    assert [entry["entry"] for entry in entries] == ["vanished"]


def test_a_segment_that_was_moved_keeps_its_lines_and_the_rest_goes_to_a_new_one(tmp_path, caplog):
    async def scenario():
        async with recorded(tmp_path, sync_interval=NOT_BY_ITSELF) as (recorder, server, ada):
            say(ada, range(5))
            await until(lambda: texts(tmp_path, "#demo") == lines(range(5)))
            (segment,) = (tmp_path / "net" / "#demo").glob("*.jsonl")
            moved = segment.rename(segment.with_name("moved.jsonl"))
            say(ada, range(5, 9))
            await answered(server)
            await sync(recorder)
            assert "was deleted or replaced" in caplog.text
            say(ada, range(9, 12))
            await until(lambda: "line 11" in texts(tmp_path, "#demo"))
        return moved

    moved = asyncio.run(scenario()).read_bytes().splitlines()
    said = [each["text"] for each in map(json.loads, moved) if each["type"] == "message"]
    assert said == lines(range(9))
    assert texts(tmp_path, "#demo") == lines(range(9, 12))


def test_an_archive_that_is_gone_is_waited_for_and_not_begun_anew_elsewhere(tmp_path, caplog):
    clock, root, elsewhere = LoopClock(), tmp_path / "archive", tmp_path / "elsewhere"

    async def scenario():
        async with recorded(root, sync_interval=NOT_BY_ITSELF) as (recorder, _, ada):
            say(ada, range(5))
            await until(lambda: texts(root, "#demo") == lines(range(5)))
            root.rename(elsewhere)
            # One that is open still takes lines where it is; a new one has to be found.
            say(ada, range(5, 9))
            await until(lambda: "line 8" in texts(elsewhere, "#demo"))
            await sync(recorder)
            assert "was deleted or replaced" in caplog.text
            say(ada, range(9, 12))
            await until(lambda: recorder.waiting_lines >= 3)
            assert not root.exists()
            elsewhere.rename(root)
            clock.advance(RETRIED)
            await until(lambda: recorder.waiting_lines == 0)

    clock.run(scenario())
    assert texts(root, "#demo") == lines(range(12))


def test_a_sync_that_failed_ends_the_run_with_that_error(tmp_path):
    disk = Disk()
    failing = []

    def fsync(_fd):
        if failing:
            raise refusal(errno.EIO)

    disk.system = dataclasses.replace(disk.system, fsync=fsync)

    async def scenario():
        async with recorded(tmp_path, disk) as (recorder, _, ada):
            failing.append(True)
            say(ada, range(3))
            await until(lambda: recorder.errors > 0)
            failing.clear()

    with pytest.raises(TranscriptError, match=r"cannot sync .*Input/output error"):
        asyncio.run(scenario())
    assert texts(tmp_path, "#demo") == lines(range(3))


@pytest.mark.parametrize("sync", [Sync.INTERVAL, Sync.ALWAYS])
def test_a_sync_that_fails_while_the_run_ends_is_its_error_as_well(tmp_path, sync, monkeypatch):
    disk = Disk()

    def fsync(fd):
        disk._fsync(fd)
        if disk.failing and threading.current_thread().name == "syncing":
            raise refusal(errno.EIO)

    disk.failing = False
    disk.system = dataclasses.replace(disk.system, fsync=fsync)
    finish = Background.finish

    def released(background, patience):
        if background._worker.name == "syncing":
            disk.goes_on.set()
        return finish(background, patience)

    monkeypatch.setattr(Background, "finish", released)

    async def scenario():
        async with recorded(tmp_path, disk, sync=sync) as (_, server, ada):
            await answered(server)
            disk.failing = True
            disk.goes_on.clear()
            say(ada, range(3))
            await answered(server)
            await until(disk.hangs.is_set)

    with pytest.raises(TranscriptError, match=r"cannot sync .*Input/output error"):
        asyncio.run(scenario())
    assert texts(tmp_path, "#demo") == lines(range(3))


def test_little_room_is_warned_of_once(tmp_path, caplog):
    async def scenario():
        async with recorded(tmp_path, min_free=1 << 60) as (_, _, ada):
            await until(lambda: "make room before lines have to wait" in caplog.text)
            say(ada, range(3))
            await until(lambda: texts(tmp_path, "#demo") == lines(range(3)))

    asyncio.run(scenario())
    assert caplog.text.count("make room before") == 1
