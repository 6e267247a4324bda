"""Ports of loopback that nobody else on the machine is given."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """Yield a port that is reserved while the block lasts.

    The port refuses connections until a server of the test listens on it, which
    must set SO_REUSEADDR as all servers do. The kernel gives it neither to a
    bind to any free port nor to an outgoing connection, so tests that run at
    the same time cannot take it, even while its server restarts.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((HOST, 0))
        yield holder.getsockname()[1]
