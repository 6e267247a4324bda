"""Somebody else in the channel: a raw client that says lines and waits for lines.

It models nothing and forgets nothing: `heard` is all that the server sent, in
order. It answers PING while it listens.
"""

from __future__ import annotations

import base64
import re
import socket
import time
from typing import TYPE_CHECKING, Self

from tests.support.waiting import PATIENCE

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable


class Person:
    """One connection to a server on loopback, over TLS where a context is given."""

    def __init__(self, port: int, nick: str, tls: ssl.SSLContext | None = None) -> None:
        self.nick = nick
        self.heard: list[str] = []
        self._pending = b""
        self._syncs = 0
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname="localhost")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, *lines: str | bytes) -> None:
        """Send lines; bytes go out as they are, with CR and LF added."""
        raw = [line.encode() if isinstance(line, str) else line for line in lines]
        self._socket.sendall(b"".join(line + b"\r\n" for line in raw))

    def until(self, pattern: str) -> str:
        """Listen to the first new line that the pattern is found in, and return it.

        Raises AssertionError with what came instead, when it does not come.
        """
        deadline, start = time.monotonic() + PATIENCE, len(self.heard)
        while time.monotonic() < deadline and (line := self._line(deadline)) is not None:
            if re.search(pattern, line):
                return line
        came = "\n".join(self.heard[start:])
        raise AssertionError(f"{self.nick} never heard {pattern!r}, but:\n{came}")

    def _line(self, deadline: float) -> str | None:
        while b"\n" not in self._pending:
            self._socket.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self._socket.recv(65_536)
            except OSError:
                return None
            if not data:
                return None
            self._pending += data
        raw, _, self._pending = self._pending.partition(b"\n")
        line = raw.rstrip(b"\r").decode("utf-8", "backslashreplace")
        self.heard.append(line)
        if line.startswith("PING"):
            self.send(f"PONG{line[4:]}")
        return line

    def register(self, *capabilities: str) -> Self:
        """Ask for capabilities if any are named, and be welcomed."""
        if capabilities:
            self.send(f"CAP REQ :{' '.join(capabilities)}")
        self.send(f"NICK {self.nick}", f"USER {self.nick} 0 * :{self.nick} of the tests")
        if capabilities:
            self.until(r" CAP \S+ ACK ")
            self.send("CAP END")
        self.until(r" (376|422) ")
        return self

    def log_in(self, mechanism: str, *answers: Callable[[bytes], bytes]) -> Self:
        """Authenticate by SASL, and be welcomed; each answer is made of the next challenge.

        Raises AssertionError when the server refuses.
        """
        self.send("CAP REQ :sasl", f"NICK {self.nick}", f"USER {self.nick} 0 * :{self.nick}")
        self.until(r" CAP \S+ ACK ")
        self.send(f"AUTHENTICATE {mechanism}")
        for answer in answers:
            challenge = self.until("AUTHENTICATE ").split()[-1].lstrip(":")
            said = answer(b"" if challenge == "+" else base64.b64decode(challenge))
            self.send(f"AUTHENTICATE {base64.b64encode(said).decode() or '+'}")
        outcome = self.until(" 90[2-7] ")
        assert " 903 " in outcome, outcome
        self.send("CAP END")
        self.until(r" (376|422) ")
        return self

    def oper(self) -> None:
        """Become an operator, as who all servers of the tests know as oper."""
        self.send("OPER oper oper")
        self.until(" 381 ")

    def sync(self) -> None:
        """Return when the server has dealt with all that was sent before."""
        self._syncs += 1
        token = f"sync{self._syncs}"
        self.send(f"PING {token}")
        self.until(rf"PONG .*{token}$")

    def join(self, *channels: str) -> None:
        """Be in channels, one after the other."""
        for channel in channels:
            self.send(f"JOIN {channel}")
            self.until(rf" 366 \S+ {re.escape(channel)} ")

    def say(self, target: str, text: str) -> None:
        """Say something and do not wait."""
        self.send(f"PRIVMSG {target} :{text}")

    def close(self) -> None:
        """Leave without a word; to say one, send QUIT first."""
        self._socket.close()
