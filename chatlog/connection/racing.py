"""A TCP connection to the first of several addresses that answers.

Happy eyeballs: each attempt gets a short start over the next one, and a
failure lets the next one go at once. Those that lose are closed.
See https://www.rfc-editor.org/rfc/rfc8305#section-5
"""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatlog.connection.resolving import ResolvedAddress

ATTEMPT_DELAY: Final = 0.25
"""Seconds that an attempt has to itself."""

NOT_OURS: Final = (errno.EADDRNOTAVAIL, errno.EINVAL)
"""What an attempt fails with that is bound to an address of another machine."""


async def race(
    places: Sequence[ResolvedAddress], *, limit: float, bind: str = "", delay: float = ATTEMPT_DELAY
) -> socket.socket:
    """Connect to the first that answers; each attempt may take `limit` seconds.

    `bind` is a local address, which leaves only its family in the race. Raise
    the OSError or TimeoutError of the first address where none answers.
    """
    attempts: list[asyncio.Task[socket.socket]] = []
    waiting = list(places)
    try:
        while True:
            if waiting:
                attempts.append(asyncio.create_task(_attempt(waiting.pop(0), limit, bind)))
            won = await _winner(attempts, delay if waiting else None)
            if won is not None:
                return won
            if not waiting and all(attempt.done() for attempt in attempts):
                failures = [attempt.exception() for attempt in attempts]
                raise next(filter(None, failures), OSError("no address"))
    finally:
        await _close(attempts)


async def _winner(
    attempts: list[asyncio.Task[socket.socket]], within: float | None
) -> socket.socket | None:
    """Wait for a first success, a new failure, or a number of seconds."""
    going_on = [attempt for attempt in attempts if not attempt.done()]
    if going_on:
        await asyncio.wait(going_on, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    for attempt in attempts:
        if attempt.done() and not attempt.exception():
            attempts.remove(attempt)
            return attempt.result()
    return None


async def _attempt(place: ResolvedAddress, limit: float, bind: str) -> socket.socket:
    loop = asyncio.get_running_loop()
    sock = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
        if bind:
            sock.bind((bind, 0))
        async with asyncio.timeout(limit):
            await loop.sock_connect(sock, place.sockaddr)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    except BaseException:
        sock.close()
        raise
    return sock


async def _close(attempts: list[asyncio.Task[socket.socket]]) -> None:
    """Cancel the running attempts, and close sockets that connected too late."""
    for attempt in attempts:
        attempt.cancel()
    if attempts:
        await asyncio.wait(attempts)
    for attempt in attempts:
        if not attempt.cancelled() and not attempt.exception():
            attempt.result().close()
