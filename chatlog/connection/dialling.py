"""From a host and a port to a socket: names, TCP and TLS, each within a time limit.

Every refusal becomes a `ChatlogError` whose one line says what to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any, Final

import msgspec

from chatlog.errors import ChatlogError, NetworkError, RefusedError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_TIMEOUT: Final = 30.0
"""Seconds that each step may take: the name, each address, TLS."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a server is and how to reach it; `ca` replaces the system's authorities."""

    host: str
    port: int
    tls: bool = True
    ca: str = ""

    def __str__(self) -> str:
        """Name it as people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


class Dialler:
    """A `connect_factory` of the library's kind for one address."""

    def __init__(self, address: Address, timeout: float = DEFAULT_TIMEOUT) -> None:
        self._address = address
        self._timeout = timeout

    async def __call__(self, protocol: asyncio.Protocol, _address: tuple[str, int]) -> object:
        """Connect; raise NetworkError or RefusedError where that is not to be had."""
        try:
            return await self._dial(protocol)
        except (OSError, TimeoutError) as error:
            raise self._explain(error) from error

    async def _dial(self, protocol: asyncio.Protocol) -> object:
        loop = asyncio.get_running_loop()
        context = tls_context(self._address.ca) if self._address.tls else None
        sock = await self._connected_socket(loop)
        try:
            secure: dict[str, Any] = (
                {
                    "ssl": context,
                    "server_hostname": self._address.host,
                    "ssl_handshake_timeout": self._timeout,
                    "ssl_shutdown_timeout": 3,
                }
                if context
                else {}
            )
            return await loop.create_connection(lambda: protocol, sock=sock, **secure)
        except BaseException:
            sock.close()
            raise

    async def _connected_socket(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        async with asyncio.timeout(self._timeout):
            found = await resolve(self._address.host, self._address.port, loop)
        errors: list[OSError] = []
        for family, kind, protocol, _, where in found:
            sock = socket.socket(family, kind, protocol)
            sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
            try:
                async with asyncio.timeout(self._timeout):
                    await loop.sock_connect(sock, where)
            except (OSError, TimeoutError) as error:
                sock.close()
                errors.append(error)
            except BaseException:
                sock.close()
                raise
            else:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                return sock
        raise errors[-1]

    def _explain(self, error: OSError) -> ChatlogError:
        where = str(self._address)
        for kind, refusal, text in _EXPLANATIONS:
            if isinstance(error, kind):
                detail = getattr(error, "verify_message", "") or error.strerror or str(error)
                return refusal(text.format(where=where, host=self._address.host, detail=detail))
        return NetworkError(f"{where} cannot be reached: {error.strerror or error}")


_EXPLANATIONS: Final[tuple[tuple[type[OSError], type[ChatlogError], str], ...]] = (
    (
        ssl.SSLCertVerificationError,
        RefusedError,
        "the certificate of {where} is refused: {detail}; if it is yours, give --tls-ca FILE",
    ),
    (
        ssl.SSLError,
        NetworkError,
        "{where} does not speak TLS; if it is a plain port (often 6667), say --no-tls ({detail})",
    ),
    (
        socket.gaierror,
        NetworkError,
        "no address for {host} ({detail}); check --server and the network",
    ),
    (
        ConnectionRefusedError,
        NetworkError,
        "{where} refuses connections; usual ports are 6697 with TLS, 6667 with --no-tls",
    ),
    (
        TimeoutError,
        NetworkError,
        "{where} did not answer in time; check host and port, or a firewall between",
    ),
    (
        ConnectionError,
        NetworkError,
        "{where} broke the connection off ({detail}); if it is a plain port, say --no-tls",
    ),
)


def tls_context(ca: str | Path = "") -> ssl.SSLContext:
    """Return the TLS settings: verified against the system's authorities, or this file.

    A file that cannot be used raises UsageError.
    """
    try:
        context = ssl.create_default_context(cafile=str(ca) or None)
    except OSError as error:
        raise UsageError(f"--tls-ca {ca} cannot be used: {error.strerror or error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def resolve(host: str, port: int, loop: asyncio.AbstractEventLoop) -> list[Any]:
    """Look a name up in a daemon thread: a stuck resolver delays neither us nor our exit."""
    future: asyncio.Future[list[Any]] = loop.create_future()

    def settle(found: list[Any], error: OSError | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(found)
        else:
            future.set_exception(error)

    def look_up() -> None:
        found: list[Any] = []
        failure: OSError | None = None
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except ValueError:
            failure = socket.gaierror(socket.EAI_NONAME, "not a host name")
        except OSError as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(settle, found, failure)

    threading.Thread(target=look_up, daemon=True, name="resolver").start()
    return await future
