"""One connection: its socket's life, the lines it brings and those we send."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from irc.client import ServerNotConnectedError

from chatlog.connection.dialling import Address, Dialler
from chatlog.connection.reactor import DISCONNECT
from chatlog.protocol.facts import Turn
from chatlog.protocol.registration.capabilities import Identity
from chatlog.protocol.session import Session
from chatlog.protocol.session_settings import SessionSettings
from tests.support.loop_clock import LoopClock
from tests.support.waiting import PATIENCE, until
from tests.support.wire import connected, heard_on, new_reactor, remembering, serving


async def dialled(reactor, port):
    connection = reactor.server()
    address = Address(host="127.0.0.1", port=port, tls=False)
    await connection.connect(address.host, address.port, Dialler(address))
    return connection


# -- lines out -------------------------------------------------------------

SENT = {
    "as it is": ("PRIVMSG #a :grüße", "PRIVMSG #a :grüße"),
    "a line break cannot begin another command": ("NICK a\r\nQUIT", "NICK a  QUIT"),
    "nor can a lone CR, LF or NUL": ("a\rb\nc\0d", "a b c d"),
    "too long": ("x" * 600, "x" * 510),
    "cut before a character, not inside": ("é" * 300, "é" * 255),
    "an odd cut": ("x" + "é" * 300, "x" + "é" * 254),
    "what no server would understand": ("NICK \udcff", "NICK ?"),
}


@pytest.mark.parametrize(("line", "written"), SENT.values(), ids=SENT)
def test_one_line_is_sent_whatever_is_in_it(line, written):
    async def scene():
        connection = await connected(new_reactor())
        connection.send_raw(line)
        assert connection.transport.lines == [written]

    asyncio.run(scene())


def test_before_a_connection_there_is_nothing_to_write_to_and_after_it_nothing_is_written():
    async def scene():
        connection = new_reactor().server()
        assert not connection.is_connected()
        with pytest.raises(ServerNotConnectedError):
            connection.send_raw("PING x")
        await connection.connect("irc.test", 6667, remembering)
        assert connection.is_connected()
        connection.abort("enough")
        assert not connection.is_connected()
        connection.send_raw("PING x")

    asyncio.run(scene())


# -- lines in --------------------------------------------------------------


def test_after_read_is_called_once_for_each_read_when_its_lines_were_dispatched():
    async def scene():
        reactor, noted = new_reactor(), []
        connection = await connected(reactor)
        reactor.add_global_handler("join", lambda _, event: noted.append(event.target))
        reactor.after_read = lambda which: noted.append(which is connection)
        for data in (b"JOIN #a\r\nJOIN #b\r\nJO", b"", b"IN #c\r\n", b"\r\n"):
            connection.protocol.data_received(data)
        assert noted == ["#a", "#b", True, True, "#c", True, True]

    asyncio.run(scene())


def test_bad_bytes_end_neither_the_read_nor_the_connection():
    async def scene():
        reactor = new_reactor()
        heard = heard_on(reactor)
        connection = await connected(reactor)
        connection.protocol.data_received(b"\xff\xfe\r\n \r\n:\r\nQUIT\r\nJOIN #a\r\n")
        assert len(heard) == 5
        assert (heard[-1].type, heard[-1].target) == ("join", "#a")
        assert connection.is_connected()

    asyncio.run(scene())


# -- a read that takes long, and answers that are not read --------------------

MANY = b"".join(b"JOIN #%d\r\n" % number for number in range(100))


async def turns_of(connection, data, *, until):
    """Feed one read to a connection that yields after each slice; return what each turn saw."""
    connection.turn = -1.0
    connection.protocol.data_received(data)
    seen = []
    while not until():
        seen.append((connection.transport.is_reading, connection.heard))
        await asyncio.sleep(0)
    return seen


def test_a_long_read_is_handled_over_several_turns_of_the_loop_in_order():
    async def scene():
        reactor = new_reactor()
        heard = heard_on(reactor)
        connection = await connected(reactor)
        turns = await turns_of(connection, MANY, until=lambda: len(heard) == 100)
        assert len(turns) > 3
        assert [event.target for event in heard] == [f"#{number}" for number in range(100)]

    asyncio.run(scene())


def test_while_lines_of_a_read_are_left_nothing_more_is_read_and_hearing_is_not_proved():
    async def scene():
        reactor = new_reactor()
        heard = heard_on(reactor)
        connection = await connected(reactor)
        turns = await turns_of(connection, MANY, until=lambda: len(heard) == 100)
        assert set(turns) == {(False, "")}
        assert (connection.transport.is_reading, connection.heard) == (True, reactor.now())

    asyncio.run(scene())


def test_a_costly_line_ends_its_turn():
    async def scene():
        noted = []
        reactor = new_reactor()
        reactor.add_global_handler("join", lambda *_: noted.append("line"))
        reactor.loop.time = lambda: float(noted.count("line"))  # a second for each line
        connection = await connected(reactor)
        reactor.after_read = lambda _: noted.append("turn")
        connection.protocol.data_received(b"JOIN #a\r\nJOIN #b\r\nJOIN #c\r\n")
        await until(lambda: noted.count("line") == 3)
        assert noted == ["line", "turn"] * 3

    asyncio.run(scene())


def test_while_the_last_lines_are_acted_on_no_other_is_handled():
    async def scene():
        reactor = new_reactor()
        heard = heard_on(reactor)
        connection = await connected(reactor)
        connection.turn = -1.0
        reactor.after_read = lambda _: connection.begin_acting()
        connection.protocol.data_received(MANY)
        first = len(heard)
        for _ in range(5):
            await asyncio.sleep(0)
        assert 0 < len(heard) == first < 100
        assert not connection.transport.is_reading
        while len(heard) < 100:
            connection.end_acting()
            await asyncio.sleep(0)
        connection.end_acting()
        assert connection.transport.is_reading

    asyncio.run(scene())


def test_events_of_each_turn_are_written_in_that_turn():
    async def scene():
        reactor, noted = new_reactor(), []
        reactor.add_global_handler("join", lambda _, event: noted.append(event.target))
        connection = await connected(reactor)
        reactor.after_read = lambda _: noted.append("written")
        await turns_of(connection, MANY, until=lambda: "#99" in noted)
        assert noted[-1] == "written"
        assert 3 < noted.count("written") < 10

    asyncio.run(scene())


def test_a_connection_ends_after_the_lines_that_were_read_before():
    async def scene():
        reactor = new_reactor()
        heard = heard_on(reactor)
        connection = await connected(reactor)
        connection.turn = -1.0
        connection.protocol.data_received(MANY)
        connection.abort("enough")
        assert not connection.closed.done()
        assert await connection.closed == "enough"
        assert [event.target for event in heard[:-1]] == [f"#{number}" for number in range(100)]
        assert heard[-1].type == DISCONNECT

    asyncio.run(scene())


def test_answers_to_lines_that_were_read_before_the_end_do_not_keep_a_connection_from_ending():
    async def scene():
        reactor = new_reactor()
        heard = heard_on(reactor)
        connection = await connected(reactor)
        reactor.after_read = lambda _: connection.say("PONG :token")
        connection.turn = -1.0
        connection.protocol.data_received(MANY)
        connection.abort("enough")
        assert await asyncio.wait_for(connection.closed, PATIENCE) == "enough"
        assert len(heard) == 101

    asyncio.run(scene())


def test_lines_that_take_too_long_after_the_end_are_dropped_and_counted(caplog):
    async def scene():
        connection = await connected(new_reactor())
        connection.close_grace = -1.0
        connection.turn = -1.0
        connection.protocol.data_received(MANY)
        connection.abort("enough")
        await connection.closed

    asyncio.run(scene())
    assert "68 lines of irc.test were not recorded" in caplog.text


def test_after_our_quit_the_last_lines_have_no_second_time_of_grace(caplog, monkeypatch):
    monkeypatch.setattr("chatlog.connection.link.LAST_LINES", -2 * PATIENCE)

    async def scene():
        connection = await connected(new_reactor())
        connection.close_grace = PATIENCE
        connection.turn = -1.0
        connection.disconnect("enough")
        connection.protocol.data_received(MANY)
        connection.abort("enough")
        await connection.closed

    asyncio.run(scene())
    assert "68 lines of irc.test were not recorded" in caplog.text


def test_while_a_server_does_not_read_our_answers_nothing_more_is_read_of_it():
    async def scene():
        connection = await connected(new_reactor())
        connection.protocol.pause_writing()
        assert (connection.transport.is_reading, connection.is_paused) == (False, True)
        connection.pause()
        connection.protocol.resume_writing()
        assert not connection.transport.is_reading  # the disk still refuses lines
        connection.read_on()
        assert (connection.transport.is_reading, connection.is_paused) == (True, False)

    asyncio.run(scene())


def test_a_server_that_never_reads_our_answers_is_left():
    async def deaf(reader, writer):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        writer.transport.pause_reading()
        await asyncio.Event().wait()

    async def scene():
        reactor = new_reactor()
        async with serving(deaf) as port:
            connection = await dialled(reactor, port)
            while connection.choked_at is None:
                connection.send_raw("PONG :" + "x" * 400)
            connection.watch_over(0.2)
            reason = await connection.closed
        assert "has read none of our answers" in reason

    asyncio.run(scene())


# -- the life of a socket --------------------------------------------------


def ends(heard):
    return [event.reason for event in heard if event.type == DISCONNECT]


def test_the_late_loss_of_an_older_socket_ends_no_newer_one():
    async def scene():
        reactor = new_reactor()
        heard = heard_on(reactor)
        connection = await connected(reactor)
        old = connection.protocol
        await connection.connect("irc.test", 6667, remembering)
        old.data_received(b"JOIN #late\r\n")
        old.connection_lost(ConnectionResetError())
        old.connection_made(None)
        assert connection.is_connected()
        assert heard == []

    asyncio.run(scene())


def test_the_first_byte_may_come_before_connecting_returns():
    async def early(protocol, address):
        await remembering(protocol, address)
        protocol.data_received(b"PING :x\r\n")

    async def scene():
        reactor = new_reactor()
        reactor.add_global_handler("ping", lambda connection, _: connection.send_raw("PONG :x"))
        connection = reactor.server()
        await connection.connect("irc.test", 6667, early)
        assert connection.transport.lines == ["PONG :x"]

    asyncio.run(scene())


async def refuse(_protocol, _address):
    raise ConnectionRefusedError


async def break_off(protocol, address):
    await remembering(protocol, address)
    raise ConnectionResetError


@pytest.mark.parametrize("factory", [refuse, break_off])
def test_what_the_factory_raises_passes_through_and_nothing_is_left_open(factory):
    async def scene():
        reactor = new_reactor()
        heard = heard_on(reactor)
        connection = reactor.server()
        with pytest.raises(ConnectionError):
            await connection.connect("irc.test", 6667, factory)
        assert not connection.is_connected()
        assert not connection.closed.done()
        assert heard == []
        await connection.connect("irc.test", 6667, remembering)
        assert connection.is_connected()

    asyncio.run(scene())


async def say_and_close(reader, writer):
    writer.write(b"ERROR :Closing link\r\n")
    await writer.drain()


async def reset(reader, writer):
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


ENDED = {
    "by the server": (say_and_close, "connection closed by the server"),
    "by a reset": (reset, "Connection reset by peer"),
}


@pytest.mark.parametrize(("handle", "reason"), ENDED.values(), ids=ENDED)
def test_the_end_is_told_once_with_its_reason(handle, reason):
    async def scene():
        async with serving(handle) as port:
            reactor = new_reactor()
            heard = heard_on(reactor)
            reads = []
            reactor.after_read = reads.append
            connection = await dialled(reactor, port)
            assert await connection.closed == reason
            await asyncio.sleep(0)
            assert ends(heard) == [reason]
            assert heard[-1].arguments == [reason]
            assert reads[-1] is connection

    asyncio.run(scene())


async def obey(reader, writer):
    while line := await reader.readline():
        if line.startswith(b"QUIT"):
            writer.write(b":log QUIT :" + line[6:] + b"ERROR :bye\r\n")
            await writer.drain()
            return


async def ignore(reader, _writer):
    while await reader.read(4096):
        pass


def test_after_our_quit_the_server_is_heard_until_it_closes():
    async def scene():
        async with serving(obey) as port:
            reactor = new_reactor()
            heard = heard_on(reactor)
            connection = await dialled(reactor, port)
            connection.disconnect("stopped")
            assert await connection.closed == "stopped"
            assert [event.type for event in heard] == ["quit", "error", DISCONNECT]
            assert ends(heard) == ["stopped"]

    asyncio.run(scene())


def test_a_server_that_ignores_our_quit_is_left_after_a_grace():
    clock = LoopClock()

    async def scene():
        async with serving(ignore) as port:
            reactor = new_reactor()
            heard = heard_on(reactor)
            connection = await dialled(reactor, port)
            connection.disconnect("stopped")
            clock.advance(60)
            assert await connection.closed == "stopped"
            assert ends(heard) == ["stopped"]

    clock.run(scene())


def test_an_end_that_we_made_has_our_reason_the_first_one():
    async def scene():
        async with serving(ignore) as port:
            connection = await dialled(new_reactor(), port)
            connection.abort("Ping timeout")
            connection.abort("another")
            connection.disconnect("stopped")
            assert await connection.closed == "Ping timeout"
            connection.disconnect("again")

    asyncio.run(scene())


def test_a_ping_comes_back_through_the_session_as_it_was():
    async def scene():
        answered = asyncio.get_running_loop().create_future()

        async def ping(reader, writer):
            writer.write(":irc.test PING :a ::token é\r\n".encode())
            while not (line := await reader.readline()).startswith(b"PONG"):
                pass
            answered.set_result(line)

        settings = SessionSettings(network="test", identity=Identity(nick="log"))
        async with serving(ping) as port:
            reactor = new_reactor()
            session = Session(settings)

            def handle(connection, event):
                if event.message:
                    turn = session.receive_message(event.message, event.received, Turn())
                    for line in turn.replies:
                        connection.send_raw(line)

            reactor.add_global_handler("all_events", handle)
            connection = await dialled(reactor, port)
            for line in session.start():
                connection.send_raw(line)
            assert await answered == "PONG :a ::token é\r\n".encode()
            connection.abort("done")

    asyncio.run(scene())
