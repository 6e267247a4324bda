"""The network side: a reactor of the `irc` library, with our classes in its hooks.

The only package that imports `irc`. It turns bytes into lines and hands those of
each read to the reactor's handlers as one event; it knows nothing of transcripts.
"""

from chatlog.connection.dialling import Dialler
from chatlog.connection.link import Connection
from chatlog.connection.reactor import (
    ANY,
    DISCONNECT,
    READ,
    UNFINISHED,
    LineEvent,
    Reactor,
    ReadEvent,
)
from chatlog.connection.route import Address, Route
from chatlog.connection.tls import tls_context
from chatlog.connection.watch import TOKEN as PING_TOKEN

__all__ = [
    "ANY",
    "DISCONNECT",
    "PING_TOKEN",
    "READ",
    "UNFINISHED",
    "Address",
    "Connection",
    "Dialler",
    "LineEvent",
    "Reactor",
    "ReadEvent",
    "Route",
    "tls_context",
]
