"""From a host and a port to a connection: names, TCP, proxy and TLS, each within a time limit.

Every refusal becomes a `ChatlogError` whose one line says what to do.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Final, cast

import msgspec

from chatlog.connection.naps import Wire
from chatlog.connection.proxies import connect_through
from chatlog.connection.racing import NOT_OURS, race
from chatlog.connection.resolving import resolve, usable
from chatlog.connection.route import Address, Route
from chatlog.connection.tls import check_fingerprint, tls_context
from chatlog.errors import ChatlogError, NetworkError, RefusedError
from chatlog.host_names import wire_host

_SHUTDOWN: Final = 3
"""Seconds that a peer has to answer the end of TLS; a dead one never does."""


class _Unread(asyncio.Protocol):
    """The protocol of a socket before its handshake, of which nothing is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Leave the first bytes to the handshake: a plain server may speak before we do."""
        cast("asyncio.Transport", transport).pause_reading()


class Dialler:
    """A `connect_factory` of the library's kind for one address, by one route.

    It returns the wire of the connection. `stage` names the answer that it waits for now.
    """

    def __init__(self, address: Address, route: Route = Route()) -> None:  # noqa: B008 - immutable
        self._address = address
        self._route = route
        self.stage = f"the look-up of {address.host}"

    async def __call__(self, protocol: asyncio.Protocol, _address: tuple[str, int]) -> Wire:
        """Connect; raise NetworkError or RefusedError where that is not to be had."""
        try:
            return await self._dial(protocol)
        except (OSError, TimeoutError) as error:
            raise self._explain(error) from error

    async def _dial(self, protocol: asyncio.Protocol) -> Wire:
        loop = asyncio.get_running_loop()
        address = _on_the_wire(self._address)
        context = tls_context(self._route) if address.tls else None
        sock = await self._socket(address, loop)
        made = (lambda: protocol) if context is None else _Unread
        try:
            transport, _ = await loop.create_connection(made, sock=sock)
        except BaseException:
            sock.close()
            raise
        if context is not None:
            self.stage = f"the TLS handshake with {self._address}"
            await self._secure(transport, protocol, context, address.host)
        return Wire(transport, sock)

    async def _secure(
        self,
        transport: asyncio.Transport,
        protocol: asyncio.Protocol,
        context: ssl.SSLContext,
        host: str,
    ) -> None:
        """Shake hands by a transport, which is closed if that fails; check the certificate.

        `create_connection` would do that as well, but keep the transport of the socket to
        itself, which alone can stop to read it.
        """
        secure = await asyncio.get_running_loop().start_tls(
            transport,
            protocol,
            context,
            server_hostname=host,
            ssl_handshake_timeout=self._route.timeout,
            ssl_shutdown_timeout=_SHUTDOWN,
        )
        assert secure is not None  # noqa: S101 - or it would have raised
        protocol.connection_made(secure)
        encryption = secure.get_extra_info("ssl_object")
        check_fingerprint(encryption.getpeercert(True), self._address, self._route)  # noqa: FBT003 - the standard library's signature

    async def _socket(self, address: Address, loop: asyncio.AbstractEventLoop) -> socket.socket:
        route = self._route
        if route.proxy:
            self.stage = f"the proxy's connection to {self._address}"
            return await connect_through(address, route)
        async with asyncio.timeout(route.timeout):
            found = await resolve(address.host, address.port, loop)
        self.stage = f"the connection to {self._address}"
        places = usable(found, route.bind, str(self._address))
        return await race(places, limit=route.timeout, bind=route.bind)

    def _explain(self, error: OSError) -> ChatlogError:
        where, host, bind = str(self._address), self._address.host, self._route.bind
        if bind and error.errno in NOT_OURS:
            return RefusedError(f"--bind {bind} is no address of this machine")
        for kind, refusal, text in _EXPLANATIONS:
            if isinstance(error, kind):
                detail = getattr(error, "verify_message", "") or error.strerror or str(error)
                return refusal(text.format(where=where, host=host, detail=detail))
        return NetworkError(f"{where} cannot be reached: {error.strerror or error}")


def _on_the_wire(address: Address) -> Address:
    """Return an address whose host look-ups, proxies and TLS take; gaierror if it is no host."""
    try:
        return msgspec.structs.replace(address, host=wire_host(address.host))
    except ValueError as error:
        raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error


_EXPLANATIONS: Final[tuple[tuple[type[OSError], type[ChatlogError], str], ...]] = (
    (
        ssl.SSLCertVerificationError,
        RefusedError,
        (
            "the certificate of {where} is refused: {detail};"
            " if it is yours, give --tls-ca FILE or --tls-fingerprint SHA256"
        ),
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
