"""The metrics of a run by HTTP, for a Prometheus that scrapes them.

One page, GET /metrics, on the loop that records: it was made elsewhere, so that a request
costs its bytes alone. Any client may be hostile: connections, bytes and seconds of each are
bounded, and no connection is kept. See https://www.rfc-editor.org/rfc/rfc9112
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

MOST_CONNECTIONS: Final = 16
LONGEST_REQUEST: Final = 8 * 1024
SECONDS: Final = 5.0
_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_LOOPBACK: Final = ("127.", "::1")
_LOCAL: Final = re.compile(rb"(localhost|[0-9.]+|\[[0-9a-f:.]+\])(:[0-9]+)?", re.IGNORECASE)
"""The hosts that a request may name on a loopback address: an address, or `localhost`."""
_END: Final = b"\r\n\r\n"
_OTHERS: Final = {
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    421: "Misdirected Request",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


class MetricsServer:
    """The page with the metrics, on an address; `publish` may be called by another thread.

    `MOST_CONNECTIONS` are served at once, further ones are closed. Each has `SECONDS` for
    its request and the answer, and `LONGEST_REQUEST` bytes.

    On a loopback address, a request for any other host is refused: a page in a browser of this
    machine may have had its name resolved to that address, to read the metrics.
    """

    def __init__(self) -> None:
        self._page = b""
        self._is_local = False
        self._server: asyncio.Server | None = None
        self.connections: set[_Connection] = set()

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen on an address, and return that with its port; raise OSError if it is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self, loop), host, port)
        address = self._server.sockets[0].getsockname()
        self._is_local = address[0].startswith(_LOOPBACK)
        return address[0], address[1]

    def publish(self, page: bytes) -> None:
        """Replace the page."""
        self._page = page

    def close(self) -> None:
        """Close the address and all connections."""
        if self._server is not None:
            self._server.close()
        for each in tuple(self.connections):
            each.abort()

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a request that is whole."""
        method, target, *rest = [*request.partition(b"\r\n")[0].split(b" "), b"", b""][:4]
        if not rest[0].startswith(b"HTTP/1."):
            return answer_of(400)
        if self._is_local and not all(map(_LOCAL.fullmatch, _hosts_of(request))):
            return answer_of(421)
        if target.partition(b"?")[0] != b"/metrics":
            return answer_of(404)
        if method not in (b"GET", b"HEAD"):
            return answer_of(405)
        if not self._page:
            return answer_of(503)
        head = _head("200 OK", _TYPE, len(self._page))
        return head if method == b"HEAD" else head + self._page


def _hosts_of(request: bytes) -> list[bytes]:
    """Return the hosts that the fields of a request name, one if it is well-formed."""
    fields = (line.partition(b":") for line in request.split(b"\r\n")[1:])
    return [value.strip() for name, _, value in fields if name.lower() == b"host"]


def answer_of(status: int) -> bytes:
    """Return an answer without a page."""
    text = f"{status} {_OTHERS[status]}"
    allowed = "Allow: GET, HEAD\r\n" if status == 405 else ""  # noqa: PLR2004 - as RFC 9110 asks
    return _head(text, "text/plain", len(text) + 1, allowed) + text.encode() + b"\n"


def _head(status: str, kind: str, length: int, more: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{more}"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    ).encode()


class _Connection(asyncio.Protocol):
    """One connection: a request, its answer, the end."""

    def __init__(self, server: MetricsServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._request = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream, for mypy
        if len(self._server.connections) >= MOST_CONNECTIONS:
            transport.abort()
            return
        self._transport = transport
        self._server.connections.add(self)
        self._timer = self._loop.call_later(SECONDS, self.abort)

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._request += data
        if _END in self._request:
            self._answer(self._server.answer(self._request))
        elif len(self._request) > LONGEST_REQUEST:
            self._answer(answer_of(431))

    def _answer(self, answer: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - it brought the request
        self._transport.write(answer)
        self._transport.close()  # once the client took it, or its time is over

    def connection_lost(self, _error: Exception | None) -> None:
        self._server.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()
