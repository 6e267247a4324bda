"""Rotation while lines pour in: through a real socket, with the clock passed in."""

from __future__ import annotations

import asyncio
import itertools
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from chatlog.archive.layout import Rotate, parse_segment, period_named
from chatlog.archive.system import System
from chatlog.connection import Address
from chatlog.event import format_time, parse_time
from chatlog.formats import jsonl
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session_settings import SessionSettings
from chatlog.record.recorder import Plan, Recorder
from chatlog.upkeep.housekeeping import Rounds
from chatlog.write.writer import Storage, Writer

LINES = 20_000
NEVER = Rounds(first=3600, look=3600)  # so that nothing is sealed, and merged with what follows
START = parse_time("2026-12-31T23:59:59.900Z")


async def flood(reader, writer):
    """Welcome who comes, let them in, pour out the lines, and wait until they are read."""
    await reader.readuntil(b"USER ")
    writer.write(b":s 001 rec :hi\r\n:s 422 rec :no motd\r\n")
    await reader.readuntil(b"JOIN #a")
    writer.write(b":rec!r@h JOIN #a\r\n")
    for number in range(LINES):
        writer.write(b":ada!a@h PRIVMSG #a :line %06d\r\n" % number)
        if number % 512 == 0:
            await writer.drain()
    writer.write(b"PING :the end\r\n")
    await reader.readuntil(b"PONG :the end")
    writer.close()
    await writer.wait_closed()


def record_flood(root, *, step, rotate, **storage):
    """Record the flood; each read happens `step` milliseconds after the one before."""
    moments = itertools.count(START, step)

    async def scenario():
        async with await asyncio.start_server(flood, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            session = SessionSettings(
                network="net", identity=Identity(nick="rec"), channels=("#a",)
            )
            address = Address(host="127.0.0.1", port=port, tls=False)
            plan = Plan(
                session=session,
                addresses=(address,),
                timeout=150,
                reconnect_min=3600,
                reconnect_max=3600,
            )
            recorder = Recorder(
                [plan],
                Writer(
                    Storage(root=root, rotate=Rotate(rotate), **storage),
                    system=System(fsync=lambda _fd: None),
                ),
                now=lambda: format_time(next(moments)),
                rounds=NEVER,
            )
            task = asyncio.ensure_future(recorder.run())
            while not (task.done() or _is_waiting(recorder)):  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            recorder.stop("enough")
            await task

    asyncio.run(scenario())


def _is_waiting(recorder):
    return any(each.state.startswith("waiting") for each in recorder.statuses())


def in_order(paths):
    return sorted(paths, key=lambda path: parse_segment(path.name))


@pytest.mark.parametrize(
    ("rotate", "step"),
    [("hourly", 600_000), ("daily", 20_000_000), ("weekly", 300_000_000), ("monthly", 900_000_000)],
)
def test_no_line_is_lost_or_doubled_at_the_end_of_a_period(tmp_path, rotate, step):
    record_flood(tmp_path, step=step, rotate=rotate)
    paths = in_order((tmp_path / "net" / "#a").glob("*.jsonl"))
    texts = []
    for path in paths:
        period = period_named(parse_segment(path.name).period)
        for line in path.read_bytes().splitlines():
            event = jsonl.decode(line)
            assert period.holds(event.time)
            texts += [event.text] if event.type == "message" else []
    assert len(paths) > 1
    assert texts == [f"line {number:06d}" for number in range(LINES)]


def test_no_line_is_lost_or_doubled_where_a_segment_is_full(tmp_path):
    # Full parts may be sealed at once: uncompressed, they keep their names.
    record_flood(tmp_path, step=1, rotate="never", rotate_size=10_000, compress="none")
    paths = in_order((tmp_path / "net" / "#a").glob("*.jsonl"))
    data = [path.read_bytes() for path in paths]
    assert len(paths) > 100
    assert all(len(each) <= 10_000 for each in data)
    texts = re.findall(rb'"text":"(line \d+)"', b"".join(data))
    assert texts == [b"line %06d" % number for number in range(LINES)]


def test_text_rotates_at_midnight_of_its_own_zone(tmp_path):
    record_flood(
        tmp_path, step=40_000_000, rotate="daily", formats=("text", "jsonl"), tz="Asia/Tokyo"
    )
    directory, tokyo = tmp_path / "net" / "#a", ZoneInfo("Asia/Tokyo")
    said = b"".join(path.read_bytes() for path in in_order(directory.glob("*.jsonl")))
    expected = {
        event.text: datetime.fromisoformat(event.time).astimezone(tokyo).date().isoformat()
        for event in map(jsonl.decode, said.splitlines())
        if event.type == "message"
    }
    found = {
        text: path.name[:10]
        for path in in_order(directory.glob("*.log"))
        for text in re.findall(r"<ada> (line \d+)\n", path.read_text())
    }
    assert list(found.items()) == list(expected.items())
    assert len(found) == LINES
    assert len(set(found.values())) > 1
