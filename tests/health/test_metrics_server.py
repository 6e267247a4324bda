"""The page of metrics by HTTP, and clients that mean no good."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request

import pytest

from chatlog.health import metrics_server
from chatlog.health.metrics_server import MetricsServer
from tests.support.waiting import PATIENCE, until

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
PAGE = b"chatlog_up 1\n"


def served(talk, page=PAGE):
    """Run `talk(server, port)` beside a server."""

    async def run():
        server = MetricsServer()
        server.publish(page)
        _, port = await server.start("127.0.0.1", 0)
        try:
            return await asyncio.wait_for(talk(server, port), 30)
        finally:
            server.close()

    return asyncio.run(run())


async def answer_to(port, request):
    """Return all that the server sends for a request until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def status_of(request):
    async def talk(_, port):
        return await answer_to(port, request)

    return served(talk).partition(b"\r\n")[0]


def test_a_real_client_gets_the_page_with_its_type():
    async def talk(_, port):
        return await asyncio.to_thread(_fetch, f"http://127.0.0.1:{port}/metrics")

    assert served(talk) == (200, "text/plain; version=0.0.4; charset=utf-8", PAGE)


def _fetch(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return answer.status, answer.headers["Content-Type"], answer.read()


def test_a_request_that_comes_in_pieces_is_one():
    async def talk(_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for byte in REQUEST:
            writer.write(bytes([byte]))
            await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer

    assert served(talk).endswith(PAGE)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"HEAD /metrics HTTP/1.0\r\n\r\n", b"HTTP/1.1 200 OK"),
        (b"GET /metrics?name[]=x HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK"),
        (b"POST /metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 Method Not Allowed"),
        (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 Not Found"),
        (b"GET /../metrics HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 Not Found"),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"GET /metrics\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"\r\n\r\n", b"HTTP/1.1 400 Bad Request"),
        (b"G" * 20_000, b"HTTP/1.1 431 Request Header Fields Too Large"),
    ],
)
def test_any_request_has_one_answer_and_the_end(request_, status):
    assert status_of(request_) == status


@pytest.mark.parametrize(
    ("host", "is_served"),
    [
        ("127.0.0.1:9464", True),
        ("[::1]:9464", True),
        ("LocalHost", True),
        ("rebound.example.org", False),
        ("127.0.0.1.example.org:9464", False),
        ("localhost\r\nHost: rebound.example.org", False),
        ("", False),
    ],
)
def test_on_loopback_a_name_that_was_made_to_lead_there_is_refused(host, is_served):
    status = status_of(f"GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    wanted = b"HTTP/1.1 200 OK" if is_served else b"HTTP/1.1 421 Misdirected Request"
    assert status == wanted


def test_on_another_address_any_name_is_served():
    async def talk(server, port):
        server._is_local = False
        return await answer_to(port, REQUEST.replace(b"localhost", b"recorder.lan"))

    assert served(talk).endswith(PAGE)


def test_the_head_alone_answers_a_head_request():
    async def talk(_, port):
        return await answer_to(port, b"HEAD /metrics HTTP/1.1\r\n\r\n")

    answer = served(talk)
    assert b"\r\nContent-Length: 13\r\n" in answer
    assert answer.endswith(b"\r\nConnection: close\r\n\r\n")


def test_before_the_first_heartbeat_there_is_no_page():
    async def talk(_, port):
        return await answer_to(port, REQUEST)

    assert served(talk, page=b"").startswith(b"HTTP/1.1 503 ")


def test_a_client_that_says_nothing_or_reads_nothing_is_closed_in_time(monkeypatch):
    monkeypatch.setattr(metrics_server, "SECONDS", 0.2)

    async def talk(server, port):
        silent = await asyncio.open_connection("127.0.0.1", port)
        greedy = await asyncio.open_connection("127.0.0.1", port)
        greedy[1].transport.pause_reading()
        greedy[1].write(REQUEST)
        assert await silent[0].read() == b""
        await until(lambda: not server.connections)
        for _, writer in (silent, greedy):
            writer.transport.abort()

    served(talk, page=b"x" * 50_000_000)


def test_a_crowd_of_clients_is_refused_and_the_next_one_is_served():
    async def talk(server, port):
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
        refused = 0
        for reader, _ in crowd[metrics_server.MOST_CONNECTIONS :]:
            try:
                refused += await asyncio.wait_for(reader.read(), 5) == b""
            except ConnectionResetError:
                refused += 1
        assert refused == 200 - metrics_server.MOST_CONNECTIONS
        assert len(server.connections) == metrics_server.MOST_CONNECTIONS
        for _, writer in crowd:
            writer.transport.abort()
        await until(lambda: not server.connections)
        return await answer_to(port, REQUEST)

    assert served(talk).endswith(PAGE)
