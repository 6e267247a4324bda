"""Naps between small reads: lines gather in the kernel, and none is read that is not handled."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from chatlog.connection import READ, Address, Dialler, Route, naps
from tests.servers import certificates as authority
from tests.support.waiting import PATIENCE
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
    async with asyncio.timeout(PATIENCE):
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
                for longest in (10 * naps.LONGEST, 0.0)  # so that a slow machine has naps, too
            ]

    napping, waking = asyncio.run(run())
    for reads in (napping, waking):
        texts = [int(line.rpartition(b":")[2]) for lines in reads for line in lines]
        assert texts == list(range(COUNT))
    assert len(napping) * 3 < len(waking)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_nap_stops_the_socket_itself_and_reads_it_by_asyncios_public_names(made, tls):
    options = {"ssl": made.server()} if tls else {}
    route = Route(ca=str(made.ca)) if tls else Route()

    async def run():
        async with serving(chatter, **options) as port:
            connection = new_reactor().server()
            address = Address(host="127.0.0.1", port=port, tls=tls)
            await connection.connect("x", 0, Dialler(address, route))
            transport, sock = connection.naps.wire
            assert isinstance(transport.get_protocol(), asyncio.BufferedProtocol)
            assert (transport is not connection.transport) == tls
            assert sock.fileno() == connection.transport.get_extra_info("socket").fileno()
            transport.pause_reading()
            assert not transport.is_reading()
            connection.abort("enough")

    asyncio.run(run())


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_line_of_ours_ends_a_nap_at_once(monkeypatch, made, tls):
    """An answer that comes within a nap of ten minutes is handled at once if it was asked for."""
    options = {"ssl": made.server()} if tls else {}
    route = Route(ca=str(made.ca)) if tls else Route()
    monkeypatch.setattr(naps, "AWAITED", 0.0)

    async def answering(reader, writer):
        while line := await reader.readline():
            writer.write(b":bob!u@h PRIVMSG #a :hi\r\n" if b"more" in line else b"PONG :x\r\n")

    async def run():
        async with serving(answering, **options) as port:
            reactor = new_reactor()
            answered = asyncio.Event()
            reactor.add_global_handler("pong", lambda *_: answered.set())
            connection = reactor.server()
            connection.naps.longest = 600.0
            address = Address(host="127.0.0.1", port=port, tls=tls)
            async with asyncio.timeout(PATIENCE):
                await connection.connect("x", 0, Dialler(address, route))
                while connection.naps.wire.transport.is_reading():
                    connection.send_raw("more")
                    await asyncio.sleep(0)
                monkeypatch.setattr(naps, "AWAITED", 600.0)
                connection.send_raw("PING :x")
                await answered.wait()
            connection.abort("enough")

    asyncio.run(run())


# -- the read after a nap -----------------------------------------------------------


def after_a_nap(monkeypatch, arrived):
    """Return what was read at the end of a nap at which that arrived, and whether it goes on.

    Beside both, the connection.
    """
    heard, seen = [], []

    async def play(connection, clock):
        connection.reactor.add_global_handler(READ, lambda _, event: heard.append([*event.lines]))
        feed(connection, clock, LINE, after=0.001)
        assert feed(connection, clock, LINE, after=0.001)
        heard.clear()
        connection.transport.arrived = arrived
        clock[0] += naps.LONGEST
        connection.naps._wake()
        transport = connection.transport
        seen.extend([connection, transport is not None and not transport.is_reading])

    scene(monkeypatch, play)
    return heard, seen[1], seen[0]


def test_lines_that_gathered_are_read_at_the_end_of_a_nap_and_the_next_one_begins(monkeypatch):
    heard, goes_on, _ = after_a_nap(monkeypatch, LINE * 20)
    assert heard == [[LINE.rstrip()] * 20]
    assert goes_on


@pytest.mark.parametrize("nothing", [b"", BlockingIOError()], ids=["the end", "no line"])
def test_without_lines_the_transport_reads_on_after_a_nap(monkeypatch, nothing):
    heard, goes_on, connection = after_a_nap(monkeypatch, nothing)
    assert heard == []
    assert not goes_on
    assert not connection.closed.done()


def test_an_error_that_is_read_at_the_end_of_a_nap_is_the_reason_of_the_end(monkeypatch):
    error = ConnectionResetError(104, "Connection reset by peer")
    _, _, connection = after_a_nap(monkeypatch, error)
    assert connection.closed.result() == "Connection reset by peer"


def test_a_read_that_fails_after_a_nap_ends_the_connection_as_any_other(monkeypatch):
    async def play(connection, clock):
        def fail(_connection):
            raise ValueError("a bug")

        feed(connection, clock, LINE, after=0.001)
        assert feed(connection, clock, LINE, after=0.001)
        connection.transport.arrived = LINE
        connection.reactor.after_read = fail
        with pytest.raises(ValueError, match="a bug"):
            connection.naps._wake()
        assert connection.closed.done()

    scene(monkeypatch, play)
