"""Names resolved to addresses, without delaying the loop or the exit.

The loop's own look-up runs in threads that are joined at the exit. These are
daemons, and the waiting for one may be cancelled at any time.
"""

from __future__ import annotations

import socket
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from chatlog.background import result_of_thread
from chatlog.errors import NetworkError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable


class ResolvedAddress(NamedTuple):
    """One address of a name: its family, and the argument of `socket.connect`."""

    family: int
    sockaddr: Any


async def resolve(host: str, port: int, loop: asyncio.AbstractEventLoop) -> list[ResolvedAddress]:
    """Look a name up in a daemon thread, so that a stuck resolver delays nothing else.

    Raise OSError if the name has no address.
    """

    def look_up() -> list[ResolvedAddress]:
        try:
            answer = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except ValueError as error:
            raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
        return [ResolvedAddress(family, sockaddr) for family, _, _, _, sockaddr in answer]

    return await result_of_thread(loop, "resolver", look_up)


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
