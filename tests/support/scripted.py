"""A server that says exactly what a test wants, in a thread, for a client of any kind.

The embedded server is well-behaved; this one knows no protocol beyond a
registration, and never adds a byte of its own to what a script sends.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
import threading
from typing import TYPE_CHECKING, Self

from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_NO_LINGER = struct.pack("ii", 1, 0)


class ScriptedServer:
    """Listens on `port` of loopback while its `with` or `async with` block lasts.

    Each connection gets the next script, a function of a Peer, one after the
    other; a script that returns closes its connection politely. After the last
    script, connections are refused. What a script raises, the block raises at
    its end. `received` are the lines of all clients.
    """

    def __init__(self, *scripts: Callable[[Peer], object]) -> None:
        self.received: list[bytes] = []
        self._scripts = scripts
        self._heard = threading.Condition()
        self._failure: BaseException | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        # The connection that ends the wait for clients, who were all before it in the queue.
        self._last = socket.socket()
        self._last.bind(("127.0.0.1", 0))
        self._last_address = self._last.getsockname()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        with self._last:
            with contextlib.suppress(ConnectionError):  # all scripts may be over
                self._last.connect(("127.0.0.1", self.port))
            self._thread.join(PATIENCE)
        if self._thread.is_alive() and kind is None:
            raise AssertionError("a script did not come to its end")
        if self._failure is not None and kind is None:
            raise self._failure

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *error: object) -> None:
        await asyncio.to_thread(self.__exit__, *error)

    def wait_for(self, pattern: bytes) -> re.Match[bytes]:
        """Wait until any client has said a line in which the pattern is found.

        In a coroutine, `await asyncio.to_thread(server.wait_for, pattern)`.
        """
        with self._heard:
            found = self._heard.wait_for(lambda: _find(pattern, self.received), PATIENCE)
        if found is None:
            raise AssertionError(f"no {pattern!r} in {self.received}")
        return found[1]

    def join(self) -> None:
        """Wait until the last script is over."""
        self._thread.join(PATIENCE)

    def _serve(self) -> None:
        with self._listener:
            for script in self._scripts:
                connection, address = self._listener.accept()
                if address == self._last_address:
                    connection.close()
                    return
                self._run(script, Peer(connection, self.received, self._heard))

    def _run(self, script: Callable[[Peer], object], peer: Peer) -> None:
        try:
            with contextlib.suppress(ConnectionError):  # a client may leave at any time
                script(peer)
        except BaseException as error:  # noqa: BLE001 - the block raises it in the test's thread
            self._failure = self._failure or error
        finally:
            peer.close()


class Peer:
    """One client, as a script sees it; `sent` counts the bytes that it was sent."""

    nick = "*"

    def __init__(
        self, connection: socket.socket, received: list[bytes], heard: threading.Condition
    ) -> None:
        self._socket = connection
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = received
        self._heard = heard
        self._unanswered: list[bytes] = []
        self._gone = False
        self.sent = 0
        self._syncs = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while data := self._socket.recv(65536):
                *lines, rest = (rest + data).split(b"\n")
                self._take([line.rstrip(b"\r") for line in lines])
        with self._heard:
            self._gone = True
            self._heard.notify_all()

    def _take(self, lines: list[bytes]) -> None:
        with self._heard:
            self._received += lines
            self._unanswered += lines
            self._heard.notify_all()

    def wait_for(self, pattern: bytes) -> re.Match[bytes]:
        """Wait for a line of this client in which the pattern is found; each counts once.

        The order does not matter. AssertionError when the client leaves without it.
        """
        with self._heard:
            self._heard.wait_for(lambda: self._gone or _find(pattern, self._unanswered), PATIENCE)
            found = _find(pattern, self._unanswered)
            if found is None:
                raise AssertionError(f"no {pattern!r} in {self._unanswered}")
            del self._unanswered[found[0]]
        return found[1]

    def take(self, pattern: bytes) -> re.Match[bytes] | None:
        """Return a line that has come with the pattern in it, once, or None; do not wait."""
        with self._heard:
            found = _find(pattern, self._unanswered)
            if found is None:
                return None
            del self._unanswered[found[0]]
        return found[1]

    def send(self, *chunks: bytes) -> None:
        """Send bytes, each chunk in a packet of its own as far as the kernel lets it be."""
        for chunk in chunks:
            self._socket.sendall(chunk)
            self.sent += len(chunk)

    def flood(self, lines: bytes, times: int = 1) -> None:
        """Send many megabytes as fast as the client takes them."""
        for _ in range(times):
            self._socket.sendall(lines)
            self.sent += len(lines)

    def register(self, capabilities: Iterable[str] | None = None, tokens: str = "") -> None:
        """Welcome the client; without capabilities, CAP is never answered."""
        self.nick = self.wait_for(rb"^NICK :?(\S+)")[1].decode()
        self.wait_for(rb"^USER ")
        if capabilities is not None:
            self._negotiate(" ".join(capabilities))
        self._numeric("001", ":Welcome")
        offered = f"CHANTYPES=# PREFIX=(ov)@+ {tokens}".rstrip()
        self._numeric("005", f"{offered} :are supported by this server")
        self._numeric("376", ":End of /MOTD command")

    def _negotiate(self, capabilities: str) -> None:
        self.wait_for(rb"^CAP LS")
        self.send(f":scripted CAP * LS :{capabilities}\r\n".encode())
        while request := self.wait_for(rb"^CAP (?:END|REQ :?(.*))")[1]:
            self.send(b":scripted CAP * ACK :%s\r\n" % request)

    def _numeric(self, number: str, rest: str) -> None:
        self.send(f":scripted {number} {self.nick} {rest}\r\n".encode())

    def join(self, *channels: str) -> None:
        """Let the client into the channels that it asks for, until it is in all of these."""
        missing = set(channels)
        while missing:
            for channel in self.wait_for(rb"^JOIN :?(\S+)")[1].decode().split(","):
                self.send(f":{self.nick}!u@h JOIN {channel}\r\n".encode())
                self._numeric("353", f"= {channel} :{self.nick}")
                self._numeric("366", f"{channel} :End of /NAMES list")
                missing.discard(channel)

    def sync(self) -> None:
        """Wait until the client has dealt with all that was sent."""
        self._syncs += 1
        self.send(b"PING :sync%d\r\n" % self._syncs)
        self.wait_for(rb"^PONG :?sync%d$" % self._syncs)

    def wait_for_the_end(self) -> None:
        """Wait until the client takes its leave, or is gone.

        A script that ends then closes the connection, as servers do after QUIT.
        """

        def leaves() -> bool:
            return self._gone or _find(rb"^QUIT", self._unanswered) is not None

        with self._heard:
            assert self._heard.wait_for(leaves, PATIENCE)

    def wait_until_gone(self) -> None:
        """Wait until the client has closed the connection, also after it took its leave."""
        with self._heard:
            assert self._heard.wait_for(lambda: self._gone, PATIENCE)

    def close(self) -> None:
        """Send no more, read what still comes, then close: nothing sent is lost."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._reader.join(PATIENCE)
        self._socket.close()

    def reset(self) -> None:
        """Break the connection off: what the client has not read yet may be lost."""
        # A read that waits would keep the socket open, and a close polite.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RD)
        self._reader.join(PATIENCE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._socket.close()


def _find(pattern: bytes, lines: list[bytes]) -> tuple[int, re.Match[bytes]] | None:
    for position, line in enumerate(lines):
        if match := re.search(pattern, line):
            return position, match
    return None
