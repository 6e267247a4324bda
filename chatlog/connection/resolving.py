"""Names to addresses, without ever holding up the loop or the exit.

The loop's own look-up runs in threads that an exit waits for; these are
daemons, and whoever waits for one may stop waiting at any time.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from chatlog.errors import NetworkError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable


class ResolvedAddress(NamedTuple):
    """One address of a host name: its family, and the argument of `socket.connect`."""

    family: int
    sockaddr: Any


async def resolve(host: str, port: int, loop: asyncio.AbstractEventLoop) -> list[ResolvedAddress]:
    """Look a name up in a daemon thread: a stuck resolver delays neither us nor our exit.

    Raise OSError where the name has no address.
    """
    future: asyncio.Future[list[ResolvedAddress]] = loop.create_future()

    def settle(found: list[ResolvedAddress], error: OSError | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(found)
        else:
            future.set_exception(error)

    def look_up() -> None:
        found: list[ResolvedAddress] = []
        failure: OSError | None = None
        try:
            answer = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = [ResolvedAddress(family, sockaddr) for family, _, _, _, sockaddr in answer]
        except ValueError:
            failure = socket.gaierror(socket.EAI_NONAME, "not a host name")
        except OSError as error:
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop may have ended meanwhile
            loop.call_soon_threadsafe(settle, found, failure)

    threading.Thread(target=look_up, daemon=True, name="resolver").start()
    return await future


def interleave(places: Iterable[ResolvedAddress]) -> list[ResolvedAddress]:
    """Order addresses so that families alternate, IPv6 first; within a family nothing moves.

    See https://www.rfc-editor.org/rfc/rfc8305#section-4
    """
    new: list[ResolvedAddress] = []
    old: list[ResolvedAddress] = []
    for place in dict.fromkeys(places):
        (new if place.family == socket.AF_INET6 else old).append(place)
    return [place for place in chain.from_iterable(zip_longest(new, old)) if place is not None]


def usable(found: Iterable[ResolvedAddress], bind: str, where: str) -> list[ResolvedAddress]:
    """Order addresses as `interleave` does; an own address leaves only those of its family.

    Raise NetworkError, which names `where`, if that leaves none.
    """
    places = interleave(found)
    if not bind:
        return places
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    left = [place for place in places if place.family == family]
    if not left:
        raise NetworkError(f"{where} has no address of the kind of --bind {bind}")
    return left
