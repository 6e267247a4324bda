"""The way through a SOCKS5 or HTTP proxy, which looks the server's name up itself.

The name never goes to our own resolver: for Tor that is the point of it.
See https://www.rfc-editor.org/rfc/rfc1928 and https://www.rfc-editor.org/rfc/rfc9110#CONNECT
"""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from chatlog.connection.racing import NOT_OURS, race
from chatlog.connection.resolving import resolve, usable
from chatlog.connection.route import Address
from chatlog.errors import NetworkError, UsageError
from chatlog.host_names import wire_host

if TYPE_CHECKING:
    from chatlog.connection.resolving import ResolvedAddress
    from chatlog.connection.route import Route

_SOCKS: Final = "SOCKS5"
_HTTP: Final = "HTTP"
_KINDS: Final = {"socks5": _SOCKS, "socks5h": _SOCKS, "http": _HTTP}
_SUCCESS: Final = re.compile(r"HTTP/1\.[01] 2\d\d(?: |$)", re.ASCII)
_LONGEST_HEAD: Final = 16_384


class Proxy(NamedTuple):
    """A proxy taken apart; it is shown without the user's password, which stands elsewhere."""

    kind: str
    host: str
    port: int
    user: str

    def __str__(self) -> str:
        """Name it as people write it."""
        return f"proxy {Address(host=self.host, port=self.port)}"


def parse(url: str) -> Proxy:
    """Take a URL apart: `socks5://[USER@]HOST:PORT` or `http://…`; UsageError for any other."""
    try:
        parts = urlsplit(url)
        kind, port = _KINDS[parts.scheme], parts.port
        host = wire_host(parts.hostname) if parts.hostname else ""
    except (KeyError, ValueError) as error:
        raise UsageError("--proxy is socks5://HOST:PORT or http://HOST:PORT") from error
    if not host or not port:
        raise UsageError("--proxy names no host and port; say socks5://HOST:PORT")
    return Proxy(kind, host, port, unquote(parts.username or ""))


def require_library() -> Any:
    """Return the library that speaks to SOCKS proxies; UsageError where it is not installed."""
    try:
        from python_socks.async_ import asyncio as library
    except ImportError as error:
        raise UsageError("--proxy needs a library: pip install 'python-socks[asyncio]'") from error
    return library


async def connect_through(address: Address, route: Route) -> socket.socket:
    """Return a socket that the proxy has connected to the server.

    Raise NetworkError with what the proxy said or why it cannot be reached,
    OSError where the route's own address is none of ours.
    """
    proxy = parse(route.proxy)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(route.timeout):
            found = await resolve(proxy.host, proxy.port, loop)
    except OSError as error:
        raise NetworkError(
            f"no address for the {proxy} ({error.strerror or 'time-out'})"
        ) from error
    failures: list[NetworkError] = []
    for place in usable(found, route.bind, f"the {proxy}"):
        try:
            return await _ask(proxy, place, address, route)
        except NetworkError as error:
            failures.append(error)
    raise failures[0]


async def _ask(
    proxy: Proxy, place: ResolvedAddress, address: Address, route: Route
) -> socket.socket:
    ask = _ask_http if proxy.kind == _HTTP else _ask_socks
    try:
        sock = await ask(proxy, place, address, route)
    except UsageError:
        raise
    except Exception as error:  # a proxy may say anything
        if route.bind and getattr(error, "errno", None) in NOT_OURS:
            raise
        raise NetworkError(f"the {proxy} does not lead to {address}: {_said(error)}") from error
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock


async def _ask_socks(
    proxy: Proxy, place: ResolvedAddress, address: Address, route: Route
) -> socket.socket:
    library = require_library()
    from python_socks import ProxyType

    way = library.Proxy(
        ProxyType.SOCKS5,
        place.sockaddr[0],
        proxy.port,
        username=proxy.user or None,
        password=route.proxy_password.reveal() if proxy.user else None,
        rdns=True,
        loop=asyncio.get_running_loop(),
    )
    local = {"local_addr": (route.bind, 0)} if route.bind else {}
    sock: socket.socket = await way.connect(
        address.host, address.port, timeout=route.timeout, **local
    )
    return sock


async def _ask_http(
    proxy: Proxy, place: ResolvedAddress, address: Address, route: Route
) -> socket.socket:
    # Not by the library: it takes the first read for the whole answer and nothing else.
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(route.timeout):
        sock = await race([place], limit=route.timeout, bind=route.bind)
        try:
            await loop.sock_sendall(sock, _request(proxy, address, route))
            await _hear_success(sock, loop)
        except BaseException:
            sock.close()
            raise
    return sock


def _request(proxy: Proxy, address: Address, route: Route) -> bytes:
    lines = [f"CONNECT {address} HTTP/1.1", f"Host: {address}"]
    if proxy.user:
        login = f"{proxy.user}:{route.proxy_password.reveal()}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(login).decode()}")
    return "\r\n".join([*lines, "", ""]).encode()


async def _hear_success(sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
    """Read the head of an answer, and no byte after it.

    Raise ConnectionRefusedError with its first line, unless that tells of success.
    """
    head = b""
    while not head.endswith((b"\r\n\r\n", b"\n\n")) and len(head) < _LONGEST_HEAD:
        byte = await loop.sock_recv(sock, 1)
        if not byte:
            break
        head += byte
    status = head.partition(b"\n")[0].strip().decode(errors="replace")
    if not _SUCCESS.match(status):
        answer = f"it answered {status!r:.200}" if status else "it hung up"
        raise ConnectionRefusedError(answer)


def _said(error: Exception) -> str:
    return (
        getattr(error, "strerror", "")
        or str(error)
        or _SILENT.get(type(error), type(error).__name__)
    )


_SILENT: Final[dict[type[Exception], str]] = {TimeoutError: "it did not answer in time"}
