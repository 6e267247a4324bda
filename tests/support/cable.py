"""A cable between a client and a server, which can be cut, or go dead without a word."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Self

_NO_LINGER = struct.pack("ii", 1, 0)
_AT_ONCE = 65_536


class Cable:
    """Listens on `port` of loopback and passes everything on, while its `with` block lasts."""

    def __init__(self, leads_to: int) -> None:
        self._leads_to = leads_to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._dead = threading.Event()
        self._left: int | None = None
        self._refuses = False
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Cut it: both sides see a reset; who dials again gets a new one."""
        pairs, self._pairs = self._pairs, []
        self._dead.clear()
        for each in (end for pair in pairs for end in pair):
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                each.shutdown(socket.SHUT_RD)
            each.close()

    def cut_after(self, size: int) -> None:
        """Cut it when so many more bytes have come from the server, in the middle of a line."""
        self._left = size

    def refuse(self) -> None:
        """Cut it, and break off whoever dials again, until that is allowed."""
        self._refuses = True
        self.cut()

    def allow(self) -> None:
        """Let who dials through again."""
        self._refuses = False

    def go_dead(self) -> None:
        """Pass nothing on any more, and tell nobody, until it is cut."""
        self._dead.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refuses:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._leads_to))
            except OSError:
                client.close()
                continue
            self._pairs.append((client, server))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        from_server = any(source is server for _, server in self._pairs)
        with contextlib.suppress(OSError):
            while data := source.recv(_AT_ONCE):
                if self._dead.is_set():
                    continue
                if from_server and self._left is not None:
                    data, self._left = data[: self._left], self._left - len(data)
                    if self._left <= 0:
                        self._left = None
                        sink.sendall(data)
                        self.cut()
                        return
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
