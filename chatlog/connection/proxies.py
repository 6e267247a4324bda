"""The way through a SOCKS5 or HTTP proxy, which looks the server's name up itself.

The name never goes to our own resolver: for Tor that is the point of it.
See https://www.rfc-editor.org/rfc/rfc1928 and https://www.rfc-editor.org/rfc/rfc9110#CONNECT
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from chatlog.connection.resolving import interleave, resolve
from chatlog.errors import NetworkError, UsageError

if TYPE_CHECKING:
    from chatlog.connection.route import Address, Route

_KINDS: Final = {"socks5": "SOCKS5", "socks5h": "SOCKS5", "http": "HTTP"}


class Proxy(NamedTuple):
    """A proxy taken apart; it is shown without the user's password, which stands elsewhere."""

    kind: str
    host: str
    port: int
    user: str

    def __str__(self) -> str:
        """Name it as people write it."""
        return f"proxy {self.host}:{self.port}"


def parse(url: str) -> Proxy:
    """Take a URL apart: `socks5://[USER@]HOST:PORT` or `http://…`; UsageError for any other."""
    try:
        parts = urlsplit(url)
        kind, host, port = _KINDS[parts.scheme], parts.hostname, parts.port
    except (KeyError, ValueError) as error:
        raise UsageError("--proxy is socks5://HOST:PORT or http://HOST:PORT") from error
    if not host or not port:
        raise UsageError("--proxy names no host and port; say socks5://HOST:PORT")
    return Proxy(kind, host, port, unquote(parts.username or ""))


def require_library() -> Any:
    """Return the library that speaks to proxies; UsageError where it is not installed."""
    try:
        from python_socks.async_ import asyncio as library  # noqa: PLC0415 - of an extra
    except ImportError as error:
        raise UsageError("--proxy needs a library: pip install 'chatlog[proxy]'") from error
    return library


async def connect_through(address: Address, route: Route) -> socket.socket:
    """Return a socket that the proxy has connected to the server.

    Raise NetworkError with what the proxy said, OSError or TimeoutError where
    the proxy itself cannot be reached.
    """
    proxy = parse(route.proxy)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(route.timeout):
            places = interleave(await resolve(proxy.host, proxy.port, loop))
    except OSError as error:
        raise NetworkError(
            f"no address for the {proxy} ({error.strerror or 'time-out'})"
        ) from error
    failures: list[NetworkError] = []
    for place in places:
        try:
            return await _ask(proxy, place.sockaddr[0], address, route)
        except NetworkError as error:
            failures.append(error)
    raise failures[0]


async def _ask(proxy: Proxy, host: str, address: Address, route: Route) -> socket.socket:
    library = require_library()
    from python_socks import ProxyType  # noqa: PLC0415 - of an extra

    way = library.Proxy(
        ProxyType[proxy.kind],
        host,
        proxy.port,
        username=proxy.user or None,
        password=route.proxy_password.reveal() if proxy.user else None,
        rdns=True,
        loop=asyncio.get_running_loop(),
    )
    local = {"local_addr": (route.bind, 0)} if route.bind else {}
    try:
        sock: socket.socket = await way.connect(
            address.host, address.port, timeout=route.timeout, **local
        )
    except Exception as error:  # a proxy may say anything
        raise NetworkError(f"the {proxy} does not lead to {address}: {_said(error)}") from error
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock


def _said(error: Exception) -> str:
    words = str(error) or type(error).__name__
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in words[:200])
