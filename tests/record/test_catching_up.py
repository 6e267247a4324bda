"""What a recorder missed, and whether it gets it back: clocks that lie, servers that misbehave."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time

import pytest

from chatlog.clock import Clock
from chatlog.coverage import ledger
from chatlog.coverage.entries import NoticedEntry
from chatlog.coverage.fold import coverage_of
from chatlog.demo.server import Server
from chatlog.event import format_time, parse_time
from chatlog.read.reader import Reader
from chatlog.record.recorder import Recorder
from chatlog.write.writer import Storage, Writer
from tests.support.embedded import EmbeddedServer
from tests.support.recording import plan_of
from tests.support.waiting import until

HOUR = 3_600_000


def shifted(milliseconds):
    """Return a clock that is so far ahead."""
    return lambda: format_time(time.time_ns() // 1_000_000 + milliseconds)


class Jumping:
    """A wall clock that can be set, beside one that only advances, and may sleep."""

    def __init__(self):
        self.ahead = self.slept = 0
        self.clock = Clock(self.wall, self.steady, lambda: self.steady() + self.slept)

    def wall(self):
        return time.time_ns() + self.ahead

    def steady(self):
        return time.monotonic_ns()

    def set(self, milliseconds):
        self.ahead += milliseconds * 1_000_000


def recorder_of(root, server, *, now, linger=None, session=(), **plan):
    options = {"channels": ("#demo",), **dict(session)}
    planned = plan_of(server.port, session=options, **plan)
    writer = Writer(Storage(root=root))
    return Recorder([planned], writer, now=now, run="run", linger=linger)


def read(root):
    entries = Reader(root, ["#demo"]).last(1_000_000)
    return [entry.event for entry in entries if entry.event.type == "message"]


def texts(root):
    return [event.text for event in read(root)]


def gaps(root):
    entries = ledger.read(root / "net" / "#demo")
    return coverage_of(entries, heard=lambda _: None).gaps


def say(ada, *lines):
    for line in lines:
        ada.say("#demo", line)


async def hear(root, server, ada, *lines, **options):
    """Record while some lines are said."""
    recorder = recorder_of(root, server, **options)
    run = asyncio.ensure_future(recorder.run())
    await server.joined("rec", "#demo")
    say(ada, *lines)
    await until(lambda: set(lines) <= set(texts(root)))
    recorder.stop("the story goes on")
    await run


async def catch_up(root, server, **options):
    """Fetch what was missed, as a batch does."""
    await recorder_of(root, server, linger=0, **options).run()


def play(story, **options):
    """Play a story with a server and ada, who is in #demo."""

    async def scenario():
        async with Server(clock=shifted(0), **options) as server:
            ada = server.person("ada")
            ada.join("#demo")
            await story(server, ada)

    asyncio.run(scenario())


# -- clocks ------------------------------------------------------------------


@pytest.mark.parametrize("off", [-120_000, 120_000, -HOUR, HOUR], ids=str)
def test_a_clock_that_is_off_costs_nothing_and_claims_nothing(tmp_path, off):
    async def story(server, ada):
        await hear(tmp_path, server, ada, "one", "two", now=shifted(off))
        say(ada, "missed")
        await catch_up(tmp_path, server, now=shifted(off))
        say(ada, "missed as well")
        await catch_up(tmp_path, server, now=shifted(0))

    play(story)
    assert texts(tmp_path) == ["one", "two", "missed", "missed as well"]
    assert [gap.state for gap in gaps(tmp_path)] == ["filled", "filled"]


@pytest.mark.parametrize("jump", [-HOUR, HOUR], ids=["back", "forward"])
def test_a_clock_that_is_set_while_we_hear_makes_no_live_line_an_old_one(tmp_path, jump):
    jumping = Jumping()

    async def story(server, ada):
        recorder = recorder_of(tmp_path, server, now=jumping.clock)
        jumping.clock.on_jump = recorder.jumped
        run = asyncio.ensure_future(recorder.run())
        await server.joined("rec", "#demo")
        say(ada, "before")
        await until(lambda: texts(tmp_path) == ["before"])
        jumping.set(jump)
        say(ada, "after")
        await until(lambda: len(texts(tmp_path)) > 1)
        server.drop("rec")
        await server.gone("rec")
        say(ada, "missed")
        await until(lambda: len(texts(tmp_path)) > 2)
        recorder.stop("the story is over")
        await run
        say(ada, "missed as well")
        await catch_up(tmp_path, server, now=shifted(0))

    play(story)
    events = read(tmp_path)
    assert [(event.text, event.via) for event in events] == [
        ("before", ""), ("after", ""), ("missed", "chathistory"), ("missed as well", "chathistory"),
    ]  # fmt: skip
    spread = parse_time(events[-1].time) - parse_time(events[0].time)
    assert 0 <= spread < HOUR / 2
    assert [gap.state for gap in gaps(tmp_path)] == ["filled", "filled"]
    entries = ledger.read(tmp_path / "net" / "#demo")
    noticed = [entry for entry in entries if isinstance(entry, NoticedEntry)]
    assert [(entry.cause, abs(entry.by - jump) < 1000) for entry in noticed] == [("clock", True)]


def test_a_machine_that_slept_ends_coverage_at_its_last_proof_of_hearing(tmp_path):
    jumping = Jumping()

    async def story(server, ada):
        recorder = recorder_of(tmp_path, server, now=jumping.clock)
        jumping.clock.on_jump = recorder.jumped
        run = asyncio.ensure_future(recorder.run())
        await server.joined("rec", "#demo")
        say(ada, "before")
        await until(lambda: texts(tmp_path) == ["before"])
        await server.heard(rb"^PING :chatlog-arrived")
        server.send_raw("rec", b"PING :settled\r\n")  # behind the answer to that
        await server.heard(rb"^PONG :?settled")
        jumping.set(HOUR)
        jumping.slept = HOUR * 1_000_000
        recorder._now()  # as the tick does
        server.drop("rec")
        await server.gone("rec")
        await until(lambda: len(gaps(tmp_path)) == 1)
        recorder.stop("the story is over")
        await run

    play(story)
    [gap] = gaps(tmp_path)
    assert gap.cause == "suspended"
    assert parse_time(gap.start.time) < time.time() * 1000


# -- servers -----------------------------------------------------------------


def test_many_thousand_lines_are_fetched_in_order(tmp_path):
    missed = [f"line {number}" for number in range(30_000)]

    async def story(server, ada):
        await hear(tmp_path, server, ada, "heard", now=shifted(0))
        say(ada, *missed)
        await catch_up(tmp_path, server, now=shifted(0))

    play(story)
    assert texts(tmp_path) == ["heard", *missed]


SYNC = """
import pathlib, re, sys
from chatlog.cli import run
assert run(["sync", *sys.argv[1:]]) == 0
print(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1])
"""  # what the kernel says from outside counts the process that it was forked from


def peak_of_sync(url, root):
    options = ("--server", url, "--network", "net", "--archive", str(root), "--quiet")
    done = subprocess.run(
        [sys.executable, "-c", SYNC, *options], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a process's own peak")
def test_the_memory_of_a_batch_is_bounded_however_much_was_missed(tmp_path):
    peaks = []
    for count in (1_000, 20_000):
        with EmbeddedServer() as server:
            moments = itertools.count(int(time.time() * 1000) - count * 100, 100)
            server.server.clock = lambda moments=moments: format_time(next(moments))
            server.say_all("ada", "#demo", [f"line {number}" for number in range(count)])
            server.server.clock = shifted(0)
            root = tmp_path / str(count)
            peaks.append(peak_of_sync(f"irc://127.0.0.1:{server.port}/#demo", root))
        assert texts(root) == [f"line {number}" for number in range(count)]
    few, many = peaks
    assert many - few < 4 * 1024, "kB: 200 bytes a line"


@pytest.mark.parametrize("without", ["labeled-response", "message-tags"])
def test_a_server_that_offers_less_is_asked_for_what_it_has(tmp_path, without):
    from chatlog.demo.state import CAPABILITIES

    async def story(server, ada):
        await hear(tmp_path, server, ada, "heard", "lol", now=shifted(0))
        for number in range(250):
            say(ada, f"missed {number}", "lol")
            if number % 50 == 0:
                await asyncio.sleep(0.002)
        await catch_up(tmp_path, server, now=shifted(0))

    play(story, capabilities=[name for name in CAPABILITIES if name != without])
    found = texts(tmp_path)
    assert found.count("lol") == 251
    assert {f"missed {number}" for number in range(250)} <= set(found)


def test_a_server_without_history_leaves_the_gap_open_and_says_why(tmp_path):
    async def story(server, ada):
        await hear(tmp_path, server, ada, "heard", now=shifted(0))
        say(ada, "missed")
        await hear(tmp_path, server, ada, "again", now=shifted(0))
        await hear(tmp_path, server, ada, "and again", now=shifted(0))

    play(story, capabilities=["server-time", "message-tags", "batch"])
    assert texts(tmp_path) == ["heard", "again", "and again"]
    assert [(gap.state, gap.why) for gap in gaps(tmp_path)] == [
        ("open", "the server offers no history"),
        ("open", "the server offers no history"),
    ]
    said = [entry.entry for entry in ledger.read(tmp_path / "net" / "#demo")]
    assert said.count("asked") == 2, "once for each gap"


def test_a_transcript_of_text_alone_is_caught_up_as_well(tmp_path):
    async def story(server, ada):
        for lines in (("one", "lol"), ("three", "lol")):
            writer = Writer(Storage(root=tmp_path, formats=("text",)))
            planned = plan_of(server.port, session={"channels": ("#demo",)})
            recorder = Recorder([planned], writer, now=shifted(0), linger=0.5)
            run = asyncio.ensure_future(recorder.run())
            await server.joined("rec", "#demo")
            say(ada, *lines)
            await run
            say(ada, "missed", "lol")

    play(story)
    written = b"".join(path.read_bytes() for path in sorted((tmp_path / "net/#demo").glob("*.log")))
    assert written.count(b"<ada> missed") == 1
    assert written.count(b"<ada> lol") == 3
    assert b"; nothing was heard since " in written


def test_every_line_fetched_says_where_it_came_from(tmp_path):
    async def story(server, ada):
        await hear(tmp_path, server, ada, "heard", now=shifted(0))
        say(ada, "missed")
        await catch_up(tmp_path, server, now=shifted(0))

    play(story)
    lines = [
        json.loads(line)
        for path in sorted((tmp_path / "net" / "#demo").glob("*.jsonl"))
        for line in path.read_text().splitlines()
    ]
    assert {line["text"]: line.get("via") for line in lines if line["type"] == "message"} == {
        "heard": None, "missed": "chathistory",
    }  # fmt: skip


def test_a_channel_that_is_left_out_has_no_gap_behind_it(tmp_path):
    async def story(server, ada):
        recorder = recorder_of(tmp_path, server, now=shifted(0))
        run = asyncio.ensure_future(recorder.run())
        await server.joined("rec", "#demo")
        say(ada, "heard")
        await until(lambda: texts(tmp_path) == ["heard"])
        recorder.reload([plan_of(server.port, session={"channels": ("#tea",)})])
        await server.joined("rec", "#tea")
        await until(lambda: ledger.read(tmp_path / "net" / "#demo")[-1].entry == "unwanted")
        recorder.stop("the story is over")
        await run

    play(story)
    entries = ledger.read(tmp_path / "net" / "#demo")
    assert [entry.cause for entry in entries if entry.entry == "closed"] == ["unwanted"]
    coverage = coverage_of(entries, heard=lambda _: None, now=shifted(HOUR)())
    assert coverage.gaps == []
