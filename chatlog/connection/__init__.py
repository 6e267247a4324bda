"""The network side: a reactor of the `irc` library, and what we put in its hooks.

The only package that imports `irc`. It turns bytes into Messages and hands
each to the reactor's handlers as one event; it knows nothing of transcripts.
"""

from chatlog.connection.dialling import Address, Dialler
from chatlog.connection.link import Connection
from chatlog.connection.reactor import ANY, LineEvent, Reactor

__all__ = ["ANY", "Address", "Connection", "Dialler", "LineEvent", "Reactor"]
