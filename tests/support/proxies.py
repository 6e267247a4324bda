"""Proxies on loopback that lead everywhere to one port, and do wrong what a test asks for.

They look no name up: `asked` are the hosts and ports as the client gave them.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import struct
from typing import TYPE_CHECKING, ClassVar

from tests.support.wire import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOST = "127.0.0.1"

_NO_AUTHENTICATION, _BY_PASSWORD, _NO_METHOD = 0, 2, 255
_IPV4, _NAME, _IPV6 = 1, 3, 4
_LENGTHS = {_IPV4: 4, _IPV6: 16}


class Proxy:
    """What both kinds have in common.

    `leads_to` is a port of loopback. With a `user`, the client must give it
    and the `password`. At `silent` ("greeting", "request") nothing is said any
    more, and `fell_silent` is set; `nonsense` is said in place of the first answer.
    """

    kind: ClassVar[str]

    def __init__(
        self,
        leads_to: int = 0,
        *,
        user: str = "",
        password: str = "",
        silent: str = "",
        nonsense: bytes = b"",
    ) -> None:
        self.leads_to = leads_to
        self.asked: list[tuple[str, int]] = []
        self.clients = 0
        self._login = (user, password)
        self.fell_silent = asyncio.Event()
        self._silent = silent
        self._nonsense = nonsense

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Serve, and yield the URL without a user."""
        async with serving(self._handle) as port:
            yield f"{self.kind}://{HOST}:{port}"

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clients += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if self._nonsense:
                await reader.read(1)
                writer.write(self._nonsense)
            elif await self._agree(reader, writer):
                await _relay(reader, writer, self.leads_to)

    async def _agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Hear what the client wants; say whether it is to be had."""
        raise NotImplementedError

    async def _fall_silent(self, stage: str, reader: asyncio.StreamReader) -> None:
        if self._silent == stage:
            self.fell_silent.set()
            while await reader.read(4096):
                pass
            raise ConnectionAbortedError


class SocksProxy(Proxy):
    """A proxy of https://www.rfc-editor.org/rfc/rfc1928; `reply` is its code, 0 for success."""

    kind = "socks5"

    def __init__(self, leads_to: int = 0, *, reply: int = 0, **options: object) -> None:
        super().__init__(leads_to, **options)  # type: ignore[arg-type]
        self._reply = reply

    async def _agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        await self._fall_silent("greeting", reader)
        method = _BY_PASSWORD if self._login[0] else _NO_AUTHENTICATION
        writer.write(bytes([5, method if method in methods else _NO_METHOD]))
        if method not in methods:
            return False
        if method == _BY_PASSWORD and not await self._is_let_in(reader, writer):
            return False
        self.asked.append(await _read_request(reader))
        await self._fall_silent("request", reader)
        writer.write(bytes([5, self._reply, 0, _IPV4, 0, 0, 0, 0, 0, 0]))
        return self._reply == 0

    async def _is_let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Check user and password; see https://www.rfc-editor.org/rfc/rfc1929."""
        await reader.readexactly(1)
        given = tuple([await _read_counted(reader) for _ in range(2)])
        writer.write(bytes([1, 0 if given == self._login else 1]))
        return given == self._login


class HttpProxy(Proxy):
    """A proxy of https://www.rfc-editor.org/rfc/rfc9110#CONNECT.

    `reply` is what it says, in pieces that do not arrive together.
    """

    kind = "http"

    def __init__(
        self,
        leads_to: int = 0,
        *,
        reply: tuple[bytes, ...] = (b"HTTP/1.1 200 Connection established\r\n\r\n",),
        **options: object,
    ) -> None:
        super().__init__(leads_to, **options)  # type: ignore[arg-type]
        self._reply = reply

    async def _agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        await self._fall_silent("greeting", reader)
        line, *fields = head.splitlines()
        host, _, port = line.split(" ")[1].rpartition(":")
        if self._login[0] and f"Proxy-Authorization: {_basic(*self._login)}" not in fields:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return False
        self.asked.append((host, int(port)))
        await self._fall_silent("request", reader)
        for piece in self._reply:
            writer.write(piece)
            await writer.drain()
            # The client reads each piece as soon as it is there: on one loop, both take turns.
            for _ in range(10):
                await asyncio.sleep(0)
        return b" 200 " in b"".join(self._reply)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def _read_request(reader: asyncio.StreamReader) -> tuple[str, int]:
    *_, kind = await reader.readexactly(4)
    if kind == _NAME:
        host = await _read_counted(reader)
    else:
        host = (await reader.readexactly(_LENGTHS[kind])).hex()
    (port,) = struct.unpack("!H", await reader.readexactly(2))
    return host, port


async def _read_counted(reader: asyncio.StreamReader) -> str:
    (length,) = await reader.readexactly(1)
    return (await reader.readexactly(length)).decode()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    there, back = await asyncio.open_connection(HOST, port)
    try:
        pumps = [asyncio.ensure_future(_pump(*way)) for way in ((reader, back), (there, writer))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        back.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(4096):
            sink.write(data)
            await sink.drain()
