"""The scripted server: it says what it is told to, and its failures are the test's."""

from __future__ import annotations

import asyncio
import socket

import pytest

from tests.support.scripted import ScriptedServer
from tests.support.waiting import PATIENCE


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE)


def heard(client):
    """Return all that is sent until the connection ends."""
    received = b""
    while data := client.recv(65536):
        received += data
    return received


def refused(server):
    with pytest.raises(ConnectionRefusedError):
        connect(server)


def test_a_script_registers_a_client_lets_it_in_and_says_any_bytes():
    def script(peer):
        peer.register(["server-time"])
        peer.join("#a", "#b")
        peer.send(b"\xff\0", b"cut", b" here\r\n")

    with ScriptedServer(script) as server, connect(server) as client:
        client.sendall(
            b"CAP LS 302\r\nNICK rec\r\nUSER r 0 * :R\r\nCAP REQ :server-time\r\n"
            b"CAP END\r\nJOIN #a,#b\r\n"
        )
        client.shutdown(socket.SHUT_WR)
        assert heard(client).split(b"\r\n") == [
            b":scripted CAP * LS :server-time",
            b":scripted CAP * ACK :server-time",
            b":scripted 001 rec :Welcome",
            b":scripted 005 rec CHANTYPES=# PREFIX=(ov)@+ :are supported by this server",
            b":scripted 376 rec :End of /MOTD command",
            b":rec!u@h JOIN #a",
            b":scripted 353 rec = #a :rec",
            b":scripted 366 rec #a :End of /NAMES list",
            b":rec!u@h JOIN #b",
            b":scripted 353 rec = #b :rec",
            b":scripted 366 rec #b :End of /NAMES list",
            b"\xff\0cut here",
            b"",
        ]


def test_without_capabilities_cap_is_never_answered():
    with ScriptedServer(lambda peer: peer.register()) as server, connect(server) as client:
        client.sendall(b"CAP LS 302\r\nNICK rec\r\nUSER r 0 * :R\r\n")
        client.shutdown(socket.SHUT_WR)
        assert b"CAP" not in heard(client)
        assert server.received == [b"CAP LS 302", b"NICK rec", b"USER r 0 * :R"]


def test_a_polite_end_loses_nothing_though_the_client_had_more_to_say():
    with (
        ScriptedServer(lambda peer: peer.flood(b"x" * 999 + b"\n", 5000)) as server,
        connect(server) as client,
    ):
        client.sendall(b"never read by the script\r\n" * 1000)
        assert len(heard(client)) == 5_000_000
        client.close()
    assert len(server.received) == 1000


def test_a_reset_is_a_reset_even_while_the_server_reads():
    def script(peer):
        peer.wait_for(b"ready")
        peer.reset()

    with ScriptedServer(script) as server, connect(server) as client:
        client.sendall(b"ready\r\n")
        with pytest.raises(ConnectionResetError):
            heard(client)


def test_each_connection_gets_the_next_script_and_after_the_last_all_are_refused():
    scripts = [lambda peer: peer.send(b"first"), lambda peer: peer.send(b"second")]
    with ScriptedServer(*scripts) as server:
        for said in (b"first", b"second"):
            with connect(server) as client:
                assert heard(client) == said
        server._thread.join()
        refused(server)


def test_a_block_ends_though_nobody_came():
    with ScriptedServer(lambda _peer: None) as server:
        pass
    refused(server)


def test_each_line_of_a_client_answers_one_wait_in_any_order():
    def script(peer):
        peer.send(peer.wait_for(rb"PONG (\d)")[1] + peer.wait_for(rb"PONG (\d)")[1])
        peer.wait_for(b"NICK")

    with ScriptedServer(script) as server, connect(server) as client:
        client.sendall(b"NICK a\r\nPONG 1\r\nPONG 2\r\n")
        assert server.wait_for(rb"PONG (2)")[1] == b"2"
        client.shutdown(socket.SHUT_WR)
        assert heard(client) == b"12"


def test_a_client_that_leaves_without_the_line_waited_for_fails_the_test():
    def run():
        with ScriptedServer(lambda peer: peer.wait_for(b"QUIT")) as server, connect(server) as one:
            one.sendall(b"PART\r\n")

    with pytest.raises(AssertionError, match="no b'QUIT' in"):
        run()


def test_a_scripted_server_serves_a_client_in_the_loop_of_the_test():
    async def scenario():
        async with ScriptedServer(lambda peer: peer.send(b"hello\n")) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"PING\r\n")
            await asyncio.to_thread(server.wait_for, b"PING")
            line = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return line

    assert asyncio.run(scenario()) == b"hello\n"
