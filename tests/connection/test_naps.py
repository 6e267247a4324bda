"""Naps between small reads: lines gather in the kernel, and none is read that is not handled."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from chatlog.connection import READ, Address, Dialler, Route, naps
from tests.servers import certificates as authority
from tests.support.wire import connected, new_reactor, serving

LINE = b":bob!u@h PRIVMSG #a :hi\r\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    return authority.make(tmp_path_factory.mktemp("tls"))


def busy(reactor, monkeypatch):
    """Let a connection of this reactor nap from its first read on, by a clock that is set."""
    monkeypatch.setattr(naps, "AWAITED", 0.0)
    clock = [100.0]
    monkeypatch.setattr(reactor.loop, "time", lambda: clock[0])
    return clock


def scene(monkeypatch, play):
    async def run():
        reactor = new_reactor()
        clock = busy(reactor, monkeypatch)
        try:
            connection = await connected(reactor)
            await play(connection, clock)
        finally:
            monkeypatch.undo()

    asyncio.run(run())


def feed(connection, clock, data, *, after):
    """Let a connection read something so many seconds after the last time."""
    clock[0] += after
    connection.protocol.data_received(data)
    return not connection.transport.is_reading


def test_lines_that_come_fast_and_one_by_one_are_let_gather(monkeypatch):
    async def play(connection, clock):
        assert not feed(connection, clock, LINE, after=0.001)
        assert feed(connection, clock, LINE, after=0.001)

    scene(monkeypatch, play)


NONE = {
    "few lines": (LINE, 0.01),
    "a line after a while": (LINE, 60.0),
    "a burst after a while": (LINE * 20, 60.0),
    "a flood": (LINE * 1000, 0.001),
    "half a line": (LINE[:5], 0.001),
}


@pytest.mark.parametrize(("data", "after"), NONE.values(), ids=NONE)
def test_there_is_no_nap_that_is_not_worthwhile(monkeypatch, data, after):
    async def play(connection, clock):
        feed(connection, clock, LINE, after=0.0)
        assert not feed(connection, clock, data, after=after)

    scene(monkeypatch, play)


def test_a_line_that_we_send_ends_a_nap_and_lets_none_begin_while_its_answer_may_come(monkeypatch):
    async def play(connection, clock):
        feed(connection, clock, LINE, after=0.001)
        assert feed(connection, clock, LINE, after=0.001)
        monkeypatch.setattr(naps, "AWAITED", 1.0)
        connection.send_raw("PING :x")
        assert connection.transport.is_reading
        assert not feed(connection, clock, LINE, after=0.001)
        clock[0] += 1.0
        feed(connection, clock, LINE, after=0.0)
        assert feed(connection, clock, LINE, after=0.001)

    scene(monkeypatch, play)


def test_a_read_that_is_answered_is_followed_by_no_nap(monkeypatch):
    async def play(connection, clock):
        monkeypatch.setattr(naps, "AWAITED", 1.0)
        connection.reactor.after_read = lambda link: link.send_raw("PONG :x")
        feed(connection, clock, LINE, after=5.0)
        assert not feed(connection, clock, LINE, after=0.001)

    scene(monkeypatch, play)


def test_while_nothing_is_to_be_read_a_nap_ends_and_none_begins(monkeypatch):
    async def play(connection, clock):
        feed(connection, clock, LINE, after=0.001)
        assert feed(connection, clock, LINE, after=0.001)
        connection.pause()
        assert not connection.transport.is_reading
        feed(connection, clock, LINE, after=0.001)
        connection.read_on()
        assert connection.transport.is_reading

    scene(monkeypatch, play)


def test_the_end_of_a_connection_ends_its_nap(monkeypatch):
    async def play(connection, clock):
        feed(connection, clock, LINE, after=0.001)
        assert feed(connection, clock, LINE, after=0.001)
        connection.abort("enough")
        assert connection.closed.result() == "enough"
        connection.naps.end()

    scene(monkeypatch, play)


# -- real sockets ----------------------------------------------------------------

COUNT = 300


async def chatter(_reader, writer):
    """Say a line each millisecond, and close."""
    for number in range(COUNT):
        writer.write(b":bob!u@h PRIVMSG #a :%d\r\n" % number)
        await writer.drain()
        await asyncio.sleep(0.001)


async def heard_by_read(port, route, *, tls, longest):
    """Return the lines of each read until the server closes, which naps must not delay."""
    reactor, reads = new_reactor(), []
    reactor.add_global_handler(READ, lambda _, event: reads.append([*event.lines]))
    connection = reactor.server()
    connection.naps.longest = longest
    dialler = Dialler(Address(host="127.0.0.1", port=port, tls=tls), route)
    async with asyncio.timeout(30):
        await connection.connect("x", port, dialler)
        await connection.closed
    return reads


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_naps_save_most_reads_and_lose_no_line(monkeypatch, made, tls):
    monkeypatch.setattr(naps, "AWAITED", 0.0)
    options = {"ssl": made.server()} if tls else {}
    route = Route(ca=str(made.ca)) if tls else Route()

    async def run():
        async with serving(chatter, **options) as port:
            return [
                await heard_by_read(port, route, tls=tls, longest=longest)
                for longest in (naps.LONGEST, 0.0)
            ]

    napping, waking = asyncio.run(run())
    for reads in (napping, waking):
        texts = [int(line.rpartition(b":")[2]) for lines in reads for line in lines]
        assert texts == list(range(COUNT))
    assert len(napping) * 3 < len(waking)


def test_the_transport_of_the_socket_is_within_reach_with_tls(made):
    async def run():
        async with serving(chatter, ssl=made.server()) as port:
            connection = new_reactor().server()
            route = Route(ca=str(made.ca))
            await connection.connect("x", 0, Dialler(Address(host="127.0.0.1", port=port), route))
            raw = naps._raw(connection.transport)
            assert raw is not None
            assert raw.is_reading()
            assert raw is not connection.transport
            connection.abort("enough")

    asyncio.run(run())
